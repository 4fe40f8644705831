"""The Chinese probes: annotated as every other file is, over values that their lexicon has."""

from pathlib import Path

from lexicon.entries import read
from shopguide.evaluation.utterances import read_utterances

NLU = Path("tests/nlu")


def test_probes_can_be_scored_and_their_values_are_in_their_lexicon() -> None:
    lexicon = read(NLU / "chinese_lexicon.jsonl")
    known = {(entry.facet, entry.value) for entry in lexicon.values}
    forms = {form for entry in lexicon.values for form in entry.forms}
    lines = read_utterances(NLU / "chinese_probes.jsonl")
    assert len({line.text for line in lines}) == 30
    assert len({line.intent for line in lines}) >= 15
    for line in lines:
        for mention in line.entities:
            if mention.entity not in {"price", "ordinal"}:
                assert (mention.facet or mention.entity, mention.value) in known
                assert line.text[mention.start : mention.end] in forms
