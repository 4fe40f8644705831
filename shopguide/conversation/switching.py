"""What a shopper who moves to another kind of product leaves behind."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shopguide.conversation.answerable import answerable
from shopguide.conversation.need import Need
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import KEPT_ELSEWHERE, Understanding

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

LETTING_GO = ("feature", "size", "material", "occasion", "price", "colour", "brand", "audience")
"""What gives way first of what was carried along to another kind of product, after the facets only the old one has."""


def left_behind(need: Need) -> Need:
    """Return what stays of a need when something is asked for that no category names.

    That is the person, and what was ruled out of brands and colours; all of it if no kind of product was known.
    """
    if "category" not in need.wanted:
        return replace(need, words="")
    return Need(
        wanted={facet: need.wanted[facet] for facet in KEPT_ELSEWHERE if facet in need.wanted},
        excluded={facet: values for facet, values in need.excluded.items() if facet in ("brand", "colour")},
        recipient=need.recipient,
    )


def still_sensible(need: Need, turn: Turn, understood: Understanding, index: "CatalogueIndex") -> Need:
    """After a search for another kind of product, drop what was carried along and fits nothing there."""
    opened = understood.switched or (turn.intent == "search_products" and "category" in understood.said)
    if not opened or len(index.matching(answerable(need, index)[0].constraints())):
        return need
    left = need
    for facet in (*(facet for facet in need.facets if facet not in (*LETTING_GO, "category")), *LETTING_GO):
        if facet not in understood.said and facet in need.facets:
            left = left.without(facet)
            if len(index.matching(answerable(left, index)[0].constraints())):
                return left
    return need
