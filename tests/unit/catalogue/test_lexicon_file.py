"""The lexicon's file keeps up with the catalogue, written by one process of many."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lexicon.entries import read
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon_file import LexiconFile
from shopguide.catalogue.product import Product
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.ids import Sku
from tests.support.shop import migrated_sqlite

MUG = Product(sku=Sku("mug"), title="Mug", brand="Kestrel", category=("Mugs",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProductStore]:
    (tmp_path / "shop.db").write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    yield ProductStore(database)
    database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / "lexicon.jsonl"


def file_of(store: ProductStore, path: Path, language: str = "en", currency: str = "EUR") -> LexiconFile:
    return LexiconFile(store, path, currency=currency, language=language)


def index_of(store: ProductStore) -> CatalogueIndex:
    revision, digest, products = store.snapshot()
    return CatalogueIndex(products, revision, digest=digest)


def brands(path: Path) -> set[str]:
    return {value.value for value in read(path).values if value.facet == "brand"}


def test_it_is_written_when_the_catalogue_changes_and_only_then(store: ProductStore, path: Path) -> None:
    file = file_of(store, path)
    assert not file.follow(index_of(store))
    assert not path.exists(), "nothing was imported yet"
    store.put([MUG])
    assert file.follow(index_of(store))
    assert brands(path) == {"kestrel"}
    assert read(path).source == store.digest()
    written = path.stat().st_mtime_ns
    assert not file.follow(index_of(store))
    store.put([replace(MUG, sku=Sku("cup"), brand="Osprey")])
    assert file.follow(index_of(store))
    assert brands(path) == {"kestrel", "osprey"}
    assert path.stat().st_mtime_ns > written
    store.retire([Sku("mug"), Sku("cup")])
    assert file.follow(index_of(store))
    assert brands(path) == set()


def test_a_file_that_is_as_it_should_be_is_left_alone_at_the_start(store: ProductStore, path: Path) -> None:
    store.put([MUG])
    digest = file_of(store, path).write()
    assert read(path).digest == digest
    assert not file_of(store, path).follow(index_of(store))
    assert file_of(store, path, currency="USD").follow(index_of(store)), "made with other settings"
    path.write_text("broken")
    assert file_of(store, path, currency="USD").follow(index_of(store))
    assert read(path).currency == "USD"


def test_a_file_that_was_lost_is_written_again(store: ProductStore, path: Path) -> None:
    store.put([MUG])
    file = file_of(store, path)
    assert file.follow(index_of(store))
    path.unlink()
    assert file.follow(index_of(store))


def test_a_slow_process_does_not_bring_back_the_past(store: ProductStore, path: Path) -> None:
    store.put([MUG])
    quick, slow = file_of(store, path), file_of(store, path)
    slow.follow(index_of(store))
    store.put([replace(MUG, sku=Sku("cup"), brand="Osprey")])
    old = index_of(store)
    store.put([replace(MUG, sku=Sku("jug"), brand="Merlin")])
    assert quick.follow(index_of(store))
    assert not slow.follow(old)
    assert brands(path) == {"kestrel", "osprey", "merlin"}
    assert not slow.follow(index_of(store)), "the other one wrote it"


def test_of_many_that_see_a_change_one_writes(store: ProductStore, path: Path) -> None:
    store.put([MUG])
    files = [file_of(store, path) for _ in range(6)]
    for file in files:
        file.follow(index_of(store))
    store.put([replace(MUG, sku=Sku("cup"), brand="Osprey")])
    index, written = index_of(store), []
    threads = [threading.Thread(target=lambda file=file: written.append(file.follow(index))) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [False] * 5 + [True]
    assert brands(path) == {"kestrel", "osprey"}


def test_a_copy_can_be_written_elsewhere(store: ProductStore, path: Path, tmp_path: Path) -> None:
    store.put([MUG])
    file_of(store, path).write(tmp_path / "copy.jsonl")
    assert brands(tmp_path / "copy.jsonl") == {"kestrel"}
    assert not path.exists()
