"""The encoder and the reranker come up behind the answers."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import Sku
from shopguide.recommender import pipeline
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.blend import Blend
from shopguide.recommender.pipeline import RERANKED, Recommender
from shopguide.recommender.reranker import Reranker, Scored
from shopguide.recommender.snapshot import text_key
from shopguide.recommender.texts import product_text
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles, make_products
from tests.unit.recommender.tiny import save_tiny_reranker

NEED = RecommendationRequest(query="a blue velora", k=5)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reranker(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def registry(settings) -> Registry:
    return Registry(ModelFolder(settings.models_dir / "recommender"))


def publish_candidates(registry: Registry) -> None:
    with registry.draft() as draft:
        draft.part("candidates", {"digest": "c", "families": []})
        draft.save("candidates", "ids.json", {"skus": [], "features": [], "trained_until": 0.0})
        for name in ("recent", "ever", "last"):
            draft.save("candidates", f"demand_{name}.npy", np.zeros(0, dtype=np.float32))
        weights = {"text": 2.0, "popularity": 0.4, "query_content": 1.5}
        draft.save("candidates", "blend.json", {**Blend(weights).weights_json(), "tree_columns": []})
        registry.publish(draft)


def publish_reranker(registry: Registry, tiny: Path) -> None:
    with registry.draft() as draft:
        shutil.copytree(tiny, draft.part("reranker", {"digest": "r"}), dirs_exist_ok=True)
        registry.publish(draft)


def recommender_of(index: CatalogueIndex, settings) -> Recommender:
    return Recommender(FakeCatalogue(index), FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]


def test_until_the_reranker_exists_slates_say_so_and_then_it_is_taken_up(index, settings, registry, tiny) -> None:
    settings = settings.model_copy(update={"rerank_deadline_ms": 10_000})
    publish_candidates(registry)
    recommender = recommender_of(index, settings)
    before = recommender.recommend(NEED)
    assert (before.degraded, before.policy) == ("reranker_missing", "blend")
    publish_reranker(registry, tiny)
    # Loading goes on behind the first answers.
    assert recommender.recommend(NEED).degraded in ("reranker_late", None)
    recommender.warm_up()
    after = recommender.recommend(NEED)
    assert (after.degraded, after.policy) == (None, "blend+reranker")
    assert all("reranker" in item.features for item in after.items)


def test_a_missed_deadline_returns_the_blended_order(index, settings, registry, tiny) -> None:
    publish_candidates(registry)
    blended = recommender_of(index, settings).recommend(NEED)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings.model_copy(update={"rerank_deadline_ms": 0}))
    recommender.warm_up()
    late = recommender.recommend(NEED)
    assert late.degraded == "reranker_late"
    assert [item.sku for item in late.items] == [item.sku for item in blended.items]


def test_the_deadline_counts_from_the_start_of_the_request(index, settings, registry, tiny, monkeypatch) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings.model_copy(update={"rerank_deadline_ms": 2_000}))
    recommender.warm_up()
    assert recommender.recommend(NEED).degraded is None
    quick = pipeline._features

    def slow(*arguments):
        time.sleep(2.1)
        return quick(*arguments)

    monkeypatch.setattr(pipeline, "_features", slow)
    assert recommender.recommend(NEED).degraded == "reranker_late"


def test_a_request_without_any_need_is_not_reranked_and_not_degraded(index, settings, registry, tiny) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    answer = recommender.recommend(RecommendationRequest())
    assert (answer.degraded, answer.policy) == (None, "blend")


def test_reranking_stays_within_the_constraints(index, settings, registry, tiny) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings.model_copy(update={"rerank_deadline_ms": 10_000}))
    recommender.warm_up()
    red = (Constraint("colour", "in", ("red",)),)
    answer = recommender.recommend(replace(NEED, constraints=red, k=12))
    assert answer.policy == "blend+reranker" and len(answer.items) == 12
    assert all("red" in index.values("colour", index.row(item.sku)) for item in answer.items)


def test_a_damaged_reranker_is_not_loaded(index, settings, registry, tiny, caplog) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    weights = registry.folder.current().folder / "reranker" / "model.safetensors"
    content = weights.read_bytes()
    # The file is linked to nothing else here: writing in place damages this version only.
    weights.write_bytes(content[:-4] + b"\0\0\0\1")
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    assert recommender.recommend(NEED).degraded == "reranker_late"
    assert "cannot be loaded" in caplog.text


def test_another_calibration_of_the_same_weights_is_taken_up(index, settings, registry, tiny) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    before = recommender._live.reranker(registry.folder.current())
    publish_candidates(registry)
    assert recommender._live.reranker(registry.folder.current()) is before is not None
    with registry.draft() as draft:
        folder = draft.part("reranker", {"digest": "r2"})
        shutil.copytree(tiny, folder, dirs_exist_ok=True)
        (folder / "calibration.json").write_text('{"scale": 2.0, "shift": 1.0}', "utf-8")
        registry.publish(draft)
    recommender.warm_up()
    after = recommender._live.reranker(registry.folder.current())
    assert after is not None and after is not before
    assert after.probabilities(np.zeros(1, dtype=np.float32))[0] == pytest.approx(0.7311, abs=1e-4)


def test_what_there_was_no_time_for_does_not_overtake_what_was_read(
    index, settings, registry, tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_candidates(registry)
    publish_reranker(registry, tiny)
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    asked: list[int] = []

    def some(_self: Reranker, _need: str, products: list[str], **_limits: object) -> Scored:
        asked.append(len(products))
        return Scored(np.array([-1.0, -3.0, 2.0, 0.0], dtype=np.float32), late=False)

    monkeypatch.setattr(Reranker, "score", some)
    answer = recommender.recommend(replace(NEED, query="velora", k=20))
    found = [item.features["reranker"] for item in answer.items]
    assert answer.degraded is None and asked == [min(RERANKED, answer.total_matches)]
    assert len(found) > 4 and sorted(found).count(min(found)) == len(found) - 3


@pytest.mark.slow
def test_products_that_came_after_the_training_get_their_vectors_from_the_server(settings, registry) -> None:
    products = make_products(24)
    index = CatalogueIndex(products, revision=1)
    texts = [product_text(product) for product in products[:20]]
    with registry.draft() as draft:
        draft.part("vectors", {"digest": "v", "encoder": "x"})
        draft.save("vectors", "vectors.npy", np.eye(20, 384, dtype=np.float32))
        draft.save("vectors", "texts.json", [text_key(text) for text in texts])
        registry.publish(draft)
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    vectors = recommender._live.snapshot().vectors
    assert vectors is not None and not len(vectors.missing)
    new = vectors.of(np.array([index.row(Sku("P023"))], dtype=np.int32))[0]
    assert np.linalg.norm(new) == pytest.approx(1.0, abs=1e-3)
    answer = recommender.recommend(RecommendationRequest(query=products[23].title, k=1))
    assert answer.items[0].sku == "P023" and "query_content" in answer.items[0].features


@pytest.mark.slow
def test_texts_get_vectors_before_anything_was_trained(index, settings) -> None:
    recommender = recommender_of(index, settings)
    assert recommender.vectors_of(["a blue velora"]) is None  # loads it behind the answers
    recommender._live._loading.join()
    vectors = recommender.vectors_of(["a blue velora", "shipping"])
    assert vectors is not None and vectors.shape == (2, 384)
