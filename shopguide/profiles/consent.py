"""What a shopper has agreed to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from shopguide.ids import ConversationId, ShopperId

Purpose: TypeAlias = Literal["personalisation", "analytics"]
"""What data may be used for: remembering tastes and behaviour for this shopper's own sake; reports and the training of
models."""

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True, slots=True)
class Consents:
    """For each purpose: granted, withdrawn or refused, or `None` while nobody has asked."""

    personalisation: bool | None = None
    analytics: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether the shopper wants nothing kept at all."""
        return self.personalisation is False and self.analytics is False


@dataclass(frozen=True, slots=True)
class ConsentDecision:
    """One decision. Decisions are only ever added; the latest of a purpose holds."""

    shopper_id: ShopperId
    purpose: Purpose
    granted: bool
    at: datetime
    source: str
    conversation_id: ConversationId | None = None
