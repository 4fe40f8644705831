"""Scores of entities: precision, recall and F1 over multisets of mentions."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from shopguide.evaluation.intents import Heard
from shopguide.evaluation.resampling import Array, draws, figure, interval, row, share
from shopguide.evaluation.utterances import HELPERS, Mention

EXCLUDED, PRICE = "excluded", "price"


@dataclass(frozen=True)
class EntityScores:
    """The entities of the lines that count for entities; each reading of a line has its share of it."""

    heard: Sequence[Heard]
    name: str = "entities"

    @cached_property
    def lines(self) -> list[Heard]:
        """The lines that count."""
        return [heard for heard in self.heard if heard.utterance.counts_for_entities]

    def row(self) -> dict[str, Any]:
        """Return the figures over all entities with their intervals."""
        return row(self.name, len(self.lines), self.figures)

    @cached_property
    def figures(self) -> dict[str, Array]:
        """Every figure by name, itself first and then resampled: [n_draws] each."""
        if not self.lines:
            return {}
        precision, recall, f1 = self._rates(self._counts())
        figures = {"entity_precision": precision, "entity_recall": recall, "entity_f1": f1}
        for name in sorted({heard.utterance.catalogue for heard in self.lines}):
            here = np.array([[heard.utterance.catalogue == name] for heard in self.lines], dtype=float)
            figures[f"entity_f1_{name}"] = self._rates(here * self._counts())[2]
        figures["excluded_f1"] = self._rates(self._counts(lambda mention: mention.group == EXCLUDED))[2]
        figures["price_f1"] = self._rates(self._counts(partial(_is_of, PRICE)))[2]
        figures["span_f1"] = self._rates(self._counts(compare=Mention.span))[2]
        return figures

    def by_entity(self) -> list[dict[str, Any]]:
        """Return each entity's mentions, precision, recall, and F1 with its interval, the most frequent first."""
        kinds = Counter(mention.entity for heard in self.lines for mention in heard.utterance.entities)
        found = {mention.entity for heard in self.lines for reading in heard.readings for mention in reading.mentions}
        rows = []
        for kind in sorted((set(kinds) | found) - HELPERS, key=lambda kind: (-kinds[kind], kind)):
            precision, recall, f1 = self._rates(self._counts(partial(_is_of, kind)))
            rows.append(
                {
                    "entity": kind,
                    "mentions": kinds[kind],
                    "precision": figure(precision),
                    "recall": figure(recall),
                    "f1": figure(f1),
                    "ci": {"f1": interval(f1)},
                }
            )
        return rows

    def mistakes(self) -> list[dict[str, Any]]:
        """Return the lines with a mention missed or made up, the worst first; once where several servers agree."""
        wrong: dict[tuple[str, ...], dict[str, Any]] = {}
        for heard in self.lines:
            utterance = heard.utterance
            for reading in heard.readings:
                missed = _beyond(_compared(utterance.entities), reading.mentions)
                extra = _beyond(reading.mentions, _compared(utterance.entities))
                if missed or extra:
                    key = (utterance.id, utterance.text, *missed, "|", *extra)
                    wrong[key] = {
                        "id": utterance.id,
                        "catalogue": utterance.catalogue,
                        "text": utterance.text,
                        "missed": missed,
                        "extra": extra,
                    }
        return sorted(wrong.values(), key=lambda mistake: -len(mistake["missed"]) - len(mistake["extra"]))

    def _counts(
        self,
        chosen: Callable[[Mention], bool] = lambda mention: True,
        compare: Callable[[Mention], Hashable] = Mention.key,
    ) -> Array:
        """Return, for each line, how many mentions were found rightly, found, and marked: [n_lines, 3]."""
        counts = np.zeros((len(self.lines), 3))
        for line, heard in enumerate(self.lines):
            marked = Counter(compare(mention) for mention in _compared(heard.utterance.entities) if chosen(mention))
            for reading in heard.readings:
                found = Counter(compare(mention) for mention in reading.mentions if chosen(mention))
                both = (marked & found).total()
                counts[line] += np.array([both, found.total(), marked.total()]) / len(heard.readings)
        return counts

    def _rates(self, counts: Array) -> tuple[Array, Array, Array]:
        """Return precision, recall and F1: [n_draws] each."""
        right, found, marked = (self._weights @ counts).T
        return share(right, found), share(right, marked), share(2 * right, found + marked)

    @cached_property
    def _weights(self) -> Array:
        return draws(len(self.lines))


def _is_of(kind: str, mention: Mention) -> bool:
    return mention.entity == kind


def _compared(mentions: Sequence[Mention]) -> list[Mention]:
    return [mention for mention in mentions if mention.entity not in HELPERS]


def _beyond(mentions: Sequence[Mention], others: Sequence[Mention]) -> list[str]:
    """Return the mentions that the others lack, as a report shows them."""
    rest = Counter(other.key() for other in others)
    found = []
    for mention in mentions:
        if rest[mention.key()]:
            rest[mention.key()] -= 1
        else:
            found.append(str(mention))
    return found
