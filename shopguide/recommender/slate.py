"""The slate: filled one position after another, each choice made beside what stands above it.

What was just shown waits where nothing may be repeated, a product in another colour waits for other products, no brand
takes more places than it may have, likeness to what is chosen costs, and now and then chance has its say. All of it
bears on each single choice, so that all of it holds for the whole.
"""

import math
import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.variants import ALONE
from shopguide.recommender.candidates.base import top
from shopguide.recommender.diversity import Diversity, distance
from shopguide.recommender.exploration import GAP, POOL, Choice, draw, pool_of
from shopguide.recommender.features import Floats, Rows

SHORTLIST = 8
"""The slate is chosen among this many times its size."""
NO_BRAND = -1
"""The brand of products without one, and of those whose brand may come as often as it likes."""


def _nothing() -> Rows:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Limits:
    """What bears on a slate beside the scores.

    Args:
        brands: the number of each row's brand, or `NO_BRAND`, [n].
        turns: whose turn it is: rows come only when all with a lower number are used up, [n].
        variants: the group of variants that each row is in, or `ALONE`, [n]: one has a place, the others wait. All rows
            of a group are of one brand.
        per_brand: places that one brand may take while others are to be had; 0: any number.
        patience: how much better than every different product a variant must score to wait no longer: a share of the
            distance from the best candidate to the last that counts.
        beside: the brands of products that have places on the same slate already, [n_beside].
        known: groups of variants of which one has a place already, or was shown before, [n_known].
    """

    brands: Rows
    turns: Rows
    variants: Rows
    per_brand: int = 0
    patience: float = math.inf
    beside: Rows = field(default_factory=_nothing)
    known: Rows = field(default_factory=_nothing)

    def of(self, positions: Rows) -> "Limits":
        """Return the limits of some of the rows."""
        return replace(
            self, brands=self.brands[positions], turns=self.turns[positions], variants=self.variants[positions]
        )


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
    reach = k * SHORTLIST
    diversity = Diversity(scores, likeness, strength, reach)
    near = GAP * distance(scores, k + POOL)
    lead = limits.patience * distance(scores, reach) if limits.patience < math.inf else math.inf
    places = Counter(limits.beside.tolist())
    repeated = _in_groups(limits.variants, limits.known)
    free = np.ones(len(scores), dtype=bool)
    chosen: list[Choice] = []
    for _ in range(min(k, len(scores))):
        able = _within_brands(limits, _different(limits, scores, free, repeated, lead), places)
        order = able[np.argsort(-diversity.worth()[able], kind="stable")].tolist()
        # The first position is what the model thinks best.
        pool = pool_of(order, scores, near, barred) if chosen and rate > 0 else []
        choice = draw(order, pool, rate, source)
        chosen.append(choice)
        free[choice.candidate] = False
        places[int(limits.brands[choice.candidate])] += 1
        group = limits.variants[choice.candidate]
        repeated |= (limits.variants == group) & (group != ALONE)
        diversity.choose(choice.candidate)
    return chosen


def shortlist(scores: Floats, n: int, k: int, limits: Limits) -> Rows:
    """Return the positions of the rows that a slate is chosen from, the best ones first.

    The `n` best whose turn it is; of those that have to wait as many as are lacking; and where all of these are too few
    different products, or of too few brands, to fill `k` positions within the limits, the best that are neither.

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
    # Where no other brand is left, a brand's different products come before variants.
    for within in (limits, replace(limits, per_brand=0)):
        while (useless := _useless(within, chosen, k)) is not None:
            more = _best_of(np.flatnonzero(now & ~useless), scores, k)
            if not len(more):
                break
            now[more] = False
            chosen = np.concatenate([chosen, more])
    return chosen.astype(np.int32)


def _different(
    limits: Limits, scores: Floats, free: NDArray[np.bool_], repeated: NDArray[np.bool_], lead: float
) -> NDArray[np.intp]:
    """Return the candidates whose turn it is, without variants of what was chosen while different products are left.

    A variant that scores more than `lead` above them all does not wait: they hardly answer the need.
    """
    able = np.flatnonzero(free & (limits.turns == limits.turns[free].min()))
    waits = repeated[able]
    others = able[~waits]
    if not len(others) or len(others) == len(able):
        return able
    if lead == math.inf:
        return others
    return np.asarray(able[~waits | (scores[able] > scores[others].max() + lead)])


def _within_brands(limits: Limits, able: NDArray[np.intp], places: Counter[int]) -> NDArray[np.intp]:
    """Return the candidates whose brand has places left; all of them if none has."""
    full = [brand for brand, taken in places.items() if brand != NO_BRAND and taken >= limits.per_brand > 0]
    within = able[~np.isin(limits.brands[able], full)]
    return within if len(within) else able


def _useless(limits: Limits, chosen: NDArray[np.intp], k: int) -> NDArray[np.bool_] | None:
    """Return the rows that would not help to fill `k` positions; `None` if that can be done anyway, [n_rows].

    These are further variants, and products of brands of which there are as many as may be shown.
    """
    groups = limits.variants[chosen]
    different = chosen[_firsts(groups) & ~_in_groups(groups, limits.known)]
    taken, counted = Counter(limits.beside.tolist()), Counter(limits.brands[different].tolist())
    room = counted.pop(NO_BRAND, 0)
    places = {brand: max(limits.per_brand - taken[brand], 0) if limits.per_brand else k for brand in counted}
    if room + sum(min(count, places[brand]) for brand, count in counted.items()) >= k:
        return None
    full = [brand for brand, count in counted.items() if count >= places[brand]]
    return np.isin(limits.brands, full) | _in_groups(limits.variants, np.concatenate([groups, limits.known]))


def _in_groups(variants: Rows, groups: Rows) -> NDArray[np.bool_]:
    """Return which rows are variants of one of the groups, [n]."""
    held = groups[groups != ALONE]
    return np.isin(variants, held) if len(held) else np.zeros(len(variants), dtype=np.bool_)


def _firsts(groups: Rows) -> NDArray[np.bool_]:
    """Return which rows are the first of their group; all that are alone are, [n]."""
    first: NDArray[np.bool_] = groups == ALONE
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def _best_of(rows: NDArray[np.intp], scores: Floats, n: int) -> NDArray[np.intp]:
    return rows[top(scores[rows], n)]
