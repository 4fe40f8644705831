"""What a turn says of the person: whom it is for, what holds for good, and what the search makes of it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Ask, Ready, SlateShown
from shopguide.conversation.turn import Turn
from shopguide.profiles.preferences import PreferenceEvidence
from tests.unit.conversation.shop import Shop, mention, products, said


def considered(shop: Shop, turn: Turn, need: Need) -> Need:
    outcome = shop.guide.consider(turn, need)
    assert isinstance(outcome, Ask | Ready)
    return outcome.need


def told(evidence: Iterable[PreferenceEvidence], recipient: str) -> set[tuple[str, str, int]]:
    return {(piece.facet, piece.value, piece.polarity) for piece in evidence if piece.recipient == recipient}


def shoes_for(text: str, *mentions: object) -> Turn:
    return said(text, "search_products", mention("category", "shoes"), *mentions)  # type: ignore[arg-type]


def test_what_is_said_for_somebody_else_is_theirs(shop: Shop) -> None:
    need = considered(shop, shoes_for("blue shoes for my dad", mention("colour", "blue")), Need())
    assert need.recipient == "dad"
    assert told(shop.profiles.evidence, "") == set()
    assert told(shop.profiles.evidence, "dad") == {("category", "shoes", 1), ("colour", "blue", 1)}


def test_whom_it_is_for_can_be_said_later(shop: Shop) -> None:
    need = considered(shop, shoes_for("blue shoes", mention("colour", "blue")), Need())
    assert told(shop.profiles.evidence, "") != set()
    need = considered(shop, said("it's a gift for my dad", "inform_preference", current_slate=None), need)
    assert need.recipient == "dad"
    assert told(shop.profiles.evidence, "") == set()
    assert ("colour", "blue", 1) in told(shop.profiles.evidence, "dad")


def test_the_person_stays_with_another_kind_of_product_until_it_is_for_oneself(shop: Shop) -> None:
    need = considered(shop, shoes_for("shoes for my dad"), Need())
    need = considered(shop, said("and an umbrella", "search_products", mention("category", "umbrellas")), need)
    assert need.recipient == "dad"
    need = considered(shop, said("a bag for me", "search_products", mention("category", "bags")), need)
    assert need.recipient == ""
    assert told(shop.profiles.evidence, "") == {("category", "bags", 1)}
    assert ("category", "umbrellas", 0) not in told(shop.profiles.evidence, "dad")


def test_a_slate_for_somebody_else_is_asked_for_with_their_tastes(shop: Shop) -> None:
    shop.guide.search(shoes_for("shoes for my dad"), Need(recipient="dad").want("category", ["shoes"]))
    assert shop.recommender.requests[-1].recipient == "dad"


def test_what_was_turned_down_for_somebody_else_is_not_shown_for_them_again(shop: Shop) -> None:
    need = Need(recipient="dad").want("category", ["shoes"])
    first = shop.guide.search(shoes_for("shoes for my dad"), need)
    assert isinstance(first, SlateShown)
    gone = first.items[0].product.sku
    shop.guide.dislike(said("not the first", "dislike_product", mention("ordinal", 1), current_slate=first.slate_id))
    for_dad = shop.guide.search(shoes_for("shoes"), need)
    for_me = shop.guide.search(shoes_for("shoes"), replace(need, recipient=""))
    assert isinstance(for_dad, SlateShown)
    assert isinstance(for_me, SlateShown)
    assert gone not in {shown.product.sku for shown in for_dad.items}
    assert gone in {shown.product.sku for shown in for_me.items}


@pytest.fixture
def sized(index: CatalogueIndex) -> Shop:
    """Return the shop with shoes in sizes, made of leather or of canvas."""
    made = [
        replace(
            product,
            facets={**product.facets, "size": ("42", "43") if number % 2 else ("38", "39"), "material": (material,)},
        )
        for number, product in enumerate(products())
        for material in ["Leather" if number % 3 else "Canvas"]
    ]
    return Shop(CatalogueIndex(made))


def test_a_fact_is_kept_in_mind_from_the_next_search_on_and_said_once(sized: Shop) -> None:
    need = considered(sized, shoes_for("shoes, i always take size 43", mention("size", "43")), Need())
    assert need.wanted["size"] == ("43",)
    need = considered(sized, shoes_for("running shoes"), Need())
    assert need.wanted["size"] == ("43",)
    assert need.kept_in_mind == ("size=43",)
    shown = sized.guide.search(shoes_for("running shoes"), need)
    assert isinstance(shown, SlateShown)
    assert shown.kept_in_mind == ("size=43",)
    more = sized.guide.more(said("more", "show_more", current_slate=shown.slate_id), need)
    assert isinstance(more, SlateShown)
    assert more.kept_in_mind == ()


def test_what_somebody_cannot_wear_is_left_out_of_every_search(sized: Shop) -> None:
    allergy = said("i'm allergic to leather", "inform_preference", mention("material", "leather", excluded=True))
    sized.guide.consider(allergy, Need())
    need = considered(sized, said("a bag", "search_products", mention("category", "bags")), Need())
    assert need.excluded == {"material": ("leather",)}
    assert need.kept_in_mind == ("material!=leather",)


def test_the_shopper_has_the_last_word_over_a_fact(sized: Shop) -> None:
    considered(sized, shoes_for("shoes, i always take size 43", mention("size", "43")), Need())
    need = considered(sized, shoes_for("running shoes"), Need())
    need = considered(sized, said("any size", "no_preference", mention("facet_name", "size")), need)
    assert "size" not in need.wanted
    need = considered(sized, said("in blue", "inform_preference", mention("colour", "blue")), need)
    assert "size" not in need.wanted


def test_facts_of_the_shopper_are_not_brought_into_a_search_for_somebody_else(sized: Shop) -> None:
    considered(sized, shoes_for("shoes, i always take size 43", mention("size", "43")), Need())
    need = considered(sized, shoes_for("shoes for my dad"), Need())
    assert "size" not in need.wanted
    own = considered(sized, shoes_for("shoes"), Need())
    turned = considered(sized, said("they are for my dad", "inform_preference"), own)
    assert turned.recipient == "dad"
    assert "size" not in turned.wanted
    assert turned.kept_in_mind == ()


def test_a_session_without_history_brings_nothing_in(sized: Shop) -> None:
    considered(sized, shoes_for("shoes, i always take size 43", mention("size", "43")), Need())
    need = considered(sized, replace(shoes_for("running shoes"), history=False), Need())
    assert "size" not in need.wanted
    sized.guide.search(replace(shoes_for("running shoes"), history=False), need)
    assert sized.recommender.requests[-1].personal is False


def test_a_fact_that_would_leave_nothing_stays_out(sized: Shop) -> None:
    considered(sized, shoes_for("shoes, i always take size 43", mention("size", "43")), Need())
    narrow = Need().want("category", ["loafers"]).want("audience", ["unisex"]).want("brand", ["kestrel"])
    applied = set()
    for colour in ("black", "blue", "white", "red"):
        need = narrow.want("colour", [colour])
        rows = sized.index.matching(need.constraints())
        fits = any("43" in sized.index.values("size", int(row)) for row in rows)
        need = considered(sized, said("these", "inform_preference", mention("colour", colour)), need)
        assert ("size" in need.wanted) is fits
        applied.add(fits)
    assert applied == {True, False}
