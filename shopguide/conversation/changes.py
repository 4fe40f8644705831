"""What a turn changed in a need, as evidence for the shopper's profile."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from lexicon.facets import SLOT_OF_FACET
from shopguide.conversation.need import Bounds, Need
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.preferences import PreferenceEvidence, Source

Change = tuple[str, str, int, Source]
"""Facet, value (or bound such as "<=80"), polarity, and where it comes from."""


def changes(before: Need, after: Need, source: Source = "slot") -> list[Change]:
    """Return every fill, change and removal that leads from one need to the other.

    A value that takes another's place is a correction, and so is the taking back of the other. `source` is what
    everything else that was added comes from. Whoever goes on to another kind of product takes nothing back: that the
    umbrella need not be blue says nothing of the shoes.
    """
    found: list[Change] = []
    for facet in _either(before.wanted, after.wanted):
        old, new = before.wanted.get(facet, ()), after.wanted.get(facet, ())
        gone, come = [v for v in old if v not in new], [v for v in new if v not in old]
        found += [(facet, value, 0, "correction" if come else "removal") for value in gone]
        found += [(facet, value, 1, "correction" if gone else source) for value in come]
    for facet in _either(before.excluded, after.excluded):
        old, new = before.excluded.get(facet, ()), after.excluded.get(facet, ())
        found += [(facet, value, 0, "removal") for value in old if value not in new]
        found += [(facet, value, -1, source) for value in new if value not in old]
    for facet in _either(before.bounds, after.bounds):
        was, now = set(_bounds(before.bound(facet))), set(_bounds(after.bound(facet)))
        found += [(facet, text, 0, "correction" if now - was else "removal") for text in sorted(was - now)]
        found += [(facet, text, 1, "correction" if was - now else source) for text in sorted(now - was)]
    if _goes_on(before, after):
        return [(facet, value, polarity, source) for facet, value, polarity, _ in found if polarity]
    return found


def _goes_on(before: Need, after: Need) -> bool:
    was, now = set(before.wanted.get("category", ())), set(after.wanted.get("category", ()))
    return bool(was and now) and not was & now


def evidence(
    found: list[Change],
    shopper_id: ShopperId,
    conversation_id: ConversationId | None,
    at: datetime,
    *,
    recipient: str = "",
    category: str | None = None,
) -> list[PreferenceEvidence]:
    """Return changes as the profile stores them.

    Args:
        found: the changes.
        shopper_id: who said it.
        conversation_id: where.
        at: when.
        recipient: for whom; empty: for the shopper.
        category: the kind of product that it was said of.
    """
    return [
        PreferenceEvidence(
            shopper_id=shopper_id,
            facet=facet,
            value=value,
            polarity=1 if polarity > 0 else -1 if polarity < 0 else 0,
            source=source,
            at=at,
            slot=_slot(facet, value, polarity),
            conversation_id=conversation_id,
            recipient=recipient,
            category=category if facet != "category" else None,
        )
        for facet, value, polarity, source in found
    ]


def _slot(facet: str, value: str, polarity: int) -> str:
    if polarity < 0:
        return "excluded"
    if facet == "price":
        return "price_max" if value.startswith("<") else "price_min"
    return "min_rating" if facet == "rating" else SLOT_OF_FACET.get(facet, "other_facets")


def _bounds(bounds: Bounds) -> Iterator[str]:
    if bounds.low is not None:
        yield f">={bounds.low:g}"
    if bounds.high is not None:
        yield f"<={bounds.high:g}"


def _either(first: Mapping[str, object], second: Mapping[str, object]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))
