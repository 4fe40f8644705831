"""A shopper's view, ready for JSON: the same on the command line and in the API."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from shopguide.profiles.facts import Fact
from shopguide.profiles.habits import Habits
from shopguide.profiles.preferences import TasteProfile
from shopguide.profiles.service import ShopperView


def as_dict(view: ShopperView, evidence_limit: int = 200, *, habits: Habits | None = None) -> dict[str, Any]:
    """Return a view as JSON-ready values; tastes strongest first, evidence newest first.

    Args:
        view: what is known about the shopper.
        evidence_limit: pieces of evidence at most.
        habits: the shopper's habits; `None`: not looked at.
    """
    return {
        "shopper_id": view.shopper_id,
        "created_at": view.created_at.isoformat(),
        "identities": [{"channel": i.channel, "sender_id": i.sender_id} for i in view.identities],
        "consents": asdict(view.consents),
        "tastes": _weights(view.taste),
        "opinions": _opinions(view.taste),
        "facts": _facts(view.facts),
        "recipients": [
            {
                "recipient": person.recipient,
                "pieces": person.pieces,
                "latest": person.latest.isoformat(),
                "tastes": _weights(person.taste),
                "opinions": _opinions(person.taste),
                "facts": _facts(person.facts),
            }
            for person in view.recipients
        ],
        "habits": habits_dict(habits) if habits is not None else None,
        "evidence": [
            {
                "facet": piece.facet,
                "value": piece.value,
                "polarity": piece.polarity,
                "strength": piece.strength,
                "source": piece.source,
                "slot": piece.slot,
                "conversation_id": piece.conversation_id,
                "at": piece.at.isoformat(),
                "recipient": piece.recipient,
                "category": piece.category,
                "event_id": piece.event_id,
                "session_only": piece.session_only,
            }
            for piece in view.evidence[:evidence_limit]
        ],
    }


def habits_dict(habits: Habits) -> dict[str, Any]:
    """Return habits as JSON-ready values."""
    found: dict[str, Any] = _ready(asdict(habits))
    return found


def _weights(taste: TasteProfile) -> dict[str, dict[str, float]]:
    return {
        facet: {value: round(weight, 4) for value, weight in sorted(weights.items(), key=lambda item: -item[1])}
        for facet, weights in sorted(taste.weights.items())
    }


def _opinions(taste: TasteProfile) -> list[dict[str, Any]]:
    return [_ready(asdict(opinion)) for opinion in taste.opinions]


def _facts(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [_ready(asdict(fact)) for fact in facts]


def _ready(value: Any) -> Any:
    """Return nested values with times as text and numbers at four digits."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _ready(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_ready(held) for held in value]
    return value
