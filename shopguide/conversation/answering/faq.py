"""Answers from the shop's policy documents: the paragraph that answers a question, quoted."""

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TypeAlias

import numpy as np

from shopguide.conversation.answering.passages import Encode, scores
from shopguide.conversation.answering.policies import Documents, Paragraph, read_folder, stamp
from shopguide.conversation.answering.question import Question, about_rules, read, stems_of

logger = logging.getLogger(__name__)

ON_TOPIC = 0.8
"""What a paragraph gains by standing in the document that the question was understood to be about."""

SHARED, MEANING = 1.0, 2.0
ANSWERS_FROM = 1.75
"""Score from which a paragraph is quoted (tuned on the `dev` part of tests/eval/faq_questions.yml)."""

ANSWERS_FROM_WORDS = 1.0
"""The same by words and topic alone, as long as there is no encoder."""

CONTACT = "contact"
"""The document that says how to reach the shop."""


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """A paragraph answers."""

    paragraph: Paragraph


@dataclass(frozen=True, slots=True)
class PolicySilent:
    """The documents do not tell.

    Args:
        contact: the paragraph that says whom to ask, if there is one.
        near: what comes nearest in the document on the topic asked about, if there is one.
    """

    contact: Paragraph | None = None
    near: Paragraph | None = None

    @property
    def paragraph(self) -> Paragraph | None:
        """The paragraph to quote in place of an answer."""
        return self.near or self.contact


@dataclass(frozen=True, slots=True)
class NoPolicies:
    """The shop has given no documents."""


PolicyOutcome: TypeAlias = PolicyAnswer | PolicySilent | NoPolicies


class Policies:
    """The documents of a folder, read again when one of them changes.

    Args:
        folder: where they are; `None`: the shop has none.
        encode: the bi-encoder; it may have nothing to say yet.
    """

    def __init__(self, folder: Path | None, encode: Encode) -> None:
        self._folder = folder
        self._encode = encode
        self._lock = threading.Lock()
        self._seen: object = None
        self._documents = Documents()
        self._weights: Mapping[str, float] = {}

    @property
    def documents(self) -> Documents:
        """The documents as they are now; what is wrong with one is logged once for each of its states."""
        if self._folder is None:
            return Documents()
        with self._lock:
            seen = stamp(self._folder)
            if seen != self._seen:
                self._seen = seen
                self._documents = read_folder(self._folder)
                self._weights = _weights(self._documents)
                for problem in self._documents.problems:
                    logger.warning("policies: %s", problem)
            return self._documents

    def answer(self, text: str, topic: str = "") -> PolicyOutcome:
        """Return the paragraph that answers a question.

        Args:
            text: the message.
            topic: what it was understood to be about ("returns"), the name of a document if there is one of it.
        """
        paragraphs = self.documents.paragraphs
        if not paragraphs:
            return NoPolicies()
        question = read(text, whole=True)
        found, near = self._best(question, paragraphs, topic)
        if found is not None:
            return PolicyAnswer(found)
        return PolicySilent(next((one for one in paragraphs if one.topic == CONTACT), None), near)

    def _best(
        self, question: Question, paragraphs: tuple[Paragraph, ...], topic: str
    ) -> tuple[Paragraph | None, Paragraph | None]:
        """Return the paragraph that answers, and the one of the topic that comes nearest."""
        on_topic = np.array([one.topic == topic for one in paragraphs], dtype=np.float32)
        titles = frozenset().union(*(stems_of(one.document) for one in paragraphs if one.topic == topic))
        if not question.content - titles - about_rules():
            # "How long is the warranty?" names the document and nothing in it: its beginning is the answer.
            first = paragraphs[int(on_topic.argmax())] if on_topic.any() else None
            return first, first
        texts = [f"{one.document}. {one.heading}. {one.text}" for one in paragraphs]
        said = dict.fromkeys(titles | about_rules(), 0.0)
        weights = _Weights({**self._weights, **said}, log(2 + len(paragraphs)))
        shared, meaning = scores(question, texts, weights, self._encode)
        points = SHARED * shared + ON_TOPIC * on_topic
        threshold = ANSWERS_FROM_WORDS
        if meaning is not None:
            points, threshold = points + MEANING * meaning, ANSWERS_FROM
        of_topic = np.where(on_topic > 0, points, -np.inf)
        if meaning is None and on_topic.any():
            # Words alone mislead ("when does a gift card run out", "runs small"): the topic has to do.
            points = of_topic
        best, near = int(np.argmax(points)), int(np.argmax(of_topic))
        return (
            paragraphs[best] if points[best] >= threshold else None,
            paragraphs[near] if on_topic.any() else None,
        )


def _weights(documents: Documents) -> Mapping[str, float]:
    """Return how much each stem tells: the rarer among the paragraphs, the more."""
    having: Counter[str] = Counter()
    for one in documents.paragraphs:
        having.update(stems_of(f"{one.document} {one.heading} {one.text}"))
    size = len(documents.paragraphs)
    return {stem: log(1 + size / count) for stem, count in having.items()}


class _Weights(dict[str, float]):
    """Weights with one for the stems that stand nowhere."""

    def __init__(self, known: Mapping[str, float], unknown: float) -> None:
        super().__init__(known)
        self._unknown = unknown

    def get(self, stem: str, default: float | None = None) -> float:  # type: ignore[override]
        """Return a stem's weight."""
        return super().get(stem, self._unknown)
