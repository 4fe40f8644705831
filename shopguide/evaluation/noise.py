"""Utterances as they arrive from hurried fingers and from speech recognisers: the same meaning, in worse words.

What is annotated keeps its meaning, so clean and noisy lines can be scored against the same answers:

- mentions keep their words (`misspelt` alone changes them, and a shopper still means the same value); noise falls on
  the words around them, and their offsets move along;
- no word is left out or put in that turns a meaning round ("not", "under").

Every line has a random source of its own, drawn from kind, seed, id and text: a line is the same whatever file or
selection it stands in.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shopguide.evaluation.utterances import Utterance
from shopguide.evaluation.wording import FILLERS, HOMOPHONES, KEYBOARD, LIGHT_WORDS

TYPOS_PER_WORD = 0.15
LEFT_OUT = 0.5
HOMOPHONES_TAKEN = 0.5
MOST_FILLERS = 2
SHORTEST_SLIP, SHORTEST_MISSPELT = 4, 5

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_PUNCTUATION = re.compile(r"[^\w\s'’]+|(?<!\w)['’]|['’](?!\w)|_")


class Edit(NamedTuple):
    """Characters `start` to `end` of a text become `text`; nothing where both are the same place is put in there."""

    start: int
    end: int
    text: str


Noise = Callable[[Utterance, random.Random], list[Edit]]


def noisy(utterance: Utterance, kind: str, seed: int = 0) -> Utterance:
    """Return an utterance as a noise leaves it, its mentions where they are now; the same for the same seed.

    Args:
        utterance: the clean line.
        kind: one of `KINDS`.
        seed: for another draw.
    """
    source = random.Random(f"{kind}|{seed}|{utterance.id}|{utterance.text}")  # noqa: S311  (a measurement)
    for step in KINDS[kind]:
        changed = edited(utterance, step(utterance, source))
        if _WORD.search(changed.text) or not _WORD.search(utterance.text):
            utterance = changed
    return utterance


def edited(utterance: Utterance, edits: Sequence[Edit]) -> Utterance:
    """Return an utterance with edits made; none of them may reach over an end of a mention."""
    edits = sorted(edits)

    def moved(place: int, past: Callable[[Edit], bool]) -> int:
        return place + sum(len(edit.text) - (edit.end - edit.start) for edit in edits if past(edit))

    pieces, last = [], 0
    for edit in edits:
        pieces += [utterance.text[last : edit.start], edit.text]
        last = edit.end
    text = "".join([*pieces, utterance.text[last:]])
    mentions = [
        mention.model_copy(
            update={
                # What is put in right before a mention stays outside, and so does what is put in right behind it.
                "start": moved(mention.start, lambda edit, at=mention.start: edit.end <= at),  # type: ignore[misc]
                "end": moved(mention.end, lambda edit, at=mention.end: edit.start < at),  # type: ignore[misc]
            }
        )
        for mention in utterance.entities
    ]
    return utterance.model_copy(update={"text": text, "entities": tuple(mentions)})


# -- keyboards ----------------------------------------------------------------------------------------------------


def typos(utterance: Utterance, source: random.Random) -> list[Edit]:
    """One slip in about every seventh word outside the mentions, and in one at least."""
    words = [word for word in _free_words(utterance) if _can_slip(word.group(), SHORTEST_SLIP)]
    chosen = [word for word in words if source.random() < TYPOS_PER_WORD]
    if words and not chosen:
        chosen = [source.choice(words)]
    return [Edit(word.start(), word.end(), slip(word.group(), source)) for word in chosen]


def misspelt(utterance: Utterance, source: random.Random) -> list[Edit]:
    """One slip in one word of each mention that has a word of some length; numbers stay."""
    edits: dict[int, Edit] = {}
    for mention in utterance.entities:
        words = [
            word
            for word in _WORD.finditer(utterance.text, mention.start, mention.end)
            if _can_slip(word.group(), SHORTEST_MISSPELT)
        ]
        if words:
            word = source.choice(words)
            edits.setdefault(word.start(), Edit(word.start(), word.end(), slip(word.group(), source)))
    return list(edits.values())


def slip(word: str, source: random.Random) -> str:
    """Return a word with a key beside the right one, two letters swapped, or one left out; never its first letter."""
    place = source.randrange(1, len(word))
    kind = source.choice(("beside", "swapped", "left out"))
    if kind == "swapped":
        swaps = [i for i in range(1, len(word) - 1) if word[i] != word[i + 1]]
        if swaps:
            i = source.choice(swaps)
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == "beside":
        return word[:place] + source.choice(KEYBOARD[word[place].lower()]) + word[place + 1 :]
    return word[:place] + word[place + 1 :]


def dropout(utterance: Utterance, source: random.Random) -> list[Edit]:
    """Articles, pronouns, auxiliaries and politeness left out, half of them: what people in a hurry do not type."""
    words = [word for word in _free_words(utterance) if word.group().lower() in LIGHT_WORDS]
    return [
        Edit(word.start(), word.end() + _spaces_behind(utterance.text, word.end()), "")
        for word in words
        if source.random() < LEFT_OUT
    ]


# -- microphones --------------------------------------------------------------------------------------------------


def unpunctuated(utterance: Utterance, source: random.Random) -> list[Edit]:
    """All in lower case, without punctuation or pictures outside the mentions."""
    edits = []
    for mark in _PUNCTUATION.finditer(utterance.text):
        if _is_free(utterance, mark.start(), mark.end()) and not _is_money(mark.group()):
            joins = utterance.text[: mark.start()][-1:].isalnum() and utterance.text[mark.end() :][:1].isalnum()
            edits.append(Edit(mark.start(), mark.end(), " " if joins else ""))
    taken = {place for edit in edits for place in range(edit.start, edit.end)}
    for place, character in enumerate(utterance.text):
        small = character.lower()
        if small != character and len(small) == 1 and place not in taken:
            edits.append(Edit(place, place + 1, small))
    return edits


def homophones(utterance: Utterance, source: random.Random) -> list[Edit]:
    """Half of the words that sound like another become it."""
    return [
        Edit(word.start(), word.end(), source.choice(HOMOPHONES[word.group().lower()]))
        for word in _free_words(utterance)
        if word.group().lower() in HOMOPHONES and source.random() < HOMOPHONES_TAKEN
    ]


def fillers(utterance: Utterance, source: random.Random) -> list[Edit]:
    """One or two "um" and "you know" before words outside the mentions."""
    places = sorted({0, *(word.start() for word in _free_words(utterance))} - _inside_mentions(utterance))
    chosen = source.sample(places, min(len(places), source.randint(1, MOST_FILLERS)))
    return [Edit(place, place, f"{source.choice(FILLERS)} ") for place in chosen]


KINDS: Mapping[str, tuple[Noise, ...]] = {
    "typos": (typos,),
    "misspelt": (misspelt,),
    "dropout": (dropout,),
    "unpunctuated": (unpunctuated,),
    "homophones": (homophones,),
    "fillers": (fillers,),
    "asr": (unpunctuated, homophones, fillers),
}
"""The noises by name; `asr` is what a speech recogniser leaves of somebody who hesitates."""


# -- what may be touched ------------------------------------------------------------------------------------------


def _free_words(utterance: Utterance) -> Iterator[re.Match[str]]:
    for word in _WORD.finditer(utterance.text):
        if _is_free(utterance, word.start(), word.end()):
            yield word


def _is_free(utterance: Utterance, start: int, end: int) -> bool:
    return all(end <= mention.start or mention.end <= start for mention in utterance.entities)


def _inside_mentions(utterance: Utterance) -> set[int]:
    return {place for mention in utterance.entities for place in range(mention.start + 1, mention.end)}


def _can_slip(word: str, shortest: int) -> bool:
    return len(word) >= shortest and all(letter in KEYBOARD for letter in word.lower())


def _spaces_behind(text: str, place: int) -> int:
    return len(text[place:]) - len(text[place:].lstrip(" "))


def _is_money(mark: str) -> bool:
    return any(sign in mark for sign in "$€£¥%")
