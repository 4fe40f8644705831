"""Everything that `shopguide evaluate reranker` counts."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from shopguide.evaluation.reranker.comparing import Figures, costs_of, pairs_of, rows_of
from shopguide.evaluation.reranker.judgments import Judgments
from shopguide.evaluation.reranker.measures import graded_ndcg, reciprocal_rank
from shopguide.evaluation.reranker.models import DEPTH, Ranker
from shopguide.evaluation.reranker.needs import Need
from shopguide.evaluation.reranker.typos import mistyped
from shopguide.training.data import Progress
from shopguide.training.metrics import CUTOFF, Values, ndcg, recall

NDCG, NDCG_LINEAR, MRR, RECALL = f"ndcg@{CUTOFF}", f"ndcg_linear@{CUTOFF}", "mrr", f"recall@{CUTOFF}"
JUDGED, SENTENCES = "judgments", "needs"
TYPOS, POOLED = "typos", "pooled"

Asked: TypeAlias = Mapping[str, Mapping[int, float]] | Sequence[Need]
"""Queries with ratings, or need sentences."""


class Report:
    """Collects the sections of a report.

    Args:
        rankers: the models.
        typos: ask everything once more as hurried fingers type it.
        seed: draws the slips.
        progress: see `Progress`.
    """

    def __init__(self, rankers: Sequence[Ranker], *, typos: bool, seed: int, progress: Progress) -> None:
        self._rankers = rankers
        self._typos = typos
        self._seed = seed
        self._progress = progress
        self._clean: dict[str, Figures] = {}
        self.content: dict[str, Any] = {"models": [], "paired": [], "typos": [], "values": {}}

    def add_judgments(self, judgments: Judgments) -> None:
        """Rank the judged products of each query."""
        self.content[JUDGED] = {
            "queries": len(judgments.ratings),
            "queries_without_relevant": judgments.without_relevant,
            "judged": sum(map(len, judgments.ratings.values())),
            "unjudged": judgments.unjudged,
            "not_on_sale": judgments.not_on_sale,
        }
        self._add(JUDGED, judgments.ratings)

    def add_needs(self, needs: Sequence[Need]) -> None:
        """Look for each sentence's products in the full catalogue."""
        targets = [len(need.targets) for need in needs]
        self.content[SENTENCES] = {
            "sentences": len(needs),
            "targets": {"mean": round(float(np.mean(targets)), 2), "most": max(targets)},
            "places": DEPTH,
            "list": [need.text for need in needs],
        }
        self._add(SENTENCES, needs)

    def _add(self, on: str, asked: Asked) -> None:
        """Measure as it was said and, if wanted, mistyped; what that costs is paired query by query."""
        clean = self._figures(on, asked)
        self._put(on, clean)
        if self._typos:
            noisy_on = f"{on}, {TYPOS}"
            noisy = self._figures(noisy_on, asked)
            self._put(noisy_on, noisy)
            self.content["typos"] += costs_of(noisy, clean, on)
        self._clean[on] = clean

    def pool(self) -> None:
        """Put queries and sentences together, in the one figure that both have: whether a smaller model is as good."""
        if len(self._clean) > 1:
            names = next(iter(self._clean.values()))
            pooled = {
                name: {NDCG: np.concatenate([figures[name][NDCG] for figures in self._clean.values()])}
                for name in names
            }
            self._put(POOLED, pooled)

    def _figures(self, on: str, asked: Asked) -> Figures:
        tell = partial(self._progress, on)
        heard = partial(mistyped, seed=self._seed) if on.endswith(TYPOS) else str
        if isinstance(asked, Mapping):
            return judged_figures(self._rankers, [(heard(query), rated) for query, rated in asked.items()], tell)
        return found_figures(self._rankers, [(heard(need.text), need.targets) for need in asked], tell)

    def _put(self, on: str, figures: Figures) -> None:
        self.content["models"] += rows_of(figures, on)
        self.content["paired"] += pairs_of(figures, on)
        self.content["values"][on] = {
            name: {metric: np.round(values, 4).tolist() for metric, values in of.items()}
            for name, of in figures.items()
        }


def judged_figures(
    rankers: Sequence[Ranker],
    asked: Sequence[tuple[str, Mapping[int, float]]],
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, dict[str, Values]]:
    """Return nDCG of each model over the judged products of each query, [n_queries].

    Args:
        rankers: the models.
        asked: queries and the rating of each judged row.
        progress: told the share of the work that is done.
    """
    found: dict[str, dict[str, Values]] = {}
    for done, ranker in enumerate(rankers, 1):
        orders = [
            [rated[row] for row in ranker.order(query, np.sort(np.asarray(list(rated), dtype=np.int32))).tolist()]
            for query, rated in asked
        ]
        found[ranker.name] = {
            NDCG: np.asarray([graded_ndcg(order) for order in orders]),
            NDCG_LINEAR: np.asarray([graded_ndcg(order, linear=True) for order in orders]),
        }
        progress(done / len(rankers))
    return found


def found_figures(
    rankers: Sequence[Ranker],
    asked: Sequence[tuple[str, frozenset[int]]],
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, dict[str, Values]]:
    """Return how early each model finds what answers in the full catalogue, [n_needs].

    Args:
        rankers: the models.
        asked: needs in words and the rows that answer them.
        progress: told the share of the work that is done.
    """
    found: dict[str, dict[str, Values]] = {}
    for done, ranker in enumerate(rankers, 1):
        ranked = [(ranker.best(text).tolist()[:DEPTH], targets) for text, targets in asked]
        found[ranker.name] = {
            MRR: np.asarray([reciprocal_rank(rows, targets) for rows, targets in ranked]),
            RECALL: np.asarray([recall(rows, targets) for rows, targets in ranked]),
            NDCG: np.asarray([ndcg(rows, targets) for rows, targets in ranked]),
        }
        progress(done / len(rankers))
    return found
