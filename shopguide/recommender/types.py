"""What the recommender is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from shopguide.catalogue.constraints import Constraint
from shopguide.ids import ConversationId, ShopperId, Sku
from shopguide.profiles.preferences import TasteProfile

ReasonKind: TypeAlias = Literal["matches", "text", "taste", "similar", "history", "popular", "rated", "reduced", "new"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is on the slate; the words for it are chosen by whoever presents it.

    `data` holds the facts that the words need, JSON-ready: `{"facet": "brand", "value": "kestrel"}` for a taste,
    `{"sku": …, "title": …}` for what it is similar to, `{"rating": 4.6, "count": 210}` and so on. Every fact is true
    in the database at the time of the answer.
    """

    kind: ReasonKind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """A need.

    Args:
        constraints: what must hold.
        preferences: what should hold, as a taste (this conversation's soft wishes, weights between -1 and 1).
        query: the need in words; empty when there are none beside the constraints.
        shopper_id: whose behaviour and remembered tastes count; `None` for somebody unknown.
        k: products wanted.
        exclude: products not to show (shown before, rejected); their variants wait until no other product is left.
        among: show only these, where the words of the need already narrowed the matches; `None`: all that match.
        beside: products that have places on the same slate already: they are not shown again, their variants wait, and
            of their brands there may be that many fewer.
        anchor: a product that the answer should resemble ("like the second one").
        personal: whether the shopper's history and tastes may count; the shopper can switch them off for a session.
        recipient: whom it is for, if not for the shopper: then that person's tastes count.
        conversation_id: what was said there counts even where nothing may be remembered.
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: TasteProfile = field(default_factory=TasteProfile)
    query: str = ""
    shopper_id: ShopperId | None = None
    k: int = 5
    exclude: frozenset[Sku] = frozenset()
    among: frozenset[Sku] | None = None
    beside: frozenset[Sku] = frozenset()
    anchor: Sku | None = None
    personal: bool = True
    recipient: str = ""
    conversation_id: ConversationId | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked for ("recommend me something"); what must not be is no need."""
        asked = self.query.strip() or self.anchor or self.among is not None or not self.preferences.is_empty
        return not asked and all(constraint.op == "not in" for constraint in self.constraints)


@dataclass(frozen=True, slots=True)
class RankedProduct:
    """A product with its final score, the features that made it, and the reasons drawn from them."""

    sku: Sku
    score: float
    reasons: tuple[Reason, ...] = ()
    propensity: float = 1.0
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An ordered answer. `items` is empty only if nothing satisfies the constraints (less the excluded).

    `catalogue_revision` is the state of the catalogue in which it holds.
    """

    items: tuple[RankedProduct, ...]
    total_matches: int
    policy: str
    model_version: str
    degraded: str | None = None
    catalogue_revision: int = 0
