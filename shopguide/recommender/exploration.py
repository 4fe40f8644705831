"""Exploration: now and then a position shows another product that fits, so that its worth is learnt too.

Each position from the second on is, with probability `rate`, filled by a product drawn uniformly from a small pool: the
next best after the one whose turn it is, whose scores are near. The others take what is left in order. So the logged
propensity of every item, given what stands above it, is exact: 1 - rate where the turn was kept, rate / |pool| where it
was not, 1 where there was no pool. What is shown satisfies the same constraints either way: the pool comes from what
was ranked for the request.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shopguide.recommender.features import Floats

POOL = 5
"""Products at most that may take another's turn."""
GAP = 0.3
"""How far below the one whose turn it is a product may score: a share of the distance from the best to the last."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A product's place among the candidates, and the probability with which it was chosen for its position."""

    candidate: int
    propensity: float = 1.0


def explore(scores: Floats, k: int, rate: float, source: random.Random, barred: Collection[int] = ()) -> list[Choice]:
    """Fill `k` positions from candidates that are in the order in which they would be shown.

    Args:
        scores: of the candidates, `k + POOL` of them where there are so many, [n_candidates].
        k: how many positions; fewer if there are fewer candidates.
        rate: how often a position is explored, between 0 and 1.
        source: of chance.
        barred: candidates that take nobody's turn: what the shopper rejected is shown only where nothing else is left.
    """
    left = list(range(len(scores)))
    near = GAP * float(scores.max() - scores.min()) if len(scores) else 0.0
    chosen: list[Choice] = []
    while left and len(chosen) < k:
        pool = _pool(scores, left, near, barred) if chosen and rate > 0 else []
        if pool and source.random() < rate:
            choice = Choice(source.choice(pool), rate / len(pool))
        else:
            choice = Choice(left[0], 1.0 - rate if pool else 1.0)
        chosen.append(choice)
        left.remove(choice.candidate)
    return chosen


def _pool(scores: Floats, left: Sequence[int], near: float, barred: Collection[int]) -> list[int]:
    first, *others = left
    return [o for o in others[:POOL] if o not in barred and float(scores[first] - scores[o]) <= near]
