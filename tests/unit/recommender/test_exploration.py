"""Exploration is bounded, and what is logged of it is what happened."""

import random
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.variants import ALONE
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import Sku
from shopguide.recommender.exploration import GAP, POOL, Choice
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.slate import NO_BRAND, Limits, fill
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from tests.unit.recommender.chance import every_outcome
from tests.unit.recommender.synthetic import START, FakeCatalogue, FakeFeedback, FakeProfiles
from tests.unit.recommender.test_pipeline import SHOPPER, constraints, holds

NEAR = np.linspace(1.0, 0.9, 12, dtype=np.float32)


def exploring(index: CatalogueIndex, folder: Path, rate: float, feedback: FakeFeedback | None = None) -> Recommender:
    settings = Settings(models_dir=folder / "models", torch_threads=1, exploration_rate=rate)
    return Recommender(
        FakeCatalogue(index),  # type: ignore[arg-type]
        FakeProfiles(),  # type: ignore[arg-type]
        feedback or FakeFeedback(),  # type: ignore[arg-type]
        settings,
        chance=random.Random(5),
    )


def explore(
    scores: np.ndarray, k: int, rate: float, source: random.Random, barred: Collection[int] = ()
) -> list[Choice]:
    """Fill a slate with nothing but scores and chance."""
    n = len(scores)
    limits = Limits(
        brands=np.full(n, NO_BRAND, dtype=np.int32), turns=np.zeros(n, dtype=np.int32), variants=np.full(n, ALONE)
    )
    return fill(scores, np.zeros((n, n), dtype=np.float32), k, limits, source, rate=rate, barred=barred)


def slate(scores: np.ndarray, rate: float, source: random.Random) -> tuple[tuple[int, float], ...]:
    return tuple((choice.candidate, choice.propensity) for choice in explore(scores, 4, rate, source))


def test_without_exploration_the_order_stands_and_is_certain() -> None:
    assert slate(NEAR, 0.0, random.Random(1)) == ((0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0))


def test_logged_propensities_are_the_probabilities() -> None:
    # A gap after the fifth candidate: the pool shrinks as its members are shown.
    scores = np.array([1.0, 0.99, 0.98, 0.97, 0.96, 0.2, 0.1], dtype=np.float32)
    outcomes = list(every_outcome(lambda source: slate(scores, 0.3, source), 0.3))
    assert len({shown for shown, _ in outcomes}) == len(outcomes) > 20
    assert sum(probability for _, probability in outcomes) == pytest.approx(1.0)
    for shown, probability in outcomes:
        assert shown[0] == (0, 1.0), "the first position is never left to chance"
        assert np.prod([propensity for _, propensity in shown]) == pytest.approx(probability), shown


def test_what_scores_far_below_takes_nobodys_turn() -> None:
    scores = np.array([1.0, 0.9, 0.89, 0.0], dtype=np.float32)
    for seed in range(200):
        shown = slate(scores, 0.5, random.Random(seed))
        assert shown[3] == (3, 1.0), "it comes when nothing else is left"


def test_the_rejected_take_nobodys_turn() -> None:
    shown = [explore(NEAR, 4, 0.5, random.Random(seed), barred={2, 5}) for seed in range(300)]
    assert 5 not in {choice.candidate for choices in shown for choice in choices}


