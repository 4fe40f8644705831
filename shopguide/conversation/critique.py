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

EXTENTS = ("screen", "display", "diagonal", "capacity", "volume", "size", "height", "length", "width")
"""Words of facets that "bigger" may speak of, the likeliest first: a laptop's screen, a backpack's volume."""

LETTER_SIZES = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "4xl", "5xl")

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


def measurable(facet: str, rows: Sequence[int], index: "CatalogueIndex") -> str:
    """Return the facet, or another measure of extent if the products in `rows` have no such number ("bigger")."""
    if not len(rows) or not set(EXTENTS) & set(facet.split("_")) or _is_known(facet, rows, index):
        return facet
    extents = {name: set(name.split("_")) for name, info in index.facets.items() if info.kind == "number"}
    named = (name for word in EXTENTS for name, words in extents.items() if word in words)
    return next((name for name in named if _is_known(name, rows, index)), facet)


def stepped(need: Need, facet: str, direction: str, index: "CatalogueIndex") -> Need | Failure:
    """Return the need with the next size up or down of the one it has ("a size bigger"): 43 after 42, L after M.

    Only sizes that other products of the need come in; `extreme` if there is none beyond, `unknown` without a size that
    has an order.
    """
    held = [place for value in need.wanted.get(facet, ()) if (place := _place(value)) is not None]
    if not held:
        return "unknown"
    rows = index.matching(need.without(facet).constraints())
    sign, (scale, start) = (1, max(held)) if direction == "up" else (-1, min(held))
    places = [(place, value) for value, _ in index.facet_counts(rows, facet) if (place := _place(value)) is not None]
    beyond = [(at * sign, value) for (kind, at), value in places if kind == scale and at * sign > start * sign]
    return need.want(facet, [min(beyond)[1]]) if beyond else "extreme"


def _place(size: str) -> tuple[str, float] | None:
    """Return the scale of a size and its place on it."""
    if size in LETTER_SIZES:
        return "letters", float(LETTER_SIZES.index(size))
    try:
        return "numbers", float(size)
    except ValueError:
        return None


def _is_known(facet: str, rows: Sequence[int], index: "CatalogueIndex") -> bool:
    return not np.isnan(index.numeric(facet)[list(rows)]).all()


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
