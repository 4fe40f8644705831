"""The catalogue in memory: hard filters, facet counts and text retrieval over columns."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.columns import Column, Mask, NumberColumn, Rows, TextColumn
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.covers import Covers, default_covers
from shopguide.catalogue.product import Product
from shopguide.catalogue.tabulate import Folder, columns_of
from shopguide.catalogue.textsearch import TextIndex
from shopguide.catalogue.variants import variants_of
from shopguide.errors import UnknownProduct
from shopguide.ids import Sku

FacetKind: TypeAlias = Literal["text", "number", "flag"]
CategoryPath: TypeAlias = tuple[str, ...]

NO_ROWS: Rows = np.array([], dtype=np.int32)


@dataclass(frozen=True, slots=True)
class FacetInfo:
    """What the catalogue knows of a facet; `coverage` is the share of products that have a value."""

    kind: FacetKind
    unit: str | None
    coverage: float


class CatalogueIndex:
    """One state of the catalogue. Immutable: a change of the catalogue makes another index.

    Args:
        products: all products on sale; their order gives the rows.
        revision: the catalogue's revision they belong to.
        digest: the catalogue's digest; the same content has the same one.
        text: the full-text index over the same products in the same order; built here if there is none.
        covers: which values answer for which.
    """

    def __init__(
        self,
        products: Sequence[Product],
        revision: int = 0,
        *,
        text: TextIndex | None = None,
        covers: Covers | None = None,
        digest: str = "",
    ) -> None:
        self.revision = revision
        self.digest = digest
        self.skus: tuple[Sku, ...] = tuple(product.sku for product in products)
        self._products = tuple(products)
        self._rows = {sku: row for row, sku in enumerate(self.skus)}
        self._covers = covers or default_covers()
        self._text = text
        self._in_stock: Mask = np.array([product.in_stock for product in products], dtype=bool)
        folded = Folder()
        self._paths: tuple[CategoryPath, ...] = tuple(
            tuple(folded[name] for name in product.category) for product in products
        )
        self._columns = columns_of(products, folded)
        units = _units(products)
        size = max(len(products), 1)
        self.facets: Mapping[str, FacetInfo] = {
            name: FacetInfo(_kind(column), units.get(name), column.coverage / size)
            for name, column in self._columns.items()
        }

    def __len__(self) -> int:
        return len(self.skus)

    def __contains__(self, sku: object) -> bool:
        return sku in self._rows

    def row(self, sku: Sku) -> int:
        """Return a product's row.

        Raises:
            UnknownProduct: it is not on sale.
        """
        try:
            return self._rows[sku]
        except KeyError:
            raise UnknownProduct(f"no product {sku!r} on sale") from None

    def product(self, sku: Sku) -> Product:
        """Return a product, without its reviews (`ProductStore.get` reads them).

        Raises:
            UnknownProduct: it is not on sale.
        """
        return self._products[self.row(sku)]

    def matching(self, constraints: Sequence[Constraint] = (), *, in_stock_only: bool = True) -> Rows:
        """Return the rows of the products that satisfy every constraint, ascending."""
        mask = self._in_stock.copy() if in_stock_only else np.ones(len(self), dtype=bool)
        for constraint in constraints:
            mask &= self._mask(constraint)
        return np.flatnonzero(mask).astype(np.int32)

    def facet_counts(
        self, rows: Rows | None, facet: str, limit: int | None = None, *, level: int | None = None
    ) -> list[tuple[str, int]]:
        """Return (value, products) among the rows, the commonest first.

        Args:
            rows: the products that count; `None`: all.
            facet: its name; a facet that the catalogue does not have has no values.
            limit: how many values at most.
            level: for `category` only: the depth in the path, 0 being the root; leaves without it.
        """
        if facet == "category":
            counts = self._category_counts(rows, level)
        else:
            column = self._columns.get(facet)
            counts = [] if column is None else column.counts(self._chosen(rows))
        return counts[:limit]

    def values(self, facet: str, row: int) -> tuple[str, ...]:
        """Return a product's folded values: numbers as text, flags as yes or no, the category from root to leaf."""
        if facet == "category":
            return self._paths[row]
        column = self._columns.get(facet)
        return () if column is None else column.at(row)

    def numeric(self, facet: str) -> NDArray[np.float64]:
        """Return [n] values of a number facet, price or rating; nan where unknown."""
        column = self._columns.get(facet)
        return column.dense() if isinstance(column, NumberColumn) else np.full(len(self), np.nan)

    def display(self, facet: str, value: str) -> str:
        """Return the shop's own spelling of a folded value, or the value itself if the shop does not have it."""
        column = self._columns.get(facet)
        return column.spelling.get(value, value) if isinstance(column, TextColumn) else value

    def search(self, query: str, rows: Rows | None = None, k: int = 100) -> tuple[Rows, NDArray[np.float32]]:
        """Return the rows that share words with the query, best first, and their scores (BM25; the title counts more).

        Args:
            query: words, in any form; nothing in it is an operator.
            rows: search only among these; `None`: all.
            k: how many at most.
        """
        return self._text_index.search(query, rows, k)

    def mended(self, text: str) -> tuple[str, ...]:
        """Return the search tokens of a text, misspelt words of titles put right."""
        return self._text_index.mended(text)

    @cached_property
    def variants(self) -> Rows:
        """The number of the group of variants that each product is in, `ALONE` for most, [n_products]."""
        return variants_of(self)

    @property
    def category_paths(self) -> Mapping[CategoryPath, int]:
        """The category paths from root to leaf, folded, and how many products each has."""
        return self._path_counts

    def ancestors(self, category: str) -> frozenset[str]:
        """Return all categories above one, wherever its name stands."""
        return frozenset(self._ancestors.get(category, ()))

    def children(self, category: str) -> tuple[str, ...]:
        """Return the categories right below one, those with the most products first."""
        return tuple(name for name, _ in self._children.get(category, Counter()).most_common())

    def satisfying(self, facet: str, value: str) -> frozenset[str]:
        """Return the values that satisfy whoever asks for one: itself, its kinds and what covers.yml accepts."""
        column = self._columns.get(facet)
        if not isinstance(column, TextColumn):
            return frozenset({value})
        return frozenset(self._covers.satisfying(facet, value, column.vocabulary) | {value})

    def _mask(self, constraint: Constraint) -> Mask:
        column = self._columns.get(constraint.facet)
        if column is None:
            return np.full(len(self), constraint.op == "not in")
        if constraint.op in ("in", "not in"):
            mask = np.zeros(len(self), dtype=bool)
            for value in constraint.values:
                mask |= self._value_mask(constraint.facet, column, value, wanted=constraint.op == "in")
            return mask if constraint.op == "in" else ~mask
        if not isinstance(column, NumberColumn) or constraint.value is None:
            return np.zeros(len(self), dtype=bool)
        if constraint.op == "<=":
            return column.between(-np.inf, constraint.value)
        return column.between(constraint.value, np.inf)

    def _value_mask(self, facet: str, column: Column, value: str, *, wanted: bool) -> Mask:
        if isinstance(column, NumberColumn):
            return column.meant_by(value)
        rule = self._covers.satisfying if wanted else self._covers.kinds_of
        return column.mask(rule(facet, value, column.vocabulary))

    def _chosen(self, rows: Rows | None) -> Mask | None:
        if rows is None:
            return None
        chosen = np.zeros(len(self), dtype=bool)
        chosen[rows] = True
        return chosen

    def _category_counts(self, rows: Rows | None, level: int | None) -> list[tuple[str, int]]:
        codes = self._leaf_codes if rows is None else self._leaf_codes[rows]
        counted = np.bincount(codes, minlength=len(self._distinct_paths))
        totals: Counter[str] = Counter()
        for code in np.flatnonzero(counted):
            path = self._distinct_paths[code]
            if path and (level is None or level < len(path)):
                totals[path[-1 if level is None else level]] += int(counted[code])
        return sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def _text_index(self) -> TextIndex:
        return self._text or TextIndex.build(self._products)

    @cached_property
    def _distinct_paths(self) -> list[CategoryPath]:
        return list(dict.fromkeys(self._paths))

    @cached_property
    def _leaf_codes(self) -> NDArray[np.int32]:
        code_of = {path: code for code, path in enumerate(self._distinct_paths)}
        return np.array([code_of[path] for path in self._paths], dtype=np.int32)

    @cached_property
    def _path_counts(self) -> Mapping[CategoryPath, int]:
        return dict(Counter(path for path in self._paths if path).most_common())

    @cached_property
    def _ancestors(self) -> Mapping[str, set[str]]:
        above: defaultdict[str, set[str]] = defaultdict(set)
        for path in self._path_counts:
            for depth, name in enumerate(path):
                above[name].update(set(path[:depth]) - {name})
        return dict(above)

    @cached_property
    def _children(self) -> Mapping[str, Counter[str]]:
        below: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for path, count in self._path_counts.items():
            for parent, child in pairwise(path):
                below[parent][child] += count
        return dict(below)


def _kind(column: Column) -> FacetKind:
    if isinstance(column, NumberColumn):
        return "number"
    return "flag" if column.is_flag else "text"


def _units(products: Sequence[Product]) -> dict[str, str]:
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for product in products:
        for facet, unit in product.units.items():
            counted[facet][unit] += 1
    units = {facet: counter.most_common(1)[0][0] for facet, counter in counted.items()}
    currencies = Counter(product.currency for product in products if product.currency)
    return units | ({"price": currencies.most_common(1)[0][0]} if currencies else {})
