from dataclasses import replace

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.features import ItemFeatures, item_features, percentiles


@pytest.fixture(scope="module")
def features(index: CatalogueIndex) -> ItemFeatures:
    return item_features(index)


def test_a_product_has_its_brand_all_its_categories_its_facets_and_a_price_band(
    index: CatalogueIndex, features: ItemFeatures
) -> None:
    own = features.of(index.row("P001"))
    assert {"brand=harrowgate", "category=fashion", "category=shoes", "colour=blue", "waterproof=no"} <= set(own)
    assert sum(name.startswith("price_band=") for name in own) == 1


def test_numbers_are_no_features(features: ItemFeatures) -> None:
    assert not any(name.startswith(("weight=", "price=", "rating=")) for name in features.names)


def test_a_product_without_a_price_has_no_band(index: CatalogueIndex, features: ItemFeatures) -> None:
    assert not any(name.startswith("price_band=") for name in features.of(index.row("P017")))
    assert np.isnan(features.price_level[index.row("P017")])


def test_price_levels_are_ranks_within_the_leaf_category(index: CatalogueIndex, features: ItemFeatures) -> None:
    prices = index.numeric("price")
    for leaf in ("shoes", "shirts", "lamps"):
        rows = [row for row in range(len(index)) if index.values("category", row)[-1] == leaf]
        rows = [row for row in rows if not np.isnan(prices[row])]
        order = np.argsort(prices[rows])
        assert np.all(np.diff(features.price_level[rows][order]) >= 0)
        assert features.price_level[rows].min() < 0.1
        assert features.price_level[rows].max() > 0.9


def test_affinity_is_one_for_a_product_that_has_all_that_is_liked_and_below_zero_for_what_is_disliked(
    index: CatalogueIndex, features: ItemFeatures
) -> None:
    rows = np.array([index.row("P001"), index.row("P002")], dtype=np.int32)
    liked = features.weights_of(TasteProfile(weights={"brand": {"harrowgate": 0.5}, "colour": {"blue": 0.5}}))
    assert features.affinity(liked, rows).tolist() == pytest.approx([1.0, 0.5])
    disliked = features.weights_of(TasteProfile(weights={"brand": {"quillon": -0.8}}))
    assert features.affinity(disliked, rows).tolist() == pytest.approx([0.0, -1.0])


def test_values_that_no_product_has_are_left_out_of_a_taste(features: ItemFeatures) -> None:
    assert not features.weights_of(TasteProfile(weights={"brand": {"nobody": 1.0}, "price": {"<=80": 1.0}})).any()


def test_a_lean_names_what_the_chosen_have_more_often_than_the_catalogue(
    index: CatalogueIndex, features: ItemFeatures
) -> None:
    rows = [row for row in range(len(index)) if "red" in index.values("colour", row)][:6]
    lean = features.lean(rows, [1.0] * len(rows))
    assert features.names[int(np.argmax(lean))] == "colour=red"
    assert lean.sum() == pytest.approx(1.0)
    assert not features.lean([], []).any()


def test_a_product_is_most_similar_to_itself(index: CatalogueIndex, features: ItemFeatures) -> None:
    rows = np.arange(len(index), dtype=np.int32)
    likeness = features.similarity(5, rows)
    assert likeness[5] == pytest.approx(1.0)
    assert likeness.max() == pytest.approx(1.0)
    assert likeness.min() >= 0.0


@pytest.mark.parametrize("one_by_one", [0, 1000])
def test_few_rows_and_many_have_the_same_values(
    features: ItemFeatures, one_by_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopguide.recommender.features.ONE_BY_ONE", one_by_one)
    matrix = features.matrix.tolil()
    matrix[[40, 41, 95]] = 0  # products without any feature, the last one too
    bare = replace(features, matrix=matrix.tocsr())
    weights = np.random.default_rng(0).uniform(-1, 1, size=len(features.names)).astype(np.float32)
    many, few = np.arange(96, dtype=np.int32), np.array([3, 40, 41, 77, 95], dtype=np.int32)
    strongest = [max([0.0, *weights[bare.matrix[row].indices]]) for row in many]
    assert bare.strongest(weights, many).tolist() == pytest.approx(strongest)
    assert bare.strongest(weights, few) == pytest.approx(bare.strongest(weights, many)[few])
    assert bare.affinity(weights, few) == pytest.approx(bare.affinity(weights, many)[few], abs=1e-6)
    assert bare.similarity(3, few) == pytest.approx(bare.similarity(3, many)[few])
    assert bare.affinity(weights, many)[40] == bare.similarity(3, many)[95] == 0.0


def test_percentiles_share_the_middle_of_ties() -> None:
    assert percentiles(np.array([3.0, 1.0, 3.0, 9.0])).tolist() == pytest.approx([0.5, 0.125, 0.5, 0.875])
