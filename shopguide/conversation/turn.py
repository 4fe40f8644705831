"""One message of a shopper, free of the channel and of Rasa."""

from dataclasses import dataclass, field

from shopguide.ids import ConversationId, ShopperId


@dataclass(frozen=True, slots=True)
class Mention:
    """Something named in a message: an entity as DESIGN's section on the NLU describes it.

    `value` is canonical: a string, a number, or for ordinals an int or a list of ints.
    """

    entity: str
    value: str | float | int | list[int]
    role: str | None = None
    excluded: bool = False
    facet: str | None = None
    unit: str | None = None
    currency: str | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message with what the NLU made of it. `open_question` is the facet that was asked about, if any."""

    conversation_id: ConversationId
    shopper_id: ShopperId | None
    text: str
    intent: str
    mentions: tuple[Mention, ...] = ()
    open_question: str | None = None
    current_slate: str | None = None
    payload: dict[str, str] = field(default_factory=dict)
