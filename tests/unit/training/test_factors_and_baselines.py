from dataclasses import replace

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId, Sku
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.candidates.item_knn import ItemKnn
from shopguide.recommender.candidates.lightfm import LightFM
from shopguide.recommender.features import ItemFeatures, item_features
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.blendfit import FITTED, Pairs, fit_weights
from shopguide.training.factors import FactorParameters, fit_factors
from shopguide.training.interactions import EventLog
from shopguide.training.neighbours import fit_neighbours
from tests.unit.recommender.synthetic import START, make_events, make_products

SMALL = FactorParameters(dimensions=8, epochs=15)


@pytest.fixture(scope="module")
def features(index: CatalogueIndex) -> ItemFeatures:
    return item_features(index)


@pytest.fixture(scope="module")
def events(index: CatalogueIndex) -> EventLog:
    return EventLog.read(make_events(index), index)


def test_one_thread_and_one_seed_give_the_same_factors(index, events, features) -> None:
    first, second = (fit_factors(events, index, features, {}, SMALL) for _ in range(2))
    assert np.array_equal(first.shoppers, second.shoppers)
    assert np.array_equal(first.item_identity, second.item_identity)


def test_shoppers_get_products_of_their_planted_brand_and_leaf(index, events, features) -> None:
    generator = LightFM(fit_factors(events, index, features, {}, SMALL), index, features)
    rows = np.arange(len(index), dtype=np.int32)
    hits = 0
    for shopper in range(24):
        request = RecommendationRequest(shopper_id=ShopperId(f"shopper-{shopper}"))
        scores = generator.scores(Context(request, features), rows)
        history = events.history(events.shoppers.index(ShopperId(f"shopper-{shopper}")))
        brands = [index.values("brand", item.row) for item in history]
        own = max(set(brands), key=brands.count)
        hits += sum(index.values("brand", int(row)) == own for row in np.argsort(-scores)[:5])
    assert hits > 0.6 * 24 * 5


def test_untouched_products_keep_no_identity_and_no_progress_is_lost(index, events, features) -> None:
    steps: list[int] = []
    few = events.slice(0, 60)
    factors = fit_factors(few, index, features, {}, SMALL, step=lambda: steps.append(1))
    assert len(steps) == SMALL.epochs
    touched = {index.skus[row] for row in few.row.tolist()}
    assert set(factors.skus) <= touched
    assert len(factors.item_identity) == len(factors.skus)
    assert factors.trained_until == few.until
    assert np.all(np.diff(factors.shopper_keys.astype(object)) > 0)


def test_a_stated_taste_changes_a_shopper(index, events, features) -> None:
    wish = np.zeros(len(features.names), dtype=np.float32)
    wish[features.column["colour=red"]] = 1.0
    plain = fit_factors(events, index, features, {}, SMALL)
    told = fit_factors(events, index, features, {0: wish}, SMALL)
    assert not np.array_equal(plain.shoppers, told.shoppers)


def test_item_knn_scores_by_shared_shoppers(index, events, features) -> None:
    neighbours = fit_neighbours(events, index)
    item = int(events.touched[0])
    context = Context(RecommendationRequest(), features, history=(Interaction(item, 1.0, "like", START),))
    scores = ItemKnn(neighbours, index).scores(context, np.arange(len(index), dtype=np.int32))
    chosen = events.positive.toarray() > 0
    together = (chosen[:, [item]] & chosen).sum(axis=0).astype(float)
    cosine = together / np.sqrt(np.maximum(chosen.sum(axis=0), 1) * chosen[:, item].sum())
    expected = cosine * together / (together + 10)
    expected[item] = 0.0
    assert scores == pytest.approx(expected / expected.max(), rel=1e-5)


def test_item_knn_has_nothing_to_say_to_strangers_and_nothing_about_new_products(index, events, features) -> None:
    neighbours = fit_neighbours(events, index)
    rows = np.arange(len(index) + 1, dtype=np.int32)
    assert ItemKnn(neighbours, index).scores(Context(RecommendationRequest(), features), rows[:-1]) is None
    grown = CatalogueIndex([*make_products(), replace(make_products(1)[0], sku=Sku("NEW"))])
    liked = Interaction(grown.row(index.skus[int(events.touched[0])]), 1.0, "like", START)
    context = Context(RecommendationRequest(), item_features(grown), history=(liked,))
    assert ItemKnn(neighbours, grown).scores(context, rows)[grown.row(Sku("NEW"))] == 0.0


def test_weights_follow_what_separates_the_chosen_and_stay_above_zero() -> None:
    random = np.random.default_rng(0)
    helpful, harmful = FITTED.index("taste"), FITTED.index("popularity")
    sampled = []
    for _ in range(60):
        differences = random.normal(0, 0.3, size=(20, len(FITTED)))
        differences[:, helpful] += 1.0
        differences[:, harmful] -= 1.0
        sampled.append(Pairs(differences))
    weights = fit_weights(sampled)
    assert weights["taste"] == max(weights[name] for name in FITTED)
    assert weights["popularity"] == 0.0
    assert weights["text"] == 2.0


def test_no_choices_leave_the_default_weights() -> None:
    assert fit_weights([])["lightfm"] == 1.0
