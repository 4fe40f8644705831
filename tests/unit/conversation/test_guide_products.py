"""The use cases around a product and a shopper."""

import pytest

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Details, Explained, Judged, NoSlate, SlateShown
from shopguide.ids import ShopperId, Sku
from tests.unit.conversation.shop import SHOPPER, Shop, mention, said


@pytest.fixture
def slate(shop: Shop) -> SlateShown:
    """Return a slate of bags: five of different colours and brands."""
    outcome = shop.guide.search(said("bags", "search_products"), Need().want("category", ["bags"]))
    assert isinstance(outcome, SlateShown)
    return outcome


def sku_at(slate: SlateShown, place: int) -> Sku:
    return slate.items[place - 1 if place > 0 else place].product.sku


@pytest.mark.parametrize("place", [1, 3, -1])
def test_details_by_place(shop: Shop, slate: SlateShown, place: int) -> None:
    turn = said("that one", "ask_product_details", mention("ordinal", place), current_slate=slate.slate_id)
    outcome = shop.guide.details(turn)
    assert isinstance(outcome, Details)
    assert outcome.product.sku == sku_at(slate, place)
    assert outcome.reasons == slate.items[place - 1 if place > 0 else place].reasons


def test_details_by_what_it_has(shop: Shop, slate: SlateShown) -> None:
    colour = slate.items[3].product.facets["colour"]
    assert isinstance(colour, tuple)
    turn = said("the one", "ask_product_details", mention("colour", colour[0].lower()), current_slate=slate.slate_id)
    outcome = shop.guide.details(turn, focus=sku_at(slate, 5))
    assert isinstance(outcome, Details)
    assert outcome.product.facets["colour"] == colour


def test_details_by_name(shop: Shop) -> None:
    turn = said("Norwell Men Red Loafers", "ask_product_details", mention("product", "Norwell Men Red Loafers"))
    outcome = shop.guide.details(turn)
    assert isinstance(outcome, Details)
    assert outcome.product.title == "Norwell Men Red Loafers"


def test_details_of_what_is_in_focus_or_nothing(shop: Shop, slate: SlateShown) -> None:
    turn = said("tell me more", "ask_product_details", current_slate=slate.slate_id)
    outcome = shop.guide.details(turn, focus=sku_at(slate, 2))
    assert isinstance(outcome, Details)
    assert outcome.product.sku == sku_at(slate, 2)
    assert shop.guide.details(turn) == NoSlate(places=5)
    far = said("the ninth", "ask_product_details", mention("ordinal", 9), current_slate=slate.slate_id)
    assert shop.guide.details(far, focus=sku_at(slate, 2)) == NoSlate(places=5)
    assert shop.guide.details(said("it", "ask_product_details")) == NoSlate()


def test_explains_from_the_slate_as_it_was(shop: Shop, slate: SlateShown) -> None:
    need_now = Need().want("category", ["shoes"])
    turn = said("why the third", "explain_recommendation", mention("ordinal", 3), current_slate=slate.slate_id)
    outcome = shop.guide.explain(turn, need_now)
    assert isinstance(outcome, Explained)
    assert outcome.product.sku == sku_at(slate, 3)
    assert outcome.reasons == slate.items[2].reasons
    assert outcome.need.wanted == {"category": ("bags",)}
    first = shop.guide.explain(said("why", "explain_recommendation", current_slate=slate.slate_id), need_now)
    assert isinstance(first, Explained)
    assert first.product.sku == sku_at(slate, 1)
    assert shop.guide.explain(said("why", "explain_recommendation"), need_now) == NoSlate()


@pytest.mark.parametrize("liked", [True, False])
def test_a_judgement_is_recorded_once_and_teaches(shop: Shop, slate: SlateShown, liked: bool) -> None:
    intent = "like_product" if liked else "dislike_product"
    turn = said("the first two", intent, mention("ordinal", [1, 2]), current_slate=slate.slate_id)
    judge = shop.guide.like if liked else shop.guide.dislike
    outcome = judge(turn)
    assert isinstance(outcome, Judged)
    assert outcome.kept
    judge(turn)
    assert {(e.sku, e.kind, e.slate_id, e.shopper_id) for e in shop.feedback.events.values()} == {
        (sku_at(slate, place), "like" if liked else "dislike", slate.slate_id, SHOPPER) for place in (1, 2)
    }
    assert len(shop.feedback.events) == 2
    facets = {piece.facet for piece in shop.profiles.evidence}
    assert {"brand", "colour", "category"} <= facets
    assert {piece.polarity for piece in shop.profiles.evidence} == {1 if liked else -1}
    # That it is an accessory says nothing about taste.
    assert "accessories" not in {piece.value for piece in shop.profiles.evidence}


def test_a_judgement_that_cannot_be_kept_says_so(shop: Shop, slate: SlateShown) -> None:
    shop.feedback.down = True
    turn = said("like it", "like_product", mention("ordinal", 1), current_slate=slate.slate_id)
    outcome = shop.guide.like(turn)
    assert isinstance(outcome, Judged)
    assert not outcome.kept


def test_liking_nothing_in_particular(shop: Shop, slate: SlateShown) -> None:
    assert shop.guide.like(said("nice", "like_product", current_slate=slate.slate_id)) == NoSlate(places=5)


def test_who_is_talking(shop: Shop) -> None:
    assert shop.guide.shopper_for("rest", "a") == shop.guide.shopper_for("rest", "a") == ShopperId("rest:a")
    shop.profiles.down = True
    assert shop.guide.shopper_for("rest", "b") is None


def test_the_profile_is_shown_or_said_to_be_out_of_reach(shop: Shop, slate: SlateShown) -> None:
    turn = said("what do you know", "show_profile")
    assert shop.guide.show_profile(turn, Need()).taste.is_empty
    shop.guide.like(said("like", "like_product", mention("ordinal", 1), current_slate=slate.slate_id))
    shop.profiles.weights = {"brand": {"kestrel": 0.5}}
    outcome = shop.guide.show_profile(turn, Need())
    assert outcome.judged == {"like": 1}
    assert outcome.evidence == len(shop.profiles.evidence) > 0
    shop.profiles.down = True
    assert not shop.guide.show_profile(turn, Need()).available
