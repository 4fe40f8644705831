"""A critique leads beyond what was shown, or says that it cannot."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.critique import bounded, measurable, stepped
from shopguide.conversation.need import Bounds, Need
from tests.unit.conversation.shop import products

INDEX = CatalogueIndex(products())
BAGS = Need().want("category", ["handbags"])


@given(
    st.sampled_from(["handbags", "shoes", "umbrellas", "bags"]),
    st.sampled_from(["price", "rating"]),
    st.sampled_from(["up", "down"]),
    st.integers(0, 2**32 - 1),
)
def test_everything_that_fits_lies_beyond_the_median(category: str, facet: str, direction: str, seed: int) -> None:
    need = Need().want("category", [category])
    slate = np.random.default_rng(seed).choice(INDEX.matching(need.constraints()), 5, replace=False)
    after = bounded(need, facet, direction, [int(row) for row in slate], index=INDEX, enough=5)
    if isinstance(after, str):
        assert after == "extreme"
        return
    rows = INDEX.matching(after.constraints())
    assert len(rows)
    numbers, median = INDEX.numeric(facet), np.median(INDEX.numeric(facet)[slate])
    assert (numbers[rows] < median).all() if direction == "down" else (numbers[rows] > median).all()


def test_cheaper_goes_on_until_it_cannot() -> None:
    need, steps = BAGS, 0
    while True:
        rows = INDEX.matching(need.constraints())
        slate = [int(row) for row in rows[:5]]
        after = bounded(need, "price", "down", slate, index=INDEX, enough=5)
        if isinstance(after, str):
            break
        need, steps = after, steps + 1
    assert after == "extreme"
    assert steps >= 2


def test_cheap_without_a_slate_is_the_lower_part() -> None:
    after = bounded(BAGS, "price", "down", [], index=INDEX, enough=5)
    assert isinstance(after, Need)
    share = len(INDEX.matching(after.constraints())) / len(INDEX.matching(BAGS.constraints()))
    assert share == pytest.approx(0.4, abs=0.1)


def test_the_other_bound_stays_where_it_makes_sense() -> None:
    need = BAGS.within("price", Bounds(60, 70))
    slate = [int(row) for row in INDEX.matching(need.constraints())[:5]]
    cheaper = bounded(need, "price", "down", slate, index=INDEX, enough=1)
    assert isinstance(cheaper, Need)
    # Cheaper does not mean below the floor that was asked for.
    assert (cheaper.bound("price").low or 0) in (0, 60)
    better = bounded(BAGS.within("price", Bounds(high=60)), "price", "up", slate, index=INDEX, enough=1)
    assert isinstance(better, Need)
    assert better.bound("price").high is None


def test_a_number_that_the_products_do_not_have() -> None:
    shoes = Need().want("category", ["shoes"])
    slate = [int(row) for row in INDEX.matching(shoes.constraints())[:3]]
    assert bounded(shoes, "capacity", "up", slate, index=INDEX, enough=5) == "unknown"
    assert bounded(shoes, "no_such_facet", "up", slate, index=INDEX, enough=5) == "unknown"


def test_bigger_measures_what_the_products_have() -> None:
    bags = [int(row) for row in INDEX.matching(BAGS.constraints())[:5]]
    shoes = [int(row) for row in INDEX.matching(Need().want("category", ["shoes"]).constraints())[:5]]
    assert measurable("screen_size", bags, INDEX) == "capacity"
    assert measurable("size", bags, INDEX) == "capacity"
    assert measurable("capacity", bags, INDEX) == "capacity"
    assert measurable("screen_size", shoes, INDEX) == "screen_size"
    assert measurable("weight", bags, INDEX) == "weight"


def test_a_size_bigger_is_the_next_that_others_come_in() -> None:
    sizes = (("42", "44"), ("43",), ("M", "XL"))
    sized = [
        replace(product, facets={**product.facets, "size": sizes[number % 3]})
        for number, product in enumerate(products())
    ]
    index = CatalogueIndex(sized)
    steps = {("42", "up"): "43", ("44", "down"): "43", ("m", "up"): "xl"}
    for (held, direction), expected in steps.items():
        found = stepped(Need().want("size", [held]), "size", direction, index)
        assert isinstance(found, Need)
        assert found.wanted["size"] == (expected,)
    assert stepped(Need().want("size", ["44"]), "size", "up", index) == "extreme"
    assert stepped(Need().want("size", ["42"]), "size", "down", index) == "extreme"  # and not XL
    assert stepped(Need(), "size", "up", index) == "unknown"
    assert stepped(Need().want("size", ["wide"]), "size", "up", index) == "unknown"
