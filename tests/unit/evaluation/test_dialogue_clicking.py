"""Shoppers who click: the most telling facet first, pages of ten, and every action counted."""

import math
import random

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.dialogue.clicker import PAGE, Clicker, information
from shopguide.evaluation.dialogue.facts import Facts
from shopguide.evaluation.dialogue.outcome import LIMIT, Outcome
from tests.unit.evaluation.simulated import catalogue


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return catalogue()


def clicker(index: CatalogueIndex, row: int, **given) -> Clicker:
    return Clicker(Facts(index, row), np.zeros(len(index)), given.pop("noise", 0.0), random.Random(row), **given)


def test_information_is_the_entropy_where_every_product_has_one_value(index) -> None:
    every = np.arange(len(index), dtype=np.int32)
    assert information(index, "colour", every) == pytest.approx(math.log2(3))
    assert information(index, "brand", every) == pytest.approx(1.0)
    assert information(index, "price", every) == pytest.approx(2.0)
    assert information(index, "colour", every[:1]) == 0.0


def test_everything_is_found_within_a_few_clicks(index) -> None:
    outcomes = [clicker(index, row).shop() for row in range(len(index))]
    # 48 products: quarters of the price leave 12, one facet more leaves fewer than ten, and a page shows them.
    assert {outcome.found for outcome in outcomes} == {3}
    assert all(outcome.inspected <= PAGE and outcome.words == 0 for outcome in outcomes)


def test_popular_facets_are_those_that_most_products_have(index) -> None:
    outcomes = [clicker(index, row, by_popularity=True).shop() for row in range(len(index))]
    assert all(outcome.found and outcome.found >= 3 for outcome in outcomes)


def test_a_wrong_click_is_noticed_and_taken_back(index) -> None:
    sure = sum(clicker(index, row).shop().actions for row in range(len(index)))
    unsure = [clicker(index, row, noise=0.5).shop() for row in range(len(index))]
    assert sum(outcome.found or LIMIT for outcome in unsure) > 1.5 * sure
    assert sum(outcome.found is not None for outcome in unsure) > 0.8 * len(unsure)


def test_words_cost_an_action_and_give_the_order(index) -> None:
    found = np.array([7, 3, 5], dtype=np.int32)
    outcome = clicker(index, 3, found=found).shop()
    assert (outcome.found, outcome.inspected) == (2, 2)


def test_what_words_did_not_find_is_not_found(index) -> None:
    outcome = clicker(index, 9, found=np.array([7, 3], dtype=np.int32)).shop()
    assert outcome.found is None
    assert outcome.actions < LIMIT


def test_looking_stops_at_the_product(index) -> None:
    outcome = Outcome(actions=4)
    outcome.see([3, 2, 1, 0], Facts(index, 2))
    assert (outcome.found, outcome.inspected) == (4, 2)
    assert outcome.found_like == 4
