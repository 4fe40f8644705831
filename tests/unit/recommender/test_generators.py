from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.candidates.base import Context, Interaction, scale_to_best, share_of_ranks
from shopguide.recommender.candidates.content import QueryContent, TasteContent
from shopguide.recommender.candidates.item_to_item import ItemToItem, ItemWeights
from shopguide.recommender.candidates.lightfm import Factors, LightFM, shopper_key
from shopguide.recommender.candidates.popularity import HALF_LIFE_DAYS, Demand, Popularity, decayed_counts
from shopguide.recommender.candidates.text import Text
from shopguide.recommender.features import ItemFeatures, Rows, item_features
from shopguide.recommender.types import RecommendationRequest
from shopguide.recommender.vectors import ItemVectors
from tests.unit.recommender.synthetic import make_products

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def features(index: CatalogueIndex) -> ItemFeatures:
    return item_features(index)


@pytest.fixture
def rows(index: CatalogueIndex) -> Rows:
    return np.arange(len(index), dtype=np.int32)


def context(features: ItemFeatures, *, taste: TasteProfile | None = None, history=(), **request) -> Context:
    return Context(RecommendationRequest(**request), features, taste or TasteProfile(), tuple(history))


# --- popularity


def demand(counts: np.ndarray) -> Demand:
    return Demand(counts, counts, np.where(counts > 0, 1.0, np.inf))


def test_an_event_counts_half_after_a_half_life() -> None:
    counts = decayed_counts(np.array([0, 1, 1]), np.array([1.0, 1.0, 1.0]), np.array([0.0, HALF_LIFE_DAYS, 0.0]), 3)
    assert counts.tolist() == pytest.approx([1.0, 1.5, 0.0])


def test_popularity_follows_events_where_there_are_any(index: CatalogueIndex, features, rows) -> None:
    counts = np.zeros(len(index))
    counts[[4, 9]] = 5.0, 50.0
    scores = Popularity(index, demand(counts)).scores(context(features), rows)
    assert np.argsort(-scores)[:2].tolist() == [9, 4]
    assert scores.max() <= 1.0


def test_a_bestseller_stands_out_from_what_merely_sells_well(index: CatalogueIndex, features, rows) -> None:
    counts = np.arange(len(index), dtype=np.float64)
    counts[3] = 10_000.0
    popularity = Popularity(index, demand(counts))
    scores = popularity.scores(Context(RecommendationRequest(), features), rows)
    assert scores is not None
    assert scores[3] == pytest.approx(1.0)
    assert scores[-1] == pytest.approx(0.5, abs=0.05)
    assert popularity.level[-1] > 0.98


def test_popularity_without_events_is_the_smoothed_rating(features: ItemFeatures) -> None:
    few = Product(Sku("few"), "few", rating=5.0, rating_count=1)
    many = Product(Sku("many"), "many", rating=4.8, rating_count=500)
    poor = Product(Sku("poor"), "poor", rating=2.0, rating_count=500)
    popularity = Popularity(CatalogueIndex([few, many, poor]))
    assert not popularity.from_events
    assert popularity.level[1] > popularity.level[0] > popularity.level[2]


def test_popularity_is_neutral_where_nothing_is_known() -> None:
    popularity = Popularity(CatalogueIndex([Product(Sku("a"), "a"), Product(Sku("b"), "b")]))
    assert popularity.level.tolist() == [0.5, 0.5]


# --- text


def test_text_scores_only_what_shares_words_and_the_best_one_is_1(index: CatalogueIndex, features, rows) -> None:
    scores = Text(index).scores(context(features, query="velora lamp"), rows)
    best = index.product(index.skus[int(np.argmax(scores))])
    assert scores.max() == pytest.approx(1.0)
    assert best.brand == "Velora" and best.category[-1] == "Lamps"
    quillon_shirts = index.matching(
        (Constraint("brand", "in", ("quillon",)), Constraint("category", "in", ("shirts",)))
    )
    assert not scores[quillon_shirts].any()


def test_text_scores_line_up_with_the_rows_that_are_left(index: CatalogueIndex, features) -> None:
    rows = index.matching((Constraint("category", "in", ("lamps",)),))
    scores = Text(index).scores(context(features, query="velora"), rows)
    for row, score in zip(rows, scores, strict=True):
        assert (score > 0) == ("velora" in index.product(index.skus[int(row)]).title.casefold())


def test_text_has_nothing_to_say_without_words_or_matches(index: CatalogueIndex, features, rows) -> None:
    assert Text(index).scores(context(features, query="  "), rows) is None
    assert Text(index).scores(context(features, query="zzyzx"), rows) is None


