"""Ranking metrics on the full catalogue, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
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
    if not len(values):
        return (0.0, 0.0)
    draws = np.random.default_rng(seed).integers(0, len(values), size=(RESAMPLES, len(values)))
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values[draws].mean(axis=1), [tail, 100 - tail])
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
