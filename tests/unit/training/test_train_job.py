from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import ModelNotFound
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.taste import TasteRules
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.blend import DEFAULT_WEIGHTS
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from shopguide.training import fitting
from shopguide.training.blendfit import validate
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.registry import Registry
from shopguide.training.report import REPORT
from tests.unit.recommender.synthetic import START, FakeCatalogue, FakeFeedback, FakeProfiles, make_events


@pytest.fixture
def feedback(index: CatalogueIndex) -> FakeFeedback:
    return FakeFeedback(make_events(index))


@pytest.fixture
def data(index: CatalogueIndex, settings: Settings, feedback: FakeFeedback) -> TrainingData:
    return TrainingData(index, "catalogue-1", FakeProfiles(), feedback, settings)  # type: ignore[arg-type]


def candidates(data: TrainingData, *, force: bool = False) -> dict:
    return train(data, only="candidates", force=force).as_json()["parts"]["candidates"]


def test_training_states_what_it_was_made_from_and_how_good_it_is(data: TrainingData) -> None:
    report = candidates(data)
    manifest = ModelFolder(data.settings.models_dir / "recommender").current().manifest
    section = manifest["parts"]["candidates"]
    assert report["status"] == "trained" and report["version"] == manifest["version"]
    assert section["data"]["catalogue"] == "catalogue-1" and section["data"]["events_used"] == 80 * 14
    assert section["parameters"]["lightfm"]["loss"] == "warp" and "lightfm" in section["families"]
    models = {row["model"]: row for row in section["metrics"]["models"]}
    assert {"popularity", "item_knn", "lightfm", "blend_default"} <= set(models)
    assert models["blend_default"]["ndcg@10"] > models["popularity"]["ndcg@10"]
    for row in models.values():
        low, high = row["ci"]["ndcg@10"]
        assert low <= row["ndcg@10"] <= high
    assert {pair["against"] for pair in section["metrics"]["paired"]} >= {"popularity", "item_knn"}
    covered = {row["model"]: row for row in section["metrics"]["coverage"]}
    blend = f"blend_{section['blend']['kind']}"
    assert 10 <= covered["popularity"]["recommended"] < covered[blend]["recommended"] <= len(data.index)
    assert sum(covered[blend]["often"]) == covered[blend]["recommended"]
    assert f"**{blend}** (serves)" in (
        ModelFolder(data.settings.models_dir / "recommender").current().path("candidates", REPORT).read_text("utf-8")
    )


