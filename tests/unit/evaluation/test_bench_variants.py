"""The ablation of understanding: which variants there are, and how they are scored; nothing here starts Rasa."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import nlu_variants
from bench._pipelines import DIET, Answers, Pipeline, Trained, ours
from bench.nlu_variants import Variant, measure, table, variant
from shopguide.evaluation.utterances import Utterance
from tests.unit.evaluation.fakes import said

TEXT = "could you please show me something warm in dark green"
ROW = {"text": TEXT, "intent": "search_products"}


def classifier(pipeline: Pipeline) -> dict[str, Any]:
    [found] = [one for one in pipeline if one["name"].endswith("Classifier")]
    return found


def test_variants_are_words_or_settings() -> None:
    assert variant("diet") == Variant("diet", DIET)
    softer = variant("softer={C: 3, deep: [1]}")
    assert softer.name == "softer"
    assert [one for one in softer.pipeline if one not in ours()] == [{**classifier(ours()), "C": 3, "deep": [1]}]
    for wrong in ("more", "softer=3", "={C: 3}", "softer={C: ["):
        with pytest.raises(ValueError, match=r"more|softer|C"):
            variant(wrong)


class FakeSide:
    """Trains nothing; a variant with noise answers rightly, others only what is not "hard"."""

    def __init__(self) -> None:
        self.pipelines: list[Any] = []

    def train(self, pipeline: Any, rows: Sequence[Mapping[str, Any]]) -> Trained:
        self.pipelines.append(pipeline)
        return Trained(Path("noisy" if classifier(pipeline).get("noise") else "plain"), 1.0, 2.0, 3.0)

    def read(self, model: Path, texts: Sequence[str], lexicon: Path) -> Answers:
        def answer(text: str) -> dict[str, Any]:
            right = model.name == "noisy" or "hard" not in text
            return {**said("search_products" if right else "greet"), "text": text, "seconds": 0.1}

        return Answers([answer(text) for text in texts], 4.0)


def line(text: str) -> Utterance:
    return Utterance(id=text, text=text, intent="search_products", entities=(), catalogue="G")


def test_every_variant_is_scored_on_every_kind_of_lines_and_against_the_first() -> None:
    side = FakeSide()
    asked = {"as written": [line("easy"), line("quick")], "asr": [line("easy"), line("hard")]}
    variants = [variant("plain={noise: false}"), variant("noisy={noise: true}"), variant("c={C: 3, noise: false}")]
    report = measure(side, [ROW], variants, asked, {"": Path("lexicon.jsonl")})  # type: ignore[arg-type]
    found = {(row["model"], row["lines_are"]): row["intent_accuracy"] for row in report["models"]}
    assert found[("plain", "as written")] == 1.0
    assert found[("plain", "asr")] == 0.5
    assert found[("noisy", "asr")] == 1.0
    assert [(row["model"], row["lines_are"], row["difference"]) for row in report["paired"]] == [
        ("noisy", "as written", 0.0),
        ("noisy", "asr", 0.5),
        ("c", "as written", 0.0),
        ("c", "asr", 0.0),
    ]
    assert classifier(side.pipelines[2])["C"] == 3
    json.dumps(report)


def test_the_table_has_a_row_for_each_and_equal_columns() -> None:
    report = measure(
        FakeSide(), [ROW], [variant("plain={noise: false}")], {"as written": [line("easy")]}, {"": Path("x")}
    )  # type: ignore[arg-type]
    head, rule, row = table(report).splitlines()
    assert head.count("|") == rule.count("|") == row.count("|")
    assert row.startswith("| plain | as written | 1.000 (1.000 to 1.000)")
    assert nlu_variants.AS_WRITTEN in row
