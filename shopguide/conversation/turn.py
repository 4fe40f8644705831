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
class Reference:
    """Words that point at products on screen without a number: "the cheaper one", "the other one", "the blue one".

    Args:
        kind: `most` (furthest in a direction), `other`, `both`, `all`, `described` (what the words in it name), or
            `this` (the one talked about).
        start: where in the message it begins.
        end: where it ends.
        facets: for `most`, number facets that may be meant, the likeliest first.
        direction: for `most`, `up` or `down`.
        like: whether something that resembles the product is wanted, not the product itself.
    """

    kind: str
    start: int
    end: int
    facets: tuple[str, ...] = ()
    direction: str = ""
    like: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message with what the NLU made of it.

    `open_question` is the facet that was asked about, if any; `history` whether what is remembered of the shopper may
    count in the session; `number` counts the shopper's messages in the conversation; `annoyed` says that the shopper
    has had enough (`mood`).
    """

    conversation_id: ConversationId
    shopper_id: ShopperId | None
    text: str
    intent: str
    mentions: tuple[Mention, ...] = ()
    references: tuple[Reference, ...] = ()
    open_question: str | None = None
    current_slate: str | None = None
    payload: dict[str, str] = field(default_factory=dict)
    history: bool = True
    number: int = 0
    annoyed: bool = False
