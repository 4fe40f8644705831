"""What a catalogue can answer: a wish that its feed says nothing about must not empty every slate."""

from typing import TYPE_CHECKING

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.need import Need

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

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
        known = [value for value in values if _is_listed(index, facet, value)]
        if len(known) < len(values):
            left.append(facet)
            # A size is no word to look for in texts: "m" is everywhere.
            words += [value for value in values if value not in known and facet != "size"]
            need = need.want(facet, known)
    for facet in [facet for facet in need.bounds if facet not in index.facets]:
        left.append(facet)
        need = need.without(facet)
    return need.saying(words), tuple(left)


def _is_listed(index: "CatalogueIndex", facet: str, value: str) -> bool:
    return len(index.matching([Constraint(facet, "in", (value,))], in_stock_only=False)) > 0