def test_the_fairness_switch_trains_anew_and_the_manifest_shows_both_ends(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    (off,) = candidates(data)["metrics"]["fairness"]["ends"]
    assert off["strength"] == 0.0 and off["groups"][0]["grouping"] == "activity"
    fair = replace(data, settings=data.settings.model_copy(update={"fairness": 0.5}))
    report = candidates(fair)
    assert report["blend"]["kind"] == "default" and len(report["metrics"]["fairness"]["ends"]) == 1
    assert any("fairness changes nothing" in note for note in report["notes"])
    # Here the default weights rank better; the switch changes what is fitted where that serves.
    monkeypatch.setattr(fitting, "validate", lambda *given: replace(validate(*given), kind="linear"))
    report = candidates(fair, force=True)
    found = report["metrics"]["fairness"]
    assert [end["strength"] for end in found["ends"]] == [0.0, 0.5]
    assert found["ends"][0]["ndcg@10"] == off["ndcg@10"]
    assert found["cost"]["against"] == "strength 0"
    assert report["blend"]["weights"] != DEFAULT_WEIGHTS
    assert candidates(fair) == {"status": "up to date"}


def test_events_are_cleaned_before_and_the_manifest_says_how(data: TrainingData, feedback: FakeFeedback) -> None:
    pushed = data.index.skus[0]
    before = [event for event in feedback.events if event.sku != pushed]
    made_up = [FeedbackEvent(f"m{i}", "purchase", ShopperId(f"m{i}"), before[-1].at, pushed) for i in range(50)]
    again = [replace(event, event_id=f"again {event.event_id}") for event in before[:100]]
    feedback.events[:] = [*before, *made_up, *again]
    candidates(data)
    version = ModelFolder(data.settings.models_dir / "recommender").current()
    section = version.part("candidates")["data"]
    assert section["events_used"] == len(before) + 1
    assert {reason: found["removed"] for reason, found in section["cleaned"]["reasons"].items()} == {
        "repeat": 100,
        "pushed_product": 49,
    }
    assert section["cleaned"]["pushed"][0]["product"] == pushed
    assert len(version.array("candidates", "shoppers.npy")) == 81


def test_what_is_up_to_date_is_left_alone_unless_forced(data: TrainingData, feedback: FakeFeedback) -> None:
    first = candidates(data)
    assert candidates(data) == {"status": "up to date"}
    assert candidates(data, force=True)["version"] != first["version"]
    assert candidates(replace(data, catalogue_digest="catalogue-2"))["status"] == "trained"
    feedback.events.append(FeedbackEvent("new", "click", ShopperId("x"), START, Sku("P001")))
    assert candidates(replace(data, catalogue_digest="catalogue-2"))["status"] == "trained"


def test_an_erasure_a_withdrawal_and_other_rules_make_candidates_stale(data: TrainingData) -> None:
    profiles = FakeProfiles(
        PreferenceEvidence(ShopperId(shopper), "brand", "velora", 1, "slot", START) for shopper in ("shopper-3", "x")
    )
    data = replace(data, profiles=profiles)  # type: ignore[arg-type]
    assert candidates(data)["data"]["shoppers_with_tastes"] == 1
    profiles.evidence.reverse()
    assert candidates(data) == {"status": "up to date"}
    profiles.withdrawn.add(ShopperId("shopper-3"))
    assert candidates(data)["data"]["shoppers_with_tastes"] == 0
    profiles.evidence.clear()
    assert candidates(data)["status"] == "trained"
    profiles.rules = TasteRules.from_settings({"slot": 0.5}, {})
    assert candidates(data)["status"] == "trained"


def test_a_damaged_model_is_not_up_to_date(data: TrainingData) -> None:
    candidates(data)
    version = ModelFolder(data.settings.models_dir / "recommender").current()
    version.path("candidates", "shoppers.npy").write_bytes(b"")
    assert candidates(data)["status"] == "trained"


def test_the_same_data_and_seed_give_the_same_model(data: TrainingData, tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        settings = data.settings.model_copy(update={"models_dir": tmp_path / name})
        candidates(replace(data, settings=settings))
        folders.append(ModelFolder(tmp_path / name / "recommender").current())
    first, second = folders
    assert first.manifest["files"] == second.manifest["files"]


def test_a_shop_without_events_gets_a_model_that_says_what_it_lacks(data: TrainingData, index: CatalogueIndex) -> None:
    report = candidates(replace(data, feedback=FakeFeedback()))  # type: ignore[arg-type]
    assert report["families"] == [] and "no models" in report["notes"][0]
    recommender = Recommender(FakeCatalogue(index), FakeProfiles(), FakeFeedback(), data.settings)  # type: ignore[arg-type]
    answer = recommender.recommend(RecommendationRequest(query="velora lamp", k=3))
    assert answer.degraded == "reranker_missing" and answer.model_version == report["version"]
    assert all("lamp" in index.product(item.sku).title for item in answer.items)
    assert recommender.recommend(RecommendationRequest()).degraded is None


def test_an_empty_catalogue_cannot_be_trained_on(data: TrainingData) -> None:
    with pytest.raises(ModelNotFound, match="import one first"):
        train(replace(data, index=CatalogueIndex([])))


def test_progress_grows_to_the_end(data: TrainingData) -> None:
    told: dict[str, list[float]] = {}
    train(data, only="candidates", progress=lambda what, share: told.setdefault(what, []).append(share))
    assert {"LightFM, past", "validation", "LightFM, all"} <= set(told)
    for shares in told.values():
        assert shares == sorted(shares)
    assert told["LightFM, all"][-1] == 1.0 and told["validation"][-1] == 1.0


def test_a_trained_model_serves_knows_its_shoppers_and_is_taken_up_without_a_restart(
    data: TrainingData, index: CatalogueIndex, feedback: FakeFeedback
) -> None:
    recommender = Recommender(FakeCatalogue(index), FakeProfiles(), feedback, data.settings)  # type: ignore[arg-type]
    request = RecommendationRequest(shopper_id=ShopperId("shopper-3"), k=5)
    assert recommender.recommend(request).degraded == "model_missing"
    first = candidates(data)["version"]
    answer = recommender.recommend(request)
    assert answer.model_version == first and answer.degraded is None and answer.policy == "blend"
    assert all("lightfm" in item.features for item in answer.items)
    second = candidates(data, force=True)["version"]
    assert recommender.recommend(request).model_version == second
    Registry(ModelFolder(data.settings.models_dir / "recommender")).rollback()
    assert recommender.recommend(request).model_version == first


def test_a_model_that_turns_out_damaged_leaves_the_old_one_serving(
    data: TrainingData, index: CatalogueIndex, feedback: FakeFeedback, caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender(FakeCatalogue(index), FakeProfiles(), feedback, data.settings)  # type: ignore[arg-type]
    first = candidates(data)["version"]
    before = recommender.recommend(RecommendationRequest())
    assert before.model_version == first
    registry = Registry(ModelFolder(data.settings.models_dir / "recommender"))
    candidates(data, force=True)
    damaged = registry.folder.current()
    np.save(damaged.folder / "candidates" / "lightfm" / "item_feature.npy", np.zeros(3))
    fresh = Recommender(FakeCatalogue(index), FakeProfiles(), feedback, data.settings)  # type: ignore[arg-type]
    assert fresh.recommend(RecommendationRequest()).degraded == "model_missing"
    again = recommender.recommend(RecommendationRequest())
    assert again == before
    assert "cannot be used" in caplog.text


def test_shopper_ids_are_not_written_into_models(data: TrainingData) -> None:
    candidates(data)
    version = ModelFolder(data.settings.models_dir / "recommender").current()
    for path in version.folder.rglob("*"):
        assert not path.is_file() or b"shopper-3" not in path.read_bytes()
