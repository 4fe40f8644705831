"""Reading annotated utterances."""

import json
from pathlib import Path
from typing import Any

import pytest

from shopguide.errors import UnreadableFile
from shopguide.evaluation.utterances import Mention, read_utterances, scored_label

GOOD: dict[str, Any] = {"id": "a", "text": "a red hat", "intent": "search_products", "entities": [], "catalogue": "F"}


def write(folder: Path, *lines: str | dict[str, Any]) -> Path:
    path = folder / "lines.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def mention(**more: Any) -> Mention:
    return Mention(**{"entity": "brand", "value": "kestrel", "start": 0, "end": 4, **more})


def test_reads_lines_and_chooses_by_catalogue(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, "", GOOD | {"id": "b", "catalogue": "G", "also": ["greet"]})
    assert [utterance.id for utterance in read_utterances(path)] == ["a", "b"]
    assert [utterance.also for utterance in read_utterances(path, ["G"])] == [("greet",)]


def test_a_line_separator_within_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(GOOD | {"text": "one\u2028two"}, ensure_ascii=False))
    assert [utterance.text for utterance in read_utterances(path)] == ["one\u2028two"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{nonsense", "line 2: Invalid JSON"),
        ({key: value for key, value in GOOD.items() if key != "intent"}, "line 2: intent: Field required"),
        (GOOD | {"text": 7}, "line 2: text: "),
        (GOOD | {"entities": [{"entity": "colour", "value": "red", "start": 2}]}, "line 2: entities.0.end: Field"),
        (
            GOOD | {"entities": [{"entity": "colour", "value": "red", "start": 2, "end": 50}]},
            "line 2: Value error, colour from 2 to 50 is not within the text",
        ),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str | dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        read_utterances(write(tmp_path, GOOD, line))
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


def test_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read_utterances(tmp_path / "none.jsonl")
    with pytest.raises(UnreadableFile, match="no utterance of catalogue E"):
        read_utterances(write(tmp_path, GOOD), ["E"])
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    with pytest.raises(UnreadableFile, match="not UTF-8"):
        read_utterances(tmp_path / "latin.jsonl")


def test_chitchat_counts_by_its_first_part_and_questions_in_full() -> None:
    assert scored_label("chitchat/joke") == "chitchat"
    assert scored_label("faq/returns") == "faq/returns"
    assert scored_label("nlu_fallback") == "out_of_scope"


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({"value": 80}, {"value": 80.0}, True),
        ({"value": "80"}, {"value": 80}, True),
        ({"value": [-2, -1]}, {"value": [-2.0, -1.0]}, True),
        ({"value": "Kestrel"}, {"value": "kestrel"}, True),
        ({"value": "nan"}, {"value": "nan"}, True),
        ({"value": "kestrel"}, {"value": "osprey"}, False),
        ({"role": "max"}, {"role": "min"}, False),
        ({"role": "max"}, {}, False),
        ({"group": "excluded"}, {}, False),
        ({"facet": "season"}, {}, True),
        ({"entity": "facet_value", "facet": "season"}, {"entity": "facet_value", "facet": "fit"}, False),
        ({"start": 3}, {}, True),
    ],
)
def test_mentions_are_compared_by_what_they_say(ours: dict[str, Any], theirs: dict[str, Any], same: bool) -> None:
    assert (mention(**ours).key() == mention(**theirs).key()) is same
