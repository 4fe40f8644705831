"""What the questions about products on the table come to: comparison, reviews, stock and reductions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from shopguide.catalogue.product import Product, Review
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import SearchOutcome, Shown, SlateShown, Unresolved

Advantage: TypeAlias = Literal["wish", "taste", "cheapest", "best_rated", "in_stock", "asked"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A facet in which compared products differ: their folded values in the order of the products, [n_products]."""

    facet: str
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """The product of a comparison that suits the shopper best, and what speaks for it; `facets` are wishes it meets."""

    place: int
    advantages: tuple[Advantage, ...]
    facets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Two to four products side by side.

    Args:
        products: as they were shown, those off the slate numbered on.
        differences: facets in which they differ, the most telling first.
        same: facets in which all are alike.
        pick: which suits best; `None` where nothing tells them apart.
        asked: the facet that the question was about.
        furthest: places, from 0, of the products that are furthest in the direction asked for.
        left_out: how many more were meant than are compared at once.
    """

    products: tuple[Shown, ...]
    differences: tuple[Difference, ...]
    same: Mapping[str, tuple[str, ...]]
    pick: Pick | None
    asked: str | None = None
    furthest: tuple[int, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class NothingToCompare:
    """One product was meant, and there is no other to compare it with."""

    product: Product | None


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a review, and whose it is."""

    text: str
    review: Review


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What other shoppers wrote of a product.

    Args:
        product: the product.
        position: its place on the slate.
        stars: reviews by their rounded number of stars.
        mean: of the ratings in the reviews; `None` if they have none.
        praised: sentences that speak well of it, the strongest first.
        criticised: sentences that speak ill of it.
        aspects: what reviews speak of ("fit", "value"), with how many of them well and how many ill.
        asked: words that the question was about; the quotes are about them then.
    """

    product: Product
    position: int | None
    stars: Mapping[int, int]
    mean: float | None
    praised: tuple[Quote, ...]
    criticised: tuple[Quote, ...]
    aspects: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Reviews:
    """The reviews of the products that a message means."""

    products: tuple[Reviewed, ...]


@dataclass(frozen=True, slots=True)
class Available:
    """Whether a product can be had, and if a colour or size was named, whether in that.

    Args:
        product: the product.
        position: its place on the slate.
        asked: the values that were asked for by facet.
        lacking: those of them that the product does not have.
        variant: the same product with what is lacking, if the shop has it.
        choices: what there is instead of what is lacking, by facet.
        instead: products like it that can be had, where it is sold out.
    """

    product: Product
    position: int | None
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variant: Product | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    instead: SlateShown | None = None


@dataclass(frozen=True, slots=True)
class NotReduced:
    """Nothing of what is looked for is reduced; `elsewhere` counts what is in the whole shop."""

    need: Need
    elsewhere: int


@dataclass(frozen=True, slots=True)
class OnSale:
    """Whether single products are reduced."""

    products: tuple[Product, ...]


CompareOutcome: TypeAlias = Compared | NothingToCompare | Unresolved
ReviewOutcome: TypeAlias = Reviews | Unresolved
StockOutcome: TypeAlias = Available | SearchOutcome | Unresolved
SaleOutcome: TypeAlias = SlateShown | NotReduced | OnSale | Unresolved
