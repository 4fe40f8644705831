"""Keeps the lexicon's file in step with the catalogue."""

import fcntl
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lexicon.entries import Lexicon, LexiconError, read, write
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.store import ProductStore

log = logging.getLogger(__name__)


class LexiconFile:
    """The lexicon that the dialogue server reads.

    Args:
        store: the catalogue in the database.
        path: the file.
        currency: the shop's own currency.
        language: whose synonyms and inflections apply.
    """

    def __init__(self, store: ProductStore, path: Path, *, currency: str, language: str) -> None:
        self._store = store
        self._path = path
        self._currency = currency
        self._language = language
        self._lock = threading.Lock()
        self._followed: str | None = None

    def write(self, path: Path | None = None) -> str:
        """Write the catalogue's lexicon anew, at another path if one is given, and return its digest.

        Raises:
            DatabaseError: the catalogue cannot be read.
            OSError: the file cannot be written.
        """
        revision, digest, products = self._store.snapshot()
        lexicon = self._lexicon(CatalogueIndex(products, revision, digest=digest))
        if path is not None and path != self._path:
            return write(lexicon, path)
        with self._alone():
            return write(lexicon, self._path)

    def follow(self, index: CatalogueIndex) -> bool:
        """Write the lexicon of an index unless the file has it, and return whether it was written.

        It costs next to nothing while the catalogue stays the same. The first call makes the lexicon in any case: a
        file from the same catalogue may come from other synonyms or settings, and what is slow only once (the inflector
        takes seconds to load) is over before the first change. Of several processes that see a change, one writes.

        Args:
            index: the current catalogue. One that is empty writes no first lexicon: nothing was imported yet.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock:
            there = self._path.exists()
            if (there and index.digest == self._followed) or not (there or len(index)):
                return False
            if self._followed is not None and self._source() == index.digest:
                self._followed = index.digest
                return False
            started = time.perf_counter()
            lexicon = self._lexicon(index)
            written = self._is_news(lexicon) and self._renew(lexicon)
            if written or self._source() == index.digest:
                self._followed = index.digest
        if written:
            seconds = time.perf_counter() - started
            log.info("lexicon of catalogue revision %d written in %.1f s", index.revision, seconds)
        return written

    def _renew(self, lexicon: Lexicon) -> bool:
        with self._alone():
            # Another process may have been quicker, with this catalogue or with a newer one.
            if not self._is_news(lexicon) or self._store.digest() != lexicon.source:
                return False
            write(lexicon, self._path)
            return True

    def _lexicon(self, index: CatalogueIndex) -> Lexicon:
        lexicon = lexicon_of(index, currency=self._currency, language=self._language)
        return replace(lexicon, source=index.digest)

    def _source(self) -> str | None:
        """Return the digest of the catalogue that the file was written from, `None` if it cannot be read."""
        try:
            return read(self._path).source
        except LexiconError:
            return None

    def _is_news(self, lexicon: Lexicon) -> bool:
        try:
            there = read(self._path)
        except LexiconError:
            return True
        return (there.source, there) != (lexicon.source, lexicon)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes of this machine from writing meanwhile."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(self._path.name + ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
