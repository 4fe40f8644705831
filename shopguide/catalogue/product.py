"""What a shop sells, as the rest of the product sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from shopguide.ids import Sku

FacetValue: TypeAlias = tuple[str, ...] | float | bool
"""Text facets hold one or more values, number facets a float in the facet's unit, flag facets a bool."""


@dataclass(frozen=True, slots=True)
class Review:
    """One shopper's review of a product, as the feed gives it."""

    rating: float | None
    text: str
    author: str | None = None
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A sellable thing.

    Text values (brand, category, facets) keep the shop's own spelling; whoever compares them folds them with
    `lexicon.text.normalise`. `category` runs from the root to the leaf. `price` and `list_price` are in `currency`;
    `None` means that the feed names none. `stock` is a count; `None` means unknown and counts as in stock. Variants of
    one thing have the same `group_id`. `sale_ends` is when a reduced price ends, in UTC.
    """

    sku: Sku
    title: str
    description: str = ""
    brand: str | None = None
    category: tuple[str, ...] = ()
    price: Decimal | None = None
    list_price: Decimal | None = None
    currency: str | None = None
    sale_ends: datetime | None = None
    stock: int | None = None
    rating: float | None = None
    rating_count: int = 0
    image: str | None = None
    url: str | None = None
    group_id: str | None = None
    facets: Mapping[str, FacetValue] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()

    @property
    def in_stock(self) -> bool:
        """Whether the product can be sold now."""
        return self.stock is None or self.stock > 0

    @property
    def percent_off(self) -> int:
        """By how many per cent the price is reduced, rounded; 0 if it is not."""
        if self.price is None or self.list_price is None or not 0 < self.price < self.list_price:
            return 0
        return int((100 * (1 - self.price / self.list_price)).to_integral_value(ROUND_HALF_UP))
