"""What top lists are like beside being right: how much of the catalogue, how new, how varied, how popular."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.evaluation.recommender.measures import NOTHING
from shopguide.recommender.features import Floats, ItemFeatures, Rows, percentiles
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.interactions import EventLog
from shopguide.training.metrics import CUTOFF, Values

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

COVERAGE, GINI = f"coverage@{CUTOFF}", f"gini@{CUTOFF}"
NOVELTY, DIVERSITY, DIVERSITY_OF_TEXTS = f"novelty@{CUTOFF}", f"diversity@{CUTOFF}", f"diversity_of_texts@{CUTOFF}"
POPULARITY, POPULARITY_BIAS = f"popularity@{CUTOFF}", f"popularity_bias@{CUTOFF}"
OF_ALL = (COVERAGE, GINI)
"""Figures of all lists together: no means over shoppers, so without an interval."""


@dataclass(frozen=True)
class Lists:
    """Describes top lists against what was known when they were made.

    Args:
        past: the known events.
        features: the catalogue's item features.
        vectors: its text vectors, if there are any.
        eligible: how many products could be recommended to anybody.
    """

    past: EventLog
    features: ItemFeatures
    vectors: ItemVectors | None
    eligible: int

    def of_shoppers(self, tops: Rows, shoppers: Sequence[int]) -> Mapping[str, Values]:
        """Return every figure that each shopper has, [n_shoppers]; nan for whom it says nothing.

        Args:
            tops: the top lists, [n_shoppers, CUTOFF].
            shoppers: whose they are, as positions in the log.
        """
        level = _mean(self._level[tops], tops)
        figures = {
            NOVELTY: _mean(self._surprise[tops], tops),
            POPULARITY: level,
            POPULARITY_BIAS: level - self._level_of_history[np.asarray(shoppers, dtype=np.int64)],
        }
        if self.features.names:
            figures[DIVERSITY] = self._diversity(self._unit_facets, tops)
        if self.vectors is not None:
            figures[DIVERSITY_OF_TEXTS] = self._diversity(self.vectors.of(self._rows), tops)
        return figures

    def of_all(self, tops: Rows) -> Mapping[str, float]:
        """Return coverage, and the Gini coefficient of exposure: 0 if every product stands on as many lists."""
        shown = np.bincount(tops[tops != NOTHING], minlength=self.past.n_products).astype(np.float64)
        # Products that could not be shown to anybody are no part of it; which of the unshown they are does not matter.
        ordered = np.sort(shown)[-self.eligible :]
        ranks = np.arange(1, len(ordered) + 1)
        gini = (2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * max(ordered.sum(), 1.0))
        return {COVERAGE: float(np.count_nonzero(shown) / self.eligible), GINI: float(gini)}

    @cached_property
    def _rows(self) -> Rows:
        return np.arange(self.past.n_products, dtype=np.int32)

    @cached_property
    def _choosers(self) -> NDArray[np.float64]:
        """How many shoppers chose each product, [n_products]."""
        return np.bincount(self.past.positive.indices, minlength=self.past.n_products).astype(np.float64)

    @cached_property
    def _surprise(self) -> NDArray[np.float64]:
        """Self-information in bits; what nobody chose counts as chosen by one, [n_products]."""
        shoppers = max(int(np.count_nonzero(np.diff(self.past.positive.indptr))), 1)
        surprise: NDArray[np.float64] = -np.log2(np.maximum(self._choosers, 1.0) / shoppers)
        return surprise

    @cached_property
    def _level(self) -> NDArray[np.float64]:
        """Percentile of how many shoppers chose each product, between 0 and 1, [n_products]."""
        return percentiles(self._choosers).astype(np.float64)

    @cached_property
    def _level_of_history(self) -> NDArray[np.float64]:
        """Mean level of what each shopper chose, nan for whoever chose nothing, [n_shoppers]."""
        chosen = self.past.positive.copy()
        chosen.data = np.ones_like(chosen.data, dtype=np.float64)
        counts = np.diff(chosen.indptr).astype(np.float64)
        total = np.asarray(chosen @ self._level).ravel()
        return _shares(total, counts)

    @cached_property
    def _unit_facets(self) -> "csr_matrix":
        from scipy.sparse import diags

        return (diags(1.0 / self.features.norms) @ self.features.matrix).tocsr()

    def _diversity(self, units: "csr_matrix | Floats", tops: Rows) -> Values:
        """Return 1 less the mean cosine between the products of each list, of unit vectors [n_products, d].

        The squared length of their sum is the sum over all pairs, each product with itself included.
        """
        from scipy.sparse import csr_matrix

        filled = tops != NOTHING
        n = filled.sum(axis=1)
        ones = np.ones(int(n.sum()), dtype=np.float64)
        lists: Any = csr_matrix(
            (ones, tops[filled], np.concatenate([[0], np.cumsum(n)])), shape=(len(tops), self.past.n_products)
        )
        total = lists @ units
        squared = total.multiply(total).sum(axis=1) if hasattr(total, "multiply") else (total**2).sum(axis=1)
        own = lists @ (units.multiply(units).sum(axis=1) if hasattr(units, "multiply") else (units**2).sum(axis=1))
        pairs = (n * (n - 1)).astype(np.float64)
        alike = np.asarray(squared).ravel() - np.asarray(own).ravel()
        return 1.0 - _shares(alike, pairs)


def _mean(values: NDArray[np.float64], tops: Rows) -> Values:
    """Return the mean of what stands on each list, nan for an empty one, [n_shoppers]."""
    filled = tops != NOTHING
    n = filled.sum(axis=1).astype(np.float64)
    return _shares(np.where(filled, values, 0.0).sum(axis=1), n)


def _shares(part: NDArray[np.float64], whole: NDArray[np.float64]) -> Values:
    """Return part / whole, nan where there is nothing."""
    found: Values = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return found
