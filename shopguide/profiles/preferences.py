"""What a shopper is known to like, and where that knowledge comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias, get_args

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

SOURCES: tuple[Source, ...] = get_args(Source)

TELLING: tuple[tuple[Source, ...], ...] = (
    ("slot", "correction", "critique"),
    ("purchase",),
    ("like",),
    ("dislike",),
    ("cart",),
    ("import",),
    ("search",),
    ("click",),
)
"""Where a taste comes from, what tells a shopper most first; sources that are one to them stand together."""

BOUND_SIGNS = ("<=", ">=")


def is_bound(value: str) -> bool:
    """Whether a value is a bound of a number ("<=80")."""
    return value.startswith(BOUND_SIGNS)


def is_size(facet: str) -> bool:
    """Whether a facet is a size that a person takes: `size`, `shoe_size`; a screen has one too, but takes none."""
    words = facet.split("_")
    return "size" in words and "screen" not in words


SAID: frozenset[Source] = frozenset({"slot", "correction", "critique", "import"})
"""Sources of what a shopper put in words; the others are what they did."""


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
class Overruled:
    """What was said or shown of a facet value and no longer holds: the contrary, or an earlier bound.

    Args:
        value: the facet value; of a bound, the earlier one.
        polarity: what it said, 1 or -1.
        latest: when it was said or shown last.
        sources: how many pieces of evidence came from where.
    """

    value: str
    polarity: int
    latest: datetime
    sources: Mapping[Source, int]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a shopper thinks of one facet value, and what that rests on.

    Args:
        facet: the facet.
        value: the folded value, or a bound ("<=80").
        weight: between -1 and 1, as in `TasteProfile.weights`.
        since: when the first piece that it rests on was said or shown.
        latest: when the last one was.
        sources: how many of these pieces came from where.
        category: the kind of product that a bound or a size is about, if that is known.
        overruled: what spoke against it and lost, the latest first.
    """

    facet: str
    value: str
    weight: float
    since: datetime
    latest: datetime
    sources: Mapping[Source, int]
    category: str | None = None
    overruled: tuple[Overruled, ...] = ()

    @property
    def ground(self) -> tuple[Source, int]:
        """The source that tells a shopper most of where this comes from, and how many pieces came from there.

        What was said in a conversation counts together, whether it filled a slot or changed it.
        """
        held = next(group for group in TELLING if any(source in self.sources for source in group))
        first = next(source for source in held if source in self.sources)
        return first, sum(self.sources.get(source, 0) for source in held)


@dataclass(frozen=True, slots=True)
class TasteProfile:
    """The tastes derived from all evidence: for each facet, value → weight between -1 and 1.

    `opinions` say what each weight rests on, the strongest first; a bound or size has one for each kind of product.
    Wishes that were not derived from evidence have none.
    """

    shopper_id: ShopperId | None = None
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    opinions: tuple[Opinion, ...] = ()

    def weight(self, facet: str, value: str) -> float:
        """Return how much the shopper leans to (or, below zero, away from) a folded facet value."""
        return self.weights.get(facet, {}).get(value, 0.0)

    def opinion(self, facet: str, value: str) -> Opinion | None:
        """Return what the weight of a facet value rests on, the strongest opinion if there are several."""
        return next((held for held in self.opinions if (held.facet, held.value) == (facet, value)), None)

    @property
    def ruled_out(self) -> "TasteProfile":
        """What the shopper said, in words, that they do not want, with weights above 0.

        Whoever turned a product down said nothing of its colour; whoever said "no Kestrel" wants none.
        """
        weights: dict[str, dict[str, float]] = {}
        for held in self.opinions:
            if held.weight < 0 and SAID & held.sources.keys():
                weights.setdefault(held.facet, {})[held.value] = -held.weight
        return TasteProfile(self.shopper_id, weights)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not any(self.weights.values())
