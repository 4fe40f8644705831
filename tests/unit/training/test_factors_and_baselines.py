from dataclasses import replace

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId, Sku
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.candidates.base import CandidateGenerator, Context, Interaction
from shopguide.recommender.candidates.families import load_families
from shopguide.recommender.candidates.item_to_item import ItemWeights
from shopguide.recommender.candidates.lightfm import LightFM
from shopguide.recommender.features import Floats, ItemFeatures, item_features
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.als import AlsParameters, fit_als
from shopguide.training.factors import FactorParameters, fit_factors
from shopguide.training.interactions import EventLog
from shopguide.training.neighbours import fit_ease, fit_item_knn
from shopguide.training.registry import Registry
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
    neighbours = fit_item_knn(events, index)
    item = int(events.touched[0])
    context = Context(RecommendationRequest(), features, history=(Interaction(item, 1.0, "like", START),))
    scores = neighbours.generator(index, features).scores(context, np.arange(len(index), dtype=np.int32))
    chosen = events.positive.toarray() > 0
    together = (chosen[:, [item]] & chosen).sum(axis=0).astype(float)
    cosine = together / np.sqrt(np.maximum(chosen.sum(axis=0), 1) * chosen[:, item].sum())
    expected = cosine * together / (together + 10)
    expected[item] = 0.0
    assert scores == pytest.approx(expected, rel=1e-5)


def test_item_knn_has_nothing_to_say_to_strangers_and_nothing_about_new_products(index, events, features) -> None:
    neighbours = fit_item_knn(events, index)
    rows = np.arange(len(index) + 1, dtype=np.int32)
    assert neighbours.generator(index, features).scores(Context(RecommendationRequest(), features), rows[:-1]) is None
    grown = CatalogueIndex([*make_products(), replace(make_products(1)[0], sku=Sku("NEW"))])
    liked = Interaction(grown.row(index.skus[int(events.touched[0])]), 1.0, "like", START)
    context = Context(RecommendationRequest(), item_features(grown), history=(liked,))
    assert neighbours.generator(grown, item_features(grown)).scores(context, rows)[grown.row(Sku("NEW"))] == 0.0


@pytest.fixture(scope="module")
def ease(events: EventLog, index: CatalogueIndex) -> ItemWeights:
    return fit_ease(events, index, ridge=5.0)


def test_ease_is_the_closed_form_of_its_paper(index, events, features, ease) -> None:
    item = int(events.touched[0])
    chosen = (events.positive.toarray() > 0).astype(float)[:, events.touched]
    inverse = np.linalg.inv(chosen.T @ chosen + 5.0 * np.eye(chosen.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    shared = chosen.T @ chosen > 0
    for_nobody = ~shared & (weights > 0)
    assert for_nobody.any()
    weights[for_nobody] = 0.0
    scores = scores_after(ease.generator(index, features), index, features, item)
    assert scores[events.touched] == pytest.approx(weights[0], abs=1e-4)


def test_products_that_nobody_chose_both_never_speak_for_each_other_in_ease(events, ease) -> None:
    chosen = (events.positive.toarray() > 0)[:, events.touched]
    for position in range(len(ease.skus)):
        entries = slice(int(ease.indptr[position]), int(ease.indptr[position + 1]))
        for other in ease.indices[entries][ease.values[entries] > 0]:
            assert (chosen[:, position] & chosen[:, other]).any()


def test_als_folds_a_shopper_in_as_the_library_does(index, events, features) -> None:
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    parameters = AlsParameters(dimensions=8, iterations=5)
    factors = fit_als(events, index, parameters)
    item = int(events.touched[3])
    scores = scores_after(factors.generator(index, features), index, features, item)
    with threadpool_limits(1, user_api="blas"):
        library = AlternatingLeastSquares(
            factors=8, regularization=parameters.regularisation, alpha=parameters.alpha, num_threads=1
        )
    library.item_factors = factors.items
    one = np.zeros((1, len(factors.items)), dtype=np.float32)
    one[0, 3] = 1.0
    expected = factors.items @ library.recalculate_user(0, csr_matrix(one))
    assert scores[events.touched] == pytest.approx(np.ravel(expected), abs=1e-3)


@pytest.mark.parametrize("fit", [fit_item_knn, fit_ease, fit_als])
def test_one_seed_gives_one_model_and_what_is_saved_is_what_was_learnt(fit, index, events, features, tmp_path) -> None:
    first, second = fit(events, index), fit(events, index)
    registry = Registry(ModelFolder(tmp_path))
    with registry.draft() as draft:
        draft.part("candidates", {"digest": "", "families": [first.family]})
        draft.save("candidates", "ids.json", {"skus": list(first.skus)})
        first.save(draft.subfolder("candidates", first.family))
        version = registry.publish(draft)
    (loaded,) = load_families(version)
    item = int(events.touched[0])
    kept, again, read = (
        scores_after(model.generator(index, features), index, features, item) for model in (first, second, loaded)
    )
    assert np.array_equal(kept, again) and np.array_equal(kept, read)


def scores_after(generator: CandidateGenerator, index: CatalogueIndex, features: ItemFeatures, item: int) -> Floats:
    liked = (Interaction(item, 1.0, "like", START),)
    scores = generator.scores(
        Context(RecommendationRequest(), features, history=liked), np.arange(len(index), dtype=np.int32)
    )
    assert scores is not None
    return scores
