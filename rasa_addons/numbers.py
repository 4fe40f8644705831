"""Numbers in digits and in words."""

import re
from dataclasses import dataclass

from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Sentence

_LARGEST = 1e12  # what is larger is an article number, or noise
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})+(?:(?!\1)[.,]\d+)?")


@dataclass(frozen=True)
class Number:
    """A number said by the words from `start` up to `end`."""

    start: int
    end: int
    value: float
    spelled: bool = False
    pronoun: bool = False
    """Whether it is a word that more often stands for a thing ("the red one")."""


def parse_digits(text: str) -> float | None:
    """Return the number that digits with points and commas write: "1,200", "1.200,50", "4.5", "4,5"."""
    try:
        if _GROUPED.fullmatch(text) and not text.startswith("0"):
            decimal = text[-3] if len(text) > 3 and text[-3] in ".," and text.count(text[-3]) == 1 else ""
            whole, _, rest = text.rpartition(decimal) if decimal else (text, "", "")
            return float(re.sub(r"[.,]", "", whole) + (f".{rest}" if rest else ""))
        if text.count(",") + text.count(".") > 1:
            return None
        return float(text.replace(",", "."))
    except ValueError:
        return None


def find_numbers(sentence: Sentence, vocabulary: Vocabulary) -> list[Number]:
    """Return the numbers of a sentence, left to right, none overlapping."""
    found: list[Number] = []
    index = 0
    while index < len(sentence):
        number = _digits(sentence, vocabulary, index) or _spelled(sentence, vocabulary, index)
        if number is not None:
            if number.value <= _LARGEST:
                found.append(number)
            index = number.end
        else:
            index += 1
    return found


def _digits(sentence: Sentence, vocabulary: Vocabulary, index: int) -> Number | None:
    if sentence.words[index].kind != "number":
        return None
    value = parse_digits(sentence.keys[index])
    if value is None:
        return None
    end = index + 1
    if sentence.glued(end) and sentence.key(end) in vocabulary.glued_scales:
        return Number(index, end + 1, value * vocabulary.glued_scales[sentence.key(end)])
    if sentence.key(end) in vocabulary.scales and not sentence.ends_clause(end):
        return Number(index, end + 1, value * vocabulary.scales[sentence.key(end)])
    return Number(index, end, value)


def _spelled(sentence: Sentence, vocabulary: Vocabulary, index: int) -> Number | None:
    """Read "four hundred", "a hundred and twenty", "twenty-five", "one fifty"."""
    total = current = 0.0
    start, end, before = index, index, ""
    couple = vocabulary.number_couples.at(sentence, index)
    if couple and sentence.key(index + len(couple)) in vocabulary.scales:
        current, end = float(vocabulary.number_couples.values[couple]), index + len(couple)
    while end < len(sentence) and (end == start or not (sentence.ends_clause(end) or sentence.commas[end])):
        key = sentence.key(end)
        if key in vocabulary.scales:
            scale = vocabulary.scales[key]
            if scale < 1000:
                current = max(current, 1) * scale
            else:
                total, current = total + max(current, 1) * scale, 0
            before = "scale"
        elif key in vocabulary.tens and before in ("", "scale", "one"):
            current = current * 100 + vocabulary.tens[key] if before == "one" else current + vocabulary.tens[key]
            before = "ten"
        elif key in vocabulary.ones and (
            before in ("", "scale") or (before == "ten" and 0 < vocabulary.ones[key] < 10)
        ):
            current, before = current + vocabulary.ones[key], "one"
        elif (key in vocabulary.number_articles and end == start and sentence.key(end + 1) in vocabulary.scales) or (
            before == "scale" and key in vocabulary.number_joiners and _is_small(sentence, vocabulary, end + 1)
        ):
            end += 1
            continue
        else:
            break
        end += 1
    if not before:
        return None
    pronoun = end - start == 1 and sentence.key(start) in vocabulary.number_pronouns
    return Number(start, end, total + current, spelled=True, pronoun=pronoun)


def _is_small(sentence: Sentence, vocabulary: Vocabulary, index: int) -> bool:
    """Whether the word continues "a hundred and": no scale may follow it ("a hundred and two hundred" is a range)."""
    small = sentence.key(index) in vocabulary.ones or sentence.key(index) in vocabulary.tens
    follows = [sentence.key(index + step) for step in (1, 2)]
    return small and not any(word in vocabulary.scales for word in follows)
