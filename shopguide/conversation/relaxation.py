"""Ways out when nothing fits: the least that has to give way, and what that brings."""

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Relaxation
from shopguide.conversation.question import Rows, nice

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

OFFERED = 4
"""Relaxations offered at most; more is no help."""

REPLACED = frozenset({"colour", "size", "material", "brand"})
"""Facets of which another value may do: "in any colour (5 brown)"."""

YIELDING = ("price", "rating", "colour", "occasion", "size", "material", "brand", "feature")
"""Facets in the order in which shoppers give way most readily; then all others, audience, and at last the category."""


def relaxations(need: Need, index: "CatalogueIndex") -> tuple[Relaxation, ...]:
    """Return the minimal relaxations of a need that nothing satisfies, what hurts least first.

    One facet at a time; a bound moves to the nearest product where that is enough. Only if no single facet but the
    category can give way, pairs are tried: whoever asks for an umbrella is not helped by shirts.
    """
    facets = _giving(need)
    singles = [found for facet in facets if (found := _relax(need, index, (facet,))) is not None]
    helpful = [found for found in singles if found.facets != ("category",)]
    if not helpful:
        pairs = itertools.combinations([facet for facet in facets if facet != "category"], 2)
        helpful = [found for pair in pairs if (found := _relax(need, index, pair)) is not None]
    if not helpful and len(facets) > 3 and (everything := _relax(need, index, tuple(facets[:-1]))) is not None:
        helpful = [everything]
    helpful += [found for found in singles if found.facets == ("category",)]
    return tuple(helpful[:OFFERED])


def relaxed(need: Need, relaxation: Relaxation) -> Need:
    """Return the need after a relaxation."""
    if relaxation.bounds is not None:
        return need.within(relaxation.facets[0], relaxation.bounds)
    for facet in relaxation.facets:
        need = need.without(facet).exclude(facet, ())
    return need


def _giving(need: Need) -> list[str]:
    known = dict.fromkeys([*need.wanted, *need.bounds, *need.excluded])
    order = {facet: place for place, facet in enumerate(YIELDING)}
    last = {"audience": 98, "category": 99}
    return sorted(known, key=lambda facet: last.get(facet, order.get(facet, len(order))))


def _relax(need: Need, index: "CatalogueIndex", facets: tuple[str, ...]) -> Relaxation | None:
    dropped = relaxed(need, Relaxation(facets, 0))
    rows = index.matching(dropped.constraints())
    if not len(rows):
        return None
    if len(facets) == 1 and facets[0] in need.bounds:
        bounds = _nearest(need.bound(facets[0]), index.numeric(facets[0])[rows])
        if bounds is not None:
            count = len(index.matching(need.within(facets[0], bounds).constraints()))
            if count:
                return Relaxation(facets, count, bounds)
    return Relaxation(facets, len(rows), mostly=_mostly(need, index, facets, rows))


def _mostly(need: Need, index: "CatalogueIndex", facets: tuple[str, ...], rows: Rows) -> tuple[str, int] | None:
    """Return the commonest value of the one facet that gives way; yes and no are told in other words."""
    facet = facets[0]
    asked = need.wanted.get(facet, ())
    if len(facets) > 1 or facet not in REPLACED or not asked:
        return None
    undesired = {*asked, *need.excluded.get(facet, ())}
    value = next((found for found, _ in index.facet_counts(rows, facet) if found not in undesired), None)
    if value is None:
        return None
    # Of a colour its shades count, too.
    return value, len(index.matching(need.without(facet).want(facet, [value]).constraints()))


def _nearest(held: Bounds, numbers: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Bounds | None:
    """Return bounds that reach the nearest number outside, a little further to a round one."""
    known = numbers[~np.isnan(numbers)]
    over = known[known > held.high] if held.high is not None else known[:0]
    under = known[known < held.low] if held.low is not None else known[:0]
    if len(over) and (not len(under) or over.min() - (held.high or 0) <= (held.low or 0) - under.max()):
        nearest = float(over.min())
        round_up = nice(nearest)
        return replace(held, high=round_up if nearest <= round_up <= nearest * 1.1 else nearest)
    if len(under):
        nearest = float(under.max())
        round_down = nice(nearest)
        return replace(held, low=round_down if nearest * 0.9 <= round_down <= nearest else nearest)
    return None
