"""The training data: nothing in it may come from the held-out evaluation sets."""

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


@pytest.mark.skipif(not EVAL.is_dir(), reason="the private evaluation sets are not here")
def test_no_held_out_sentence_is_taught() -> None:
    lines = (EVAL / "nlu_dev.jsonl").read_text("utf-8").splitlines()
    held = {folded(json.loads(line)["text"]) for line in lines if line.strip()}
    scenarios = yaml.safe_load((EVAL / "conversations_dev.yml").read_text("utf-8"))
    held |= {folded(turn["user"]) for scenario in scenarios for turn in scenario["turns"]}
    held = {sentence for sentence in held if len(sentence.split()) >= FEWEST_WORDS}
    taught = {
        folded(ANNOTATION.sub(r"\1", line.strip().removeprefix("- "))): f"{path.name}:{number}"
        for path in (ROOT / "data").rglob("*.yml")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    }
    assert {sentence: taught[sentence] for sentence in held & taught.keys()} == {}
