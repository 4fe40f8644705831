"""The application over a fake shop, and a client that speaks to it."""

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shopguide.catalogue.product import Product, Review
from shopguide.ids import Sku
from shopguide.server.app import create_app
from tests.support.shop import API_KEY, FakeShop

MUG = Product(
    sku=Sku("mug/1"),
    title="Mug <b>bold</b>",
    brand="Kestrel",
    category=("Home", "Mugs"),
    price=Decimal("7.50"),
    currency="EUR",
    facets={"colour": ("Blue", "White"), "volume": 0.3, "dishwasher": True},
    units={"volume": "l"},
    reviews=(Review(5.0, "Warm."),),
)


@pytest.fixture(scope="session")
def no_actions() -> Iterator[str]:
    """The name of a package without actions."""
    name = "tests_no_actions"
    package = ModuleType(name)
    package.__path__ = []
    sys.modules[name] = package
    yield name
    del sys.modules[name]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FakeShop]:
    (tmp_path / "images").mkdir()
    shop = FakeShop(tmp_path, [MUG], demo_images_dir=tmp_path / "images", web_dir="web")
    yield shop
    shop.database.close()


@pytest.fixture
def app(shop: FakeShop, no_actions: str) -> FastAPI:
    return create_app(shop.as_shop, actions=no_actions)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def key() -> dict[str, str]:
    return {"X-API-Key": API_KEY}
