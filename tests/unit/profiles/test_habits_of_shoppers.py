"""Habits from what a shopper did and the catalogue as it stands, as far as they may be remembered."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.db.engine import Database
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import Feedback
from shopguide.guide.habits import choices_of, habits_for
from shopguide.ids import ConversationId, ShopperId, Sku
from shopguide.profiles.habits import Habits
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from tests.support.shop import migrated_sqlite

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = ShopperId("ann")
HERE = ConversationId("web-1")


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    """Ten boots from 10 to 100 by four makers, and a sock without a price, a category or a maker."""
    boots = [
        Product(
            Sku(f"B{n}"),
            "Boots",
            category=("Shoes", "Boots"),
            brand=f"Maker {n % 4}",
            price=Decimal(10 * n),
            currency="EUR",
        )
        for n in range(1, 11)
    ]
    return CatalogueIndex([*boots, Product(Sku("S"), "Sock")])


class Shop:
    """Profiles and feedback on one database."""

    def __init__(self, path: Path, index: CatalogueIndex) -> None:
        path.write_bytes(migrated_sqlite())
        database = Database(f"sqlite:///{path}")
        self.profiles = Profiles(database, clock=lambda: NOW)
        self.feedback = Feedback(database, clock=lambda: NOW)
        self.index = index

    def did(self, kind: str, *skus: str, days: float = 1, **more: object) -> None:
        self.feedback.record(
            FeedbackEvent(f"{kind}-{sku}-{days}", kind, ANN, NOW - timedelta(days=days), Sku(sku), **more)  # type: ignore[arg-type]
            for sku in skus
        )

    def habits(self, conversation_id: ConversationId | None = None) -> Habits:
        return habits_for(
            ANN,
            profiles=self.profiles,
            feedback=self.feedback,
            index=self.index,
            conversation_id=conversation_id,
        )


@pytest.fixture
def shop(tmp_path: Path, index: CatalogueIndex) -> Shop:
    return Shop(tmp_path / "shop.db", index)


def test_products_become_choices_with_the_level_of_their_prices(index: CatalogueIndex) -> None:
    def event(sku: str, kind: str = "purchase") -> FeedbackEvent:
        return FeedbackEvent(sku, kind, ANN, NOW, Sku(sku))  # type: ignore[arg-type]

    found = list(choices_of([event("B1"), event("B10"), event("S"), event("gone"), event("B2", "click")], index))
    assert [(one.category, one.brand, one.price, one.level) for one in found] == [
        ("boots", "maker 1", 10.0, 0.05),
        ("boots", "maker 2", 100.0, 0.95),
        (None, None, None, None),
    ]


def test_nobody_has_habits_before_they_do_anything(shop: Shop) -> None:
    assert shop.habits().is_empty


def test_what_was_bought_and_said_makes_habits(shop: Shop) -> None:
    shop.did("purchase", "B1", days=90)
    shop.did("purchase", "B1", days=60)
    shop.did("purchase", "B5", days=31)
    shop.did("view", "B10")
    shop.profiles.record(
        [PreferenceEvidence(ANN, "price", "<=70", 1, "critique", NOW - timedelta(days=1), category="boots")]
    )
    found = shop.habits()
    (prices,), (brand,), (rhythm,) = found.prices, found.brands, found.rhythms
    assert (prices.low, prices.high, prices.n) == (10, 70, 4)
    assert (brand.brand, brand.n) == ("maker 1", 3)
    assert (rhythm.category, rhythm.every_days) == ("boots", 29.5)
    assert found.sensitivity is not None
    assert (found.sensitivity.cheaper, found.sensitivity.n) == (1, 3)
    assert found.sensitivity.level < 0.5


def test_withdrawn_consent_leaves_the_conversation(shop: Shop) -> None:
    shop.did("purchase", "B1", days=60)
    shop.did("like", "B9", days=0.01, conversation_id=HERE, session_only=True)
    assert shop.habits().prices[0].n == 1
    assert shop.habits(HERE).prices[0].n == 2
    shop.profiles.set_consent(ANN, "personalisation", False, source="test")
    assert shop.habits().is_empty
    assert shop.habits(HERE).prices[0].usual == 90
