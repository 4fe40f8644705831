"""The use cases around a product and a shopper."""

from dataclasses import replace
from typing import Any

import pytest

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import (
    Details,
    Explained,
    Judged,
    NamedShown,
    NameUnknown,
    NoneSuch,
    NoSlate,
    Shown,
    SlateShown,
    WhichOne,
)
from shopguide.conversation.turn import Mention, Reference, Turn
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


def ask(text: str, *mentions: Mention, **more: Any) -> Turn:
    return said(text, "ask_product_details", *mentions, **more)


def test_a_title_of_the_catalogue_is_found_without_a_mark(shop: Shop, slate: SlateShown) -> None:
    turn = ask("what about the norwel mens red loafers", current_slate=slate.slate_id)
    outcome = shop.guide.details(turn, focus=sku_at(slate, 2))
    assert isinstance(outcome, Details)
    assert outcome.product.title == "Norwell Men Red Loafers"
    assert outcome.position is None


def test_several_of_a_name_are_shown_to_choose_from(shop: Shop) -> None:
    outcome = shop.guide.details(ask("tell me about the norwell red loafers"))
    assert isinstance(outcome, NamedShown)
    assert (outcome.sure, outcome.slate.total, len(outcome.slate.items)) == (True, 3, 3)
    # It is a slate like any other: the second of them can be asked about, and why it was shown.
    chosen = ask("the second", mention("ordinal", 2), current_slate=outcome.slate.slate_id)
    told = shop.guide.details(chosen)
    assert isinstance(told, Details)
    assert told.product == outcome.slate.items[1].product


def test_what_has_no_such_name_is_not_something_else(shop: Shop, slate: SlateShown) -> None:
    marked = mention("product", "zanzibar 3000")
    assert shop.guide.details(ask("the zanzibar 3000", marked)) == NameUnknown("zanzibar 3000")
    shown = ask("the zanzibar 3000", marked, current_slate=slate.slate_id)
    assert shop.guide.details(shown, focus=sku_at(slate, 2)) == NameUnknown("zanzibar 3000")
    assert shop.guide.details(ask("tell me about the zanzibar 3000")) == NameUnknown("zanzibar 3000")
    # A question about the product on the table is none about another one.
    aside = ask("how heavy is the zanzibar", current_slate=slate.slate_id)
    outcome = shop.guide.details(aside, focus=sku_at(slate, 2))
    assert isinstance(outcome, Details)
    assert outcome.product.sku == sku_at(slate, 2)


def test_near_a_name_is_asked_about(shop: Shop) -> None:
    outcome = shop.guide.details(ask("x", mention("product", "norwell men red loafers deluxe")))
    assert isinstance(outcome, NamedShown)
    assert not outcome.sure
    assert [item.product.title for item in outcome.slate.items] == ["Norwell Men Red Loafers"]


def test_details_of_both(shop: Shop, slate: SlateShown) -> None:
    outcome = shop.guide.details(ask("the first two", mention("ordinal", [1, 2]), current_slate=slate.slate_id))
    assert isinstance(outcome, Details)
    assert [outcome.product.sku, *(one.product.sku for one in outcome.beside)] == [sku_at(slate, 1), sku_at(slate, 2)]


def test_it_is_asked_which_of_two_is_meant(shop: Shop, slate: SlateShown) -> None:
    brand = slate.items[0].product.brand
    same = [item for item in slate.items if item.product.brand == brand]
    assert len(same) > 1
    turn = said("love that one", "like_product", mention("brand", str(brand).lower()), current_slate=slate.slate_id)
    assert shop.guide.like(turn) == WhichOne(tuple(Shown(i.product, i.position) for i in same), "like_product")
    assert not shop.feedback.events


def test_nothing_on_the_slate_is_like_that(shop: Shop, slate: SlateShown) -> None:
    reference = Reference("described", 0, 14)
    turn = ask("the purple one", mention("colour", "purple"), references=(reference,), current_slate=slate.slate_id)
    assert shop.guide.details(turn, focus=sku_at(slate, 1)) == NoneSuch(5)


def test_more_like_the_cheapest(shop: Shop, slate: SlateShown) -> None:
    cheapest = min(slate.items, key=lambda item: item.product.price or 0).product
    text = "like the cheapest but in red"
    reference = Reference("most", 5, 17, ("price",), "down", like=True)
    turn = said(
        text, "critique_slate", mention("colour", "red"), mention("critique", "price:down", start=9, end=17),
        references=(reference,), current_slate=slate.slate_id,
    )  # fmt: skip
    outcome = shop.guide.critique(turn, slate.need)
    assert isinstance(outcome, SlateShown)
    assert outcome.anchor == cheapest
    assert shop.recommender.requests[-1].anchor == cheapest.sku
    assert outcome.need.wanted["colour"] == ("red",)
    # "The cheapest" says which product, not what the next ones may cost.
    assert "price" not in outcome.need.bounds


def test_more_like_the_blue_one_asks_for_nothing_blue(shop: Shop, slate: SlateShown) -> None:
    rare = next(
        i
        for i in slate.items
        if sum(i.product.facets["colour"] == o.product.facets["colour"] for o in slate.items) == 1
    )
    colour = str(rare.product.facets["colour"][0]).lower()  # type: ignore[index]
    text = f"more like the {colour} one"
    reference = Reference("described", 10, len(text), like=True)
    turn = said(
        text, "critique_slate", mention("colour", colour), references=(reference,), current_slate=slate.slate_id
    )
    outcome = shop.guide.critique(turn, slate.need)
    assert isinstance(outcome, SlateShown)
    assert outcome.anchor == rare.product
    assert "colour" not in outcome.need.wanted


def test_more_like_the_one_talked_about(shop: Shop, slate: SlateShown) -> None:
    turn = said(
        "more like that one but cheaper", "critique_slate", mention("critique", "price:down", start=23, end=30),
        references=(Reference("this", 10, 18, like=True),), current_slate=slate.slate_id,
    )  # fmt: skip
    outcome = shop.guide.critique(turn, slate.need, sku_at(slate, 3))
    assert isinstance(outcome, SlateShown)
    assert outcome.anchor == slate.items[2].product
    assert outcome.need.bound("price").high is not None


def test_another_name_is_not_the_only_one_of_its_brand(shop: Shop, slate: SlateShown) -> None:
    brand = next(
        i.product.brand for i in slate.items if sum(i.product.brand == o.product.brand for o in slate.items) == 1
    )
    turn = ask(f"the {brand} umbrellas", mention("brand", str(brand).lower()), current_slate=slate.slate_id)
    outcome = shop.guide.details(turn)
    assert isinstance(outcome, NamedShown)
    assert {item.product.category[-1] for item in outcome.slate.items} == {"Umbrellas"}
    assert {item.product.brand for item in outcome.slate.items} == {brand}


def test_something_like_a_backpack_is_a_backpack(shop: Shop) -> None:
    named = shop.guide.details(ask("tell me about the norwell red backpacks"))
    assert isinstance(named, NamedShown)
    turn = said(
        "more like the second", "critique_slate", mention("product", "norwell men red backpacks", start=10, end=20)
    )
    outcome = shop.guide.critique(replace(turn, current_slate=named.slate.slate_id), Need())
    assert isinstance(outcome, SlateShown)
    assert outcome.need.wanted == {"category": ("backpacks",)}
