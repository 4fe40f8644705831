"""`make test`: the guide server's tests, the dialogue server's tests, and the test conversations."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Iterator, List

from tooling import dialogue_model
from tooling.commands import RASA_COMMAND, dialogue_environment, guide_environment
from tooling.console import Failed, fail, say, skipped, step
from tooling.counting import Counts, Part, of_pytest, run_all
from tooling.digests import ROOT
from tooling.environments import GUIDE, RASA

_STORIES = "tests/conversations"
_RESULTS = ROOT / "results"
_SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")
"""One thread each, as the environment says; files stay together for what their tests share."""
_UNIT = "tests/unit"
_ONE_BY_ONE = ("tests/contract", "tests/integration", "tests/browser")
"""They start servers and browsers, which would be in each other's way."""


def of_stories(_output: str, code: int) -> Counts:
    """Count by the report that `rasa test core` leaves, and show the conversations that failed.

    Not by its exit code, which is 0 with failing conversations; `--fail-on-prediction-errors` would end at the first.
    """
    try:
        counted = json.loads((_RESULTS / "story_report.json").read_text("utf-8"))["conversation_accuracy"]
    except (OSError, ValueError, KeyError):
        return Counts(failed=1)
    failed = counted["total"] - counted["correct"]
    if failed:
        say((_RESULTS / "failed_test_stories.yml").read_text("utf-8"))
    return Counts(passed=counted["correct"], failed=failed or (1 if code else 0))


def parts() -> List[Part]:
    """Return the parts; with arguments of the script one pytest runs all of the guide server's tests, given them."""
    guide, dialogue = guide_environment(), dialogue_environment()
    pytest = (str(GUIDE.python), "-m", "pytest")
    own = [
        Part("guide server", (*pytest, *_SIDE_BY_SIDE, _UNIT), guide, of_pytest),
        Part("guide server, whole", (*pytest, *_ONE_BY_ONE), guide, of_pytest),
    ]
    if sys.argv[1:]:
        own = [Part("guide server", (*pytest, *sys.argv[1:]), guide, of_pytest)]
    stories = (RASA_COMMAND, "test", "core", "--stories", _STORIES, "--model", str(dialogue_model.FOLDER))
    return [
        *own,
        Part("dialogue server", (str(RASA.python), "-m", "pytest", "tests/rasa_env"), dialogue, of_pytest),
        Part(
            "test conversations",
            (*stories, "--out", str(_RESULTS), "--no-plot"),
            dialogue,
            of_stories,
        ),
    ]


def main() -> int:
    """Train the dialogue model if it is stale and run all tests; return the exit code."""
    shutil.rmtree(str(_RESULTS), ignore_errors=True)
    try:
        return run_all(around_training(parts()))
    except Failed as error:
        fail(error)


def around_training(parts: List[Part]) -> Iterator[Part]:
    """Give the parts: unit tests need no dialogue model and run while it is trained, all others wait for it."""
    training = dialogue_model.start_training_if_stale()
    if training is None:
        skipped("dialogue model")
    for part in parts:
        if training is not None and part.command[-1] != _UNIT:
            with step("dialogue model"):
                training.wait()
            training = None
        yield part
