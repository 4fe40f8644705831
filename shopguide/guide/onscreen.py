"""The slate on screen, as a search reads it: what it is compared with, which of its products a message points at."""

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.categories import in_line
from shopguide.conversation.need import Need
from shopguide.conversation.understanding import Understanding
from shopguide.feedback.events import Slate
from shopguide.ids import Sku


def shown_rows(slate: Slate | None, index: CatalogueIndex) -> list[int]:
    """Return the rows of the products on screen that are still on sale."""
    return [index.row(item.sku) for item in slate.items if item.sku in index] if slate is not None else []


def comparable(slate: Slate | None, need: Need, index: CatalogueIndex) -> Slate | None:
    """Return the slate if a need is for the same kind of product: a cheap watch is not measured by dresses."""
    if slate is None:
        return None
    held = Need.from_slots(dict(slate.state.get("need") or {})).wanted.get("category", ())
    now = need.wanted.get("category", ())
    same = not held or not now or any(in_line(index, one, other) for one in held for other in now)
    return slate if same else None


def pointed_anchor(understood: Understanding, slate: Slate | None, index: CatalogueIndex) -> Sku | None:
    """Return the product that the message points at, the first of several."""
    if understood.resembling is not None:
        return understood.resembling
    if slate is None:
        return None
    for place in understood.ordinals:
        position = place - 1 if place > 0 else len(slate.items) + place
        if 0 <= position < len(slate.items) and slate.items[position].sku in index:
            return slate.items[position].sku
    return None


def held_anchor(need: Need, slate: Slate, index: CatalogueIndex) -> Sku | None:
    """Return the product that the slate before resembled, as long as the kind of product stays the same."""
    held = slate.state.get("anchor")
    same = Need.from_slots(dict(slate.state.get("need") or {})).wanted.get("category") == need.wanted.get("category")
    return Sku(str(held)) if held is not None and same and Sku(str(held)) in index else None


def extreme(index: CatalogueIndex, facet: str, direction: str, rows: list[int]) -> Product | None:
    """Return the product that is furthest in a direction, `None` if none of them says."""
    numbers = index.numeric(facet)[rows] if rows else np.array([])
    if not len(numbers) or np.isnan(numbers).all():
        return None
    best = int(np.nanargmax(numbers) if direction == "up" else np.nanargmin(numbers))
    return index.product(index.skus[rows[best]])


def newly_kept_in_mind(need: Need, slate: Slate | None) -> tuple[str, ...]:
    """Return what the profile brought into a need since the slate before, as far as it still holds."""
    before = Need.from_slots(dict(slate.state.get("need") or {})) if slate is not None else Need()
    told = before.kept_in_mind if before.recipient == need.recipient else ()
    return tuple(key for key in need.kept_in_mind if key not in told and _holds(key, need))


def _holds(key: str, need: Need) -> bool:
    facet, unwanted, value = key.partition("!=")
    if unwanted:
        return value in need.excluded.get(facet, ())
    facet, _, value = key.partition("=")
    return value in need.wanted.get(facet, ())
