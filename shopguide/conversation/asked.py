"""The thing that a need asks for where no value of the catalogue names it: "a *tuxedo* for a wedding"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from lexicon.text import normalise
from shopguide.conversation.turn import Mention, Turn
from shopguide.conversation.words import chatter

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STOP = re.compile(r"[.,;:!?()\n]")
MOST_OF_A_BARE_ONE = 8
"""Words of a message that begins with the thing ("a red kayak for two"); longer ones are mostly stories."""

MOST_WORDS = 4
"""Words of a thing's name; a longer run of unknown words is a sentence that this reader does not understand."""


SAID_BEHIND = frozenset({"colour", "size", "audience", "occasion", "brand"})
"""Facets whose values people also put behind a noun; of a "magnifying glass" the glass is the noun."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What is asked for: its words as they were said, folded, the last being the noun.

    Args:
        words: the words that no entity took.
        said: all of its words, those of entities too, as they are to be said back.
        one: whether one of it was asked for ("a tuxedo").
        behaves: whether the message says how it should be ("the brakes to stay quiet"): a part of what is looked for.
    """

    words: tuple[str, ...]
    said: str
    one: bool
    behaves: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    key: str
    start: int
    end: int
    facet: str | None
    stop: bool


def thing_asked(turn: Turn) -> Thing | None:
    """Return the thing that a message asks for, if no entity names it.

    It stands behind what introduces a need ("do you have", "looking for a"), or the message begins with it. Words that
    an entity took can be part of it ("red kayak") but not all of it. A category elsewhere in the message ("a cover for
    my laptop") is not what is asked for; one that ends the thing ("kayak bag") is.
    """
    if turn.text.lstrip().startswith("/"):
        return None
    words = _words(turn)
    if not all(_is_behind_preposition(words, one) for one in turn.mentions if one.entity == "category"):
        return None
    for start in _openings(words):
        run = _run(words, start)
        thing = _thing(words, start, run)
        if thing is not None:
            return thing
        if run:
            return None
    return None


def about_the_thing(turn: Turn) -> Turn:
    """Return a message that asks for a thing without the categories that the thing is for ("for my laptop")."""
    return replace(turn, mentions=tuple(one for one in turn.mentions if one.entity != "category"))


def _words(turn: Turn) -> list[_Word]:
    found: list[_Word] = []
    last = 0
    for match in _WORD.finditer(turn.text):
        start, end = match.span()
        facet = next((m.facet or m.entity for m in turn.mentions if _within(m, start, end)), None)
        stop = bool(_STOP.search(turn.text[last:start]))
        found.append(_Word(normalise(match.group()), start, end, facet, stop))
        last = end
    return found


def _within(mention: Mention, start: int, end: int) -> bool:
    return mention.start < end and start < mention.end


def _openings(words: Sequence[_Word]) -> Iterable[int]:
    """Yield where things may begin: behind every cue, in turn; without any cue, where the message begins."""
    found = []
    for index in range(1, len(words) + 1):
        if any(_ends_with(words, index, cue) for cue in _cues()):
            place = _skip(words, index)
            if _describes(words[index:place]):
                continue
            if place < len(words) and words[place].key not in chatter() | _parting():
                found.append(place)
    if found:
        yield from dict.fromkeys(found)
        return
    start = 0
    while start < len(words) and words[start].key in _set("greetings"):
        start += 1
    rest = words[start:]
    told = any(word.key in _set("sentence") or _is_contraction(word.key) or _is_slip(word.key) for word in rest)
    if rest and len(rest) <= MOST_OF_A_BARE_ONE and not told and rest[0].key not in _set("owning"):
        yield _skip(words, start)


def _describes(skipped: Sequence[_Word]) -> bool:
    """Whether what comes is no thing but what one does: "I need one that shoots in the dark"."""
    keys = [word.key for word in skipped]
    return any(one in ("one", "ones") and after in ("that", "which") for one, after in pairwise(keys))


