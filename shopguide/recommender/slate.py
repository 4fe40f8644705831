"""The slate: filled one position after another, each choice made beside what stands above it.

What was just shown waits where nothing may be repeated, no brand takes more places than it may have, likeness to what
is chosen costs, and now and then chance has its say. All of it bears on each single choice, so that all of it holds
for the whole.
"""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.base import top
from shopguide.recommender.diversity import Diversity, distance
from shopguide.recommender.exploration import GAP, POOL, Choice, draw, pool_of
from shopguide.recommender.features import Floats, Rows

SHORTLIST = 8
"""The slate is chosen among this many times its size."""
NO_BRAND = -1
"""The brand of products without one, and of those whose brand may come as often as it likes."""


@dataclass(frozen=True)
class Limits:
    """What bears on a slate beside the scores.

    Args:
        brands: the number of each row's brand, or `NO_BRAND`, [n].
        turns: whose turn it is: rows come only when all with a lower number are used up, [n].
        per_brand: places that one brand may take while others are to be had; 0: any number.
        beside: the brands of products that have places on the same slate already, [n_beside].
    """

    brands: Rows
    turns: Rows
    per_brand: int = 0
    beside: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def of(self, positions: Rows) -> "Limits":
        """Return the limits of some of the rows."""
        return replace(self, brands=self.brands[positions], turns=self.turns[positions])


def fill(
    scores: Floats,
    likeness: NDArray[np.float32],
    k: int,
    limits: Limits,
    source: random.Random,
    *,
    strength: float = 0.0,
    rate: float = 0.0,
    barred: Collection[int] = (),
) -> list[Choice]:
    """Fill `k` positions, or as many as there are candidates.

    Args:
        scores: of the candidates, in any scale, [n].
        likeness: between all pairs of them, from 0 to 1, [n, n].
        k: how many positions.
        limits: of the candidates.
        source: of chance.
        strength: what likeness costs, between 0 (nothing) and 1.
        rate: how often a position is explored, between 0 and 1.
        barred: candidates that take nobody's turn in exploration.
    """
    diversity = Diversity(scores, likeness, strength, k * SHORTLIST)
    near = GAP * distance(scores, k + POOL)
    places = Counter(limits.beside.tolist())
    free = np.ones(len(scores), dtype=bool)
    chosen: list[Choice] = []
    for _ in range(min(k, len(scores))):
        able = _able(limits, free, places)
        order = able[np.argsort(-diversity.worth()[able], kind="stable")].tolist()
        # The first position is what the model thinks best.
        pool = pool_of(order, scores, near, barred) if chosen and rate > 0 else []
        choice = draw(order, pool, rate, source)
        chosen.append(choice)
        free[choice.candidate] = False
        places[int(limits.brands[choice.candidate])] += 1
        diversity.choose(choice.candidate)
    return chosen


def shortlist(scores: Floats, n: int, k: int, limits: Limits) -> Rows:
    """Return the positions of the rows that a slate is chosen from, the best ones first.

    The `n` best whose turn it is; of those that have to wait as many as are lacking; and where all of these are of too
    few brands to fill `k` positions within the limit, the best of other brands.

    Args:
        scores: in any scale, [n_rows].
        n: how many are wanted.
        k: positions of the slate.
        limits: of the rows.
    """
    now = limits.turns == 0
    chosen = _best_of(np.flatnonzero(now), scores, n)
    if len(chosen) < n:
        waiting = np.flatnonzero(~now)
        order = np.lexsort((-scores[waiting], limits.turns[waiting]))
        chosen = np.concatenate([chosen, waiting[order][: n - len(chosen)]])
    now[chosen] = False
    while limits.per_brand and (full := _full(limits, chosen, k)) is not None:
        more = _best_of(np.flatnonzero(now & ~np.isin(limits.brands, full)), scores, k)
        if not len(more):
            break
        now[more] = False
        chosen = np.concatenate([chosen, more])
    return chosen.astype(np.int32)


def _able(limits: Limits, free: NDArray[np.bool_], places: Counter[int]) -> NDArray[np.intp]:
    """Return the candidates that may have the next position: whose turn it is and whose brand has places left."""
    able = np.flatnonzero(free & (limits.turns == limits.turns[free].min()))
    full = [brand for brand, taken in places.items() if brand != NO_BRAND and taken >= limits.per_brand > 0]
    within = able[~np.isin(limits.brands[able], full)]
    return within if len(within) else able


def _full(limits: Limits, chosen: NDArray[np.intp], k: int) -> list[int] | None:
    """Return the brands of which there are as many as may be shown; `None` if `k` positions can be filled anyway."""
    taken, counted = Counter(limits.beside.tolist()), Counter(limits.brands[chosen].tolist())
    room = counted.pop(NO_BRAND, 0)
    places = {brand: max(limits.per_brand - taken[brand], 0) for brand in counted}
    if room + sum(min(count, places[brand]) for brand, count in counted.items()) >= k:
        return None
    return [brand for brand, count in counted.items() if count >= places[brand]]


def _best_of(rows: NDArray[np.intp], scores: Floats, n: int) -> NDArray[np.intp]:
    return rows[top(scores[rows], n)]
