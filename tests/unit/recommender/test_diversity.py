import random

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.variants import ALONE
from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, Blend, BlendFeatures, Signals
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.features import item_features
from shopguide.recommender.slate import NO_BRAND, Limits, fill
from shopguide.recommender.vectors import ItemVectors

TWINS = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32)


def diversify(scores: list[float], likeness: np.ndarray, k: int, strength: float = 0.15) -> list[int]:
    n = len(scores)
    limits = Limits(
        brands=np.full(n, NO_BRAND, dtype=np.int32), turns=np.zeros(n, dtype=np.int32), variants=np.full(n, ALONE)
    )
    chosen = fill(np.asarray(scores, dtype=np.float32), likeness, k, limits, random.Random(0), strength=strength)
    return [choice.candidate for choice in chosen]


def test_a_twin_gives_way_to_something_nearly_as_good() -> None:
    assert diversify([1.0, 0.99, 0.95, 0.0], np.pad(TWINS, (0, 1)), 2) == [0, 2]


def test_a_much_better_twin_stays() -> None:
    assert diversify([1.0, 0.9, 0.1, 0.0], np.pad(TWINS, (0, 1)), 2) == [0, 1]


def test_without_strength_the_order_is_that_of_the_scores() -> None:
    assert diversify([0.3, 0.9, 0.8], TWINS, 3, strength=0.0) == [1, 2, 0]


def test_each_position_is_chosen_once_and_equal_scores_are_no_trouble() -> None:
    assert sorted(diversify([0.0, 0.0, 0.0], TWINS, 9)) == [0, 1, 2]
    assert diversify([], np.zeros((0, 0), dtype=np.float32), 3) == []


def test_what_scores_far_below_all_that_may_be_shown_does_not_make_the_others_equal() -> None:
    """Candidates of other brands join the shortlist however badly they score."""
    scores = [1.0, 0.99, 0.9, *np.linspace(0.6, 0.5, 13)]
    likeness = np.eye(17, dtype=np.float32)
    likeness[0, 1] = likeness[1, 0] = 0.5
    assert diversify([*scores, -100.0], likeness, 2) == diversify(scores, likeness[:16, :16], 2)


@pytest.mark.parametrize("with_vectors", [False, True])
def test_likeness_of_all_pairs_is_the_resemblance_of_each(index: CatalogueIndex, with_vectors: bool) -> None:
    features = item_features(index)
    vectors = None
    if with_vectors:
        stored = np.random.default_rng(0).normal(size=(len(index), 6)).astype(np.float32)
        stored /= np.linalg.norm(stored, axis=1, keepdims=True)
        position = np.arange(len(index), dtype=np.int32)
        position[7] = -1
        vectors = ItemVectors(stored, position)
    signals = Signals(features, [], Popularity(index), vectors)
    rows = np.array([3, 8, 40, 77], dtype=np.int32)
    for i, row in enumerate(rows):
        assert signals.likeness(rows)[i] == pytest.approx(signals.resemblance(int(row), rows), abs=1e-5)


def test_the_blend_is_the_weighted_sum_of_what_has_something_to_say() -> None:
    columns = {"text": np.array([1.0, 0.0], dtype=np.float32), "taste": np.array([0.0, -0.5], dtype=np.float32)}
    values = BlendFeatures(np.array([4, 9], dtype=np.int32), columns)
    assert Blend({"text": 2.0, "taste": 1.0, "lightfm": 5.0}).score(values).tolist() == [2.0, -0.5]
    assert values.at(1) == {"text": 0.0, "taste": -0.5}


def test_a_lift_is_what_the_score_loses_when_the_feature_says_nothing() -> None:
    columns = {
        "text": np.array([1.0, 0.0, 0.5], dtype=np.float32),
        "owned": np.array([0.0, 1.0, 0.0], dtype=np.float32),
        "lightfm": np.array([0.3, 0.1, -0.4], dtype=np.float32),
    }
    values = BlendFeatures(np.array([4, 9, 11], dtype=np.int32), columns)
    blend = Blend({"text": 2.0, "owned": -0.5})
    for position in range(3):
        (lifts,) = blend.lifts(values, [position])
        assert set(lifts) == set(columns)
        for name, column in columns.items():
            without = {**columns, name: np.full(3, column.mean(), dtype=np.float32)}
            lost = blend.score(values) - blend.score(BlendFeatures(values.rows, without))
            assert lifts[name] == pytest.approx(float(lost[position]), abs=1e-6)


def test_habits_never_count_against_a_product_by_default() -> None:
    assert all(DEFAULT_WEIGHTS.get(name, 0.0) >= 0 for name in HABITS)
    assert {"lightfm", "item_knn", "popularity"} <= set(DEFAULT_WEIGHTS) & set(HABITS)
