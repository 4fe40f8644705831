"""What answers are taken from beside the catalogue in memory: reviews, the lexicon's words, the shop's documents."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from lexicon.entries import Lexicon, LexiconError, read
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answering.answerer import Answerer
from shopguide.conversation.answering.faq import Policies
from shopguide.conversation.answering.passages import Encode
from shopguide.errors import DatabaseError, UnknownProduct
from shopguide.ids import Sku

log = logging.getLogger(__name__)


class Library:
    """Hands out what answers stand on.

    Args:
        read_product: reads a product with its reviews; without it, or while it fails, answers do without reviews.
        lexicon: the lexicon's file; without it facets and values are known by the catalogue's own spelling alone.
        policies: the folder of the shop's documents.
        encode: texts to vectors; without it sentences are compared by their words alone.
    """

    def __init__(
        self,
        *,
        read_product: Callable[[Sku], Product] | None = None,
        lexicon: Path | None = None,
        policies: Path | None = None,
        encode: Encode = lambda texts: None,
    ) -> None:
        self._read_product = read_product
        self._lexicon = lexicon
        self._encode = encode
        self._lock = threading.Lock()
        self._built: tuple[object, Answerer] | None = None
        self.policies = Policies(policies, encode)

    def product(self, sku: Sku, index: CatalogueIndex) -> Product:
        """Return a product with its reviews, without them if the database does not answer."""
        if self._read_product is not None:
            try:
                return self._read_product(sku)
            except (DatabaseError, UnknownProduct) as error:
                log.warning("reviews of %s cannot be read: %s", sku, error)
        return index.product(sku)

    def answerer(self, index: CatalogueIndex) -> Answerer:
        """Return what answers from a state of the catalogue, made anew when it or the lexicon has changed."""
        with self._lock:
            state = (id(index), index.revision, self._lexicon_stamp())
            if self._built is None or self._built[0] != state:
                self._built = (state, Answerer(index, self._words(), self._encode))
            return self._built[1]

    def _lexicon_stamp(self) -> tuple[int, int] | None:
        try:
            found = self._lexicon.stat() if self._lexicon is not None else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found is not None else None

    def _words(self) -> Lexicon | None:
        if self._lexicon is None:
            return None
        try:
            return read(self._lexicon)
        except LexiconError as error:
            log.warning("questions are answered without the lexicon: %s", error)
            return None
