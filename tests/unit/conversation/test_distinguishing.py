"""What sets the products of a slate apart: named where it helps, and true."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.distinguishing import distinct_words
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Shown, SlateShown
from shopguide.conversation.phrases import phrases
from shopguide.conversation.wording import Wording
from shopguide.ids import SlateId
from tests.unit.conversation.shop import products

INDEX = CatalogueIndex(products())


@pytest.fixture
def wording(index: CatalogueIndex) -> Wording:
    return Wording(index, phrases("en"), "EUR")


def slate(shown: Sequence[Product], need: Need) -> SlateShown:
    items = tuple(Shown(product, place) for place, product in enumerate(shown, 1))
    return SlateShown(SlateId("s"), "search_products", need, items, 37, 32, "p", "v")


def test_a_number_that_stands_out_is_named(index: CatalogueIndex, wording: Wording) -> None:
    need = Need().want("category", ["backpacks"]).want("audience", ["men"])
    rows = index.matching(need.want("brand", ["kestrel"]).constraints())
    products = [index.product(index.skus[row]) for row in rows if "unisex" not in index.values("audience", int(row))][
        :3
    ]
    sizes = [float(product.facets["capacity"]) for product in products]  # type: ignore[arg-type]
    assert sizes == [10.0, 15.0, 20.0]
    bounded = slate(products, need.within("capacity", Bounds(high=30)))
    assert "umber 1 has the lowest capacity (10 l)" in distinct_words(bounded, wording)
    alike = [replace(product, price=Decimal(50), rating=4.0) for product in products]
    free = slate(alike, need)
    assert "umber 3 has the highest capacity (20 l)" in distinct_words(free, wording)
    # Too close to each other to be worth a word.
    assert "capacity" not in distinct_words(slate([alike[0], alike[0]], need), wording)


@given(rows=st.lists(st.integers(0, len(INDEX) - 1), min_size=2, max_size=5, unique=True), turn=st.integers(0, 5))
def test_all_that_is_said_is_true(rows: list[int], turn: int) -> None:
    shown = [INDEX.product(INDEX.skus[row]) for row in rows]
    said = distinct_words(slate(shown, Need()), Wording(INDEX, phrases("en").at(turn), "EUR"))
    prices = [float(product.price or 0) for product in shown]
    for amount in re.findall(r"€([\d.]+)", said):
        assert float(amount) == min(prices)
    for stars in re.findall(r"([\d.]+) stars", said):
        assert float(stars) == max(product.rating or 0 for product in shown if product.rating_count > 2)
    for litres in re.findall(r"([\d.]+) l\b", said):
        assert float(litres) == max(float(product.facets["capacity"]) for product in shown)  # type: ignore[arg-type]
    for place in map(int, re.findall(r"umber (\d)", said)):
        assert 1 <= place <= len(shown)
    if found := re.search(r"number (\d) is the only (\w[\w ]*) one", said):
        having = [product for product in shown if found[2] in str(product.facets["colour"]).lower()]
        assert having == [shown[int(found[1]) - 1]] or found[2] in ("sports", "casual")
