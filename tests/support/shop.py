"""A shop with real profiles and feedback on SQLite, and hand-written stand-ins for index, models and guide."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from lexicon.text import normalise
from shopguide.access.service import Access
from shopguide.bootstrap import Shop
from shopguide.catalogue.product import Product
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError, UnknownProduct
from shopguide.feedback.service import Feedback
from shopguide.guide.consenting import Consenting
from shopguide.guide.copying import Copying
from shopguide.guide.erasing import Erasing
from shopguide.guide.owndata import OwnData
from shopguide.guide.recording import Recorder
from shopguide.ids import ShopperId, Sku
from shopguide.outbox.box import Outbox
from shopguide.outbox.store import Deliveries
from shopguide.privacy.retention import Limits, Retention
from shopguide.privacy.service import Privacy
from shopguide.profiles.service import Profiles
from shopguide.settings import Settings
from tests.support.dialogue import FakeConversations

API_KEY = "test-key-of-the-shop"
CHAT_SECRET = "test-secret-that-signs-the-chat-tokens"


@cache
def migrated_sqlite() -> bytes:
    """Return an empty SQLite file with the whole schema; copying it is much quicker than migrating anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        database = Database(f"sqlite:///{path}")
        database.migrate()
        database.close()
        return path.read_bytes()


class FakeProducts:
    """The catalogue in a dictionary; `down` makes it a database that cannot be reached."""

    def __init__(self, products: Iterable[Product]) -> None:
        self.by_sku = {product.sku: product for product in products}
        self.down = False

    def revision(self) -> int:
        if self.down:
            raise DatabaseError("postgresql://shop:***@db/shop: connection refused")
        return 7

    def get(self, sku: Sku) -> Product:
        self.revision()
        if sku not in self.by_sku:
            raise UnknownProduct(f"no product {sku!r}")
        return self.by_sku[sku]


class FakeIndex:
    """What the server asks of the index."""

    revision = 7

    def __init__(self, products: FakeProducts) -> None:
        self._products = products

    def __len__(self) -> int:
        return len(self._products.by_sku)

    def __contains__(self, sku: object) -> bool:
        return sku in self._products.by_sku

    def row(self, sku: Sku) -> int:
        return list(self._products.by_sku).index(sku)

    def values(self, facet: str, row: int) -> tuple[str, ...]:
        product = list(self._products.by_sku.values())[row]
        found = {"brand": (product.brand or "",), "category": product.category}.get(
            facet, product.facets.get(facet, ())
        )
        return tuple(normalise(value) for value in found) if isinstance(found, tuple) else ()


class FakeCatalogue:
    """Hands out the index."""

    def __init__(self, products: FakeProducts) -> None:
        self._products = products

    def index(self) -> FakeIndex:
        return FakeIndex(self._products)

    def refresh(self) -> bool:
        return False


class FakeLexicon:
    """Counts how often it was asked to follow the catalogue; writes no file."""

    def __init__(self) -> None:
        self.followed = 0

    def follow(self, index: FakeIndex) -> bool:
        self.followed += 1
        return False


class FakeRecommender:
    """Has a version once it is warm."""

    def __init__(self) -> None:
        self.model_version = "none"
        self.followed = 0

    def warm_up(self) -> None:
        self.model_version = "3"

    def follow(self) -> None:
        self.followed += 1


@dataclass
class FakeGuide:
    """Remembers what it was asked."""

    products: FakeProducts
    asked: list[dict[str, Any]] = field(default_factory=list)

    def recommend(self, *, anchor: Sku | None = None, **need: Any) -> dict[str, Any]:
        if anchor is not None:
            self.products.get(anchor)
        self.asked.append({**need, "anchor": anchor})
        return {"type": "slate", "slate_id": "s1", "items": []}


class FakeShop:
    """A shop in a folder; `as_shop` is what `create_app` takes."""

    def __init__(self, folder: Path, products: Iterable[Product] = (), **settings: Any) -> None:
        self.settings = Settings(
            _env_file=None,
            **{
                "database_url": f"sqlite:///{folder / 'shop.db'}",
                "api_key": API_KEY,
                "chat_secret": CHAT_SECRET,
                **settings,
            },
        )
        (folder / "shop.db").write_bytes(migrated_sqlite())
        self.database = Database(self.settings.database_url)
        self.products = FakeProducts(products)
        self.catalogue = FakeCatalogue(self.products)
        self.profiles = Profiles(self.database)
        self.feedback = Feedback(self.database)
        self.access = Access(self.database)
        self.lexicon = FakeLexicon()
        self.outbox = Outbox(folder / "outbox.db")
        self.conversations = FakeConversations()
        self.privacy = Privacy(self.database, self.conversations, CHAT_SECRET)
        self.consenting = Consenting(self.database, self.profiles, self.feedback, timedelta(hours=2))
        self.forgotten_by_models: list[str] = []
        self.erasing = Erasing(self.privacy, self.outbox, self._forget_in_models)
        self.retention = Retention(self.privacy, Limits())
        self.copying = Copying(
            self.profiles, self.privacy, self.products.get, habits=lambda _: None, shop_name=self.settings.shop_name
        )
        self.own_data = OwnData(self.profiles, self.consenting, self.erasing, self.privacy, self.settings.browser_url)
        self.recorder = Recorder(
            self.profiles,
            self.feedback,
            index=cast("Any", self.catalogue.index),
            together=self.database.together,
            marks=Deliveries(self.database),
            outbox=self.outbox,
            erased_at=self.privacy.refuses_until,
        )
        self.recommender = FakeRecommender()
        self.guide = FakeGuide(self.products)

    def _forget_in_models(self, shopper_id: ShopperId) -> int:
        self.forgotten_by_models.append(shopper_id)
        return 1

    @property
    def as_shop(self) -> Shop:
        return cast("Shop", self)
