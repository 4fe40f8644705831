"""Products side by side: in what they differ, and which of them suits the shopper best."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Shown
from shopguide.conversation.outcomes_product import Advantage, Compared, Difference, Pick
from shopguide.conversation.references import Pointed, resolve
from shopguide.conversation.turn import Turn
from shopguide.ids import Sku

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

MOST_COMPARED = 4
"""Products that fit beside each other on a screen, and in a head."""
MOST_DIFFERENCES = 12
MOST_SAME = 6
FIRST = ("price", "rating", "brand", "category", "colour", "material", "size", "audience", "occasion", "feature")
"""Facets that are told before those that only some catalogues have."""
CHEAPER = 0.95
"""A price counts as lower from this share of the next one on."""
BETTER_RATED = 0.15
"""Stars by which a rating has to be higher to count, and from how many ratings on it is one."""
FEWEST_RATINGS = 3
WORTH: Mapping[Advantage, float] = {"in_stock": 4.0, "wish": 2.0, "taste": 1.5, "best_rated": 1.0, "cheapest": 1.0}
"""What speaks for a product, by how much it counts; no more than an order that shoppers would agree with."""
PERSONAL = frozenset({"taste", "history", "similar"})
"""Reasons of the ranking that rest on what the shopper likes."""


def meant_apart(turn: Turn, shown: Sequence[Sku], index: "CatalogueIndex", focus: Sku | None) -> tuple[Sku, ...]:
    """Return the products on screen that a message names one by one ("the Holm or the Ferro")."""
    found: list[Sku] = []
    for mention in turn.mentions:
        # Its words alone: those of the other product would rule this one out.
        text = " " * mention.start + turn.text[mention.start : mention.end]
        alone = resolve(replace(turn, mentions=(mention,), references=(), text=text), shown, index, focus)
        if isinstance(alone, Pointed):
            found += alone.skus
    return tuple(dict.fromkeys(found))


def compare(
    products: Sequence[Shown],
    need: Need,
    index: "CatalogueIndex",
    *,
    asked: Sequence[str] = (),
    direction: str = "",
) -> Compared:
    """Compare two to four products.

    Args:
        products: with the reasons for which they were shown.
        need: what the shopper looks for.
        index: the catalogue, which has all of them.
        asked: facets that the question may be about, the likeliest first.
        direction: `up` or `down`, if it asks which has more or less.
    """
    rows = [index.row(one.product.sku) for one in products]
    facet = next((name for name in asked if any(index.values(name, row) for row in rows)), None)
    furthest = _furthest(facet, direction, rows, index) if facet is not None and direction else ()
    known = {name: tuple(_values(name, row, index) for row in rows) for name in index.facets}
    known = {name: values for name, values in known.items() if any(values)}
    apart = [name for name, values in known.items() if len(set(values)) > 1]
    ordered = sorted(apart, key=_telling(known, need, facet))
    alike = sorted(known.keys() - set(apart), key=_telling(known, need, facet))
    return Compared(
        products=tuple(products),
        differences=tuple(Difference(name, known[name]) for name in ordered[:MOST_DIFFERENCES]),
        same={name: known[name][0] for name in alike[:MOST_SAME]},
        # Who asks which is lighter wants to hear that, and not which one to take.
        pick=None if furthest else pick(products, need, index),
        asked=facet,
        furthest=furthest,
    )


def pick(products: Sequence[Shown], need: Need, index: "CatalogueIndex") -> Pick | None:
    """Return the product for which most speaks; between equals, the one that was ranked first."""
    found: list[Pick] = []
    for place, one in enumerate(products):
        others = [other for other in products if other is not one]
        met = _wishes(one, others, need, index)
        advantages = [name for name, holds in _ADVANTAGES.items() if holds(one, others)]
        found.append(Pick(place, (*(("wish",) if met else ()), *advantages), met))
    best = max(found, key=lambda one: (_worth(one), -products[one.place].position))
    return best if best.advantages else None


def _worth(one: Pick) -> float:
    return sum(WORTH[name] * (len(one.facets) if name == "wish" else 1) for name in one.advantages)


def _wishes(one: Shown, others: Sequence[Shown], need: Need, index: "CatalogueIndex") -> tuple[str, ...]:
    """Return the facets of wishes that this product meets and another does not."""
    found = []
    for constraint in need.constraints():
        rows = set(index.matching((constraint,), in_stock_only=False).tolist())
        mine, theirs = index.row(one.product.sku) in rows, [index.row(other.product.sku) in rows for other in others]
        if mine and not all(theirs):
            found.append(constraint.facet)
    return tuple(dict.fromkeys(found))


def _in_stock(one: Shown, others: Sequence[Shown]) -> bool:
    return one.product.in_stock and not all(other.product.in_stock for other in others)


def _taste(one: Shown, others: Sequence[Shown]) -> bool:
    def personal(shown: Shown) -> bool:
        return any(reason.kind in PERSONAL for reason in shown.reasons)

    return personal(one) and not any(map(personal, others))


def _best_rated(one: Shown, others: Sequence[Shown]) -> bool:
    def rating(shown: Shown) -> float:
        enough = shown.product.rating_count >= FEWEST_RATINGS
        return shown.product.rating if enough and shown.product.rating is not None else 0.0

    # Who knows nothing of the others cannot call one better.
    theirs = [rating(other) for other in others]
    return all(theirs) and rating(one) >= max(theirs) + BETTER_RATED


def _cheapest(one: Shown, others: Sequence[Shown]) -> bool:
    prices = [other.product.price for other in others]
    known = [float(price) for price in prices if price is not None]
    return (
        one.product.price is not None and len(known) == len(prices) and float(one.product.price) <= CHEAPER * min(known)
    )


_ADVANTAGES: Mapping[Advantage, Callable[[Shown, Sequence[Shown]], bool]] = {
    "in_stock": _in_stock,
    "taste": _taste,
    "best_rated": _best_rated,
    "cheapest": _cheapest,
}


def _furthest(facet: str, direction: str, rows: Sequence[int], index: "CatalogueIndex") -> tuple[int, ...]:
    numbers = index.numeric(facet)[list(rows)]
    if np.isnan(numbers).all():
        return ()
    best = np.nanmax(numbers) if direction == "up" else np.nanmin(numbers)
    return tuple(int(place) for place in np.flatnonzero(numbers == best))


def _values(facet: str, row: int, index: "CatalogueIndex") -> tuple[str, ...]:
    """Return the folded values of a product in an order that does not tell products apart."""
    values = index.values(facet, row)
    return values[-1:] if facet == "category" else tuple(sorted(values, key=_sortable))


def _sortable(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, value


def _telling(
    known: Mapping[str, Collection[tuple[str, ...]]], need: Need, asked: str | None
) -> Callable[[str], tuple[bool, bool, int, int, str]]:
    """Return a key that orders facets: what was asked, is looked for, all shops have, all products say."""

    def key(facet: str) -> tuple[bool, bool, int, int, str]:
        usual = FIRST.index(facet) if facet in FIRST else len(FIRST)
        unknown = sum(not values for values in known[facet])
        return facet != asked, facet not in need.facets, usual, unknown, facet

    return key
