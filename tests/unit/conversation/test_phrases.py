"""Fragments of wording and their turns."""

from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from shopguide.conversation.phrases import Phrases, phrases

FILE = Path("shopguide/conversation/phrases/en.yml")


def test_wordings_take_turns() -> None:
    say = Phrases({"hi": ["Hi {name}", "Hello {name}"], "once": "Once", "words": []})
    said = [say.at(turn)("hi", name="Ann") for turn in range(6)]
    assert set(said) == {"Hi Ann", "Hello Ann"}
    assert all(one != other for one, other in pairwise(said))
    assert [say.at(turn)("once") for turn in range(3)] == ["Once"] * 3
    assert say.has("hi") and not say.has("nothing") and not say.has("words")
    with pytest.raises(KeyError):
        say("words")


def wordings(found: Any) -> list[list[str]]:
    if isinstance(found, dict):
        return [texts for value in found.values() for texts in wordings(value)]
    return [found] if isinstance(found, list) and any("{" in text for text in found) else []


def test_all_wordings_of_a_fragment_need_the_same_words() -> None:
    lists = wordings(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    assert len(lists) > 5
    for texts in lists:
        needed = {tuple(sorted({name for _, name, _, _ in Formatter().parse(text) if name})) for text in texts}
        assert len(needed) == 1, texts


def test_the_shops_language_or_english() -> None:
    assert phrases("xx")("list.and") == phrases("en")("list.and")
