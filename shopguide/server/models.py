"""What the API reads and writes."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    StringConstraints,
    Tag,
    model_validator,
)

from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint, Op
from shopguide.feedback.events import EventKind, FeedbackEvent
from shopguide.feedback.service import RecordResult
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId

MAX_EVENTS = 1_000
MAX_CHAT_EVENTS = 50

Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]


def _numeric(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number")
    return value


def _iso(value: Any) -> Any:
    # pydantic would take numbers, in texts as well, for seconds since 1970.
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("is no time in ISO 8601")
    return value


Number = Annotated[FiniteFloat, BeforeValidator(_numeric)]
Whole = Annotated[int, BeforeValidator(_numeric)]
Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]


class Strict(BaseModel):
    """What is read: a field that nobody knows is an error."""

    model_config = ConfigDict(extra="forbid")


class Event(Strict):
    """One thing that a shopper did, as the shop reports it."""

    event_id: Id = Field(description="the client's own id: an event sent twice counts once")
    kind: EventKind
    shopper_id: Id
    at: Moment = Field(description="when it happened, with its zone (ISO 8601)")
    sku: Id | None = Field(None, description="the product; needed by every kind but search")
    slate_id: Id | None = Field(None, description="the slate on which the product was shown, if it was on one")
    value: Number | None = Field(None, description="the rating, the quantity")
    text: Text | None = Field(None, description="the words of a search")

    def to_event(self) -> FeedbackEvent:
        """Return the event as the rest of the product sees it."""
        return FeedbackEvent(
            event_id=self.event_id,
            kind=self.kind,
            shopper_id=ShopperId(self.shopper_id),
            at=self.at,
            sku=Sku(self.sku) if self.sku else None,
            slate_id=SlateId(self.slate_id) if self.slate_id else None,
            value=self.value,
            text=self.text,
        )


class Events(Strict):
    """Many events."""

    events: list[Event] = Field(min_length=1, max_length=MAX_EVENTS)


OneOrManyEvents = Annotated[
    Annotated[Event, Tag("(one)")] | Annotated[Events, Tag("(many)")],
    Discriminator(lambda body: "(many)" if isinstance(body, dict) and "events" in body else "(one)"),
]
"""Told apart by their key, so that an error names the fields of what was meant; `problems` leaves the tags out."""


class ChatEvent(Strict):
    """One thing that a shopper did on the chat page. What counts in money comes from the shop, not from a browser."""

    event_id: Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[\w-]+$")]
    kind: Literal["view", "click", "like", "dislike", "dismiss"]
    sku: Id
    slate_id: Id

    def to_event(self, conversation_id: ConversationId, shopper_id: ShopperId, at: datetime) -> FeedbackEvent:
        """Return the event as the rest of the product sees it; its id cannot take that of anybody else's event."""
        return FeedbackEvent(
            event_id=f"{conversation_id}:{self.event_id}",
            kind=self.kind,
            shopper_id=shopper_id,
            at=at,
            sku=Sku(self.sku),
            slate_id=SlateId(self.slate_id),
            conversation_id=conversation_id,
        )


class ChatEvents(Strict):
    """Many of them."""

    events: list[ChatEvent] = Field(min_length=1, max_length=MAX_CHAT_EVENTS)


class Refused(BaseModel):
    """An event that was not kept."""

    event_id: str
    why: str


class Recorded(BaseModel):
    """What became of events."""

    accepted: int
    duplicates: int
    refused: list[Refused]
    queued: int = Field(0, description="events that wait on this server's disk for the database; they count later")

    @classmethod
    def of(cls, result: RecordResult) -> Self:
        """Return a result, ready for JSON."""
        refused = [Refused(event_id=event_id, why=why) for event_id, why in result.refused]
        return cls(accepted=result.accepted, duplicates=result.duplicates, refused=refused, queued=result.queued)


class ConstraintModel(Strict):
    """One condition: `in` and `not in` take values, `<=` and `>=` a value."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "properties": {
                        "op": {"enum": ["in", "not in"]},
                        "values": {"type": "array", "minItems": 1},
                        "value": {"type": "null"},
                    },
                    "required": ["values"],
                },
                {
                    "properties": {
                        "op": {"enum": ["<=", ">="]},
                        "values": {"type": "array", "maxItems": 0},
                        "value": {"type": "number"},
                    },
                    "required": ["op", "value"],
                },
            ]
        }
    )

    facet: Id
    op: Op = "in"
    values: list[Id] = Field([], max_length=100)
    value: Number | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        self.to_constraint()
        return self

    def to_constraint(self) -> Constraint:
        """Return the constraint, its values folded.

        Raises:
            ValueError: values where a bound is needed, or the other way round.
        """
        return Constraint(self.facet, self.op, tuple(map(normalise, self.values)), self.value)


class RecommendationModel(Strict):
    """A need."""

    shopper_id: Id | None = Field(None, description="whose behaviour and tastes count")
    query: Text = Field("", description="the need in words")
    constraints: list[ConstraintModel] = Field([], max_length=50)
    k: Whole = Field(5, ge=1, le=50, description="products wanted")
    exclude: list[Id] = Field([], max_length=1_000, description="products not wanted")
    anchor: Id | None = Field(None, description="a product that the answer should resemble")


class TokenRequest(Strict):
    """What a browser or the shop sends for a chat token."""

    token: Annotated[str, StringConstraints(max_length=2_000)] | None = Field(
        None, description="the last token of a returning browser, to go on as the same shopper"
    )
    shopper_id: Id | None = Field(None, description="who it is; only the shop may say so, with its key")


class TokenResponse(BaseModel):
    """A signed chat identity."""

    token: str
    expires_at: datetime
    conversation_id: str
    socket_url: str
