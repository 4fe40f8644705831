"""A small invented shop with planted tastes, and hand-written stand-ins for what the recommender reads."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.errors import DatabaseError, UnknownSlate
from shopguide.feedback.events import FeedbackEvent, Sighting, Slate
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.profiles.facts import derive_facts
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Recalled
from shopguide.profiles.taste import DEFAULT_RULES, derive_taste

BRANDS = ("Velora", "Harrowgate", "Quillon", "Osterby")
COLOURS = ("Blue", "Red", "Black", "Green")
LEAVES = (("Fashion", "Shoes"), ("Fashion", "Shirts"), ("Home", "Lamps"))
NOUNS = {"Shoes": "shoes", "Shirts": "shirt", "Lamps": "lamp"}
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_products(n: int = 96, seed: int = 7) -> list[Product]:
    """Return products of every brand, colour and leaf; some without price, rating, stock or facets."""
    source = random.Random(seed)
    products = []
    for i in range(n):
        brand, colour, path = BRANDS[i % 4], COLOURS[(i // 4) % 4], LEAVES[(i // 16) % 3]
        price = Decimal(source.randrange(500, 20000)) / 100
        products.append(
            Product(
                sku=Sku(f"P{i:03d}"),
                title=f"{brand} {colour.lower()} {NOUNS[path[-1]]} {i}",
                description=f"A {NOUNS[path[-1]]} for every day, number {i}.",
                brand=brand if i % 13 else None,
                category=path,
                price=price if i % 17 else None,
                list_price=price * 2 if i % 5 == 0 else None,
                currency="EUR",
                stock=0 if i % 11 == 10 else 5,
                rating=round(2.5 + 2.5 * source.random(), 1) if i % 7 else None,
                rating_count=source.randrange(1, 200) if i % 7 else 0,
                facets={"colour": (colour,), "weight": float(i % 9), "waterproof": i % 2 == 0} if i % 19 else {},
                units={"weight": "kg"},
            )
        )
    return products


def make_events(index: CatalogueIndex, shoppers: int = 80, each: int = 14, seed: int = 3) -> list[FeedbackEvent]:
    """Return events of shoppers who each keep to one brand (nine times out of ten) and one leaf, oldest first."""
    source = random.Random(seed)
    events = []
    by_taste: dict[tuple[str, str], list[Sku]] = {}
    for row, sku in enumerate(index.skus):
        brands, path = index.values("brand", row), index.values("category", row)
        if brands:
            by_taste.setdefault((brands[0], path[-1]), []).append(sku)
    tastes = sorted(by_taste)
    for number in range(shoppers * each):
        shopper = number % shoppers
        own = by_taste[tastes[shopper % len(tastes)]]
        sku = source.choice(own) if source.random() < 0.9 else source.choice(index.skus)
        kind = source.choice(("view", "click", "click", "like", "purchase"))
        at = START + timedelta(hours=number)
        events.append(FeedbackEvent(f"e{number}", kind, ShopperId(f"shopper-{shopper}"), at, sku))  # type: ignore[arg-type]
    return events


class FakeCatalogue:
    """A live catalogue whose index is set by hand."""

    def __init__(self, index: CatalogueIndex) -> None:
        self.current = index

    def index(self) -> CatalogueIndex:
        return self.current


class FakeProfiles:
    """Profiles in memory; `down` makes the database unreachable, `withdrawn` are shoppers who said no to all of it."""

    def __init__(self, evidence: Iterable[PreferenceEvidence] = ()) -> None:
        self.evidence = list(evidence)
        self.withdrawn: set[ShopperId] = set()
        self.rules = DEFAULT_RULES
        self.session_start = START
        self.down = False

    def recall(
        self, shopper_id: ShopperId, *, recipient: str = "", conversation_id: ConversationId | None = None
    ) -> Recalled:
        if self.down:
            raise DatabaseError("no database")
        remembered = shopper_id not in self.withdrawn
        usable = [
            piece
            for piece in self.evidence
            if piece.shopper_id == shopper_id
            and ((remembered and not piece.session_only) or piece.conversation_id == conversation_id is not None)
        ]
        taste = derive_taste(shopper_id, usable, datetime.now(UTC), recipient=recipient)
        return Recalled(taste, derive_facts(usable, recipient=recipient), tuple(usable), remembered, self.session_start)

    def lasting_evidence(self) -> Iterator[PreferenceEvidence]:
        return (piece for piece in self.evidence if piece.shopper_id not in self.withdrawn)


class FakeFeedback:
    """Feedback in memory; `down` makes the database unreachable."""

    def __init__(self, events: Iterable[FeedbackEvent] = (), slates: Iterable[Slate] = ()) -> None:
        self.events = list(events)
        self.slates = {slate.slate_id: slate for slate in slates}
        self.down = False

    def history(
        self,
        shopper_id: ShopperId,
        limit: int = 200,
        *,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[FeedbackEvent]:
        if self.down:
            raise DatabaseError("no database")
        return [
            event
            for event in reversed(self.events)
            if event.shopper_id == shopper_id
            and ((remembered and not event.session_only) or event.conversation_id == conversation_id is not None)
        ][:limit]

    def sightings(
        self,
        shopper_id: ShopperId,
        after: datetime,
        slates: int = 50,
        *,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[Sighting]:
        if self.down:
            raise DatabaseError("no database")
        usable = [
            slate
            for slate in self.slates.values()
            if slate.shopper_id == shopper_id
            and slate.created_at >= after
            and ((remembered and not slate.session_only) or slate.conversation_id == conversation_id is not None)
        ]
        latest = sorted(usable, key=lambda slate: slate.created_at, reverse=True)[:slates]
        return [Sighting(item.sku, slate.created_at) for slate in latest for item in slate.items]

    def interactions(self) -> Iterator[FeedbackEvent]:
        return iter(sorted(self.events, key=lambda event: event.at))

    def shoppers(self) -> set[ShopperId]:
        return {event.shopper_id for event in self.events}

    def digest(self) -> str:
        return " ".join(sorted(event.event_id for event in self.events))

    def slate(self, slate_id: SlateId) -> Slate:
        try:
            return self.slates[slate_id]
        except KeyError:
            raise UnknownSlate(slate_id) from None