def _is_contraction(key: str) -> bool:
    return "'" in key and (not key.endswith("'s") or key[:-2] in _set("sentence"))


def _is_slip(key: str) -> bool:
    """Whether a word is one of searching with letters that changed places ("lookign")."""
    return any(key[0] == word[0] and sorted(key) == sorted(word) for word in _set("searching"))


def _ends_with(words: Sequence[_Word], end: int, cue: tuple[str, ...]) -> bool:
    return end >= len(cue) and tuple(word.key for word in words[end - len(cue) : end]) == cue


def _skip(words: Sequence[_Word], place: int) -> int:
    """Return the first place from `place` on that is more than a determiner, a number or a degree."""
    while place < len(words) and not words[place].stop and words[place].facet in (None, "quantity"):
        key = words[place].key
        if key not in _set("before_things") and not key.isdecimal():
            break
        place += 1
    return place


def _run(words: Sequence[_Word], start: int) -> list[_Word]:
    """Return the words from `start` up to a clause of its own, or to what is said after a thing."""
    run: list[_Word] = []
    for word in words[start:]:
        if run and word.stop:
            break
        if word.key in _set("no_things") and word.facet is None:
            run.append(word)
            break
        unparted = word.facet is not None and word.facet not in ("price", "quantity", "size", "rating")
        if not unparted and _parts(word.key):
            break
        if word.facet in ("price", "quantity", "rating", "critique", "ordinal"):
            break
        run.append(word)
    return run


def _parts(key: str) -> bool:
    return key in _parting() or key in _set("trailing") or key in chatter() or _is_contraction(key)


def _thing(words: Sequence[_Word], start: int, run: list[_Word]) -> Thing | None:
    if not run or any(word.facet == "category" for word in run) or any(word.facet == "product" for word in run):
        return None
    while run and run[-1].facet in SAID_BEHIND:
        # "kayak red": what is asked for is the kayak.
        run = run[:-1]
    own = [word for word in run if word.facet is None or (word is run[-1] and len(run) > 1)]
    if all(word.facet is not None for word in own):
        return None
    if not own or len(own) > MOST_WORDS or own[-1].key in _set("no_things") | _set("pronouns"):
        return None
    noun = own[-1].key
    if len(noun) < 3 or not noun.replace("-", "").replace("'", "").isalpha() or _tells_how_it_is(noun):
        return None
    before = words[start - 1].key if start else ""
    articles = {word.key for word in words[max(0, start - 4) : start]}
    one = before in ("a", "an") or bool(articles & {"a", "an"})
    after = start + len(run)
    behaves = before in ("the", "its", "my") and any(word.key in _set("behaving") for word in words[after : after + 2])
    return Thing(tuple(word.key for word in own), " ".join(word.key for word in run), one, behaves)


def _tells_how_it_is(word: str) -> bool:
    return any(word.endswith(str(ending)) and len(word) >= least for ending, least in _lists()["endings"].items())


def _is_behind_preposition(words: Sequence[_Word], mention: Mention) -> bool:
    """Whether a mention is part of what a thing is for ("for my old laptop"); one without a place is not."""
    place = next((index for index, word in enumerate(words) if _within(mention, word.start, word.end)), 0)
    while place > 0:
        place -= 1
        key = words[place].key
        if key in _set("prepositions"):
            return True
        if key not in _set("before_things") and key not in _set("owning") and words[place].facet is None:
            return False
    return False


@lru_cache(maxsize=1)
def _lists() -> dict[str, Any]:
    path = Path(__file__).parent / "phrases" / "asked_en.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=8)
def _set(name: str) -> frozenset[str]:
    return frozenset(str(word) for word in _lists()[name])


def _parting() -> frozenset[str]:
    return _set("parting")


@lru_cache(maxsize=1)
def _cues() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(cue).split()) for cue in _lists()["cues"])
