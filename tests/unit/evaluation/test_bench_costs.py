"""What the benchmarks of cost and cross-validation start and read; nothing here starts Rasa."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import cross_validation, dialogue_cost
from bench._pipelines import DIET, BenchFailed, RasaSide, is_stock
from shopguide.errors import DialogueServerUnavailable


def test_rasas_report_becomes_averages_and_the_worst_intents_first(tmp_path: Path) -> None:
    def row(f1: float) -> dict[str, Any]:
        return {"precision": f1, "recall": f1, "f1-score": f1, "support": 4}

    report = {
        "greet": {**row(0.9), "confused_with": {}},
        "deny": {**row(0.25), "confused_with": {"greet": 3}},
        "accuracy": 0.75,
        "macro avg": row(0.575),
        "weighted avg": row(0.6),
    }
    (tmp_path / "intent_report.json").write_text(json.dumps(report), "utf-8")
    found = cross_validation.summary(tmp_path)
    assert found["intents"]["accuracy"] == 0.75
    assert found["intents"]["macro"]["f1-score"] == 0.575
    assert list(found["intents"]["of"]) == ["deny", "greet"]
    assert found["intents"]["of"]["deny"]["confused_with"] == {"greet": 3}
    assert found["responses"] == {}


def test_accuracy_that_rasa_leaves_out_is_the_recall_of_all_lines(tmp_path: Path) -> None:
    row = {"precision": 0.5, "recall": 0.5, "f1-score": 0.5, "support": 2}
    rows = {"greet": row, "micro avg": row, "weighted avg": {**row, "recall": 0.25}}
    (tmp_path / "intent_report.json").write_text(json.dumps(rows), "utf-8")
    assert cross_validation.summary(tmp_path)["intents"]["accuracy"] == 0.25


def test_a_folder_without_reports_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchFailed, match=r"intent_report\.json"):
        cross_validation.summary(tmp_path)


def test_the_stock_pipeline_is_rasas_own_and_trained_as_long_as_asked() -> None:
    pipeline = dialogue_cost.stock(3)
    assert is_stock(pipeline)
    epochs = {one["name"]: one["epochs"] for one in pipeline if "epochs" in one}
    assert epochs == {"DIETClassifier": 3, "ResponseSelector": 3}
    assert next(one for one in DIET if one["name"] == "DIETClassifier")["epochs"] == 100


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the interpreter")
def test_a_server_that_ends_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such model\nexit 1\n", "utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(dialogue_cost, "RASA_PYTHON", python)
    with (
        pytest.raises(DialogueServerUnavailable, match=r"(?s)not ready.*no such model"),
        dialogue_cost.served(tmp_path / "x" / "model.tar.gz", tmp_path, threads=1),
    ):
        pytest.fail("it was never ready")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the interpreter")
def test_training_of_everything_has_the_policies_and_says_what_it_took(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        "job = json.load(sys.stdin)\n"
        "assert job['step'] == 'train_whole'\n"
        "assert 'MemoizationPolicy' in pathlib.Path(job['config']).read_text()\n"
        "told = {'model': 'm.tar.gz', 'train_s': 1.23, 'train_cpu_s': 2.0, 'peak_memory_mib': 5.0}\n"
        "pathlib.Path(job['result']).write_text(json.dumps(told))\n",
        "utf-8",
    )
    python.chmod(0o755)
    side = RasaSide(tmp_path / "work", python=python)
    trained = side.train_whole(dialogue_cost.stock(1), dialogue_cost.policies())
    assert (trained.model, trained.train_s, trained.train_cpu_s) == (Path("m.tar.gz"), 1.2, 2.0)