# --- content


@pytest.fixture
def vectors(index: CatalogueIndex) -> ItemVectors:
    stored = np.random.default_rng(0).normal(size=(len(index) - 1, 8)).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    position = np.arange(len(index), dtype=np.int32)[::-1].copy() - 1
    return ItemVectors(stored, position)


def test_gathering_and_scanning_give_the_same_products(vectors: ItemVectors, rows: Rows) -> None:
    query = vectors.of(np.array([3], dtype=np.int32))[0]
    whole = vectors.dot(query, rows)
    few = np.array([3, 40, 95], dtype=np.int32)
    assert vectors.dot(query, few).tolist() == pytest.approx(whole[few].tolist())
    assert whole[3] == pytest.approx(1.0)


def test_a_product_without_a_vector_scores_0_until_it_gets_one(vectors: ItemVectors, rows: Rows) -> None:
    new = vectors.missing
    assert new.tolist() == [95]
    query = np.eye(8, dtype=np.float32)[0]
    assert vectors.dot(query, rows)[95] == 0.0
    extended = vectors.extended(new, query[None, :])
    assert extended.dot(query, rows)[95] == pytest.approx(1.0)
    assert not len(extended.missing)
    assert vectors.missing.tolist() == [95]


def test_query_content_prefers_the_nearest_text_and_waits_for_the_encoder(vectors, features, rows) -> None:
    target = vectors.of(np.array([12], dtype=np.int32))[0]
    scores = QueryContent(vectors, lambda _: target).scores(context(features, query="x"), rows)
    assert int(np.argmax(scores)) == 12 and scores.max() == pytest.approx(1.0) and scores.min() == 0.0
    assert QueryContent(vectors, lambda _: None).scores(context(features, query="x"), rows) is None
    assert QueryContent(vectors, lambda _: target).scores(context(features), rows) is None


def test_taste_content_is_nearest_to_what_was_liked_and_ignores_what_was_not(vectors, features, rows) -> None:
    liked, hated = Interaction(7, 2.0, "like", NOW), Interaction(8, -1.0, "dislike", NOW)
    scores = TasteContent(vectors).scores(context(features, history=(liked, hated)), rows)
    assert int(np.argmax(scores)) == 7
    assert TasteContent(vectors).scores(context(features, history=(hated,)), rows) is None


# --- item-to-item models


def test_an_item_to_item_model_names_the_product_that_adds_most(index: CatalogueIndex, features) -> None:
    skus = {index.skus[row]: position for position, row in enumerate((3, 8, 40))}
    near = ItemWeights(
        "item_knn",
        skus,
        indptr=np.array([0, 1, 2, 4]),
        indices=np.array([2, 2, 0, 1], dtype=np.int32),
        values=np.array([0.1, 0.6, 0.1, 0.6], dtype=np.float32),
    )
    generator = ItemToItem(near, index)
    weak, strong, stranger = (Interaction(row, weight, "like", NOW) for row, weight in ((3, 3.0), (8, 0.5), (50, 9.0)))
    known = context(features, history=(stranger, weak, strong))
    assert generator.ground(known, 40) == strong
    assert generator.ground(context(features, history=(stranger, weak)), 40) == weak
    assert generator.ground(known, 8) is None, "it names no product for itself, nor one that adds nothing"
    assert generator.ground(known, 60) is None, "it does not know this one"
    assert generator.ground(context(features, history=(replace(strong, weight=-1.0),)), 40) is None


# --- LightFM


@pytest.fixture
def factors(index: CatalogueIndex, features: ItemFeatures) -> Factors:
    """Two dimensions: the first is Velora, the second is red; both sides agree. Shopper `known` loves red."""
    embeddings = np.zeros((len(features.names), 2), dtype=np.float32)
    embeddings[features.column["brand=velora"]] = [5.0, 0.0]
    embeddings[features.column["colour=red"]] = [0.0, 5.0]
    known = [sku for sku in index.skus if sku != "P095"]
    return Factors(
        skus={sku: i for i, sku in enumerate(known)},
        features=features.names,
        item_identity=np.zeros((len(known), 2), dtype=np.float32),
        item_identity_bias=np.zeros(len(known), dtype=np.float32),
        item_feature=embeddings,
        item_feature_bias=np.zeros(len(features.names), dtype=np.float32),
        user_feature=embeddings,
        shopper_keys=np.array([shopper_key(ShopperId("known"))], dtype=np.uint64),
        shoppers=np.array([[0.0, 1.0]], dtype=np.float32),
        trained_until=NOW.timestamp(),
    )


