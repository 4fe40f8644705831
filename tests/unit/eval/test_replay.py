"""The replay of people's messages: what is sent, what is told, and the shop that it needs."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.feed.readers import FeedFile
from tests.eval import wheels_and_lenses
from tests.eval.expectations import Answer
from tests.eval.replay import SAMPLE, Replayed, for_rating, read, replay, report


class Fake:
    """Answers from a list."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.senders: list[str] = []

    def say(self, sender: str, text: str) -> Answer:
        self.senders.append(sender)
        return self._answers.pop(0)


def answer(*texts: str, payloads: tuple[Mapping[str, object], ...] = (), fault: str = "") -> Answer:
    return Answer(texts=texts, payloads=payloads, slots={}, fault=fault)


def test_only_what_people_wrote_is_sent(tmp_path: Path) -> None:
    messages = [
        {"role": "human", "content": " a bike "},
        {"role": "ai", "content": "Which?"},
        {"role": "system", "content": "notes"},
        {"role": "human", "content": "   "},
        {"role": "human", "content": "a red one"},
    ]
    for number in range(3):
        content = {"domain": "bicycle", "messages": messages}
        (tmp_path / f"d{number}.json").write_text(json.dumps(content), "utf-8")
    drawn = list(read(tmp_path, {"bicycle": 2}))
    assert [said for _, said in drawn] == [["a bike", "a red one"]] * 2
    with pytest.raises(ValueError, match="has 0 dialogues of boat, not 1"):
        list(read(tmp_path, {"boat": 1}))


def test_silence_faults_and_fallbacks_are_told_apart() -> None:
    fake = Fake(
        answer("Here are 5.", payloads=({"type": "slate"},)),
        answer(),
        answer("utter_nothing"),
        answer("I lost the thread there. What are you looking for?"),
        answer(fault="no reply: timeout"),
    )
    turns = replay("d", ["one", "two", "three", "four", "five"], fake, "run")
    assert [turn.fault for turn in turns] == ["", "silence", "says 'utter_nothing'", "", "no reply: timeout"]
    assert [turn.fallback for turn in turns] == [False, False, False, True, False]
    assert set(fake.senders) == {"replay-run-d"}
    found = report(turns)
    assert (found["turns"], found["silent"], len(found["faults"]), found["fallback_share"]) == (5, 1, 3, 0.2)
    assert found["kinds"] == {"words": 4, "slate": 1}


def test_a_hundred_replies_are_marked_for_rating() -> None:
    turns = [Replayed("d", n, "said", "reply", "words", "", False, 0.1) for n in range(1, 151)]
    text = for_rating(turns)
    assert text.count("**[ ]**") == SAMPLE
    assert text.count("> said") == 150


def test_the_shop_of_bicycles_and_cameras_is_read_without_loss(tmp_path: Path) -> None:
    feed, mapping = wheels_and_lenses.write(tmp_path)
    load_mapping(mapping)
    rows = [row for row in FeedFile(feed).rows() if row.record is not None]
    assert len(rows) == wheels_and_lenses.BICYCLES + wheels_and_lenses.CAMERAS
    assert wheels_and_lenses.products() == wheels_and_lenses.products()
    assert len({row["title"] for row in wheels_and_lenses.products()}) > 280
