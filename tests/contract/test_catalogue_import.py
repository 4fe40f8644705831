"""Imports behave the same on SQLite and PostgreSQL."""

import json
from pathlib import Path
from typing import Any

from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import parse_mapping
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database

MAPPING = parse_mapping(
    {
        "sku": "id",
        "title": "name",
        "price": "price",
        "currency": "EUR",
        "facets": {"colour": "colour"},
        "reviews": {"from": "reviews"},
    }
)
DIGEST = "8e2b275ff5383e7649b29269acfbb9e1107ddffcc4575308eb6ced1bd9b1c1fc"


def write_feed(path: Path, count: int, **fields: Any) -> Path:
    records = (
        {"id": f"P-{n}é", "name": f"Lamp {n} 灯", "price": n / 4, "reviews": [{"text": "x"}], **fields}
        for n in range(count)
    )
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_import_update_and_retire(database: Database, tmp_path: Path) -> None:
    store = ProductStore(database)
    everything = write_feed(tmp_path / "everything.jsonl", 1200, colour="navy")
    some = write_feed(tmp_path / "some.jsonl", 20, colour="red", reviews=None)

    first = import_catalogue(store, everything, MAPPING)
    assert (first.imported, first.updated, first.retired) == (1200, 0, 0)
    assert import_catalogue(store, everything, MAPPING).unchanged == 1200
    assert store.revision() == 1

    second = import_catalogue(store, some, MAPPING, replace=True)
    assert (second.imported, second.updated, second.unchanged, second.retired) == (0, 20, 0, 1180)
    assert store.revision() == 2
    assert store.digest() == DIGEST  # the same in every database
    products = {product.sku: product for product in store.products(7)}
    assert len(products) == 20
    assert all(product.reviews == () and product.facets == {"colour": ("red",)} for product in products.values())

    assert import_catalogue(store, everything, MAPPING).imported == 1180
    assert store.count() == 1200
    assert all(len(product.reviews) == 1 for product in store.products())
