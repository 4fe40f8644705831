"""Shoppers without a guide: one who clicks facets until few products are left, and pages through them in tens.

A click is one action, and so is a page of ten, and a search in words. What tells most is the facet whose values leave
the fewest products to expect: its information in bits is log2(n) - E[log2(n_v)] for n products of which n_v have the
value that a product drawn from them has, which is the entropy of the values where every product has one (Quinlan,
"Induction of Decision Trees", 1986).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.dialogue.facts import Facts
from shopguide.evaluation.dialogue.outcome import LIMIT, Outcome

PAGE = 10
LEAST_BITS = 0.1
"""A facet that tells less is not worth a click."""
RANGES = 4
"""Ranges of a number facet that are offered, cut at its quartiles."""

Rows = NDArray[np.int32]
Value = tuple[str, str]
"""What is clicked: a value, or the bounds of a range, as text."""


@dataclass
class Clicker:
    """A shopper who clicks.

    Args:
        facts: what they know.
        popularity: of every product, [n_products]; pages are ordered by it.
        noise: how often a click is wrong.
        source: draws what is left to chance.
        by_popularity: take the facet that most of the products have, not the one that tells most.
        found: rows that words found, best first; pages keep that order. `None`: no words were used.
    """

    facts: Facts
    popularity: NDArray[np.float64]
    noise: float
    source: random.Random
    by_popularity: bool = False
    found: Rows | None = None
    _held: dict[str, tuple[Constraint, ...]] = field(default_factory=dict)

    def shop(self) -> Outcome:
        """Click and page until the product is seen or `LIMIT` actions are spent."""
        outcome = Outcome()
        if self.found is not None:
            outcome.actions += 1
        page = 0
        while outcome.actions < LIMIT and not outcome.done:
            rows = self._rows()
            facet = None if len(rows) <= PAGE else self._facet(rows)
            if facet is not None and page == 0:
                self._click(facet, rows)
                outcome.actions += 1
                continue
            shown = rows[PAGE * page : PAGE * (page + 1)]
            outcome.actions += 1
            outcome.see(shown.tolist(), self.facts)
            page += 1
            if PAGE * page >= len(rows) and not outcome.done:
                if not self._take_back():
                    break  # everything there is was seen
                outcome.actions += 1
                page = 0
        return outcome

    def _rows(self) -> Rows:
        rows = self.facts.index.matching([one for held in self._held.values() for one in held])
        if self.found is not None:
            among = np.isin(self.found, rows)
            return self.found[among]
        return rows[np.argsort(-self.popularity[rows], kind="stable")]

    def _facet(self, rows: Rows) -> str | None:
        """Return the facet to click: one that the shopper can answer and that tells something."""
        index = self.facts.index
        scored = [
            (len(_with(index, facet, rows)) if self.by_popularity else bits, bits, facet)
            for facet in self.facts.values
            if facet not in self._held
            for bits in (information(index, facet, rows),)
            if bits >= LEAST_BITS
        ]
        return max(scored)[2] if scored else None

    def _click(self, facet: str, rows: Rows) -> None:
        facts = self.facts
        wrong = self.source.random() < self.noise
        if facts.index.facets[facet].kind == "number":
            self._held[facet] = self._range(facet, rows, wrong)
            return
        other = facts.wrong(facet, self.source) if wrong else None
        self._held[facet] = (Constraint(facet, "in", (other or self.source.choice(facts.values[facet]),)),)

    def _range(self, facet: str, rows: Rows, wrong: bool) -> tuple[Constraint, ...]:
        """Return the bounds of the range between quartiles that holds the product's number, or of another one."""
        numbers = self.facts.index.numeric(facet)
        cuts = _cuts(numbers[rows])
        place = int(np.searchsorted(cuts, numbers[self.facts.row]))
        if wrong and len(cuts):
            place = self.source.choice([other for other in range(len(cuts) + 1) if other != place])
        low = [Constraint(facet, ">=", value=float(cuts[place - 1]))] if place > 0 else []
        high = [Constraint(facet, "<=", value=float(cuts[place]))] if place < len(cuts) else []
        return (*low, *high)

    def _take_back(self) -> bool:
        """Undo a click that was wrong; return whether there was one."""
        for facet, held in list(self._held.items()):
            if not all(map(self.facts.satisfies, held)):
                del self._held[facet]
                return True
        return False


def information(index: CatalogueIndex, facet: str, rows: Rows) -> float:
    """Return how many bits a click on a facet is expected to tell about the products in `rows`."""
    n = len(rows)
    if n < 2:
        return 0.0
    if index.facets[facet].kind == "number":
        numbers = index.numeric(facet)[rows]
        known = numbers[~np.isnan(numbers)]
        cuts = _cuts(known)
        counts: Sequence[float] = np.bincount(np.searchsorted(cuts, known)).tolist() if len(cuts) else []
        total = len(known)
    else:
        counts = [count for _, count in index.facet_counts(rows, facet)]
        total = sum(int(count) for count in counts)
    if not total:
        return 0.0
    covered = min(total, n) / n
    expected = sum(count / total * math.log2(count) for count in counts if count)
    return covered * (math.log2(n) - expected)


def _cuts(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quartiles of the numbers that are known, each once, without the highest number."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return np.array([], dtype=np.float64)
    cuts: NDArray[np.float64] = np.unique(np.quantile(known, np.arange(1, RANGES) / RANGES))
    below: NDArray[np.float64] = cuts[cuts < known.max()]
    return below


def _with(index: CatalogueIndex, facet: str, rows: Rows) -> list[int]:
    return [int(row) for row in rows if index.values(facet, int(row))]
