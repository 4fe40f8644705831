"""Slates and feedback events, as the rest of the product sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from shopguide.ids import ConversationId, ShopperId, Sku, SlateId

EventKind: TypeAlias = Literal[
    "view", "click", "search", "like", "dislike", "add_to_cart", "purchase", "rating", "dismiss"
]

EVENT_WEIGHTS: Mapping[str, float] = {
    "view": 0.2,
    "click": 0.5,
    "like": 1.0,
    "add_to_cart": 1.5,
    "purchase": 3.0,
    "rating": 1.0,
    "dislike": -1.0,
    "dismiss": -0.5,
}
"""What one event says about a product, in units of one like. A rating counts by its value around the middle."""


@dataclass(frozen=True, slots=True)
class SlateItem:
    """One product on a slate; positions count from 1, `propensity` is the logged probability of this choice."""

    sku: Sku
    position: int
    propensity: float = 1.0
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Slate:
    """An ordered list of products as a shopper saw it.

    `constraints` and `state` are JSON-ready: the constraints as they stood, and what the dialogue needs to take up
    from this slate again. `session_only`: it serves its conversation and is no impression for anybody else, because
    nobody has agreed to more.
    """

    slate_id: SlateId
    shopper_id: ShopperId | None
    conversation_id: ConversationId | None
    created_at: datetime
    reply_to: str
    policy: str
    model_version: str
    degraded: str | None
    total_matches: int
    items: tuple[SlateItem, ...]
    constraints: tuple[Mapping[str, Any], ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    session_only: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """One product that a shopper was shown, and when."""

    sku: Sku
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One thing a shopper did. `event_id` comes from the client: an event sent twice counts once.

    `session_only`: it counts only in its own conversation, because nobody has agreed to more. `recipient`: for whom
    it was, in the shopper's own word ("dad"); empty: for the shopper.
    """

    event_id: str
    kind: EventKind
    shopper_id: ShopperId
    at: datetime
    sku: Sku | None = None
    slate_id: SlateId | None = None
    value: float | None = None
    text: str | None = None
    conversation_id: ConversationId | None = None
    session_only: bool = False
    recipient: str = ""