def mean_score(index, scores, facet: str, value: str) -> float:
    return float(np.mean([scores[row] for row in range(len(index)) if value in index.values(facet, row)]))


def test_a_known_shopper_gets_what_was_learnt(index, features, rows, factors) -> None:
    scores = LightFM(factors, index, features).scores(context(features, shopper_id=ShopperId("known")), rows)
    assert mean_score(index, scores, "colour", "red") > mean_score(index, scores, "colour", "blue") + 0.1


def test_nobody_known_and_nothing_said_is_nothing_to_say(index, features, rows, factors) -> None:
    generator = LightFM(factors, index, features)
    assert generator.scores(context(features, shopper_id=ShopperId("stranger")), rows) is None
    assert generator.scores(context(features), rows) is None


def test_a_cold_shopper_is_the_sum_of_tastes_and_filled_slots(index, features, rows, factors) -> None:
    generator = LightFM(factors, index, features)
    taste = TasteProfile(weights={"brand": {"velora": 0.7}})
    by_taste = generator.scores(context(features, taste=taste), rows)
    assert mean_score(index, by_taste, "brand", "velora") > mean_score(index, by_taste, "brand", "osterby") + 0.1
    slot = (Constraint("colour", "in", ("red",)),)
    by_slot = generator.scores(context(features, constraints=slot), rows)
    assert mean_score(index, by_slot, "colour", "red") > mean_score(index, by_slot, "colour", "black") + 0.1


def test_clicks_of_a_stranger_fold_in(index, features, rows, factors) -> None:
    generator = LightFM(factors, index, features)
    reds = [row for row in range(len(index)) if "red" in index.values("colour", row)]
    history = [Interaction(row, 0.5, "click", NOW) for row in reds[:3]]
    scores = generator.scores(context(features, history=history, shopper_id=ShopperId("stranger")), rows)
    assert mean_score(index, scores, "colour", "red") > mean_score(index, scores, "colour", "green")


def test_only_events_after_the_training_move_a_known_shopper(index, features, rows, factors) -> None:
    generator = LightFM(factors, index, features)
    veloras = [row for row in range(len(index)) if "velora" in index.values("brand", row)][:3]
    shopper = ShopperId("known")
    before = generator.scores(context(features, shopper_id=shopper), rows)
    old = [Interaction(row, 1.0, "like", NOW) for row in veloras]
    assert generator.scores(context(features, shopper_id=shopper, history=old), rows).tolist() == before.tolist()
    new = [replace(item, at=datetime(2026, 4, 1, tzinfo=UTC)) for item in old]
    after = generator.scores(context(features, shopper_id=shopper, history=new), rows)
    assert mean_score(index, after - before, "brand", "velora") > mean_score(index, after - before, "brand", "quillon")


def test_a_new_product_takes_part_through_its_features_in_a_grown_catalogue(factors) -> None:
    new = replace(make_products()[0], sku=Sku("NEW"), brand="Velora", facets={"colour": ("Red",), "mood": ("odd",)})
    index = CatalogueIndex([new, *make_products()], revision=2)
    features = item_features(index)
    scores = LightFM(factors, index, features).scores(
        context(features, taste=TasteProfile(weights={"brand": {"velora": 1.0}, "colour": {"red": 1.0}})),
        np.arange(len(index), dtype=np.int32),
    )
    assert scores[index.row(Sku("NEW"))] > np.median(scores)


ALL_NEW = np.ones(5, dtype=np.bool_)


def test_scaled_scores_keep_their_order_and_the_best_new_product_has_1() -> None:
    scores = np.array([-1e6, 0.0, 1.0, 2.0, 50.0], dtype=np.float32)
    scaled = scale_to_best(scores, ALL_NEW)
    assert np.all(np.diff(scaled) >= 0) and scaled.min() >= -1.0 and scaled[-1] == 1.0
    assert scale_to_best(scores, np.array([1, 1, 1, 1, 0], dtype=np.bool_)).tolist()[-2:] == [1.0, 1.0]
    assert scale_to_best(np.ones(5, dtype=np.float32), ALL_NEW).tolist() == [0.0] * 5


def test_ranks_fall_from_1_and_leave_out_what_is_known_or_unsaid() -> None:
    scores = np.array([0.0, 3.0, 9.0, 1.0, 0.0], dtype=np.float32)
    ranks = share_of_ranks(scores, np.array([1, 1, 0, 1, 1], dtype=np.bool_))
    assert ranks[1] == 1.0 and 0.0 < ranks[3] < 1.0
    assert ranks[[0, 2, 4]].tolist() == [0.0] * 3
