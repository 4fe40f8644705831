"""Full-text retrieval over the catalogue: BM25 by bm25s, scored exactly among any rows (docs/adr/0005)."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lexicon.facets import CORE_FACETS
from lexicon.text import normalise
from shopguide.catalogue.product import Product
from shopguide.catalogue.unstuffed import unstuffed

if TYPE_CHECKING:
    from bm25s import BM25

FORMAT = 3
"""Part of the saved index's name: raise it with every change of tokens, fields or weights."""

FIELDS = {"title": 2.0, "body": 1.0}
"""The fields and their weights: what a product is called counts more than what is said of it."""

SEARCHED_FACETS = frozenset({*CORE_FACETS, "compatibility"})
"""Facets whose values are searched: what a thing is and what it fits. The long tail made the ranking worse."""

MAX_FACET_LENGTH = 200
"""Longer text values are lists and legal notes that would only make a product look long."""

_SHORTEST_MENDED = 4
_TWO_SLIPS = 8

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_STOPWORDS = frozenset(
    """a an and are as at be by for from has have i if in into is it its me my of on or some such that the their them
    then there these they this those to was we will with you your""".split()  # noqa: SIM905  (readable as text)
)


def tokens(text: str) -> list[str]:
    """Return the search tokens of a text: folded, stemmed, without function words; pairs of characters for Chinese."""
    found: list[str] = []
    for word in _WORD.findall(normalise(text)):
        if word in _STOPWORDS:
            continue
        if _CJK.fullmatch(word) and len(word) > 1:
            found += (word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.append(_stem(word))
    return found


def edits(first: str, second: str, most: int) -> int:
    """Return how many slips (letters put in, left out, changed, or two swapped) part two words; `most` + 1 if more."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


class TextIndex:
    """BM25 over titles and over everything else that is said of the products.

    Args:
        fields: field → its bm25s index; all over the same products in the same order.
        size: products in the index.
    """

    def __init__(self, fields: "dict[str, BM25]", size: int) -> None:
        self._fields = fields
        self._size = size

    @classmethod
    def build(cls, products: Sequence[Product]) -> "TextIndex":
        """Build the index of products; their order gives the rows."""
        from bm25s import BM25

        texts: dict[str, Callable[[Product], str]] = {"title": _title, "body": _body}
        fields = {}
        for name, text in texts.items():
            index = BM25()
            # bm25s cannot index a collection without a single token: a token that no query has keeps it from that.
            index.index([tokens(text(product)) or [""] for product in products] or [[""]], show_progress=False)
            fields[name] = index
        return cls(fields, len(products))

    @classmethod
    def saved(cls, directory: Path, digest: str, products: Sequence[Product]) -> "TextIndex":
        """Map the index of a catalogue from disk, building and saving it first if nobody has.

        Several processes may do this at once: each writes beside and renames, and the first one wins.

        Args:
            directory: where the indexes lie, one folder for each digest; only the newest is kept.
            digest: the digest of the products.
            products: the products, in the order that gives the rows.
        """
        place = directory / f"{FORMAT}-{digest[:32] or 'empty'}"
        if not place.is_dir():
            built = cls.build(products)
            # A disk that is full or read-only costs the next start a second and nothing else.
            with suppress(OSError):
                built._save(place)
                _prune(directory, keep=place)
            return built
        try:
            return cls._load(place, len(products))
        except (OSError, ValueError, KeyError):
            shutil.rmtree(place, ignore_errors=True)
            return cls.build(products)

    def search(
        self, query: str, rows: NDArray[np.int32] | None, k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the rows that share a token with the query, best first, and their scores; equals by row."""
        scores = np.zeros(self._size, dtype=np.float32)
        wanted = list(dict.fromkeys(tokens(query)))
        for name, index in self._fields.items():
            known = [index.vocab_dict[token] for token in wanted if token in index.vocab_dict]
            if known and self._size:
                scores += np.float32(FIELDS[name]) * index.get_scores_from_ids(known)
        among = np.arange(self._size, dtype=np.int32) if rows is None else np.asarray(rows, dtype=np.int32)
        found = scores[among]
        hits = np.flatnonzero(found > 0)
        if hits.size > k:
            threshold = np.partition(found[hits], hits.size - k)[hits.size - k]
            hits = hits[found[hits] >= threshold]
        order = np.lexsort((among[hits], -found[hits]))[:k]
        return among[hits[order]], found[hits[order]]

    def mended(self, text: str) -> tuple[str, ...]:
        """Return the search tokens of a text; one that no product has becomes the nearest of a title, if one is."""
        known = [index.vocab_dict for index in self._fields.values()]
        return tuple(
            token if any(token in words for words in known) else self._nearest(token) or token
            for token in dict.fromkeys(tokens(text))
        )

    def _nearest(self, token: str) -> str | None:
        """Return the nearest word of a title: the same first letter and one slip, two in long words.

        Numbers are never mended: "25" is another product than "26".
        """
        if len(token) < _SHORTEST_MENDED or not token.isalpha():
            return None
        allowed = 2 if len(token) >= _TWO_SLIPS else 1
        near = [
            (slips, word)
            for word in self._fields["title"].vocab_dict
            if word[:1] == token[0]
            and abs(len(word) - len(token)) <= allowed
            and (slips := edits(token, word, allowed)) <= allowed
        ]
        return min(near)[1] if near else None

    def _save(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=place.parent, prefix="new-"))
        try:
            for name, index in self._fields.items():
                index.save(beside / name, show_progress=False)
            with suppress(OSError):  # another process was first
                beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    @classmethod
    def _load(cls, place: Path, size: int) -> "TextIndex":
        from bm25s import BM25

        fields = {}
        for name in FIELDS:
            fields[name] = BM25.load(place / name, mmap=True, show_progress=False)
            if fields[name].scores["num_docs"] != max(size, 1):
                raise ValueError(f"{place} is an index of other products")
        return cls(fields, size)


def _prune(directory: Path, keep: Path) -> None:
    # Whoever still has an old one mapped keeps its pages until it lets go.
    for other in directory.iterdir():
        if other != keep and other.name.partition("-")[0].isdigit():
            shutil.rmtree(other, ignore_errors=True)


def _title(product: Product) -> str:
    named = product.brand is None or normalise(product.brand) in normalise(product.title)
    return product.title if named else f"{product.brand} {product.title}"


def _body(product: Product) -> str:
    facets: Iterable[str] = (
        text
        for name, value in product.facets.items()
        if name in SEARCHED_FACETS and isinstance(value, tuple)
        for text in value
        if len(text) <= MAX_FACET_LENGTH
    )
    return " ".join((unstuffed(product.description), *product.category, *facets))


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")
