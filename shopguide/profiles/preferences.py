"""What a shopper is known to like, and where that knowledge comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from shopguide.ids import ConversationId, ShopperId

Source: TypeAlias = Literal[
    "slot",
    "correction",
    "removal",
    "critique",
    "search",
    "fact",
    "like",
    "dislike",
    "cart",
    "purchase",
    "click",
    "import",
]


@dataclass(frozen=True, slots=True)
class PreferenceEvidence:
    """One thing that a shopper said or did about one facet value.

    `polarity` is 1 (wants), -1 (does not want) or 0 (took it back). `strength` is between 0 and 1. Numeric
    facets write the bound as their value and put the operator in front of it ("<=80").

    Args:
        recipient: whom it was said for, in the shopper's own word ("dad"); empty: for the shopper.
        category: the kind of product it was about, where one was known: prices and sizes mean little without it.
        event_id: the feedback event that it was learnt from.
        session_only: whether it counts only for its own conversation, because nobody has agreed to more.
    """

    shopper_id: ShopperId
    facet: str
    value: str
    polarity: Literal[-1, 0, 1]
    source: Source
    at: datetime
    strength: float = 1.0
    slot: str | None = None
    conversation_id: ConversationId | None = None
    recipient: str = ""
    category: str | None = None
    event_id: str | None = None
    session_only: bool = False


@dataclass(frozen=True, slots=True)
class TasteProfile:
    """The tastes derived from all evidence: for each facet, value → weight between -1 and 1."""

    shopper_id: ShopperId | None = None
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def weight(self, facet: str, value: str) -> float:
        """Return how much the shopper leans to (or, below zero, away from) a folded facet value."""
        return self.weights.get(facet, {}).get(value, 0.0)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not any(self.weights.values())
