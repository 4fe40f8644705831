"""Which model a folder is served with."""

import logging
from pathlib import Path

import numpy as np
import pytest

from shopguide.errors import ModelCorrupt
from shopguide.recommender import crossencoder
from shopguide.recommender.crossencoder import INT8_FILE, Batch, Precision, load_cross_encoder
from shopguide.recommender.features import Floats
from shopguide.recommender.reranker import PairTokenizer, Reranker
from tests.unit.recommender.tiny import save_tiny_reranker

TEXTS = [f"product {name}" for name in ("one", "two", "three", "four")]


class Fake:
    """A model that does nothing but say what it is."""

    logits_of_all = 0.0

    def __init__(self, _place: Path, _threads: int = 1, precision: Precision = "int8") -> None:
        self.precision = precision

    def logits(self, batch: Batch) -> Floats:
        return np.full(len(batch["input_ids"]), self.logits_of_all, dtype=np.float32)


class NoNumbers(Fake):
    logits_of_all = float("nan")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_reranker(tmp_path / "reranker")


@pytest.fixture
def probe(folder: Path) -> Batch:
    return PairTokenizer(folder).arrays([([2000], [3000, 3001]), ([2000], [3000])])


def test_a_folder_of_an_older_version_is_served_in_fp32(
    folder: Path, probe: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossencoder, "has_bf16", lambda: False)
    assert load_cross_encoder(folder, 1, None, probe).precision == "fp32"


def test_the_int8_file_serves_where_it_is(folder: Path, probe: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossencoder, "has_bf16", lambda: False)
    monkeypatch.setattr(crossencoder, "OnnxCrossEncoder", Fake)
    (folder / INT8_FILE).touch()
    assert load_cross_encoder(folder, 1, None, probe).precision == "int8"


def test_a_broken_int8_file_is_told_and_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crossencoder, "has_bf16", lambda: False)
    (folder / INT8_FILE).write_bytes(b"no model")
    reranker = Reranker(folder)
    with caplog.at_level(logging.WARNING):
        reranker.load()
    assert reranker.precision == "fp32" and INT8_FILE in caplog.text
    assert len(reranker.score("a need", TEXTS, needed=1).logits) == len(TEXTS)


def test_an_int8_file_that_gives_no_numbers_is_passed_over(
    folder: Path, probe: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossencoder, "has_bf16", lambda: False)
    monkeypatch.setattr(crossencoder, "OnnxCrossEncoder", NoNumbers)
    (folder / INT8_FILE).touch()
    assert load_cross_encoder(folder, 1, None, probe).precision == "fp32"


@pytest.mark.parametrize("written", [None, b"no model"])
def test_int8_that_is_asked_for_and_cannot_be_had_is_an_error(
    folder: Path, probe: Batch, written: bytes | None
) -> None:
    if written is not None:
        (folder / INT8_FILE).write_bytes(written)
    with pytest.raises(ModelCorrupt, match=INT8_FILE):
        load_cross_encoder(folder, 1, "int8", probe)


@pytest.mark.parametrize(("narrow_seconds", "chosen"), [(0.5, "bf16"), (2.0, "fp32")])
def test_bf16_serves_only_where_it_proves_faster(
    folder: Path, probe: Batch, monkeypatch: pytest.MonkeyPatch, narrow_seconds: float, chosen: str
) -> None:
    monkeypatch.setattr(crossencoder, "has_bf16", lambda: True)
    monkeypatch.setattr(crossencoder, "seconds", lambda model, _: narrow_seconds if model.precision == "bf16" else 1.0)
    assert load_cross_encoder(folder, 1, None, probe).precision == chosen


def test_bf16_gives_nearly_the_same_logits(folder: Path) -> None:
    plain, narrow = (Reranker(folder, backend=backend) for backend in ("fp32", "bf16"))
    expected, found = (model.score("a need", TEXTS, needed=1).logits for model in (plain, narrow))
    assert narrow.precision == "bf16" and found.dtype == np.float32
    assert found == pytest.approx(expected, abs=0.05) and not np.array_equal(expected, found)
