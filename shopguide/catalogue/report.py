"""What an operator should know of a catalogue: coverage, the commonest values, what looks wrong."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex, FacetKind
from shopguide.catalogue.product import Product

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class FacetReport:
    """One facet. `coverage` is the share of products with a value; `low` and `high` are a number facet's bounds."""

    name: str
    kind: FacetKind
    unit: str | None
    coverage: float
    distinct: int
    commonest: tuple[tuple[str, int], ...]
    low: float | None = None
    high: float | None = None

    def summary(self) -> str:
        """Return the values in one line."""
        values = ", ".join(f"{value} {count:,}" for value, count in self.commonest)
        return values if self.low is None else f"{self.low:g} to {self.high:g}; {values}"


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that looks wrong, for how many products or values, with a few of them."""

    what: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogueReport:
    """The whole report."""

    products: int
    in_stock: int
    facets: tuple[FacetReport, ...]
    concerns: tuple[Concern, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report, JSON-ready."""
        return asdict(self)


def report_of(index: CatalogueIndex, *, values: int = 5) -> CatalogueReport:
    """Return the report on a catalogue.

    Args:
        index: the catalogue.
        values: how many of the commonest values to list for a facet.
    """
    facets = sorted((_facet(index, name, values) for name in index.facets), key=lambda f: (-f.coverage, f.name))
    products = [index.product(sku) for sku in index.skus]
    concerns = (*_product_concerns(products), *_facet_concerns(index))
    return CatalogueReport(
        products=len(index),
        in_stock=len(index.matching()),
        facets=tuple(facets),
        concerns=tuple(concern for concern in concerns if concern.count),
    )


def _facet(index: CatalogueIndex, name: str, values: int) -> FacetReport:
    info = index.facets[name]
    counts = index.facet_counts(None, name)
    numbers = index.numeric(name) if info.kind == "number" else np.array([np.nan])
    known = not bool(np.all(np.isnan(numbers)))
    return FacetReport(
        name=name,
        kind=info.kind,
        unit=info.unit,
        coverage=info.coverage,
        distinct=len(counts),
        commonest=tuple((index.display(name, value), count) for value, count in counts[:values]),
        low=float(np.nanmin(numbers)) if known else None,
        high=float(np.nanmax(numbers)) if known else None,
    )


def _product_concerns(products: Sequence[Product]) -> Iterator[Concern]:
    titles = Counter(normalise(product.title) for product in products)
    checks = {
        "without a category": [p for p in products if not p.category],
        "without a brand": [p for p in products if not p.brand],
        "without a price, though others have one": [p for p in products if p.price is None]
        if any(p.price is not None for p in products)
        else [],
        "at a price of zero": [p for p in products if p.price == 0],
        "with a list price below the price": [
            p for p in products if p.price is not None and p.list_price is not None and p.list_price < p.price
        ],
        "with a title that other products have as well": [p for p in products if titles[normalise(p.title)] > 1],
        "with a title of three letters or fewer": [p for p in products if len(p.title) <= 3],
    }
    for what, found in checks.items():
        yield Concern(f"products {what}", len(found), tuple(f"{p.sku} {p.title[:50]}" for p in found[:EXAMPLES]))
    currencies = Counter(p.currency for p in products if p.currency)
    others = currencies.most_common()[1:]
    yield Concern(
        "prices in a second currency",
        sum(count for _, count in others),
        tuple(str(code) for code, _ in others[:EXAMPLES]),
    )
    prices = np.array([float(p.price) for p in products if p.price])
    if prices.size:
        limit = float(np.median(prices)) * 1000
        odd = [p for p in products if p.price is not None and float(p.price) > limit]
        yield Concern(
            "products a thousand times dearer than the middle one",
            len(odd),
            tuple(f"{p.sku} {p.price}" for p in odd[:EXAMPLES]),
        )


def _facet_concerns(index: CatalogueIndex) -> Iterator[Concern]:
    several = [
        name
        for name, info in index.facets.items()
        if info.kind == "text" and name != "category" and len(index.facet_counts(None, name, 2)) == 1
    ]
    yield Concern("facets with one value only", len(several), tuple(sorted(several)[:EXAMPLES]))
    if "category" in index.facets:
        small = [value for value, count in index.facet_counts(None, "category") if count == 1]
        yield Concern("categories of a single product", len(small), tuple(small[:EXAMPLES]))
