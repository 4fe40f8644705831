"""A shopper's view, ready for JSON: the same on the command line and in the API."""

from typing import Any

from shopguide.profiles.service import ShopperView


def as_dict(view: ShopperView, evidence_limit: int = 200) -> dict[str, Any]:
    """Return a view as JSON-ready values; tastes strongest first, evidence newest first.

    Args:
        view: what is known about the shopper.
        evidence_limit: pieces of evidence at most.
    """
    return {
        "shopper_id": view.shopper_id,
        "created_at": view.created_at.isoformat(),
        "identities": [{"channel": i.channel, "sender_id": i.sender_id} for i in view.identities],
        "tastes": {
            facet: {value: round(weight, 4) for value, weight in sorted(weights.items(), key=lambda item: -item[1])}
            for facet, weights in sorted(view.taste.weights.items())
        },
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
            }
            for piece in view.evidence[:evidence_limit]
        ],
    }
