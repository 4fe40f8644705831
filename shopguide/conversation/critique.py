"""Critiques: "cheaper", "bigger screen", "better rated", measured against what was just shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.question import nice

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

STEP = 0.85
"""A cheaper slate should feel cheaper: the first bound tried is this share of the median, if enough products fit."""

CHEAP_QUANTILE = 0.4
"""Without a slate, "cheap" means the lower part of the matches: this share of them."""

Failure = Literal["extreme", "unknown"]


def bounded(
    need: Need, facet: str, direction: str, rows: Sequence[int], *, index: "CatalogueIndex", enough: int
) -> Need | Failure:
    """Return the need with the bound that a critique of the products in `rows` asks for.

    Every product that satisfies it lies beyond the median of `rows`, so the next slate's median does too.

    Args:
        need: what must hold besides.
        facet: a number facet, price and rating among them.
        direction: `up` or `down`.
        rows: the slate that is criticised; empty if there is none, and then all matches are.
        index: the catalogue.
        enough: products that a slate should have; the bound is generous until this many fit.

    Returns:
        the need, `extreme` if nothing lies beyond, or `unknown` if the products have no such number.
    """
    numbers = index.numeric(facet)
    base = need.want(facet, ())
    pool = base.within(facet, _opened(need.bound(facet), direction))
    candidates = _known(numbers[index.matching(pool.constraints())])
    shown = _known(numbers[list(rows)]) if len(rows) else candidates
    if not len(shown) or not len(candidates):
        return "unknown"
    sign = 1.0 if direction == "up" else -1.0
    if not len(rows):
        quantile = CHEAP_QUANTILE if direction == "down" else 1 - CHEAP_QUANTILE
        bound = float(np.quantile(candidates, quantile))
        # A round number, as long as it leaves something.
        round_one = nice(bound)
        fits = candidates <= round_one if direction == "down" else candidates >= round_one
        return base.within(facet, _bounds(need.bound(facet), round_one if fits.any() else bound, direction))
    median = float(np.median(shown))
    beyond = np.sort(candidates[candidates * sign > median * sign])
    if not len(beyond):
        return "extreme"
    bound = nice(median * (STEP if direction == "down" else 2 - STEP))
    if bound * sign > median * sign and int((beyond * sign >= bound * sign).sum()) >= enough:
        return base.within(facet, _bounds(need.bound(facet), bound, direction))
    # Not many are left: take all that lie beyond the median.
    nearest = float(beyond.max() if direction == "down" else beyond.min())
    return base.within(facet, _bounds(need.bound(facet), nearest, direction))


def _opened(held: Bounds, direction: str) -> Bounds:
    """Return the bounds less the one that the direction leaves behind ("pricier" after "under 50")."""
    return Bounds(low=held.low) if direction == "up" else Bounds(high=held.high)


def _bounds(held: Bounds, bound: float, direction: str) -> Bounds:
    if direction == "down":
        return Bounds(held.low if held.low is not None and held.low <= bound else None, bound)
    return Bounds(bound, held.high if held.high is not None and held.high >= bound else None)


def _known(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    known: NDArray[np.float64] = numbers[~np.isnan(numbers)]
    return known
