"""What an order of products is worth: graded judgments, and the first of several products that would do."""

from collections.abc import Sequence

import numpy as np

from shopguide.training.metrics import CUTOFF, Values


def graded_ndcg(ratings: Sequence[float], *, linear: bool = False, cutoff: int = CUTOFF) -> float:
    """Return the normalised discounted cumulative gain of judged products.

    K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002) with log2(rank + 1); the
    gain 2^rating - 1 is that of C. Burges et al., "Learning to Rank using Gradient Descent" (2005).

    Args:
        ratings: what the raters gave, in the order that is measured, [n].
        linear: take the rating itself for the gain.
        cutoff: places that count.

    Returns:
        0 where no product is relevant.
    """
    rated = np.asarray(ratings, dtype=np.float64)
    gains: Values = rated if linear else np.exp2(rated) - 1.0
    best = _discounted(np.sort(gains)[::-1], cutoff)
    return _discounted(gains, cutoff) / best if best > 0 else 0.0


def _discounted(gains: Values, cutoff: int) -> float:
    head = gains[:cutoff]
    return float((head / np.log2(np.arange(2, len(head) + 2))).sum())


def reciprocal_rank(ranked: Sequence[int], relevant: frozenset[int]) -> float:
    """Return 1 / rank of the first product that would do, 0 if none is ranked."""
    return next((1.0 / place for place, row in enumerate(ranked, 1) if row in relevant), 0.0)
