"""The next question is the one that tells most, and never one that was answered."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.question import (
    EASE,
    EASE_OF_KIND,
    EASE_OF_OTHERS,
    OPTIONS,
    USEFUL_GAIN,
    _entropy,
    next_question,
    nice,
    question_about,
    questions,
)
from shopguide.ids import Sku
from shopguide.profiles.preferences import TasteProfile


def rows(index: CatalogueIndex, need: Need) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    return index.matching(need.constraints())


def test_asks_what_kind_first(index: CatalogueIndex) -> None:
    question = next_question(Need(), index, rows(index, Need()))
    assert question is not None
    assert question.facet == "category"
    # Departments, the highest level that tells the products apart.
    assert {option.answer.value for option in question.options} == {"footwear", "accessories"}


def test_a_known_category_is_narrowed_to_its_kinds(index: CatalogueIndex) -> None:
    need = Need().want("category", ["shoes"])
    question = question_about("category", need, index, rows(index, need))
    assert question is not None
    assert [(o.answer.value, o.count) for o in question.options] == [("loafers", 45), ("running shoes", 45)]


def test_never_asks_what_is_known_asked_or_waived(index: CatalogueIndex) -> None:
    need = Need().want("category", ["loafers"]).want("colour", ["blue"]).within("price", Bounds(high=90))
    need = need.ask("audience").waive("brand")
    seen = set()
    while (question := next_question(need, index, rows(index, need))) is not None:
        assert question.facet not in {"colour", "price", "audience", "brand", "rating"} | seen
        seen.add(question.facet)
        need = need.ask(question.facet)


def test_a_facet_that_does_not_split_is_not_asked(index: CatalogueIndex) -> None:
    need = Need().want("category", ["loafers"])
    # All loafers are casual.
    assert question_about("occasion", need, index, rows(index, need)) is None


def test_a_facet_that_few_have_is_not_asked(index: CatalogueIndex) -> None:
    # Only bags have a capacity, and most of the products are no bags.
    assert question_about("capacity", Need(), index, rows(index, Need())) is None
    need = Need().want("category", ["bags"])
    question = question_about("capacity", need, index, rows(index, need))
    assert question is not None
    assert question.unit == "l"
    assert str(question.options[0].answer) == "capacity=10"


def test_prices_are_asked_as_ranges_that_cover_all(index: CatalogueIndex) -> None:
    need = Need().want("category", ["shoes"])
    question = question_about("price", need, index, rows(index, need))
    assert question is not None
    bounds = [option.answer.bounds for option in question.options]
    assert bounds[0].low is None
    assert bounds[-1].high is None
    assert all(one.high == other.low for one, other in pairwise(bounds))
    assert sum(option.count for option in question.options) >= question.matches


def test_a_yes_or_no_question_offers_both(index: CatalogueIndex) -> None:
    need = Need().want("category", ["bags"])
    question = question_about("waterproof", need, index, rows(index, need))
    assert question is not None
    assert [option.answer.value for option in question.options] == ["yes", "no"]


def test_excluded_values_are_not_offered(index: CatalogueIndex) -> None:
    need = Need().want("category", ["shoes"]).exclude("colour", ["red"])
    question = question_about("colour", need, index, rows(index, need))
    assert question is not None
    assert "red" not in {option.answer.value for option in question.options}


def test_many_small_values_tell_less_than_a_few_large_ones() -> None:
    products = [
        Product(
            Sku(str(n)), f"thing {n}", facets={"maker": (f"maker {n % 100}",), "shape": (("round", "square")[n % 2],)}
        )
        for n in range(400)
    ]
    index = CatalogueIndex(products)
    question = next_question(Need(), index, index.matching())
    assert question is not None
    assert question.facet == "shape"
    # A hundred makers: five buttons would reach one product in twenty.
    about_makers = question_about("maker", Need(), index, index.matching())
    assert about_makers is not None
    assert about_makers.gain < question.gain
    assert len(about_makers.options) == OPTIONS


def made(rows: list[dict[str, tuple[str, ...]]]) -> CatalogueIndex:
    return CatalogueIndex([Product(Sku(str(n)), "thing", facets=dict(facets)) for n, facets in enumerate(rows)])


def test_what_shoppers_can_answer_comes_before_what_splits_best() -> None:
    """Five brands split better than three occasions, and few come with a brand in mind."""
    occasions, brands = ("party", "formal", "casual"), ("a", "b", "c", "d", "e")
    index = CatalogueIndex(
        [Product(Sku(str(n)), "bag", brand=brands[n % 5], facets={"occasion": (occasions[n % 3],)}) for n in range(150)]
    )
    assert [question.facet for question in questions(Need(), index, index.matching())] == ["occasion", "brand"]


def test_several_values_of_some_products_do_not_cover_the_others() -> None:
    listed = [{"occasion": ("party", "formal", "casual")[n % 2 :]} for n in range(40)]
    index = made(listed + [{} for _ in range(60)])
    assert question_about("occasion", Need(), index, index.matching()) is None


def bags(occasions: int = 3, colours: int = 2) -> CatalogueIndex:
    """Return bags for several occasions in several colours, evenly."""
    return CatalogueIndex(
        [
            Product(
                Sku(str(n)),
                "bag",
                facets={"occasion": (f"occasion {n % occasions}",), "colour": (f"colour {n // occasions % colours}",)},
            )
            for n in range(180)
        ]
    )


def order(index: CatalogueIndex, **weights: dict[str, float]) -> list[str]:
    taste = TasteProfile(weights=weights)
    return [question.facet for question in questions(Need(), index, index.matching(), taste)]


def test_what_taste_has_settled_is_asked_later_or_not_at_all() -> None:
    index = bags(colours=4)
    assert order(index) == ["occasion", "colour"]
    assert order(index, occasion={"occasion 1": 0.9}) == ["colour", "occasion"]
    # Nobody needs to ask who only ever carries black.
    assert order(bags(colours=2), colour={"colour 1": 0.9, "colour 0": -0.5}) == ["occasion"]
    assert order(index, brand={"kestrel": 0.9}) == order(index)


def test_a_taste_that_could_go_either_way_makes_the_question_worth_more() -> None:
    index = bags(occasions=2, colours=2)
    few = [{"colour": ("red",) if n % 10 == 0 else ("black",)} for n in range(180)]
    rare = made(few)
    plain = question_about("colour", Need(), rare, rare.matching())
    torn = question_about("colour", Need(), rare, rare.matching(), TasteProfile(weights={"colour": {"red": 0.7}}))
    assert plain is not None and torn is not None
    # One bag in ten is red, and this shopper wants red as likely as not.
    assert torn.gain > plain.gain
    assert torn.options == plain.options
    even = question_about("colour", Need(), index, index.matching())
    for weight in (0.3, -0.3):
        leaning = TasteProfile(weights={"colour": {"colour 1": weight}})
        settled = question_about("colour", Need(), index, index.matching(), leaning)
        assert settled is not None and even is not None and settled.gain < even.gain


def test_taste_leaves_the_first_question_the_kind_of_thing(index: CatalogueIndex) -> None:
    taste = TasteProfile(weights={"colour": {"black": 0.1}, "category": {"footwear": 0.2}})
    question = next_question(Need(), index, rows(index, Need()), taste)
    assert question is not None
    assert question.facet == "category"


def test_no_question_without_products(index: CatalogueIndex) -> None:
    assert next_question(Need(), index, index.matching()[:0]) is None


def test_what_shoppers_choose_counts_as_much_as_what_there_is() -> None:
    """Nine bags in ten are black, but those that are bought are of either colour."""
    index = made([{"colour": ("red",) if n % 10 == 0 else ("black",)} for n in range(100)])
    rows = index.matching()
    plain = question_about("colour", Need(), index, rows)
    torn = question_about("colour", Need(), index, rows, sought=rows[[0, 10, 1, 2]])
    settled = question_about("colour", Need(), index, rows, sought=rows[[1, 2, 3]])
    assert plain is not None and torn is not None and settled is not None
    # Half of one in ten and half of one in two: three in ten.
    assert torn.gain / EASE["colour"] == pytest.approx(-(0.3 * np.log2(0.3) + 0.7 * np.log2(0.7)))
    assert settled.gain < plain.gain < torn.gain
    # The buttons count what there is.
    assert torn.options == plain.options == settled.options
    assert [option.count for option in torn.options] == [90, 10]


def test_ranges_are_expected_by_what_shoppers_choose_too() -> None:
    index = CatalogueIndex([Product(Sku(str(n)), "bag", price=Decimal(10 + n), currency="EUR") for n in range(80)])
    rows = index.matching()
    plain = question_about("price", Need(), index, rows)
    dear = question_about("price", Need(), index, rows, sought=rows[-10:])
    assert plain is not None and dear is not None
    assert dear.gain < plain.gain


FACETS = ("colour", "occasion", "material", "pattern", "waterproof")


@st.composite
def catalogue_and_taste(draw: st.DrawFn) -> tuple[CatalogueIndex, TasteProfile, list[int]]:
    values = st.sampled_from(("a", "b", "c", "d"))
    products = []
    for n in range(draw(st.integers(1, 30))):
        chosen = draw(st.lists(st.sampled_from(FACETS), unique=True))
        facets: dict[str, Any] = {
            facet: draw(st.booleans()) if facet == "waterproof" else (draw(values),) for facet in chosen
        }
        products.append(Product(Sku(str(n)), "thing", facets=facets, price=Decimal(draw(st.integers(1, 500)))))
    weights = {facet: {draw(values): draw(st.floats(-1, 1))} for facet in draw(st.lists(st.sampled_from(FACETS)))}
    sought = draw(st.lists(st.integers(0, len(products) - 1), unique=True))
    return CatalogueIndex(products), TasteProfile(weights=weights), sorted(sought)


@settings(deadline=None)
@given(catalogue_and_taste())
def test_a_gain_is_never_negative_and_never_more_than_its_answers_can_tell(
    drawn: tuple[CatalogueIndex, TasteProfile, list[int]],
) -> None:
    index, taste, chosen = drawn
    rows = index.matching()
    sought = rows[[place for place in chosen if place < len(rows)]]
    for facet in index.facets:
        question = question_about(facet, Need(), index, rows, taste, sought=sought)
        if question is None:
            continue
        ease = EASE.get(facet, EASE_OF_KIND.get(question.kind, EASE_OF_OTHERS))
        # One more for whatever is not offered.
        assert 0 <= question.gain <= ease * np.log2(len(question.options) + 1) + 1e-9
        for option in question.options:
            need = Need().want(facet, [option.answer.value]) if option.answer.kind == "want" else None
            need = need or Need().within(facet, option.answer.bounds)
            # What stands on a button is what the answer leaves.
            assert option.count == len(index.matching(need.constraints()))


@settings(deadline=None)
@given(catalogue_and_taste())
def test_the_question_with_the_largest_gain_is_asked(drawn: tuple[CatalogueIndex, TasteProfile, list[int]]) -> None:
    index, taste, chosen = drawn
    rows = index.matching()
    sought = rows[[place for place in chosen if place < len(rows)]]
    found = [question_about(facet, Need(), index, rows, taste, sought=sought) for facet in index.facets]
    gains = [question.gain for question in found if question is not None and question.facet != "rating"]
    asked = next_question(Need(), index, rows, taste, sought=sought)
    most = max(gains, default=0.0)
    assert (asked.gain if asked is not None else 0.0) == (most if most >= USEFUL_GAIN else 0.0)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_one_answer_tells_nothing_and_even_answers_tell_most(counts: list[int]) -> None:
    told = _entropy([float(count) for count in counts], float(sum(counts)))
    assert told == pytest.approx(0.0) if len(counts) == 1 else told > 0
    assert told <= np.log2(len(counts)) + 1e-9


@given(st.floats(0.01, 1e7))
def test_nice_numbers_stay_close(number: float) -> None:
    assert nice(number) == pytest.approx(number, rel=0.34)
    assert len(f"{nice(number):g}".replace(".", "").strip("0").split("e")[0]) <= 2
