"""Exploration: now and then a position shows another product that fits, so that its worth is learnt too.

Each position from the second on is, with probability `rate`, filled by a product drawn uniformly from a small pool: the
next best after the one whose turn it is, whose scores are near. The others take what is left in order. So the logged
propensity of every item, given what stands above it, is exact: 1 - rate where the turn was kept, rate / |pool| where it
was not, 1 where there was no pool. What is shown satisfies the same constraints and limits either way: the pool comes
from what might have the turn itself.
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


def draw(order: Sequence[int], pool: Sequence[int], rate: float, source: random.Random) -> Choice:
    """Fill one position: with the first in order, or now and then with one of the pool."""
    if pool and source.random() < rate:
        return Choice(source.choice(pool), rate / len(pool))
    return Choice(order[0], 1.0 - rate if pool else 1.0)


def pool_of(order: Sequence[int], scores: Floats, near: float, barred: Collection[int]) -> list[int]:
    """Return the candidates that may take the first one's turn.

    Args:
        order: candidates that might have the turn, best first.
        scores: of all candidates, [n].
        near: how far below the first one they may score.
        barred: candidates that take nobody's turn: what the shopper rejected is shown only where nothing else is left.
    """
    first, *others = order
    return [o for o in others[:POOL] if o not in barred and float(scores[first] - scores[o]) <= near]
