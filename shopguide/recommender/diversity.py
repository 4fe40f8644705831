"""Diversity: a slate of five that are not five times the same.

Maximal marginal relevance: J. Carbonell and J. Goldstein, "The Use of MMR" (SIGIR 1998).
"""

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.features import Floats


class Diversity:
    """What candidates are worth beside those that are chosen already.

    Args:
        scores: in any scale, [n].
        likeness: between 0 and 1, [n, n].
        strength: what likeness to a chosen product costs, against a relevance between 0 and 1; 0: nothing.
        reach: how many of the best scores the relevance is spread over; the best has 1, the last of them 0.
    """

    def __init__(self, scores: Floats, likeness: NDArray[np.float32], strength: float, reach: int) -> None:
        self._likeness = likeness
        self._strength = strength
        spread = distance(scores, reach)
        best = scores.max() if len(scores) else 0.0
        self._relevance = 1 + (scores - best) / spread if spread > 0 else np.ones(len(scores), dtype=np.float32)
        self._nearest = np.zeros(len(scores), dtype=np.float32)

    def worth(self) -> Floats:
        """Return each candidate's relevance less its likeness to what was chosen, [n]."""
        return np.asarray((1 - self._strength) * self._relevance - self._strength * self._nearest, dtype=np.float32)

    def choose(self, candidate: int) -> None:
        """Put a candidate on the slate."""
        self._nearest = np.maximum(self._nearest, self._likeness[candidate])


def distance(scores: Floats, reach: int) -> float:
    """Return how far the `reach`-th best score lies below the best; with fewer scores, the last."""
    if not len(scores):
        return 0.0
    ordered = np.sort(scores)[::-1]
    return float(ordered[0] - ordered[min(reach, len(ordered)) - 1])
