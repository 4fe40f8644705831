"""The last line of `make test` and `make check`: no failure may get lost on the way to it."""

import json
import sys
from pathlib import Path

import pytest
from tooling import testing
from tooling.counting import Counts, Part, of_pytest, run_all


@pytest.mark.parametrize(
    ("output", "code", "counts"),
    [
        ("….\n12 passed in 3.1s", 0, Counts(12, 0, 0)),
        ("=== 2 failed, 10 passed, 1 skipped in 3.1s ===", 1, Counts(10, 2, 1)),
        ("=== 10 passed, 1 error in 3.1s ===", 1, Counts(10, 1, 0)),
        ("=== 2 failed, 10 passed in 407.48s (0:06:47) ===\nFailed postgres command\nkilling it", 1, Counts(10, 2, 0)),
        ("ImportError: no module", 4, Counts(0, 1, 0)),
        ("12 passed in 3.1s", -9, Counts(12, 1, 0)),
        ("no tests ran in 0.01s", 5, Counts(0, 1, 0)),
    ],
)
def test_pytests_summary_and_exit_code(output: str, code: int, counts: Counts) -> None:
    assert of_pytest(output, code) == counts


def test_everything_runs_and_the_last_line_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    def python(code: str) -> tuple[str, ...]:
        return (sys.executable, "-c", code)

    parts = [
        Part("breaks", python("raise SystemExit('no')")),
        Part("tests", python("print('3 passed, 1 skipped in 1s')"), counted_by=of_pytest),
        Part("fine", python("")),
    ]
    assert run_all(parts) == 1
    output = capsys.readouterr().out
    assert output.strip().splitlines()[-1] == "4 passed, 1 failed, 1 skipped"
    assert "Failing: breaks." in output
    assert run_all(parts[1:]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1] == "4 passed, 0 failed, 1 skipped"


def test_failed_conversations_count_whatever_rasa_exits_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "_RESULTS", tmp_path)
    assert testing.of_stories("", 0) == Counts(failed=1)  # no report: it died
    report = tmp_path / "story_report.json"
    report.write_text(json.dumps({"conversation_accuracy": {"correct": 9, "total": 10}}))
    (tmp_path / "failed_test_stories.yml").write_text("- story: cheaper after the slate")
    assert testing.of_stories("", 0) == Counts(9, 1, 0)
    assert "cheaper after the slate" in capsys.readouterr().out
    report.write_text(json.dumps({"conversation_accuracy": {"correct": 10, "total": 10}}))
    assert testing.of_stories("", 0) == Counts(10, 0, 0)
    assert testing.of_stories("", 1) == Counts(10, 1, 0)


def test_only_unit_tests_do_not_wait_for_the_dialogue_model(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[bool] = []

    class Training:
        def wait(self) -> None:
            waited.append(True)

    parts = [Part(name, ("pytest", name)) for name in ("tests/unit", "tests/integration", "tests/rasa_env")]
    monkeypatch.setattr(testing.dialogue_model, "start_training_if_stale", Training)
    states = [(part.name, len(waited)) for part in testing.around_training(parts)]
    assert states == [("tests/unit", 0), ("tests/integration", 1), ("tests/rasa_env", 1)]
    monkeypatch.setattr(testing.dialogue_model, "start_training_if_stale", lambda: None)
    assert list(testing.around_training(parts)) == parts
