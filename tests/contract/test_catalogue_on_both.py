"""The catalogue comes back from either database as it went in."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopguide.catalogue.product import Product, Review
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.errors import UnknownProduct
from shopguide.ids import Sku

FULL = Product(
    sku=Sku("a/1"),
    title="Tëst 👟 <b>",
    description="long",
    brand="Kestrel",
    category=("Fashion", "Shoes"),
    price=Decimal("19.90"),
    list_price=Decimal("1234567.1234"),
    currency="EUR",
    stock=0,
    rating=4.35,
    rating_count=7,
    image="/a.svg",
    url="https://shop.test/a",
    group_id="a",
    facets={"colour": ("Blue", "White"), "weight": 0.33, "waterproof": False},
    units={"weight": "kg"},
    reviews=(Review(5.0, "Très bien", "Ann", datetime(2026, 1, 2, tzinfo=UTC)), Review(None, "?")),
)
BARE = Product(sku=Sku("b"), title="Bare")


def test_products_come_back_whole(database: Database) -> None:
    store = ProductStore(database)
    store.put([FULL, BARE])
    assert store.get(Sku("a/1")) == FULL
    assert {product.sku: product for product in store.products()} == {"a/1": FULL, "b": BARE}
    assert store.count() == 2
    with pytest.raises(UnknownProduct):
        store.get(Sku("c"))


def test_the_revision_moves_with_changes_and_a_retired_product_is_gone(database: Database) -> None:
    store = ProductStore(database)
    before = store.revision()
    store.put([FULL, BARE])
    after = store.revision()
    assert after > before
    store.retire([Sku("b")])
    assert store.revision() > after
    assert [product.sku for product in store.products()] == ["a/1"]


def test_a_snapshot_has_the_digest_of_the_store_and_its_order(database: Database) -> None:
    store = ProductStore(database)
    store.put([BARE, FULL])
    _, digest, products = store.snapshot()
    assert digest == store.digest()
    assert [product.sku for product in products] == ["a/1", "b"]
