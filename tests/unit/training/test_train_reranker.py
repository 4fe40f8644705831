"""The second stage, with an encoder of one tiny layer: what is made, published, refused and taken over."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.ids import Sku
from shopguide.recommender.artefacts import ModelFolder, Version
from shopguide.recommender.reranker import Reranker
from shopguide.settings import Settings
from shopguide.training import rerankfit, textmodels
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.quantise import Quantised
from shopguide.training.rerankfit import RerankParameters, RerankResult, fit_reranker
from shopguide.training.unfinished import Unfinished
from tests.unit.recommender.synthetic import FakeFeedback, FakeProfiles, make_products
from tests.unit.recommender.tiny import save_tiny_reranker


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reranker(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def data(index: CatalogueIndex, settings: Settings, encoder: Path) -> TrainingData:
    settings = settings.model_copy(update={"encoder": str(encoder)})
    return TrainingData(index, "catalogue-1", FakeProfiles(), FakeFeedback(), settings)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def quick_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the export out, which takes a minute: test_quantise.py has it."""
    report = Quantised(spearman=1.0, within_need=None, largest_difference=0.0, bytes=0, kept=False)
    monkeypatch.setattr(rerankfit, "export_quantised", lambda folder, pairs: report)


def verdict(monkeypatch: pytest.MonkeyPatch, better: bool) -> None:
    """Let the comparison with BM25 end as the test needs it; everything else is real."""

    def fit(*args, **kwargs) -> RerankResult:
        return replace(fit_reranker(*args, **kwargs), better=better)

    monkeypatch.setattr(textmodels, "fit_reranker", fit)


def run(data: TrainingData, **options) -> dict:
    return train(data, only="reranker", minutes=0.02, **options).as_json()["parts"]


def current(data: TrainingData) -> Version:
    return ModelFolder(data.settings.models_dir / "recommender").current()


def test_a_reranker_is_published_with_what_it_was_made_from(data: TrainingData, monkeypatch) -> None:
    verdict(monkeypatch, better=True)
    parts = run(data)
    assert parts["vectors"]["status"] == parts["reranker"]["status"] == "trained"
    section = current(data).part("reranker")
    for stage in ("teacher", "student"):
        assert section[stage]["steps"] >= 1
        assert section[stage]["groups"] == section[stage]["steps"] * RerankParameters().groups
    assert {row["model"] for row in section["metrics"]["models"]} == {
        "bm25", "first_stage", "teacher", "student", "pipeline",
    }  # fmt: skip
    assert section["calibration"]["scale"] > 0 and section["quantised"]["spearman"] == 1.0
    current(data).verify()
    folder = current(data).folder / "reranker"
    for served in (Reranker(folder), Reranker(folder / "teacher")):
        assert len(served.score("blue shoes", ["a", "b"], needed=2).logits) == 2
    assert run(data) == {"vectors": {"status": "up to date"}, "reranker": {"status": "up to date"}}


def test_an_interrupted_training_goes_on_and_leaves_nothing_behind(data: TrainingData, monkeypatch) -> None:
    root = data.settings.models_dir / "recommender"
    begun: list[str] = []

    def interrupted(self, model, optimiser):
        begun.append(str(self._folder.relative_to(root)))
        if "student" in begun[-1]:
            raise KeyboardInterrupt
        return load(self, model, optimiser)

    load = Unfinished.load
    monkeypatch.setattr(Unfinished, "load", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(data)
    assert begun == [".reranker-unfinished/teacher", ".reranker-unfinished/student"]
    assert not current(data).has("reranker")
    monkeypatch.setattr(Unfinished, "load", load)
    verdict(monkeypatch, better=True)
    before = torch_steps(root / ".reranker-unfinished" / "teacher")
    run(data)
    # The teacher had used up its time already: it is not taught again.
    assert current(data).part("reranker")["teacher"]["steps"] == before
    assert not (root / ".reranker-unfinished").exists()


def torch_steps(folder: Path) -> int:
    import torch

    return torch.load(folder / "state.pt", weights_only=True)["done"]["steps"]


def test_a_catalogue_that_tells_nothing_apart_is_refused(data: TrainingData) -> None:
    index = CatalogueIndex([Product(Sku(name), "Thing") for name in "abc"])
    report = run(replace(data, index=index, catalogue_digest="things"))["reranker"]
    assert report["status"] == "refused" and "tell no products apart" in report["why"]


def test_a_reranker_that_loses_to_bm25_is_refused(data: TrainingData, monkeypatch) -> None:
    verdict(monkeypatch, better=False)
    assert run(data)["reranker"]["status"] == "refused"
    assert current(data).has("vectors") and not current(data).has("reranker")


def test_vectors_line_up_with_their_texts_and_only_new_texts_are_encoded(data: TrainingData, monkeypatch) -> None:
    verdict(monkeypatch, better=False)
    assert run(data)["vectors"]["made"] == len(data.index)
    old = current(data)
    changed = replace(make_products()[4], title="Quite another title")
    products = [replace(make_products()[0], sku=Sku("NEW"), title="Brand new"), *make_products()]
    products[5] = changed
    grown = replace(data, index=CatalogueIndex(products, revision=2), catalogue_digest="catalogue-2")
    assert run(grown)["vectors"]["made"] == 2
    from shopguide.recommender.snapshot import load_vectors

    before, after = load_vectors(old, data.index), load_vectors(current(grown), grown.index)
    assert not len(after.missing)
    assert len(load_vectors(old, grown.index).missing) == 2
    same = [data.index.row(Sku("P010"))], [grown.index.row(Sku("P010"))]
    assert np.array_equal(before.of(np.asarray(same[0])), after.of(np.asarray(same[1])))
    assert not np.allclose(
        before.of(np.asarray([data.index.row(Sku("P004"))])), after.of(np.asarray([grown.index.row(Sku("P004"))]))
    )
