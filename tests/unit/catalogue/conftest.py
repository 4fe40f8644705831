"""A migrated catalogue in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/shop.db")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> ProductStore:
    return ProductStore(database)
