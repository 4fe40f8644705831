"""The index that follows the catalogue."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shopguide.catalogue.live import LiveCatalogue
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError

from .products import SHOP


@pytest.fixture
def live(store: ProductStore, tmp_path: Path) -> Iterator[LiveCatalogue]:
    live = LiveCatalogue(store, tmp_path / "text", 0.02)
    yield live
    live.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.01)


def test_a_change_is_taken_over_without_a_restart(store: ProductStore, live: LiveCatalogue) -> None:
    store.put(SHOP[:2])
    before = live.index()
    assert len(before) == 2
    store.put(SHOP)
    wait_until(lambda: len(live.index()) == 5)
    assert live.index().revision == store.revision()
    assert len(before) == 2  # whoever holds the old one keeps a whole one
    rows, _ = live.index().search("display")
    assert {live.index().skus[row] for row in rows} == {"mon-1", "mon-2"}


def test_without_a_change_the_index_stays_the_same(store: ProductStore, live: LiveCatalogue) -> None:
    store.put(SHOP)
    index = live.index()
    assert not live.refresh()
    assert live.index() is index


def test_a_lost_database_leaves_the_last_good_index(
    store: ProductStore, live: LiveCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(SHOP)
    index = live.index()
    asked = 0

    def lost() -> int:
        nonlocal asked
        asked += 1
        raise DatabaseError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(store, "revision", lost)
        wait_until(lambda: asked > 2)
        assert live.index() is index
    store.retire([SHOP[0].sku])
    wait_until(lambda: len(live.index()) == 4)


def test_no_database_and_no_index_is_an_error(tmp_path: Path) -> None:
    live = LiveCatalogue(ProductStore(Database(f"sqlite:///{tmp_path}/empty.db")), tmp_path / "text", 1)
    with pytest.raises(DatabaseError):
        live.index()


def test_processes_share_the_saved_text_index(store: ProductStore, tmp_path: Path) -> None:
    store.put(SHOP)
    first, second = (LiveCatalogue(store, tmp_path / "text", 60) for _ in range(2))
    expected = [array.tolist() for array in first.index().search("finch brogues")]
    assert [array.tolist() for array in second.index().search("finch brogues")] == expected
    assert len(list((tmp_path / "text").iterdir())) == 1
    store.retire([SHOP[0].sku])
    second.refresh()
    assert len(list((tmp_path / "text").iterdir())) == 1  # the old one is cleared away
    assert [array.tolist() for array in first.index().search("finch brogues")] == expected
    first.close()
    second.close()


def test_a_damaged_text_index_is_built_anew(store: ProductStore, tmp_path: Path) -> None:
    store.put(SHOP)
    first = LiveCatalogue(store, tmp_path / "text", 60)
    expected = first.index().search("finch")[0].tolist()
    for file in (tmp_path / "text").rglob("*"):
        if file.is_file():
            file.unlink()
            file.write_bytes(b"")
    second = LiveCatalogue(store, tmp_path / "text", 60)
    assert second.index().search("finch")[0].tolist() == expected
    first.close()
    second.close()
