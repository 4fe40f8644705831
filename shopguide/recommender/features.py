"""Item features: the facet values of every product as one sparse matrix, the common ground of tastes and LightFM."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lexicon.text import normalise
from shopguide.profiles.preferences import TasteProfile

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

    from shopguide.catalogue.index import CatalogueIndex

Rows = NDArray[np.int32]
Floats = NDArray[np.float32]

MAX_FACETS = 32
MIN_COVERAGE = 0.01
PRICE_BANDS = 5
COPIED_BELOW = 0.2
"""Share of the catalogue below which rows are copied out of the feature matrix before they are multiplied."""
MIN_WORD_PRODUCTS = 3
MAX_WORD_SHARE = 0.2
MAX_WORDS = 5000
_WORD = re.compile(r"[^\W_]{2,}")
ONE_BY_ONE = 32
"""Up to so many features that weigh anything, the products that have them are looked up one feature after another."""
_ALWAYS = ("brand", "category")
_NEVER = ("price", "rating")


def feature_name(facet: str, value: str) -> str:
    """Return the name of a feature; the value is folded."""
    return f"{facet}={value}"


@dataclass(frozen=True)
class ItemFeatures:
    """Which product has which facet value.

    Args:
        names: the features, one for each column.
        matrix: CSR of ones, [n_products, n_features].
        price_level: where a product's price stands among its category's, between 0 and 1 (nan: no price), [n_products].
        leaf: the number of a product's own leaf category, [n_products].
        word_names: features of words in titles, one for each column of `words`.
        words: CSR of ones, [n_products, n_words]; for models of behaviour, which learn which of them tell anything.
    """

    names: tuple[str, ...]
    matrix: "csr_matrix"
    price_level: NDArray[np.float64]
    leaf: Rows
    word_names: tuple[str, ...]
    words: "csr_matrix"

    @property
    def described_names(self) -> tuple[str, ...]:
        """Facet values, then words of titles."""
        return self.names + self.word_names

    @cached_property
    def described(self) -> "csr_matrix":
        """CSR of ones over `described_names`, [n_products, n_features + n_words]."""
        from scipy.sparse import hstack

        return hstack([self.matrix, self.words], format="csr", dtype=np.float32)

    @cached_property
    def column(self) -> Mapping[str, int]:
        """Feature name → column."""
        return {name: column for column, name in enumerate(self.names)}

    @cached_property
    def share(self) -> NDArray[np.float64]:
        """The share of products that have each feature, [n_features]."""
        return np.asarray(self.matrix.mean(axis=0), dtype=np.float64).ravel()

    @cached_property
    def norms(self) -> Floats:
        """The Euclidean length of every row, at least 1, [n_products]."""
        counts = np.diff(self.matrix.indptr).astype(np.float32)
        return np.asarray(np.sqrt(np.maximum(counts, 1.0)), dtype=np.float32)

    @cached_property
    def brands(self) -> Rows:
        """The column of each product's brand, -1 where it has none, [n_products]."""
        columns = [column for name, column in self.column.items() if name.startswith("brand=")]
        chosen = self.matrix[:, columns].tocoo()
        brands = np.full(self.matrix.shape[0], -1, dtype=np.int32)
        brands[chosen.row] = np.asarray(columns, dtype=np.int32)[chosen.col]
        return brands

    def of(self, row: int) -> tuple[str, ...]:
        """Return the features of one product."""
        start, end = self.matrix.indptr[row], self.matrix.indptr[row + 1]
        return tuple(self.names[column] for column in self.matrix.indices[start:end])

    def keys(self, skus: Sequence[str]) -> NDArray[np.uint64]:
        """Return a key of every product with its features: what was made from them is good while it is the same.

        Args:
            skus: of the same products, [n_products].
        """
        names, described = self.described_names, self.described
        own = np.split(described.indices, described.indptr[1:-1])
        told = ("\0".join([sku, *sorted(names[c] for c in columns)]) for sku, columns in zip(skus, own, strict=True))
        digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in told)
        return np.asarray([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)

    def weights_of(self, taste: TasteProfile) -> Floats:
        """Return a taste as a vector over the features, [n_features]; values no product has are left out."""
        vector = np.zeros(len(self.names), dtype=np.float32)
        for facet, values in taste.weights.items():
            for value, weight in values.items():
                column = self.column.get(feature_name(facet, value))
                if column is not None:
                    vector[column] = weight
        return vector

    def affinity(self, weights: Floats, rows: Rows) -> Floats:
        """Return how well each of `rows` meets weighted features, between -1 and 1.

        The sum over the features that a product has, over the sum that the best conceivable product would reach.
        """
        total = float(np.abs(weights).sum())
        if not total:
            return np.zeros(len(rows), dtype=np.float32)
        return np.asarray(self._sums(weights, rows) / total, dtype=np.float32)

    def strongest(self, weights: Floats, rows: Rows) -> Floats:
        """Return the highest weight among the features that each of `rows` has, never below 0."""
        highest = np.zeros(len(self.leaf), dtype=np.float32)
        positive = np.flatnonzero(weights > 0)
        for column in positive[np.argsort(weights[positive])].tolist():
            highest[self._having(column)] = weights[column]
        return highest[rows]

    def similarity(self, row: int, rows: Rows) -> Floats:
        """Return the cosine between one product's features and those of `rows`."""
        anchor = np.zeros(len(self.names), dtype=np.float32)
        anchor[self.matrix.indices[self.matrix.indptr[row] : self.matrix.indptr[row + 1]]] = 1.0
        return np.asarray(self._sums(anchor, rows) / (self.norms[rows] * self.norms[row]), dtype=np.float32)

    def _sums(self, weights: Floats, rows: Rows) -> Floats:
        """Return the sum of the weights of the features that each of `rows` has, [n_rows]."""
        if len(rows) < COPIED_BELOW * len(self.leaf):
            place, columns = self._entries(rows)
            return np.bincount(place, weights=weights[columns], minlength=len(rows)).astype(np.float32)
        weighty = np.flatnonzero(weights)
        if len(weighty) > ONE_BY_ONE:
            return np.asarray(self.matrix @ weights, dtype=np.float32)[rows]
        sums = np.zeros(len(self.leaf), dtype=np.float32)
        for column in weighty.tolist():
            sums[self._having(column)] += weights[column]
        return sums[rows]

    def _having(self, column: int) -> Rows:
        """Return the rows of the products that have a feature."""
        start, end = self._by_column.indptr[column : column + 2]
        return np.asarray(self._by_column.indices[start:end])

    @cached_property
    def _by_column(self) -> "csc_matrix":
        return self.matrix.tocsc()

    def _entries(self, rows: Rows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the position in `rows` and the column of every feature that they have, [n_entries] each.

        The same as slicing the matrix, which checks so much that for a few rows it takes several times as long.
        """
        starts = self.matrix.indptr[rows]
        counts = self.matrix.indptr[rows + 1] - starts
        place = np.repeat(np.arange(len(rows)), counts)
        offsets = np.repeat(starts - (np.cumsum(counts) - counts), counts)
        return place, self.matrix.indices[offsets + np.arange(len(place))]

    def lean(self, rows: Sequence[int] | Rows, weights: Sequence[float] | Floats) -> Floats:
        """Return what a set of products has more often than the catalogue: their chooser's lean, [n_features].

        Features are weighted by their share among the chosen less their share in the catalogue, never below 0, and
        add up to 1.
        """
        weight = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
        if not weight.sum():
            return np.zeros(len(self.names), dtype=np.float32)
        place, columns = self._entries(np.asarray(rows, dtype=np.int32))
        chosen = np.bincount(columns, weights=(weight / weight.sum())[place], minlength=len(self.names))
        lift = np.maximum(chosen - self.share, 0.0)
        return np.asarray(lift / max(float(lift.sum()), 1e-9), dtype=np.float32)


def modelled_facets(index: "CatalogueIndex") -> tuple[str, ...]:
    """Return the text and flag facets that become features: brand, category, then the best covered ones."""
    others = sorted(
        (
            (-info.coverage, facet)
            for facet, info in index.facets.items()
            if info.kind != "number" and facet not in (*_ALWAYS, *_NEVER) and info.coverage >= MIN_COVERAGE
        ),
    )
    return (*_ALWAYS, *(facet for _, facet in others[: MAX_FACETS - len(_ALWAYS)]))


def item_features(index: "CatalogueIndex") -> ItemFeatures:
    """Read the features of a whole catalogue. A category counts with all its ancestors."""
    from scipy.sparse import csr_matrix

    level = price_level(index)
    names: dict[str, int] = {}
    indices: list[int] = []
    indptr = [0]
    facets = modelled_facets(index)
    for row in range(len(index)):
        columns: set[int] = set()
        for facet in facets:
            for value in index.values(facet, row):
                columns.add(names.setdefault(feature_name(facet, value), len(names)))
        if not np.isnan(level[row]):
            band = min(int(level[row] * PRICE_BANDS), PRICE_BANDS - 1) + 1
            columns.add(names.setdefault(f"price_band={band}", len(names)))
        indices.extend(sorted(columns))
        indptr.append(len(indices))
    matrix: Any = csr_matrix(
        (np.ones(len(indices), dtype=np.float32), np.asarray(indices, dtype=np.int32), np.asarray(indptr)),
        shape=(len(index), len(names)),
    )
    number: dict[tuple[str, ...], int] = {}
    leaf = [number.setdefault(index.values("category", row), len(number)) for row in range(len(index))]
    word_names, words = _title_words(index)
    return ItemFeatures(tuple(names), matrix, level, np.asarray(leaf, dtype=np.int32), word_names, words)


def _title_words(index: "CatalogueIndex") -> tuple[tuple[str, ...], "csr_matrix"]:
    """Return the words that several titles share, but not most of them: where facets are few, they tell what it is."""
    from collections import Counter

    from scipy.sparse import csr_matrix

    titles = [sorted(set(_WORD.findall(normalise(index.product(sku).title)))) for sku in index.skus]
    shared = Counter(word for title in titles for word in title)
    most = max(MAX_WORD_SHARE * len(titles), MIN_WORD_PRODUCTS)
    kept = [word for word, count in shared.most_common() if MIN_WORD_PRODUCTS <= count <= most][:MAX_WORDS]
    column = {word: position for position, word in enumerate(sorted(kept))}
    indices = [[column[word] for word in title if word in column] for title in titles]
    indptr = np.cumsum([0, *map(len, indices)])
    flat = np.asarray([position for row in indices for position in row], dtype=np.int32)
    matrix = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, indptr), shape=(len(titles), len(column)))
    return tuple(f"word={word}" for word in sorted(kept)), matrix


def percentiles(values: NDArray[np.float64]) -> Floats:
    """Return the share of values below each, ties sharing the middle, between 0 and 1, [n]."""
    if not len(values):
        return np.zeros(0, dtype=np.float32)
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return ((below + upto) / (2 * len(values))).astype(np.float32)


def price_level(index: "CatalogueIndex") -> NDArray[np.float64]:
    """Return each price's rank within the product's own leaf category, between 0 and 1 (nan: no price), [n_products].

    Levels compare across categories: a cheap coat and a cheap sock are alike in being cheap.
    """
    prices = index.numeric("price")
    leaves: dict[tuple[str, ...], list[int]] = {}
    for row in np.flatnonzero(~np.isnan(prices)).tolist():
        leaves.setdefault(index.values("category", row), []).append(row)
    level = np.full(len(index), np.nan)
    for members in leaves.values():
        rows = np.asarray(members)
        level[rows] = percentiles(prices[rows])
    return level
