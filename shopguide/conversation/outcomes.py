"""What a use case comes to, free of wording: actions and the API turn outcomes into words and payloads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from shopguide.catalogue.product import Product
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.question import Question
from shopguide.ids import Sku, SlateId
from shopguide.recommender.types import Reason


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A way out when nothing fits: what gives way, and how many products that brings.

    Either facets are dropped, or one facet's bounds move to `bounds`. `mostly` is the commonest value that the
    products have instead of those asked for, and how many have it.
    """

    facets: tuple[str, ...]
    count: int
    bounds: Bounds | None = None
    mostly: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One product on a slate, with the true reasons it is there."""

    product: Product
    position: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SlateShown:
    """Products were found and are logged as shown.

    Args:
        total: products that satisfy the need.
        remaining: of these, how many were not shown yet.
        anchor: the product that the slate should resemble.
        gave_way: facets that were only wished for and had to give way.
        kept_in_mind: what the profile brought into the need and the shopper was not told yet ("size=43").
        missing_words: model numbers that no product contains.
        unheard: the words that were all the message said, if none of the products mentions any.
        stressed: words of a style that was asked for; the products that mention them come first.
        avoided: words of a style that was criticised; what mentions them was left out.
        unlisted: facets that were asked for and that the catalogue does not list, so that nothing could be checked.
        searched: the need less what is unlisted; `None` if that is the whole need.
        measured: number facets that the message gave a direction but no number ("cheap"), with `up` or `down`.
        in_passing: what was asked for, if no product is called that and the texts only mention it.
        note: how the slate relates to the one before, where words should say so.
    """

    slate_id: SlateId
    reply_to: str
    need: Need
    items: tuple[Shown, ...]
    total: int
    remaining: int
    policy: str
    model_version: str
    degraded: str | None = None
    anchor: Product | None = None
    gave_way: tuple[str, ...] = ()
    kept_in_mind: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    stressed: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    searched: Need | None = None
    measured: Mapping[str, str] = field(default_factory=dict)
    in_passing: str = ""
    note: Literal["", "more", "critique", "similar", "history", "named", "reduced", "returned"] = ""

    @property
    def checked(self) -> Need:
        """The part of the need that every product shown satisfies."""
        return self.searched or self.need


@dataclass(frozen=True, slots=True)
class NothingFound:
    """No product satisfies the need; `sold_out` counts those that would if they were in stock.

    `searched` is the need less what this kind of product does not list: leaving that out would help nothing. `nearest`
    is the product to suggest among those that the first relaxation brings.
    """

    need: Need
    relaxations: tuple[Relaxation, ...] = ()
    sold_out: int = 0
    searched: Need | None = None
    nearest: Product | None = None


@dataclass(frozen=True, slots=True)
class NoMore:
    """Everything that satisfies the need has been shown."""

    need: Need
    total: int
    relaxations: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, before anything is shown. `measured` as in `SlateShown`."""

    need: Need
    question: Question
    measured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsold:
    """The shop has nothing of the kind that was asked for.

    Args:
        need: the need without it.
        thing: what was asked for, as the shopper said it.
        one: whether one was asked for ("a tuxedo"), so that the noun is in the singular.
        kinds: kinds of product to offer instead.
        near: whether they come near to it; if not, they are the widest that the shop has.
    """

    need: Need
    thing: str
    one: bool
    kinds: tuple[str, ...]
    near: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The need is clear enough to show something."""

    need: Need


@dataclass(frozen=True, slots=True)
class CritiqueFailed:
    """A critique leads nowhere: `extreme` if nothing lies beyond what was shown, `unknown` if the products do not say.

    `best` is the product that is furthest in the wanted direction.
    """

    need: Need
    facet: str
    direction: str
    why: Literal["extreme", "unknown"]
    best: Product | None = None


@dataclass(frozen=True, slots=True)
class NoSlate:
    """The message leans on something shown, and nothing was shown yet (or there is no such place on the slate)."""

    places: int = 0


@dataclass(frozen=True, slots=True)
class WhichOne:
    """Several products on screen fit what the message points at; `act` is the intent that waits for the answer."""

    candidates: tuple[Shown, ...]
    act: str
    critiques: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoneSuch:
    """The message points at a product by what it has, and none of the `places` on screen has it."""

    places: int


@dataclass(frozen=True, slots=True)
class NameUnknown:
    """No product has the name, or anything near it."""

    name: str


@dataclass(frozen=True, slots=True)
class NamedShown:
    """Several products go by a name, or come near to it if not `sure`: they are shown so that one can be chosen."""

    slate: SlateShown
    name: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The message was meant to change the need, and nothing of it was understood.

    `open` are facets that the shopper could still name, the most telling first.
    """

    need: Need
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Details:
    """Everything the catalogue says of one product; `beside` are others that the same message asked about."""

    product: Product
    position: int | None = None
    reasons: tuple[Reason, ...] = ()
    beside: tuple["Details", ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a product was shown."""

    product: Product
    position: int | None
    reasons: tuple[Reason, ...]
    need: Need


@dataclass(frozen=True, slots=True)
class Judged:
    """Products that were liked or disliked, now on record; `kept` is false if the database did not take it."""

    products: tuple[Product, ...]
    liked: bool
    kept: bool = True


Unresolved: TypeAlias = NoSlate | WhichOne | NoneSuch | NameUnknown | NamedShown
"""What a message comes to that speaks of a product and does not say which, or of none there is."""

SearchOutcome: TypeAlias = (
    SlateShown | NothingFound | NoMore | CritiqueFailed | NoSlate | WhichOne | NamedShown | Unchanged
)


def reasons_to_json(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    """Return reasons as they are stored with a slate."""
    return [{"kind": reason.kind, "data": dict(reason.data)} for reason in reasons]


def reasons_from_json(stored: Any) -> tuple[Reason, ...]:
    """Read reasons stored with a slate."""
    return tuple(Reason(entry["kind"], entry.get("data") or {}) for entry in stored or ())


def sku_list(stored: Any) -> tuple[Sku, ...]:
    """Read SKUs stored with a slate."""
    return tuple(Sku(str(sku)) for sku in stored or ())
