"""What sets the products of a slate apart: named where it helps, and true."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.distinguishing import FACTS, Distinction, distinct_words, distinctions
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Shown, SlateShown
from shopguide.conversation.phrases import phrases
from shopguide.conversation.wording import Wording
from shopguide.ids import Sku, SlateId


def slate(shown: Sequence[Product], need: Need) -> SlateShown:
    items = tuple(Shown(product, place) for place, product in enumerate(shown, 1))
    return SlateShown(SlateId("s"), "search_products", need, items, 37, 32, "p", "v")


def told(products: Sequence[Product], need: Need | None = None, turn: int = 0) -> str:
    words = Wording(CatalogueIndex(list(products)), phrases("en").at(turn), "EUR")
    return distinct_words(slate(products, need or Need()), words)


def thing(number: int, **more: object) -> Product:
    facets = more.pop("facets", {})
    fields: dict[str, object] = {"brand": "Kestrel", "price": Decimal(50), "currency": "EUR", **more}
    return Product(Sku(str(number)), f"thing {number}", facets=facets, units={"weight": "kg"}, **fields)  # type: ignore[arg-type]


def test_the_cheapest_is_named_and_how_far_prices_go() -> None:
    near = [thing(1, price=Decimal(40)), thing(2, price=Decimal(60))]
    assert told(near) == " Number 1 is the cheapest at €40."
    far = [*near, thing(3, price=Decimal(95))]
    assert told(far) == " Number 1 is the cheapest at €40 (they go up to €95)."


def test_facts_of_one_product_are_said_in_one_breath() -> None:
    products = [
        thing(1, facets={"weight": 2.0}, price=Decimal(60)),
        thing(2, facets={"weight": 1.0}, price=Decimal(40)),
    ]
    assert told(products) == " Number 2 is the cheapest at €40 and the lightest (1 kg)."


def test_what_one_alone_is_said_to_have() -> None:
    features = ("breathable", "glass lid", "inside pocket", "short sleeves", "with spf")
    others = [thing(2, facets={"feature": ("washable",)}), thing(3, facets={"feature": ("washable",)})]
    said = [told([thing(1, facets={"feature": (feature,)}), *others]) for feature in features]
    assert said == [
        " Number 1 is the only one said to be breathable.",
        " Number 1 is the only one said to have a glass lid.",
        " Number 1 is the only one said to have an inside pocket.",
        " Number 1 is the only one said to have short sleeves.",
        " Number 1 is the only one said to have spf.",
    ]
    # Of the third nobody listed any features: it may have the same.
    unknown = [thing(1, facets={"feature": ("breathable",)}), thing(2, facets={"feature": ("washable",)}), thing(3)]
    assert told(unknown) == ""


def test_a_product_of_its_own_brand_is_called_by_it() -> None:
    products = [thing(1, price=Decimal(40), brand="Norwell"), thing(2), thing(3)]
    assert told(products).startswith(" The Norwell at number 1 is the cheapest")


def test_a_number_that_the_need_bounds_comes_first() -> None:
    facets = [{"capacity": 10.0}, {"capacity": 15.0}, {"capacity": 20.0}]
    products = [
        Product(Sku(str(n)), f"bag {n}", facets=own, units={"capacity": "l"})  # type: ignore[arg-type]
        for n, own in enumerate(facets, 1)
    ]
    assert told(products, Need().within("capacity", Bounds(high=30))) == " Number 1 has the lowest capacity (10 l)."
    assert told(products) == " Number 3 has the highest capacity (20 l)."
    alike = [replace(products[0], sku=Sku("9")), products[0]]
    assert told(alike) == ""


def test_makers_are_told_where_nothing_stands_out() -> None:
    products = [thing(1), thing(2, brand="Norwell"), thing(3, brand="Norwell")]
    assert told(products) == " They come from Kestrel and Norwell."
    assert told(products, Need().want("brand", ["kestrel", "norwell"])) == ""
    # Where the third comes from is not known.
    assert told([*products[:2], thing(3, brand=None)]) == ""


COLOURS, FEATURES = ("black", "blue", "red"), ("breathable", "glass lid", "short sleeves")


@st.composite
def any_product(draw: st.DrawFn) -> dict[str, object]:
    facets: dict[str, object] = {}
    if draw(st.booleans()):
        facets["weight"] = draw(st.sampled_from((0.5, 1.0, 1.05, 3.0)))
    if draw(st.booleans()):
        facets["waterproof"] = draw(st.booleans())
    for facet, values in (("colour", COLOURS), ("feature", FEATURES)):
        if chosen := draw(st.lists(st.sampled_from(values), max_size=2, unique=True)):
            facets[facet] = tuple(chosen)
    price = draw(st.none() | st.sampled_from((Decimal(20), Decimal(30), Decimal(70))))
    rating = draw(st.none() | st.sampled_from((3.0, 4.5, 5.0)))
    return {
        "facets": facets,
        "price": price,
        "currency": draw(st.sampled_from(("EUR", "EUR", "EUR", "USD"))) if price is not None else None,
        "list_price": price * 2 if price is not None and draw(st.integers(0, 3)) == 0 else None,
        "rating": rating,
        "rating_count": draw(st.integers(1, 8)) if rating is not None else 0,
        "brand": draw(st.sampled_from(("Kestrel", "Norwell", "Aldersea", None))),
    }


def holds(fact: Distinction, products: Sequence[Product]) -> bool:
    """Check a fact by the products themselves, not by the index."""
    own = products[fact.position - 1]
    others = [product for product in products if product is not own]
    if fact.kind == "cheapest":
        assert own.price is not None
        prices = [product.price for product in others if product.price is not None]
        alike = {product.currency for product in products} == {own.currency}
        return (
            alike and len(prices) == len(others) and own.price < min(prices) and float(max(prices)) == fact.other
            and float(own.price) == fact.value
        )  # fmt: skip
    if fact.kind == "best_rated":
        assert own.rating == fact.value
        return all(product.rating is None or product.rating < own.rating for product in others)
    if fact.kind == "reduced":
        assert own.price is not None and own.list_price is not None
        percent = round(100 * (1 - float(own.price / own.list_price)))
        return percent == fact.value and all(product.list_price is None for product in others)
    if fact.kind in ("least", "most"):
        numbers = [product.facets.get(fact.facet) for product in others]
        sign = 1 if fact.kind == "least" else -1
        return own.facets[fact.facet] == fact.value and all(
            isinstance(number, float) and sign * number > sign * float(fact.value) for number in numbers
        )
    values = [product.facets.get(fact.facet) for product in others]
    if fact.kind == "flag":
        return own.facets[fact.facet] is True and all(value is False for value in values)
    return fact.value in own.facets[fact.facet] and all(value and fact.value not in value for value in values)  # type: ignore[operator]


@settings(deadline=None, max_examples=300)
@given(made=st.lists(any_product(), min_size=2, max_size=5), turn=st.integers(0, 11), bounded=st.booleans())
def test_all_that_is_said_is_true(made: list[dict[str, object]], turn: int, bounded: bool) -> None:
    products = [thing(number, **fields) for number, fields in enumerate(made, 1)]
    need = Need().within("weight", Bounds(low=0.5)) if bounded else Need()
    words = Wording(CatalogueIndex(products), phrases("en").at(turn), "EUR")
    outcome = slate(products, need)
    facts = distinctions(outcome, words)
    for fact in facts:
        assert holds(fact, products), fact
    said = distinct_words(outcome, words)
    assert said.count(".") - len(re.findall(r"\d\.\d", said)) <= 1
    assert not re.search(r"[{}]|  ", said)
    # No number in the sentence but those of the facts and the places.
    numbers = {f"{fact.value:g}" for fact in facts if isinstance(fact.value, float)}
    numbers |= {f"{fact.other:g}" for fact in facts} | {str(fact.position) for fact in facts}
    assert set(re.findall(r"\d+(?:\.\d+)?", said)) <= numbers
    assert len({fact.position for fact in facts if f"umber {fact.position} " in said}) <= 2 <= FACTS
    if said.startswith((" They come from", " The makers")):
        brands = re.sub(r"^ They come from | and |, |\.$|^ The makers are ", " ", said).split()
        assert sorted(brands) == sorted({str(product.brand) for product in products})


@pytest.mark.parametrize("kind", ["cheapest", "best_rated", "only"])
def test_a_tie_sets_nothing_apart(kind: str) -> None:
    fields: dict[str, object] = {
        "cheapest": {"price": Decimal(20)},
        "best_rated": {"rating": 5.0, "rating_count": 9},
        "only": {"facets": {"feature": ("breathable",)}},
    }[kind]
    other: dict[str, object] = {
        "price": Decimal(90),
        "rating": 4.0,
        "rating_count": 9,
        "facets": {"feature": ("lined",)},
    }
    base = {key: other[key] for key in fields if key in other}
    apart = [thing(1, **fields), thing(2, **base), thing(3, **base)]
    assert told(apart) != ""
    tied = [thing(1, **fields), thing(2, **fields), thing(3, **base)]
    assert "umber 1 " not in told(tied) and "umber 2 " not in told(tied)