@given(
    scores=st.lists(st.floats(-5, 5, width=32), max_size=30),
    k=st.integers(1, 10),
    rate=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_a_slate_is_whole_and_its_propensities_are_probabilities(
    scores: list[float], k: int, rate: float, seed: int
) -> None:
    ordered = np.asarray(sorted(scores, reverse=True), dtype=np.float32)
    shown = explore(ordered, k, rate, random.Random(seed))
    places = [choice.candidate for choice in shown]
    assert len(places) == len(set(places)) == min(k, len(scores))
    assert all(0 < choice.propensity <= 1 for choice in shown)
    assert all(place < position + POOL + 1 for position, place in enumerate(places))
    contenders = ordered[: k + POOL]
    near = GAP * float(contenders[0] - contenders[-1]) if len(contenders) else 0.0
    for position, choice in enumerate(shown):
        skipped = min(set(range(len(ordered))) - set(places[:position]))
        if choice.candidate != skipped:
            assert choice.propensity == pytest.approx(rate, abs=rate), "rate over the size of the pool"
            assert float(ordered[skipped] - ordered[choice.candidate]) <= near + 1e-6


def test_an_inverse_propensity_estimate_finds_the_worth_of_a_policy_that_was_never_run() -> None:
    """What the propensities are for: the greedy order and another one, judged by slates of the exploring policy."""
    clicked = np.array([0.5, 0.1, 0.4, 0.2, 0.3])  # what a shopper would click at the second position
    scores = np.array([1.0, 0.99, 0.98, 0.97, 0.96], dtype=np.float32)
    estimates = {1: 0.0, 2: 0.0}
    for shown, probability in every_outcome(lambda source: slate(scores, 0.4, source), 0.4):
        candidate, propensity = shown[1]
        if candidate in estimates:
            estimates[candidate] += probability * clicked[candidate] / propensity
    assert estimates == pytest.approx({1: clicked[1], 2: clicked[2]})


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=constraints, excluded=st.frozensets(st.sampled_from([Sku(f"P{i:03d}") for i in range(96)]), max_size=40))
def test_explored_slates_keep_constraints_and_exclusions(
    index: CatalogueIndex, tmp_path: Path, wanted: list[Constraint], excluded: frozenset[Sku]
) -> None:
    request = RecommendationRequest(constraints=tuple(wanted), exclude=excluded, k=6)
    shown = [item.sku for item in exploring(index, tmp_path, 0.5).recommend(request).items]
    plain = [item.sku for item in exploring(index, tmp_path, 0.0).recommend(request).items]
    assert len(shown) == len(set(shown)) == len(plain)
    assert shown[:1] == plain[:1]
    assert not excluded & set(shown)
    assert all(holds(index, constraint, sku) for constraint in wanted for sku in shown)


def test_slates_differ_now_and_then_and_the_policy_says_that_they_can(index: CatalogueIndex, tmp_path: Path) -> None:
    recommender = exploring(index, tmp_path, 0.2)
    answers = [recommender.recommend(RecommendationRequest(k=5)) for _ in range(60)]
    assert {answer.policy for answer in answers} == {"popularity+explore"}
    assert len({tuple(item.sku for item in answer.items) for answer in answers}) > 5
    assert {item.propensity for answer in answers for item in answer.items} > {1.0, 0.8}


def test_the_same_seed_draws_the_same_slates(index: CatalogueIndex, tmp_path: Path) -> None:
    request = RecommendationRequest(k=6)
    one, other = (exploring(index, tmp_path, 0.3) for _ in range(2))
    assert [one.recommend(request) for _ in range(10)] == [other.recommend(request) for _ in range(10)]


@pytest.mark.parametrize("request_", [RecommendationRequest(k=1), RecommendationRequest(anchor=Sku("P005"), k=4)])
def test_one_product_and_likeness_to_an_example_are_not_left_to_chance(
    index: CatalogueIndex, tmp_path: Path, request_: RecommendationRequest
) -> None:
    answer = exploring(index, tmp_path, 0.5).recommend(request_)
    assert answer.policy == "popularity"
    assert {item.propensity for item in answer.items} == {1.0}


def test_what_the_shopper_rejected_is_not_tried_again(index: CatalogueIndex, tmp_path: Path) -> None:
    plain = exploring(index, tmp_path, 0.0).recommend(RecommendationRequest(k=8))
    rejected = [item.sku for item in plain.items[4:]]
    events = [FeedbackEvent(f"d{n}", "dislike", SHOPPER, START, sku) for n, sku in enumerate(rejected)]
    recommender = exploring(index, tmp_path, 0.5, FakeFeedback(events))
    shown = {
        item.sku
        for _ in range(50)
        for item in recommender.recommend(RecommendationRequest(shopper_id=SHOPPER, k=4)).items
    }
    assert not shown & set(rejected)
