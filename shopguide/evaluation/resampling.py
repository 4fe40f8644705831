"""Bootstrap intervals of figures that are functions of sums over lines."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 2000
CONFIDENCE = 0.95


def draws(n: int, seed: int = 0) -> Array:
    """Return how often each line counts: once in the first row, as drawn with replacement in the others.

    A figure computed from `draws @ per_line` is the figure itself in its first entry and resampled in the rest: lines
    are drawn whole, with everything that is in them. Shape [1 + RESAMPLES, n].
    """
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    return np.vstack([np.ones((1, n)), counts]).astype(np.float64)


def share(part: Array, whole: Array) -> Array:
    """Return part / whole, nan where there is nothing."""
    found: Array = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)
    return found


def figure(values: Array) -> float | None:
    """Return the figure itself; none if there was nothing to measure it on."""
    return None if np.isnan(values[0]) else round(float(values[0]), 4)


def interval(values: Array) -> list[float] | None:
    """Return the percentile interval of a figure (`CONFIDENCE`)."""
    resampled = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(resampled):
        return None
    tail = 100 * (1 - CONFIDENCE) / 2
    return [round(float(end), 4) for end in np.percentile(resampled, [tail, 100 - tail])]


def difference(
    one: Mapping[str, Any], other: Mapping[str, Any], figures: Mapping[str, Array], against: Mapping[str, Array]
) -> dict[str, Any]:
    """Return by how much the figures of one row differ from another's over the same lines, resampled together."""
    both = {name: values - against[name] for name, values in figures.items() if name in against}
    return {**row(one["model"], one["lines"], both), "against": other["model"]}


def row(model: str, lines: int, figures: Mapping[str, Array]) -> dict[str, Any]:
    """Return a row of a report: every figure by name, and its interval under `ci`. What has no lines is left out."""
    measured = {name: values for name, values in figures.items() if not np.isnan(values[0])}
    return {
        "model": model,
        "lines": lines,
        **{name: figure(values) for name, values in measured.items()},
        "ci": {name: interval(values) for name, values in measured.items()},
    }
