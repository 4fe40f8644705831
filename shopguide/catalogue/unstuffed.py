"""Leaves out of a description what was put there to be found and not to be read.

Keyword stuffing is told by what it is in every text: the same words again and again. Sentences of that kind are passed
over by search and by the models that read products; the shopper still sees the description as it is.
"""

import re
from collections import Counter

from lexicon.text import normalise

AGAIN = 3
"""Times that a word stands in one sentence which nobody writes for people."""
REPEATED = 0.4
"""Share of a sentence's words that stood in it before, from which it is stuffed: lists of models a printer fits name
the series with every number, so they stay below."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|[\n|•]+")
_WORD = re.compile(r"[^\W_]+")
_MEASURE = re.compile(r"\d+(?:[.,]\d+)?\s*[^\W\d_]{1,3}\b")
_SHORTEST = 2


def unstuffed(text: str) -> str:
    """Return a text without its stuffed sentences."""
    if len(text) < AGAIN * _SHORTEST:
        return text
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence]
    kept = [sentence for sentence in sentences if not _is_stuffed(sentence)]
    return text if len(kept) == len(sentences) else " ".join(kept).strip()


def _is_stuffed(sentence: str) -> bool:
    # "10 cm x 10 cm x 10 cm" repeats nothing that anybody searches for.
    words = _WORD.findall(_MEASURE.sub(" ", normalise(sentence)))
    if not words or 1 - len(set(words)) / len(words) < REPEATED:
        return False
    counted = Counter(word for word in words if len(word) >= _SHORTEST and word.isalpha())
    return max(counted.values(), default=0) >= AGAIN
