"""Splitting, matching and the lexicon's format assume no English: catalogue words are found in Chinese as they stand.

Amounts, positions and negation need a `vocabulary/zh.yml`, and intents an encoder that reads Chinese; how far it comes
without is measured (docs/evaluation.md), not tested.
"""

import json
from pathlib import Path

from lexicon.entries import read
from rasa_addons.extraction import EntityRules

HERE = Path(__file__).resolve().parents[1] / "nlu"
NEEDS_A_VOCABULARY = {"price", "quantity", "ordinal", "rating"}


def test_catalogue_words_of_the_chinese_probes_are_found_where_they_stand() -> None:
    rules = EntityRules(read(HERE / "chinese_lexicon.jsonl"))
    lines = [json.loads(line) for line in (HERE / "chinese_probes.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 30
    made_up, missed = [], []
    for line in lines:
        wanted = {
            (one["entity"], one["value"], one["start"], one["end"])
            for one in line["entities"]
            if one["entity"] not in NEEDS_A_VOCABULARY
        }
        found = {(one["entity"], one["value"], one["start"], one["end"]) for one in rules.extract(line["text"])}
        made_up += sorted(found - wanted)
        missed += sorted(wanted - found)
    assert (made_up, missed) == ([], [])
