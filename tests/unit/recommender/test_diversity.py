import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, Blend, BlendFeatures, Signals
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.diversity import diversify
from shopguide.recommender.features import item_features
from shopguide.recommender.vectors import ItemVectors

TWINS = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32)


def test_a_twin_gives_way_to_something_nearly_as_good() -> None:
    assert diversify(np.array([1.0, 0.99, 0.95, 0.0], dtype=np.float32), np.pad(TWINS, (0, 1)), 2) == [0, 2]


def test_a_much_better_twin_stays() -> None:
    assert diversify(np.array([1.0, 0.9, 0.1, 0.0], dtype=np.float32), np.pad(TWINS, (0, 1)), 2) == [0, 1]


def test_without_strength_the_order_is_that_of_relevance() -> None:
    scores = np.array([0.3, 0.9, 0.8], dtype=np.float32)
    assert diversify(scores, TWINS, 3, strength=0.0) == [1, 2, 0]


def test_each_position_is_chosen_once_and_equal_scores_are_no_trouble() -> None:
    assert sorted(diversify(np.zeros(3, dtype=np.float32), TWINS, 9)) == [0, 1, 2]
    assert diversify(np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.float32), 3) == []


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


def test_habits_never_count_against_a_product_by_default() -> None:
    assert all(DEFAULT_WEIGHTS.get(name, 0.0) >= 0 for name in HABITS)
    assert {"lightfm", "item_knn", "popularity"} <= set(DEFAULT_WEIGHTS) & set(HABITS)
