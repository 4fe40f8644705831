"""Accuracy of rankings of the full catalogue: one ranking for each model and request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.features import Floats, Rows
from shopguide.training.metrics import CUTOFF, Values, auc

NDCG, AUC = f"ndcg@{CUTOFF}", "auc"
ACCURACY = (
    NDCG, f"recall@{CUTOFF}", f"precision@{CUTOFF}", f"f1@{CUTOFF}", f"map@{CUTOFF}", f"hit_rate@{CUTOFF}", "mrr", AUC
)  # fmt: skip
NOTHING = -1
"""Stands in a top list where there were fewer candidates than places."""


@dataclass(frozen=True)
class Ranking:
    """What is kept of one ranking.

    Args:
        top: the best rows, best first, `NOTHING` where there are no more, [CUTOFF].
        hits: which of them were to be found, [CUTOFF].
        first: rank of the first product to be found, from 1.
        auc: see `shopguide.training.metrics.auc`.
    """

    top: Rows
    hits: NDArray[np.bool_]
    first: int
    auc: float


class Field:
    """The candidates of one request, ready to be ranked by any model.

    Args:
        order: all rows in the order in which ties are broken, [n_products]; drawn by lot, so that no model gains from
            an order of the catalogue that happens to tell something.
        candidates: the rows that are ranked, `None`: all.
        seen: rows that are not to be recommended.
        truth: rows to be found, all of them candidates that were not seen.
    """

    def __init__(self, order: Rows, candidates: Rows | None, seen: Rows, truth: Rows) -> None:
        ranked = np.full(len(order), candidates is None)
        if candidates is not None:
            ranked[candidates] = True
        ranked[seen] = False
        self.rows = order[ranked[order]]
        wanted = np.zeros(len(order), dtype=np.bool_)
        wanted[truth] = True
        self._wanted = wanted[self.rows]
        if np.count_nonzero(self._wanted) != len(truth):
            raise ValueError("something to be found is no candidate")

    @property
    def relevant(self) -> int:
        """How many products are to be found."""
        return int(np.count_nonzero(self._wanted))

    def rank(self, scores: Floats) -> Ranking:
        """Rank the candidates.

        Args:
            scores: of the whole catalogue, [n_products].

        Raises:
            ValueError: a score is nan.
        """
        own = scores[self.rows]
        if np.isnan(own).any():
            raise ValueError("a score is nan")
        top = np.full(CUTOFF, NOTHING, dtype=np.int32)
        hits = np.zeros(CUTOFF, dtype=np.bool_)
        best = _best(own, CUTOFF)
        top[: len(best)], hits[: len(best)] = self.rows[best], self._wanted[best]
        wanted = own[self._wanted]
        highest = wanted.max()
        place = int(np.flatnonzero(self._wanted & (own == highest))[0])
        first = 1 + np.count_nonzero(own > highest) + np.count_nonzero(own[:place] == highest)
        return Ranking(top, hits, int(first), auc(wanted, own[~self._wanted]))


def _best(scores: Floats, n: int) -> NDArray[np.int64]:
    """Return the positions of the highest scores, highest first, of equal ones the first first."""
    if len(scores) > n:
        floor = np.partition(scores, -n)[-n]
        among = np.flatnonzero(scores >= floor)
    else:
        among = np.arange(len(scores))
    found: NDArray[np.int64] = among[np.argsort(-scores[among], kind="stable")][:n]
    return found


@dataclass
class Tally:
    """One model's rankings of one kind of request, in the order of the shoppers."""

    rankings: list[Ranking] = field(default_factory=list)
    relevant: list[int] = field(default_factory=list)

    def add(self, ranking: Ranking, relevant: int) -> None:
        """Take a ranking in."""
        self.rankings.append(ranking)
        self.relevant.append(relevant)

    @property
    def tops(self) -> Rows:
        """The top lists, [n_shoppers, CUTOFF]."""
        return np.asarray([ranking.top for ranking in self.rankings], dtype=np.int32)

    def accuracy(self) -> Mapping[str, Values]:
        """Return every metric of `ACCURACY`, one value for each shopper, [n_shoppers].

        AUC is nan for whom there was nothing but what was to be found.
        """
        hits = np.asarray([ranking.hits for ranking in self.rankings], dtype=np.float64)
        relevant = np.asarray(self.relevant)
        found, possible = hits.sum(axis=1), np.minimum(relevant, CUTOFF)
        discounts = 1 / np.log2(np.arange(CUTOFF) + 2)
        precision, recall = found / CUTOFF, found / possible
        precisions = hits.cumsum(axis=1) / np.arange(1, CUTOFF + 1)
        values = (
            hits @ discounts / discounts.cumsum()[possible - 1],
            recall,
            precision,
            2 * precision * recall / np.maximum(precision + recall, 1e-12),
            (hits * precisions).sum(axis=1) / possible,
            np.minimum(found, 1.0),
            1 / np.asarray([ranking.first for ranking in self.rankings], dtype=np.float64),
            np.asarray([ranking.auc for ranking in self.rankings], dtype=np.float64),
        )
        return dict(zip(ACCURACY, values, strict=True))
