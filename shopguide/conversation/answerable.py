"""What a catalogue can answer: a wish that its feed says nothing about must not empty every slate."""

from typing import TYPE_CHECKING

import numpy as np

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.need import Need

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

SAID_IN_TEXTS = ("occasion", "feature")
"""Of these facets, those whose values texts tell of just as well."""

SELDOM_LISTED = ("size", "material", "occasion", "feature")
"""Facets that shoppers speak of and feeds list now and then. Another brand or colour than the shop has is not there;
a feature that no product lists may well be."""


def answerable(need: Need, index: "CatalogueIndex") -> tuple[Need, tuple[str, ...]]:
    """Return the part of a need that the catalogue can check, and the facets that were left out.

    What is left out stays in the slots and goes on as words, so that a text that mentions it comes first.
    """
    left: list[str] = []
    words: list[str] = []
    for facet, values in dict(need.wanted).items():
        if facet in index.facets and facet not in SELDOM_LISTED:
            continue
        if _is_never_listed(need, facet, index):
            left.append(facet)
            words += [value for value in values if facet != "size"]
            need = need.want(facet, ())
            continue
        known = [
            value for value in values if _is_listed(index, facet, value) and not _in_texts(need, facet, value, index)
        ]
        if len(known) < len(values):
            left.append(facet)
            # A size is no word to look for in texts: "m" is everywhere.
            words += [value for value in values if value not in known and facet != "size"]
            need = need.want(facet, known)
    numbers = [facet for facet in need.facets if facet not in index.facets or _is_no_measure(need, facet, index)]
    for facet in numbers:
        left.append(facet)
        need = need.without(facet)
    return need.saying(words), tuple(left)


def _in_texts(need: Need, facet: str, value: str, index: "CatalogueIndex") -> bool:
    """Whether no product of the kind wanted lists a value, and texts mention it: "hiking boots" in an outdoor line."""
    kind = _kind(need)
    if facet not in SAID_IN_TEXTS or not kind or len(index.matching([*kind, Constraint(facet, "in", (value,))])):
        return False
    return len(index.search(value, index.matching(kind), 1)[0]) > 0


def _is_never_listed(need: Need, facet: str, index: "CatalogueIndex") -> bool:
    """Whether nothing of the kind wanted has any value of a facet: bags come in no sizes."""
    kind = _kind(need)
    known = facet in index.facets and index.facets[facet].kind == "text"
    return bool(kind) and known and not index.facet_counts(index.matching(kind, in_stock_only=False), facet)


def _is_no_measure(need: Need, facet: str, index: "CatalogueIndex") -> bool:
    """Whether nothing of the kind wanted has a number: "1.60 m tall" says nothing of a bag."""
    kind = _kind(need)
    if not kind or facet == "price" or index.facets[facet].kind != "number":
        return False
    return bool(np.isnan(index.numeric(facet)[index.matching(kind, in_stock_only=False)]).all())


def _kind(need: Need) -> list[Constraint]:
    return [Constraint("category", "in", need.wanted["category"])] if "category" in need.wanted else []


def _is_listed(index: "CatalogueIndex", facet: str, value: str) -> bool:
    return len(index.matching([Constraint(facet, "in", (value,))], in_stock_only=False)) > 0
