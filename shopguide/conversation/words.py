"""The words of a message that no entity took: what is left of a need for text retrieval."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from lexicon.text import normalise
from shopguide.conversation.turn import Mention, Turn
from shopguide.masking import blank

_TOKEN = re.compile(r"[^\W_](?:[\w./+-]*[^\W_])?")
_CLITIC = re.compile(r"'(?:s|m|d|re|ve|ll|t)\b")

LONGEST_NUMBER = 6
"""Digits of a number that is said of a price or a size."""


@lru_cache(maxsize=4)
def _listed(name: str) -> frozenset[str]:
    lines = (Path(__file__).parent / "phrases" / f"{name}_en.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def chatter() -> frozenset[str]:
    """Return the folded words that carry no need, from phrases/chatter_en.txt."""
    return _listed("chatter")


def asking() -> frozenset[str]:
    """Return the folded words with which people ask about a product, from phrases/asking_en.txt."""
    return _listed("asking")


def name_in(turn: Turn) -> tuple[str, bool]:
    """Return the words of a message that may name a product, and whether the message marks them as a name.

    Values count ("kestrel", "backpack"): titles are made of them. A message that points at something names nothing.
    """
    for mention in turn.mentions:
        if mention.entity == "product":
            return str(mention.value), True
    if turn.references or turn.text.lstrip().startswith("/"):
        return "", False
    left = _CLITIC.sub(" ", normalise(turn.text))
    return " ".join(word for word in _TOKEN.findall(left) if word not in chatter() | asking()), False


def content_words(text: str, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Return the folded words of a message that carry a need and lie outside every mention, each once.

    A message that is a button's payload has none. What identifies somebody carries no need, and goes no further.
    """
    if text.lstrip().startswith("/"):
        return ()
    characters = list(blank(text))
    for mention in mentions:
        characters[mention.start : mention.end] = " " * (mention.end - mention.start)
    left = _CLITIC.sub(" ", normalise("".join(characters)))
    kept = [word for word in _TOKEN.findall(left) if word not in chatter() and (len(word) > 2 or is_model(word))]
    return tuple(dict.fromkeys(word for word in kept if not word.isdecimal() or is_model(word)))


def lone_number(turn: Turn) -> int | None:
    """Return the number that is all a message says beside chatter ("10", "make it 150"), if no entity took it."""
    if turn.mentions or turn.references or turn.text.lstrip().startswith("/"):
        return None
    left = [word for word in _TOKEN.findall(_CLITIC.sub(" ", normalise(turn.text))) if word not in chatter()]
    return int(left[0]) if len(left) == 1 and left[0].isdecimal() and len(left[0]) <= LONGEST_NUMBER else None


def is_model(word: str) -> bool:
    """Whether a word looks like part of a model number ("c65", "006r90321"): the most telling word of a need."""
    if not any(character.isdigit() for character in word):
        return False
    return any(character.isalpha() for character in word) or len(word) >= 4
