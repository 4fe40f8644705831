"""Products side by side."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.comparing import BETTER_RATED, CHEAPER, MOST_COMPARED, compare
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import NoneSuch, NoSlate, Shown, SlateShown
from shopguide.conversation.outcomes_product import Compared, NothingToCompare
from shopguide.conversation.telling_product import comparison_words
from shopguide.conversation.turn import Reference
from shopguide.ids import Sku
from shopguide.recommender.types import Reason
from tests.unit.conversation.shop import Shop, mention, products, said

INDEX = CatalogueIndex(products())


@pytest.fixture
def slate(shop: Shop) -> SlateShown:
    outcome = shop.guide.search(said("bags", "search_products"), Need().want("category", ["bags"]))
    assert isinstance(outcome, SlateShown)
    return outcome


def asked(slate: SlateShown, text: str, *mentions: object, **more: object) -> object:
    return said(text, "compare_products", *mentions, current_slate=slate.slate_id, **more)  # type: ignore[arg-type]


def compared(shop: Shop, turn: object, focus: Sku | None = None) -> Compared:
    outcome = shop.guide.compare(turn, Need(), focus)  # type: ignore[arg-type]
    assert isinstance(outcome, Compared)
    return outcome


def test_places_are_compared(shop: Shop, slate: SlateShown) -> None:
    outcome = compared(shop, asked(slate, "the first and the third", mention("ordinal", [1, 3])))
    assert [one.position for one in outcome.products] == [1, 3]
    assert [one.product.sku for one in outcome.products] == [slate.items[0].product.sku, slate.items[2].product.sku]


def test_without_places_what_is_on_screen_as_far_as_it_fits(shop: Shop, slate: SlateShown) -> None:
    outcome = compared(shop, asked(slate, "what is the difference?"))
    assert [one.position for one in outcome.products] == [1, 2, 3, 4]
    assert outcome.left_out == len(slate.items) - MOST_COMPARED


def test_one_product_is_compared_with_the_one_talked_about(shop: Shop, slate: SlateShown) -> None:
    turn = asked(slate, "how does it compare with the second", mention("ordinal", 2))
    outcome = compared(shop, turn, slate.items[3].product.sku)
    assert [one.position for one in outcome.products] == [4, 2]
    alone = shop.guide.compare(turn, Need())  # type: ignore[arg-type]
    assert alone == NothingToCompare(slate.items[1].product)


def test_products_named_one_by_one(shop: Shop) -> None:
    need = Need().want("category", ["umbrellas"]).want("audience", ["unisex"]).want("colour", ["white"])
    slate = shop.guide.search(said("x", "search_products"), need)
    assert isinstance(slate, SlateShown) and len(slate.items) == 3
    turn = asked(slate, "kestrel or norwell?", mention("brand", "kestrel"), mention("brand", "norwell"))
    assert [one.product.brand for one in compared(shop, turn).products] == ["Kestrel", "Norwell"]


def test_which_is_cheaper_is_answered_first(shop: Shop, slate: SlateShown) -> None:
    text = "which one is cheaper"
    cheaper = Reference("most", 0, len(text), ("price",), "down")
    outcome = compared(shop, asked(slate, text, references=(cheaper,)))
    prices = [one.product.price for one in outcome.products]
    assert [prices[place] for place in outcome.furthest] == [min(price for price in prices if price is not None)]
    assert outcome.asked == outcome.differences[0].facet == "price"
    assert outcome.pick is None
    words = comparison_words(outcome, shop.guide.wording())
    assert words["answer"].startswith(f"That is number {outcome.products[outcome.furthest[0]].position}, the ")


def test_nothing_to_compare(shop: Shop, slate: SlateShown) -> None:
    assert shop.guide.compare(said("compare them", "compare_products"), Need()) == NoSlate()
    beyond = asked(slate, "the eighth and ninth", mention("ordinal", [8, 9]))
    assert shop.guide.compare(beyond, Need()) == NoSlate(5)  # type: ignore[arg-type]
    assert not isinstance(shop.guide.compare(beyond, Need()), NoneSuch)  # type: ignore[arg-type]


def shown(*rows: int) -> list[Shown]:
    return [Shown(INDEX.product(INDEX.skus[row]), place) for place, row in enumerate(rows, 1)]


def test_what_was_asked_for_comes_first_and_decides() -> None:
    # Red and white of the same kind, brand and audience.
    red, white = (next(r for r in range(len(INDEX)) if INDEX.values("colour", r) == (c,)) for c in ("red", "white"))
    need = Need().want("colour", ["white"])
    outcome = compare(shown(red, white), need, INDEX)
    assert outcome.differences[0].facet == "colour"
    assert outcome.pick is not None and outcome.pick.place == 1
    assert outcome.pick.facets == ("colour",) and "wish" in outcome.pick.advantages


def test_who_is_sold_out_is_not_recommended_and_taste_counts() -> None:
    first, second = shown(0, 1)
    gone = replace(first, product=replace(first.product, stock=0))
    outcome = compare([gone, second], Need(), INDEX)
    assert outcome.pick is not None and outcome.pick.place == 1 and "in_stock" in outcome.pick.advantages
    liked = replace(first, reasons=(Reason("taste", {"facet": "brand", "value": "kestrel"}),))
    other = replace(second, product=replace(second.product, price=first.product.price, rating=first.product.rating))
    outcome = compare([other, liked], Need(), INDEX)
    assert outcome.pick is not None and (outcome.pick.place, outcome.pick.advantages) == (1, ("taste",))


@given(rows=st.lists(st.integers(0, len(INDEX) - 1), min_size=2, max_size=4, unique=True))
def test_all_that_is_said_is_so(rows: list[int]) -> None:
    outcome = compare(shown(*rows), Need().want("colour", ["blue"]), INDEX)
    for difference in outcome.differences:
        assert len(set(difference.values)) > 1
        for row, values in zip(rows, difference.values, strict=True):
            own = INDEX.values(difference.facet, row)
            assert set(values) == set(own[-1:] if difference.facet == "category" else own)
    for facet, values in outcome.same.items():
        assert all(set(values) <= set(INDEX.values(facet, row)) for row in rows)
    if outcome.pick is None:
        return
    best = outcome.products[outcome.pick.place].product
    others = [one.product for one in outcome.products if one.product is not best]
    if "cheapest" in outcome.pick.advantages:
        assert all(float(best.price or 0) <= CHEAPER * float(other.price or 0) for other in others)
    if "best_rated" in outcome.pick.advantages:
        assert all((best.rating or 0) >= (other.rating or 0) + BETTER_RATED for other in others)
