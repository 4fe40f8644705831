"""The sentence of a product's description or reviews that answers a question."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.product import Product
from shopguide.catalogue.unstuffed import unstuffed
from shopguide.conversation.answering.question import Question, stems_of

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], "Vectors | None"]
"""Texts to unit vectors, [n_texts, d]; `None` while there is no encoder."""

LONGEST = 400
"""Characters of a sentence that is quoted; feeds without full stops are cut at a word."""

MOST_SENTENCES = 120
"""Sentences of one product that are read; the description's come first, then the latest reviews'."""

SHARED, MEANING = 1.0, 2.0
"""Weights of the words shared and of the cosine in a sentence's score."""

ANSWERS_FROM = 1.25
"""Score from which a sentence is shown as evidence (tuned on tests/eval/product_questions_dev.yml)."""

ANSWERS_FROM_WORDS = 0.99
"""The same by words alone, as long as there is no encoder."""

_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]*\s+|[\n|•]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence with where it stands."""

    text: str
    source: Literal["description", "review"]
    author: str = ""


def passages_of(product: Product) -> list[Passage]:
    """Return the sentences of a product's texts, without what was put there only to be found."""
    return [passage for passage, _ in zip(_passages(product), range(MOST_SENTENCES), strict=False)]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each short enough to be quoted."""
    found = []
    for sentence in _SENTENCE.split(text):
        left = " ".join(sentence.split())
        while len(left) > LONGEST:
            cut = left.rfind(" ", 0, LONGEST)
            cut = cut if cut > 0 else LONGEST
            found.append(left[:cut] + " …")
            left = left[cut:].strip()
        if left:
            found.append(left)
    return found


def scores(question: Question, texts: Sequence[str], weights: Mapping[str, float], encode: Encode) -> tuple[Any, Any]:
    """Return the share of the question's words that each text has, [n], and its cosine, [n]; no cosine without encoder.

    Args:
        question: what is asked.
        texts: sentences.
        weights: how much each stem of the question tells.
        encode: the bi-encoder.
    """
    whole = sum(weights.get(stem, 0.0) for stem in question.content)
    shared = []
    for text in texts:
        covered = question.covered(stems_of(text))
        shared.append(sum(weights.get(stem, 0.0) for stem in covered) / whole if whole else 0.0)
    vectors = encode([question.text, *texts]) if texts else None
    meaning = vectors[1:] @ vectors[0] if vectors is not None else None
    return np.array(shared, dtype=np.float32), meaning


def best_passage(
    question: Question, passages: Sequence[Passage], weights: Mapping[str, float], encode: Encode
) -> tuple[Passage, float] | None:
    """Return the sentence that answers a question and its score, `None` if none does well enough."""
    if not passages or not question.content:
        return None
    shared, meaning = scores(question, [passage.text for passage in passages], weights, encode)
    if meaning is None:
        best, threshold = shared, ANSWERS_FROM_WORDS
    else:
        best, threshold = SHARED * shared + MEANING * meaning, ANSWERS_FROM
    at = int(np.argmax(best))
    return (passages[at], float(best[at])) if best[at] >= threshold else None


def _passages(product: Product) -> Iterator[Passage]:
    for sentence in sentences(unstuffed(product.description)):
        yield Passage(sentence, "description")
    for review in product.reviews:
        for sentence in sentences(unstuffed(review.text)):
            yield Passage(sentence, "review", review.author or "")
