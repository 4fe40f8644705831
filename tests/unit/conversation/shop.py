"""A small shop for tests of the conversation: products, a catalogue, and fakes of what the guide stands on."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product, Review
from shopguide.conversation.turn import Mention, Turn
from shopguide.errors import DatabaseError, UnknownSlate
from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.feedback.service import RecordResult
from shopguide.guide import Guide
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.profiles.consent import Consents
from shopguide.profiles.facts import Fact, derive_facts
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.recommender.types import RankedProduct, Reason, Recommendation, RecommendationRequest
from shopguide.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOPPER = ShopperId("shopper-1")

SHOES = ("Footwear", "Shoes")
BAGS = ("Accessories", "Bags")
KINDS: tuple[tuple[tuple[str, ...], str, int], ...] = (
    ((*SHOES, "Running shoes"), "sports", 40),
    ((*SHOES, "Loafers"), "casual", 60),
    ((*BAGS, "Handbags"), "casual", 50),
    ((*BAGS, "Backpacks"), "sports", 30),
    (("Accessories", "Umbrellas"), "casual", 15),
)
COLOURS = ("Black", "Blue", "Navy Blue", "White", "Red")
BRANDS = ("Kestrel", "Aldersea", "Norwell")
AUDIENCES = ("Men", "Women", "Unisex")


def products() -> list[Product]:
    """Return 225 products: every kind in every colour, brand and audience; red umbrellas are sold out."""
    made = []
    for path, occasion, base in KINDS:
        for c, colour in enumerate(COLOURS):
            for b, brand in enumerate(BRANDS):
                for a, audience in enumerate(AUDIENCES):
                    number = len(made)
                    price = Decimal(base) + 5 * c + 10 * b + a
                    made.append(
                        Product(
                            sku=Sku(f"S{number:03d}"),
                            title=f"{brand} {audience} {colour} {path[-1]}",
                            description="Model KX-45 with laces" if number % 40 == 0 else "Plain and well made",
                            brand=brand,
                            category=path,
                            price=price,
                            list_price=price * 2 if number % 17 == 0 else None,
                            currency="EUR",
                            stock=0 if (path[-1], colour) == ("Umbrellas", "Red") else 3,
                            rating=3.0 + (number % 20) / 10,
                            rating_count=number % 30,
                            facets={"colour": (colour,), "audience": (audience,), "occasion": (occasion,)}
                            | ({"capacity": 10.0 + 5 * c, "waterproof": c % 2 == 0} if "Bags" in path else {}),
                            units={"capacity": "l"} if "Bags" in path else {},
                        )
                    )
    return made


class FakeRecommender:
    """Ranks by rating; remembers what it was asked."""

    def __init__(self, index: CatalogueIndex) -> None:
        self.index = index
        self.requests: list[RecommendationRequest] = []
        self.like: dict[str, NDArray[np.float32]] = {}

    def likeness(self, text: str) -> NDArray[np.float32] | None:
        return self.like.get(text)

    def recommend(self, request: RecommendationRequest) -> Recommendation:
        self.requests.append(request)
        rows = self.index.matching(request.constraints)
        skus = [self.index.skus[row] for row in rows]
        left = [
            sku
            for sku in skus
            if sku not in request.exclude and sku != request.anchor and (request.among is None or sku in request.among)
        ]
        ordered = sorted(left, key=lambda sku: (-(self.index.product(sku).rating or 0), sku))[: request.k]
        items = tuple(
            RankedProduct(sku, 1.0 - place / 10, (self._matches(request, sku),), propensity=0.5)
            for place, sku in enumerate(ordered)
        )
        return Recommendation(items, len(rows), "fake", "v1", catalogue_revision=self.index.revision)

    def _matches(self, request: RecommendationRequest, sku: Sku) -> Reason:
        row = self.index.row(sku)
        met: list[dict[str, Any]] = []
        for c in request.constraints:
            if c.op == "in":
                actual = list(self.index.values(c.facet, row))
                met.append({"facet": c.facet, "op": "in", "values": list(c.values), "actual": actual})
            elif c.op != "not in":
                number = float(self.index.numeric(c.facet)[row])
                met.append({"facet": c.facet, "op": c.op, "value": c.value, "actual": number})
        return Reason("matches", {"constraints": met})


class FakeProfiles:
    """Profiles in memory that can be down."""

    def __init__(self) -> None:
        self.evidence: list[PreferenceEvidence] = []
        self.weights: dict[str, dict[str, float]] = {}
        self.shoppers: dict[tuple[str, str], ShopperId] = {}
        self.asks = False
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise DatabaseError("down")

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId:
        self._check()
        return self.shoppers.setdefault((channel, sender_id), ShopperId(f"{channel}:{sender_id}"))

    def consents(self, shopper_id: ShopperId) -> Consents:
        self._check()
        return Consents(personalisation=True, analytics=True)

    def ask_consent(self, shopper_id: ShopperId) -> bool:
        self._check()
        asks, self.asks = self.asks, False
        return asks

    def ensure_all(self, shopper_ids: Iterable[ShopperId]) -> None:
        self._check()

    def record(self, evidence: Sequence[PreferenceEvidence]) -> None:
        self._check()
        self.evidence += evidence

    def taste(self, shopper_id: ShopperId, *, recipient: str = "", **of_where: object) -> TasteProfile:
        self._check()
        return TasteProfile(shopper_id, {} if recipient else self.weights)

    def facts(self, shopper_id: ShopperId, *, recipient: str = "", **of_where: object) -> tuple[Fact, ...]:
        self._check()
        return derive_facts(self.evidence, recipient=recipient)

    def said_for(
        self,
        shopper_id: ShopperId,
        conversation_id: ConversationId,
        values: Collection[tuple[str, str]],
        *,
        recipient: str,
    ) -> int:
        self._check()
        self.evidence = [
            replace(piece, recipient=recipient) if (piece.facet, piece.value) in values else piece
            for piece in self.evidence
        ]
        return len(values)


class FakeFeedback:
    """Slates and events in memory that can be down."""

    def __init__(self) -> None:
        self.slates: dict[SlateId, Slate] = {}
        self.events: dict[str, FeedbackEvent] = {}
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise DatabaseError("down")

    def log_slate(self, slate: Slate) -> None:
        self._check()
        self.slates[slate.slate_id] = slate

    def slate(self, slate_id: SlateId) -> Slate:
        self._check()
        if slate_id not in self.slates:
            raise UnknownSlate(slate_id)
        return self.slates[slate_id]

    def record(self, events: Iterable[FeedbackEvent]) -> RecordResult:
        self._check()
        new = {event.event_id: event for event in events}
        unknown = new.keys() - self.events.keys()
        self.events |= {event_id: new[event_id] for event_id in new if event_id in unknown}
        return RecordResult(len(unknown), len(new) - len(unknown), [], new=frozenset(unknown))

    def history(
        self,
        shopper_id: ShopperId,
        limit: int = 200,
        *,
        kinds: Collection[str] | None = None,
        recipient: str = "",
        **visible: object,
    ) -> list[FeedbackEvent]:
        self._check()
        return [
            event
            for event in reversed(self.events.values())
            if (event.shopper_id, event.recipient) == (shopper_id, recipient) and (kinds is None or event.kind in kinds)
        ][:limit]


class Shop:
    """A guide over the small shop, with its fakes at hand."""

    def __init__(self, index: CatalogueIndex, **settings: Any) -> None:
        self.index = index
        self.recommender = FakeRecommender(index)
        self.profiles = FakeProfiles()
        self.feedback = FakeFeedback()
        self.reviews: dict[Sku, tuple[Review, ...]] = {}
        self.guide = Guide(
            self.recommender,  # type: ignore[arg-type]
            self.profiles,  # type: ignore[arg-type]
            self.feedback,  # type: ignore[arg-type]
            Settings(_env_file=None, **settings),
            clock=lambda: NOW,
            reviews_of=lambda sku: self.reviews.get(sku, ()),
        )


def mention(entity: str, value: Any, **more: Any) -> Mention:
    """Return a mention; `facet` is what the extractor sets for core entities."""
    core = ("category", "brand", "colour", "size", "material", "audience", "occasion", "feature")
    return Mention(entity, value, **({"facet": entity} if entity in core else {}) | more)


def said(text: str, intent: str, *mentions: Mention, **more: Any) -> Turn:
    """Return a turn, every mention placed where its words stand in the text if they do."""
    placed = []
    for one in mentions:
        at = text.casefold().find(str(one.value).casefold())
        start, end = (at, at + len(str(one.value))) if at >= 0 and one.end == 0 else (one.start, one.end)
        fields = {name: getattr(one, name) for name in ("entity", "value", "role", "excluded", "facet", "unit")}
        placed.append(Mention(**fields, start=start, end=end))
    more.setdefault("shopper_id", SHOPPER)
    return Turn(conversation_id=ConversationId("c1"), text=text, intent=intent, mentions=tuple(placed), **more)
