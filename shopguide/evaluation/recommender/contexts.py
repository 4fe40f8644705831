"""What a request of a shopper is answered from, made of the known events alone."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.datasets.reading import Evidence, Reading
from shopguide.evaluation.recommender.cold import CLICKS, PREFERENCES
from shopguide.evaluation.recommender.splits import Split, SplitName
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.guide.learning import evidence_of
from shopguide.profiles.preferences import TasteProfile
from shopguide.profiles.taste import derive_taste
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.features import ItemFeatures, feature_name
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.newcomers import NOT_TOLD, characteristic

CLICKED, PREFERRED = "clicks", "preferences"
_WORD, _LONG_WORDS = "word", re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, order=True)
class Given:
    """What is known of a shopper held out: so many clicks, or so many preferences."""

    kind: str
    count: int

    def as_json(self) -> dict[str, Any]:
        """Return the keys of a report's row."""
        return {"evidence": self.kind, "count": self.count}


@dataclass(frozen=True)
class Asked:
    """One request: whose, what is known, and (for shoppers held out) how much of it was given."""

    shopper: int
    context: Context
    given: Given | None = None


class Contexts:
    """Makes the contexts of a split's shoppers.

    Args:
        split: see `Split`.
        evidence: shopper position → what their profile holds (`Reading.evidence` of what is known).
    """

    def __init__(self, split: Split, evidence: Evidence) -> None:
        self._split = split
        self._evidence = evidence
        self._reading: Reading = split.reading
        self._features: ItemFeatures = split.reading.features
        self._first_events = _first_events(split)

    def of(self, shopper: int) -> Iterator[Asked]:
        """Yield a shopper's requests: one, or for a shopper held out one with each amount of evidence."""
        if self._split.name is not SplitName.COLD_SHOPPERS:
            yield Asked(shopper, self._known(shopper))
            return
        for count in CLICKS:
            yield Asked(shopper, self._clicked(shopper, count), Given(CLICKED, count))
        for count in PREFERENCES:
            yield Asked(shopper, self._preferring(shopper, count), Given(PREFERRED, count))

    def _known(self, shopper: int) -> Context:
        id_ = self._split.past.shoppers[shopper]
        history = self._split.past.history(shopper)
        now = datetime.fromtimestamp(self._split.moments[shopper], UTC)
        taste = derive_taste(id_, self._evidence.get(shopper, ()), now)
        # Whoever did nothing yet is unknown: no model may have learnt anything under their id.
        return Context(RecommendationRequest(shopper_id=id_ if history else None), self._features, taste, history)

    def _clicked(self, shopper: int, count: int) -> Context:
        events = self._first_events[shopper][:count]
        weight = EVENT_WEIGHTS["click"]
        rows = [self._reading.index.row(event.sku) for event in events if event.sku is not None]
        history = tuple(Interaction(row, weight, "click", event.at) for row, event in zip(rows, events, strict=True))
        taste = TasteProfile()
        if events:
            clicks = [replace(event, kind="click", value=None) for event in events]
            evidence = [piece for click in clicks for piece in evidence_of(click, self._reading.index)]
            taste = derive_taste(events[0].shopper_id, evidence, max(event.at for event in events))
        return Context(RecommendationRequest(), self._features, taste, history)

    def _preferring(self, shopper: int, count: int) -> Context:
        first = self._split.first[shopper]
        if self._words is None:
            # What is to be found is no answer to a wish of today but all that they choose later: their taste.
            taste = TasteProfile(weights=characteristic(self._features, first, count))
            return Context(RecommendationRequest(), self._features, taste)
        words = characteristic(self._words, first, count).get(_WORD, {})
        return Context(RecommendationRequest(query=" ".join(words)), self._features)

    @cached_property
    def _words(self) -> ItemFeatures | None:
        """The words of the products' names, where there are no facets that could be wished for."""
        facets = {name.partition("=")[0] for name in self._features.names}
        return None if facets - NOT_TOLD else words_of(self._reading.index)


def words_of(index: CatalogueIndex) -> ItemFeatures:
    """Return the words of the products' names that are in two names and more, as features of their own."""
    from scipy.sparse import csr_matrix

    names = [set(_LONG_WORDS.findall(normalise(index.product(sku).title))) for sku in index.skus]
    counts = Counter(word for words in names for word in words)
    column = {word: place for place, word in enumerate(sorted(word for word, n in counts.items() if n > 1))}
    own = [sorted(column[word] for word in words if word in column) for words in names]
    indptr = np.concatenate([[0], np.cumsum([len(columns) for columns in own])])
    indices = np.asarray([place for columns in own for place in columns], dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    matrix = csr_matrix((ones, indices, indptr), shape=(len(index), len(column)))
    return ItemFeatures(
        tuple(feature_name(_WORD, word) for word in column),
        matrix,
        price_level=np.full(len(index), np.nan),
        leaf=np.zeros(len(index), dtype=np.int32),
        word_names=(),
        words=csr_matrix((len(index), 0), dtype=np.float32),
    )


def _first_events(split: Split) -> dict[int, list[FeedbackEvent]]:
    """Return the events in which shoppers held out first chose each of their first products, in that order."""
    log = split.reading.log
    wanted = {shopper: {row: place for place, row in enumerate(rows.tolist())} for shopper, rows in split.first.items()}
    found: dict[int, list[FeedbackEvent]] = {shopper: [] for shopper in wanted}
    for position in np.flatnonzero(np.isin(log.shopper, list(wanted)) & (log.weight > 0)).tolist():
        shopper, row = int(log.shopper[position]), int(log.row[position])
        if wanted[shopper].get(row) == len(found[shopper]):
            found[shopper].append(split.reading.events[position])
    return found
