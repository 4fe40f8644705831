"""Named products at every stage of a search."""

import shutil
from pathlib import Path

import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.errors import UnknownProduct
from shopguide.ids import Sku
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.reranker import Reranker
from shopguide.recommender.stages import stages_of
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles
from tests.unit.recommender.tiny import save_tiny_reranker

NEED = RecommendationRequest(query="a blue velora")
SKUS = [Sku(name) for name in ("P000", "P001", "P010", "P017", "P036")]


@pytest.fixture
def settings(settings, tmp_path: Path):
    return settings.model_copy(update={"rerank_deadline_ms": 60_000, "exploration_rate": 0.5})


def recommender_of(index, settings) -> Recommender:
    return Recommender(FakeCatalogue(index), FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_reranker(tmp_path / "tiny")


def test_places_follow_the_scores_and_the_blend_is_the_score_without_reranker(index, settings, tiny) -> None:
    plain = {one.sku: one for one in stages_of(recommender_of(index, settings), None, NEED, SKUS)}
    with Registry(ModelFolder(settings.models_dir / "recommender")).draft() as draft:
        shutil.copytree(tiny, draft.part("reranker", {"digest": "r"}), dirs_exist_ok=True)
        Registry(ModelFolder(settings.models_dir / "recommender")).publish(draft)
    recommender = recommender_of(index, settings)
    recommender.warm_up()
    found = stages_of(recommender, Reranker(tiny, backend="fp32"), NEED, SKUS)
    placed = [one for one in found if one.place is not None]
    assert [one.place for one in placed] == [1, 2, 3, 4]
    scores = [one.score for one in placed]
    assert scores == sorted(scores, reverse=True)
    for one in placed:
        assert one.blend == pytest.approx(plain[one.sku].score, abs=1e-4)
        assert one.logit is not None and one.probability is not None and 0 <= one.probability <= 1
    # P010 is not in stock.
    assert found[-1].sku == "P010" and found[-1].score is None and found[-1].logit is not None
    assert any(one.score != one.blend for one in placed)


def test_without_a_reranker_and_without_vectors_stages_say_nothing(index, settings) -> None:
    found = stages_of(recommender_of(index, settings), None, NEED, SKUS)
    assert all(one.logit is one.probability is one.cosine is None for one in found)
    assert next(one for one in found if one.sku == "P000").bm25 > 0


def test_a_product_that_breaks_a_constraint_has_no_place(index, settings) -> None:
    red = RecommendationRequest(query="velora", constraints=(Constraint("colour", "in", ("blue",)),))
    found = {one.sku: one for one in stages_of(recommender_of(index, settings), None, red, SKUS)}
    assert found["P001"].place is not None and found["P036"].place is None


def test_a_product_that_is_not_on_sale_is_named(index, settings) -> None:
    with pytest.raises(UnknownProduct, match="NOPE"):
        stages_of(recommender_of(index, settings), None, NEED, [Sku("NOPE")])
