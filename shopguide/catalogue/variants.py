"""Variants: products that are one thing in several colours, sizes or memories.

Whoever chooses a thing chooses among its variants afterwards; beside each other on a slate they are one proposal. A
feed's own group says which products they are. Where there is none, titles do: those of one brand and leaf category that
are the same but for values of the facets in `VARYING`. Either way all variants of a thing are of one brand.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.columns import Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

VARYING = ("colour", "size", "storage", "memory")
"""Facets in which variants differ."""
ALONE = -1
"""The group of a product without variants."""
MOST_BRANDS = 8
"""Brands that may have a word in their titles for it to tell one thing from another: "Liteforce", but not "printed"."""
BRANDS_SHARE = 4
"""In a shop with few brands: one in so many."""

_Words = tuple[str, ...]
_WORD = re.compile(r"[^\W_]+")


def variants_of(index: "CatalogueIndex") -> Rows:
    """Return the number of each product's group, `ALONE` where there is no other variant, [n_products].

    A title that several things may have ("Women's printed T-shirt") makes no group: every group has a word that few
    brands use, and no two of its products have the same values.
    """
    groups = np.full(len(index), ALONE, dtype=np.int32)
    for number, rows in enumerate((*_told_by_feed(index), *_told_by_titles(index))):
        groups[rows] = number
    return groups


def _told_by_feed(index: "CatalogueIndex") -> Iterator[list[int]]:
    # What another brand makes is another thing, whatever a feed calls it.
    found: defaultdict[tuple[Sequence[object], str], list[int]] = defaultdict(list)
    for row, sku in enumerate(index.skus):
        if (group := index.product(sku).group_id) is not None:
            found[index.values("brand", row), group].append(row)
    return (rows for rows in found.values() if len(rows) > 1)


def _told_by_titles(index: "CatalogueIndex") -> Iterator[list[int]]:
    phrases, used = _phrases_of_all(index), _brands_using(index)
    few = min(MOST_BRANDS, max(1, len(index.facet_counts(None, "brand")) // BRANDS_SHARE))
    found: defaultdict[tuple[_Words, ...], list[tuple[int, object]]] = defaultdict(list)
    for row, sku in enumerate(index.skus):
        if index.product(sku).group_id is not None:
            continue
        brand, own = index.values("brand", row), {facet: index.values(facet, row) for facet in VARYING}
        title = _words(index.product(sku).title)
        # A size is often a mere number or letter: it is one only where the product has it, and it alone.
        size = [_words(own["size"][0])] if len(own["size"]) == 1 else []
        core, taken = _split(title, phrases, size)
        ours = {word for name in brand for word in _words(name)}
        if any(used[word] <= few for word in core if word not in ours):
            found[brand, index.values("category", row), core].append((row, (taken, tuple(own.values()))))
    for members in found.values():
        if len({values for _, values in members}) == len(members) > 1:
            yield [row for row, _ in members]


def _words(text: str) -> _Words:
    return tuple(_WORD.findall(normalise(text)))


def _phrases_of_all(index: "CatalogueIndex") -> Mapping[str, Sequence[_Words]]:
    """Return what titles may say of any product's colour, storage or memory, by the first word, the longest first."""
    phrases: set[_Words] = set()
    for facet in VARYING:
        info = index.facets.get(facet)
        if info is None or facet == "size" or (info.kind == "number" and not info.unit):
            continue
        for value, _ in index.facet_counts(None, facet):
            texts = (value,) if info.kind == "text" else (f"{value} {info.unit}", f"{value}{info.unit}")
            phrases.update(words for text in texts if (words := _words(text)) and not "".join(words).isdigit())
    by_first: defaultdict[str, list[_Words]] = defaultdict(list)
    for phrase in sorted(phrases, key=lambda words: (-len(words), words)):
        by_first[phrase[0]].append(phrase)
    return by_first


def _brands_using(index: "CatalogueIndex") -> Counter[str]:
    """Return how many brands have each word in a title."""
    pairs = {
        (word, brand)
        for row, sku in enumerate(index.skus)
        for brand in index.values("brand", row)
        for word in _words(index.product(sku).title)
    }
    return Counter(word for word, _ in pairs)


def _split(title: _Words, phrases: Mapping[str, Sequence[_Words]], more: Sequence[_Words]) -> tuple[_Words, _Words]:
    """Return the words of a title that are no values, and the values in the order in which they stand there."""
    core: list[str] = []
    taken: list[str] = []
    place = 0
    while place < len(title):
        told = (*more, *phrases.get(title[place], ()))
        phrase = next((one for one in told if one and title[place : place + len(one)] == one), None)
        if phrase is None:
            core.append(title[place])
            place += 1
        else:
            taken.append(" ".join(phrase))
            place += len(phrase)
    return tuple(core), tuple(taken)
