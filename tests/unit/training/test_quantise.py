"""The int8 model is near what it was made from, and is not kept where it is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from shopguide.recommender.crossencoder import INT8_FILE, OnnxCrossEncoder
from shopguide.recommender.reranker import Reranker
from shopguide.training import quantise
from shopguide.training.quantise import export_quantised
from tests.unit.recommender.tiny import save_tiny_reranker

NEEDS = ("a blue shirt", "something for the rain", "a very quiet keyboard with a long cable")
PRODUCTS = [f"{colour} {thing}" for colour in ("blue", "red", "green") for thing in ("shirt", "boots", "desk lamp")]
PAIRS = [(need, product * (1 + i % 3)) for need in NEEDS for i, product in enumerate(PRODUCTS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reranker(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def result(folder: Path) -> quantise.Quantised:
    return export_quantised(folder, PAIRS)


def test_it_ranks_as_the_model_does_and_leaves_one_file(folder: Path, result: quantise.Quantised) -> None:
    assert result.kept and result.spearman >= 0.95
    assert result.within_need is not None and result.within_need > 0.9
    assert json.loads(json.dumps(result.as_json()))["bytes"] == (folder / INT8_FILE).stat().st_size
    plain, int8 = (Reranker(folder, backend=backend) for backend in ("fp32", "int8"))
    for need in NEEDS:
        expected, found = (model.score(need, PRODUCTS, needed=1).logits for model in (plain, int8))
        assert int8.precision == "int8" and not np.array_equal(expected, found)
        assert np.corrcoef(expected, found)[0, 1] > 0.95
    assert not [file.name for file in folder.iterdir() if file.is_dir()]


def test_any_number_of_pairs_of_any_length_fit(folder: Path, result: quantise.Quantised) -> None:
    assert result.kept
    model, pairs = OnnxCrossEncoder(folder / INT8_FILE), Reranker(folder).pairs
    for n, longest in ((1, 1), (3, 40), (50, 7)):
        batch = pairs.arrays([([2000] * 3, [3000] * longest)] * n)
        assert model.logits(batch).shape == (n,)


def test_an_export_that_ranks_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: quantise.Quantised, folder: Path
) -> None:
    other = save_tiny_reranker(tmp_path / "other", seed=9)
    (other / INT8_FILE).write_bytes(b"of an earlier training")

    def another_model(_graph: object, file: Path) -> None:
        file.write_bytes((folder / INT8_FILE).read_bytes())

    monkeypatch.setattr(quantise, "_exported", lambda _model: None)
    monkeypatch.setattr(quantise, "_quantise", another_model)
    refused = export_quantised(other, PAIRS)
    assert not refused.kept and refused.spearman < 0.95 and refused.largest_difference > 0
    assert not (other / INT8_FILE).exists()
    assert Reranker(other).precision in ("fp32", "bf16")


def test_the_same_logit_for_all_is_no_correlation() -> None:
    same, varied = np.ones(4, dtype=np.float32), np.arange(4, dtype=np.float32)
    assert not quantise._compared(["a"] * 4, varied, same, 1).kept
    assert quantise._compared(["a"] * 4, varied, varied, 1).kept


def test_the_order_within_a_need_is_told_apart_from_that_of_needs() -> None:
    expected = np.array([0, 1, 2, 3, 4, 100, 101, 102, 103, 104, 50], dtype=np.float32)
    turned = np.array([4, 3, 2, 1, 0, 104, 103, 102, 101, 100, 50], dtype=np.float32)
    found = quantise._compared(["a"] * 5 + ["b"] * 5 + ["c"], expected, turned, 1)
    assert found.within_need == -1.0 and found.spearman > 0.5
    assert quantise._compared(["a", "b"], expected[:2], expected[:2], 1).within_need is None


def test_without_pairs_nothing_is_compared(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two"):
        export_quantised(tmp_path, PAIRS[:1])
