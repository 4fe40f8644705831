"""The catalogue index that follows the catalogue."""

import logging
import threading
import time
from pathlib import Path

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.store import ProductStore
from shopguide.catalogue.textsearch import TextIndex
from shopguide.errors import DatabaseError

log = logging.getLogger(__name__)


class LiveCatalogue:
    """Hands out the current index and looks for changes of the catalogue in a thread of its own.

    The thread starts with the first `index()` and is a daemon. Each process has its own index; they share the saved
    text index, which is mapped read-only.

    Args:
        store: the catalogue in the database.
        text_index_dir: where the text index is saved.
        poll_seconds: how often the database is asked for its revision.
    """

    def __init__(self, store: ProductStore, text_index_dir: Path, poll_seconds: float = 2.0) -> None:
        self._store = store
        self._directory = text_index_dir
        self._poll_seconds = poll_seconds
        self._index: CatalogueIndex | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def index(self) -> CatalogueIndex:
        """Return the current index. The first call builds it; later ones cost nothing.

        Raises:
            DatabaseError: there is no index yet and the database cannot be reached.
        """
        index = self._index
        if index is not None:
            return index
        with self._lock:
            if self._index is None:
                self._index = self._build()
                self._watch()
            return self._index

    def refresh(self) -> bool:
        """Look for a change at once, take it over, and return whether there was one.

        Raises:
            DatabaseError: the database cannot be reached; the index stays as it was.
        """
        with self._lock:
            if self._index is not None and self._store.revision() == self._index.revision:
                return False
            self._index = self._build()
            return True

    def close(self) -> None:
        """Stop looking for changes."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _build(self) -> CatalogueIndex:
        started = time.perf_counter()
        revision, digest, products = self._store.snapshot()
        text = TextIndex.saved(self._directory, digest, products)
        index = CatalogueIndex(products, revision, text=text, digest=digest)
        log.info(
            "catalogue revision %d: %d products indexed in %.1f s",
            revision,
            len(index),
            time.perf_counter() - started,
        )
        return index

    def _watch(self) -> None:
        self._thread = threading.Thread(target=self._follow, name="catalogue", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        reachable = True
        while not self._stop.wait(self._poll_seconds):
            try:
                self.refresh()
                reachable = True
            except DatabaseError as error:
                if reachable:
                    log.warning("catalogue stays at its last good state: %s", error)
                reachable = False
            except Exception:
                # The thread must outlive whatever one state of the catalogue does to it; the next one may be sound.
                log.exception("catalogue could not be indexed and stays at its last good state")
