"""The training data: nothing in it may come from the sets that measure it."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
EVAL = ROOT.parent / "shared" / "eval"
ANNOTATION = re.compile(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})")
FEWEST_WORDS = 3
"""Shorter sentences ("under 50") are nobody's: everybody says them."""


def folded(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).strip()


def utterances(path: Path) -> set[str]:
    return {folded(json.loads(line)["text"]) for line in path.read_text("utf-8").splitlines() if line.strip()}


def taught_among(held: set[str]) -> dict[str, str]:
    """Where sentences of a measuring set stand in the training data."""
    held = {sentence for sentence in held if len(sentence.split()) >= FEWEST_WORDS}
    taught = {
        folded(ANNOTATION.sub(r"\1", line.strip().removeprefix("- "))): f"{path.name}:{number}"
        for path in (ROOT / "data").rglob("*.yml")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    }
    return {sentence: taught[sentence] for sentence in held & taught.keys()}


def test_no_sentence_of_our_own_validation_set_is_taught() -> None:
    assert taught_among(utterances(ROOT / "tests/nlu/validation.jsonl")) == {}


@pytest.mark.skipif(not EVAL.is_dir(), reason="the private evaluation sets are not here")
def test_no_held_out_sentence_is_taught() -> None:
    scenarios = yaml.safe_load((EVAL / "conversations_dev.yml").read_text("utf-8"))
    said = {folded(turn["user"]) for scenario in scenarios for turn in scenario["turns"]}
    assert taught_among(utterances(EVAL / "nlu_dev.jsonl") | said) == {}
