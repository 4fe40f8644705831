"""Ranking metrics on the full catalogue, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CUTOFF = 10
RESAMPLES = 1000
CONFIDENCE = 0.95


def ndcg(ranked: Sequence[int], relevant: frozenset[int], cutoff: int = CUTOFF) -> float:
    """Return the normalised discounted cumulative gain, every relevant product being worth the same.

    K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with log2(rank + 1).
    """
    gained = sum(1.0 / np.log2(rank + 2) for rank, row in enumerate(ranked[:cutoff]) if row in relevant)
    best = sum(1.0 / np.log2(rank + 2) for rank in range(min(len(relevant), cutoff)))
    return float(gained / best) if best else 0.0


def recall(ranked: Sequence[int], relevant: frozenset[int], cutoff: int = CUTOFF) -> float:
    """Return the share of the relevant products (or of the cutoff, if there are more) that is ranked in time."""
    if not relevant:
        return 0.0
    return len(relevant.intersection(ranked[:cutoff])) / min(len(relevant), cutoff)


def interval(values: Values, seed: int = 0) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean (`CONFIDENCE`), resampling shoppers or needs."""
    return _percentiles(resampled_means(values, seed)) if len(values) else (0.0, 0.0)


def resampled_means(values: Values, seed: int = 0) -> Values:
    """Return the mean in each resample, [RESAMPLES]; of values of one length the same cases are drawn."""
    means: Values = _counts(len(values), seed) @ values / len(values)
    return means


@lru_cache(maxsize=4)
def _counts(n: int, seed: int) -> Values:
    """Return how often each case is drawn in each resample, [RESAMPLES, n]."""
    draws = np.random.default_rng(seed).integers(0, n, size=(RESAMPLES, n))
    draws += n * np.arange(RESAMPLES)[:, None]
    return np.bincount(draws.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float64)


def _percentiles(resampled: Values) -> tuple[float, float]:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return float(low), float(high)


def summary(model: str, per_case: Mapping[str, Values]) -> dict[str, Any]:
    """Return a model's row of a report: the mean of each metric and its interval under `ci`."""
    return {
        "model": model,
        **{name: round(float(values.mean()), 4) if len(values) else 0.0 for name, values in per_case.items()},
        "ci": {name: [round(end, 4) for end in interval(values)] for name, values in per_case.items()},
    }


def paired(model: str, other: str, ours: Values, theirs: Values, metric: str) -> dict[str, Any]:
    """Return the mean difference between two models on the same cases, and its interval."""
    difference = ours - theirs
    low, high = interval(difference)
    mean = float(difference.mean()) if len(difference) else 0.0
    return {
        "model": model,
        "against": other,
        "metric": metric,
        "difference": round(mean, 4),
        "ci": [round(low, 4), round(high, 4)],
    }


def ratio(model: str, other: str, ours: Values, theirs: Values, metric: str) -> dict[str, Any]:
    """Return the ratio of two models' means on the same cases, and its interval; `None` over nothing."""
    row: dict[str, Any] = {"model": model, "against": other, "metric": metric, "ratio": None, "ci": None}
    if not len(theirs) or not theirs.mean():
        return row
    below = resampled_means(theirs)
    drawn = resampled_means(ours)[below > 0] / below[below > 0]
    return row | {
        "ratio": round(float(ours.mean() / theirs.mean()), 4),
        "ci": [round(end, 4) for end in _percentiles(drawn)],
    }


def auc(relevant: NDArray[np.floating[Any]], others: NDArray[np.floating[Any]]) -> float:
    """Return the probability that a relevant product scores above another one, ties counting half (ROC AUC).

    Args:
        relevant: scores of the relevant products, [n_relevant].
        others: scores of all the others, [n_others].

    Returns:
        nan where there is nothing to compare.
    """
    if not len(relevant) or not len(others):
        return float("nan")
    ordered = np.sort(others)
    below = np.searchsorted(ordered, relevant, side="left")
    upto = np.searchsorted(ordered, relevant, side="right")
    return float((below + upto).sum() / (2 * len(relevant) * len(others)))


def difference(one: str, other: str, ours: Values, theirs: Values) -> dict[str, Any]:
    """Return the difference between the means of two groups of different people, each resampled by itself."""
    low, high = _percentiles(resampled_means(ours, seed=1) - resampled_means(theirs, seed=2))
    return {
        "between": [one, other],
        "difference": round(float(ours.mean() - theirs.mean()), 4),
        "ci": [round(low, 4), round(high, 4)],
    }
