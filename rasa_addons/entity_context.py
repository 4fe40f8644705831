"""What the conversation says about a message before its entities are read."""

from dataclasses import dataclass
from typing import Any

SEARCH_FORM = "search_form"
_RECENT = 30  # events to look back for the slate on screen
_FACET_OF_SLOT = {"features": "feature", "price_min": "price", "price_max": "price", "min_rating": "rating"}


@dataclass(frozen=True)
class EntityContext:
    """The facet that was asked about, if a question is open, and the titles of the products on screen."""

    open_facet: str | None = None
    slate_shown: bool = False
    titles: tuple[str, ...] = ()


def context_of(tracker: Any) -> EntityContext:
    """Read the context from a Rasa tracker; None is a conversation that has not begun."""
    if tracker is None:
        return EntityContext()
    titles = _titles(tracker)
    return EntityContext(_open_facet(tracker), bool(titles) or bool(_slot(tracker, "current_slate")), titles)


def _slot(tracker: Any, name: str) -> Any:
    slot = tracker.slots.get(name)
    return None if slot is None else slot.value


def _open_facet(tracker: Any) -> str | None:
    """Return the facet of the open question: the slot that the form asks for bears its name."""
    requested = _slot(tracker, "requested_slot") if tracker.active_loop_name == SEARCH_FORM else None
    return None if requested is None else str(_FACET_OF_SLOT.get(requested, requested))


def _titles(tracker: Any) -> tuple[str, ...]:
    for event in list(tracker.events)[: -_RECENT - 1 : -1]:
        custom = (getattr(event, "data", None) or {}).get("custom") if event.type_name == "bot" else None
        if isinstance(custom, dict) and custom.get("type") == "slate":
            items = custom.get("items") or []
            return tuple(str(item["title"]) for item in items if isinstance(item, dict) and item.get("title"))
    return ()
