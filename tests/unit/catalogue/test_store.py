"""The catalogue in the database: what goes in comes out, and readers see whole catalogues."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shopguide.catalogue.product import Product, Review
from shopguide.catalogue.records import record_of
from shopguide.catalogue.store import Merge, ProductStore
from shopguide.db.engine import Database
from shopguide.errors import UnknownProduct
from shopguide.ids import Sku

from .products import SHOP, make_product

REVIEWED = make_product(
    "r",
    "Café lamp 灯",
    description="Warm.",
    price="10.5",
    list_price=Decimal("12.00"),
    currency="EUR",
    stock=2,
    rating=4.5,
    rating_count=3,
    image="a.svg",
    url="https://shop.example/r",
    group_id="r-1",
    facets={"colour": ("Red",), "height": 3.5, "wifi": True},
    units={"height": "cm"},
    reviews=(Review(5, "Good", "Ann", datetime(2024, 5, 1, 12, tzinfo=UTC)), Review(None, "So so")),
)


def test_a_product_comes_back_as_it_went_in(store: ProductStore) -> None:
    store.put([REVIEWED, *SHOP])
    assert store.get(Sku("r")) == REVIEWED
    assert sorted(store.products(2), key=lambda p: p.sku) == sorted([REVIEWED, *SHOP], key=lambda p: p.sku)
    assert all(product.reviews == () for product in store.products(reviews=False))
    with pytest.raises(UnknownProduct):
        store.get(Sku("nothing"))


def test_a_product_keeps_its_digest_over_versions() -> None:
    """Or an upgrade would make every model out of date: this one was made before products had groups."""
    lamp = Product(sku=Sku("b"), title="Bare", price=Decimal("1.50"), facets={"colour": ("Red",)})
    assert record_of(lamp)["digest"] == "cf953449216b51022c585b5cba36b72a798ab1e123232f274ae3ea39ccf12f06"
    assert record_of(replace(lamp, group_id="1"))["digest"] != record_of(lamp)["digest"]


def test_only_changes_count_as_changes(store: ProductStore) -> None:
    assert store.put(SHOP) == Merge(imported=5)
    revision, digest = store.revision(), store.digest()
    assert store.put(SHOP) == Merge(updated=5, unchanged=5)
    assert (store.revision(), store.digest()) == (revision, digest)
    assert store.put([replace(SHOP[0], title="New")]) == Merge(updated=1)
    assert store.revision() == revision + 1
    assert store.digest() != digest
    store.put([SHOP[0]])
    assert store.digest() == digest


def test_reviews_alone_are_a_change(store: ProductStore) -> None:
    store.put([REVIEWED])
    assert store.put([replace(REVIEWED, reviews=REVIEWED.reviews[:1])]).unchanged == 0
    assert store.get(Sku("r")).reviews == REVIEWED.reviews[:1]


def test_the_digest_is_of_the_content_alone(store: ProductStore, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path}/other.db")
    other.migrate()
    another = ProductStore(other)
    store.put(SHOP)
    for product in reversed(SHOP):
        another.put([product])
    assert another.digest() == store.digest() != ""
    other.close()


def test_retired_products_are_gone_from_sale_and_can_come_back(store: ProductStore) -> None:
    store.put(SHOP)
    digest = store.digest()
    assert store.retire([SHOP[0].sku, Sku("nothing")]) == 1
    assert store.retire([SHOP[0].sku]) == 0
    assert store.count() == 4
    assert SHOP[0].sku not in {product.sku for product in store.products()}
    assert store.get(SHOP[0].sku) == SHOP[0]
    assert store.put([SHOP[0]]) == Merge(imported=1)
    assert store.digest() == digest


def test_nothing_staged_shows_before_the_merge(store: ProductStore) -> None:
    store.put(SHOP[:1])
    with store.importing() as staging:
        staging.add(SHOP[1:])
        assert store.count() == 1
        merge = staging.merge(retire_others=True)
    assert merge == Merge(imported=4, retired=1)
    assert store.count() == 4


def test_an_error_leaves_nothing(store: ProductStore) -> None:
    revision = store.revision()

    def interrupted() -> None:
        with store.importing() as staging:
            staging.add(SHOP)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (store.count(), store.revision()) == (0, revision)
    with store.importing() as staging:
        assert staging.known([product.sku for product in SHOP]) == set()


def test_imports_at_once_do_not_mix(store: ProductStore) -> None:
    with store.importing() as first, store.importing() as second:
        first.add(SHOP[:2])
        second.add(SHOP[2:])
        assert first.merge(retire_others=True).imported == 2
        assert second.merge().imported == 3
    assert store.count() == 5


def test_a_kept_product_is_not_retired(store: ProductStore) -> None:
    store.put(SHOP[:2])
    with store.importing() as staging:
        staging.add(SHOP[2:3], keep=[SHOP[0].sku])
        assert staging.merge(retire_others=True) == Merge(imported=1, retired=1)
    assert store.get(SHOP[0].sku) == SHOP[0]
    assert {product.sku for product in store.products()} == {SHOP[0].sku, SHOP[2].sku}


def test_a_snapshot_is_of_one_revision(store: ProductStore) -> None:
    store.put(SHOP)
    revision, digest, products = store.snapshot()
    assert (revision, digest, len(products)) == (store.revision(), store.digest(), 5)
