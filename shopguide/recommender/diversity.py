"""Diversity: a slate of five that are not five times the same.

Maximal marginal relevance: J. Carbonell and J. Goldstein, "The Use of MMR" (SIGIR 1998).
"""

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.features import Floats

STRENGTH = 0.15
"""What likeness to a product already chosen costs, against a relevance between 0 and 1. 0 switches diversity off."""


def diversify(relevance: Floats, likeness: NDArray[np.float32], k: int, strength: float = STRENGTH) -> list[int]:
    """Choose `k` positions, each the most relevant one less its likeness to what was chosen before.

    Args:
        relevance: in any scale, [n].
        likeness: between 0 and 1, [n, n].
        k: how many; fewer if there are fewer.
        strength: see `STRENGTH`.
    """
    n = len(relevance)
    if not n:
        return []
    spread = float(relevance.max() - relevance.min())
    scaled = (relevance - relevance.min()) / spread if spread > 0 else np.ones(n, dtype=np.float32)
    nearest = np.zeros(n, dtype=np.float32)
    free = np.ones(n, dtype=bool)
    chosen: list[int] = []
    for _ in range(min(k, n)):
        value = np.where(free, (1 - strength) * scaled - strength * nearest, -np.inf)
        best = int(np.argmax(value))
        chosen.append(best)
        free[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return chosen
