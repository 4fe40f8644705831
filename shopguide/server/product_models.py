"""Products as the API reads and writes them; what an import refuses is refused here too."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

from lexicon.text import normalise
from shopguide.catalogue.feed import values
from shopguide.catalogue.feed.products import (
    MAX_BRAND,
    MAX_FACETS,
    MAX_GROUP,
    MAX_SKU,
    MAX_TITLE,
    MAX_VALUE,
    MAX_VALUES,
)
from shopguide.catalogue.index import CatalogueIndex, FacetInfo
from shopguide.catalogue.product import FacetValue, Product, Review
from shopguide.errors import BadProduct
from shopguide.ids import Sku
from shopguide.server.models import Moment, Number, Whole

MAX_PRODUCTS = 1_000
MAX_TEXT = 100_000
MAX_LEVELS = 10
MAX_REVIEWS = 500
LARGEST_COUNT = 2**31 - 1
"""What both databases keep in a column of counts."""
LARGEST_PRICE = 10**10
SIMILAR = "/similar"
RESERVED = frozenset({"category", "brand", "price", "rating"})

_SAYS_SOMETHING = r"[^\s\x00-\x1f\x7f]"


def _spoken(longest: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=longest, pattern=_SAYS_SOMETHING)


SkuText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_SKU, pattern=rf"^{_SAYS_SOMETHING}+( {_SAYS_SOMETHING}+)*$"),
]
"""A SKU: no control characters, no white space but single spaces inside."""

Prose = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Amount = Annotated[Number, Field(ge=0, lt=LARGEST_PRICE)]
Count = Annotated[Whole, Field(ge=0, le=LARGEST_COUNT)]


def _facet_name(name: str) -> str:
    if name in RESERVED:
        raise ValueError("is a field of the product, not a facet")
    return name


FacetName = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_facet_name)]


Address = Annotated[
    str,
    StringConstraints(max_length=2_000, pattern=r"^(https?://[^\s\x00-\x1f\x7f]+|[^\s\x00-\x1f\x7f:]+)$"),
]
"""A web address, or a path without a colon: no other scheme passes."""


def _facet(value: Any) -> FacetValue:
    """Read a facet's value.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not -1e15 < value < 1e15:
            raise ValueError("is too large a number")
        return float(value)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError("is a text, a list of texts, a number or a flag")
    if not 0 < len(texts) <= MAX_VALUES:
        raise ValueError(f"has between 1 and {MAX_VALUES} values")
    cleaned = [values.text_of(text) for text in texts]
    if not all(0 < len(text) <= MAX_VALUE and _is_unicode(text) for text in cleaned):
        raise ValueError(f"has values of 1 to {MAX_VALUE} characters")
    distinct = {normalise(text): text for text in reversed(cleaned)}
    return tuple(reversed(distinct.values()))


def _is_unicode(text: str) -> bool:
    """Tell whether there is no half of a surrogate pair in a text."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


_TEXT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_VALUE, "pattern": _SAYS_SOMETHING}
FacetJson = Annotated[
    Any,
    BeforeValidator(_facet),
    WithJsonSchema(
        {
            "anyOf": [
                _TEXT_SCHEMA,
                {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1, "maxItems": MAX_VALUES},
                {"type": "number", "exclusiveMinimum": -1e15, "exclusiveMaximum": 1e15},
                {"type": "boolean"},
            ]
        }
    ),
]


class ReviewJson(BaseModel):
    """One shopper's review."""

    model_config = ConfigDict(extra="forbid")

    rating: Number | None = None
    text: Prose = ""
    author: Annotated[str, StringConstraints(max_length=MAX_BRAND)] | None = None
    written_at: Moment | None = Field(None, description="ISO 8601 with its zone")

    def to_review(self) -> Review:
        """Return the review as the rest of the product sees it."""
        author = values.text_of(self.author) if self.author else ""
        return Review(self.rating, values.prose_of(self.text), author or None, self.written_at)


class ProductPatch(BaseModel):
    """Fields of a product that change; the others stay (JSON merge patch, RFC 7396): null takes a value away."""

    model_config = ConfigDict(extra="forbid")

    sku: SkuText | None = Field(None, description="which product; with a single one the path says it")
    title: Annotated[str, _spoken(MAX_TITLE)] | None = None
    description: Prose | None = None
    brand: Annotated[str, _spoken(MAX_BRAND)] | None = None
    category: Annotated[list[Annotated[str, _spoken(MAX_VALUE)]], Field(max_length=MAX_LEVELS)] | None = Field(
        None, description="from the root to the leaf"
    )
    price: Amount | None = None
    list_price: Amount | None = Field(None, description="what it cost before, or is said to cost")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = Field(
        None, description="ISO 4217; the shop's own by default"
    )
    sale_ends: Moment | None = Field(None, description="when a reduced price ends; ISO 8601 with its zone")
    stock: Count | None = Field(None, description="how many there are; null: unknown, which counts as in stock")
    in_stock: StrictBool | None = Field(None, description="follows from stock; if sent, it must agree")
    rating: Annotated[Number, Field(ge=0, le=5)] | None = None
    rating_count: Count | None = None
    image: Address | None = None
    url: Address | None = None
    group_id: Annotated[str, _spoken(MAX_GROUP)] | None = Field(
        None, description="what variants of one product have in common: they take one place on a slate"
    )
    facets: Annotated[dict[FacetName, FacetJson | None], Field(max_length=MAX_FACETS)] | None = Field(
        None, description="facet → one or more texts, a number or a flag"
    )
    units: dict[FacetName, Annotated[str, _spoken(20)] | None] | None = Field(
        None, description="the units of number facets"
    )
    reviews: Annotated[list[ReviewJson], Field(max_length=MAX_REVIEWS)] | None = None

    def applied(self, product: Product, currency: str, known: "Known") -> Product:
        """Return a product with the fields changed.

        Args:
            product: what stands there now.
            currency: the shop's own.
            known: the facets that the catalogue has.

        Raises:
            BadProduct: the product would not be one, or its facets would not be what they are in this catalogue.
        """
        sent = self.model_fields_set - {"sku", "in_stock", "facets", "units"}
        changes = {name: _READ.get(name, _as_it_is)(getattr(self, name)) for name in sent}
        facets = _merged(product.facets, self.facets) if "facets" in self.model_fields_set else dict(product.facets)
        units = _merged(product.units, self.units) if "units" in self.model_fields_set else dict(product.units)
        named = frozenset(self.units or ())
        units = {name: unit for name, unit in units.items() if _is_number(facets.get(name)) or name in named}
        changed = replace(product, **changes, facets=facets, units=units)
        if changed.currency is None and (changed.price is not None or changed.list_price is not None):
            changed = replace(changed, currency=currency)
        return known.checked(changed, frozenset(self.facets or ()) | named, self._problems(changed))

    def _problems(self, changed: Product) -> list[tuple[str, str]]:
        problems: list[tuple[str, str]] = []
        if self.sku is not None and self.sku != changed.sku:
            problems.append(("sku", "is not the one of the path"))
        if changed.sku.endswith(SIMILAR):
            problems.append(("sku", f"must not end with {SIMILAR}, which is the path of another call"))
        if not changed.title:
            problems.append(("title", "missing"))
        problems += [
            (field, "has a value that says nothing")
            for field, texts in _texts(changed)
            if not all(map(normalise, texts))
        ]
        if self.in_stock is not None and self.in_stock != changed.in_stock:
            problems.append(("in_stock", "follows from stock: send a count, 0 if there is none"))
        if len(changed.facets) > MAX_FACETS:
            problems.append(("facets", f"more than {MAX_FACETS}"))
        return problems


class ProductModel(ProductPatch):
    """A whole product; what is left out it does not have."""

    title: Annotated[str, _spoken(MAX_TITLE)]
    facets: Annotated[dict[FacetName, FacetJson], Field(max_length=MAX_FACETS)] | None = Field(
        None, description="facet → one or more texts, a number or a flag"
    )

    def to_product(self, sku: Sku, currency: str, known: "Known") -> Product:
        """Return the product.

        Args:
            sku: its SKU.
            currency: the shop's own.
            known: the facets that the catalogue has.

        Raises:
            BadProduct: its facets are not what they are in this catalogue.
        """
        return self.applied(Product(sku=sku, title=""), currency, known)


class Known:
    """The facets that a catalogue has: what one product says about them must not belie the others.

    One product with a text for a number facet would make it a facet of texts for all of them.

    Args:
        index: the catalogue.
    """

    def __init__(self, index: CatalogueIndex) -> None:
        self._index = index

    def checked(self, product: Product, sent: frozenset[str], problems: list[tuple[str, str]]) -> Product:
        """Return a product, units that the catalogue knows filled in.

        Args:
            product: the product.
            sent: the facets that have to be looked at.
            problems: what is wrong otherwise.

        Raises:
            BadProduct: there are problems, or a facet is of another kind or unit than in the catalogue.
        """
        units = dict(product.units)
        for name in sorted(sent):
            value = product.facets.get(name)
            if not _is_number(value):
                if name in units:
                    problems.append((f"units.{name}", "names no number facet of this product"))
                if value is None:
                    continue
            info = self._index.facets.get(name)
            if info is None or self._is_the_only_one(product.sku, name, info):
                continue
            kind = "text" if isinstance(value, tuple) else "number" if _is_number(value) else "flag"
            if kind != info.kind:
                problems.append((f"facets.{name}", f"is a {info.kind} facet in this catalogue"))
            elif info.unit is not None and units.setdefault(name, info.unit) != info.unit:
                problems.append((f"units.{name}", f"this catalogue has it in {info.unit}"))
        if problems:
            raise BadProduct(problems)
        return replace(product, units=units)

    def _is_the_only_one(self, sku: Sku, facet: str, info: FacetInfo) -> bool:
        index = self._index
        return round(info.coverage * len(index)) == 1 and sku in index and bool(index.values(facet, index.row(sku)))


class ProductDocument(BaseModel):
    """Everything that the catalogue says of a product: amounts are numbers, times ISO 8601."""

    sku: str
    title: str
    description: str
    brand: str | None
    category: list[str]
    price: float | None
    list_price: float | None
    currency: str | None
    sale_ends: datetime | None
    in_stock: bool
    stock: int | None
    rating: float | None
    rating_count: int
    image: str | None
    url: str | None
    group_id: str | None
    facets: dict[str, list[str] | bool | float]
    units: dict[str, str]
    reviews: list["ReviewDocument"]

    @classmethod
    def of(cls, product: Product) -> Self:
        """Return a product, ready for JSON."""
        return cls(
            sku=product.sku,
            title=product.title,
            description=product.description,
            brand=product.brand,
            category=list(product.category),
            price=None if product.price is None else float(product.price),
            list_price=None if product.list_price is None else float(product.list_price),
            currency=product.currency,
            sale_ends=product.sale_ends,
            in_stock=product.in_stock,
            stock=product.stock,
            rating=product.rating,
            rating_count=product.rating_count,
            image=product.image,
            url=product.url,
            group_id=product.group_id,
            facets={name: list(v) if isinstance(v, tuple) else v for name, v in product.facets.items()},
            units=dict(product.units),
            reviews=[ReviewDocument.of(review) for review in product.reviews],
        )


class ReviewDocument(BaseModel):
    """One shopper's review."""

    rating: float | None
    text: str
    author: str | None
    written_at: datetime | None

    @classmethod
    def of(cls, review: Review) -> Self:
        """Return a review, ready for JSON."""
        return cls(rating=review.rating, text=review.text, author=review.author, written_at=review.written_at)


def _texts(product: Product) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield (field, values) of what is compared by its folded text."""
    yield "brand", () if product.brand is None else (product.brand,)
    yield "category", product.category
    for name, value in product.facets.items():
        if isinstance(value, tuple):
            yield f"facets.{name}", value


def _is_number(value: FacetValue | None) -> bool:
    return isinstance(value, float)


def _merged(there: Mapping[str, Any], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an object with members replaced, added and (those that are null) taken out; null takes out all."""
    if patch is None:
        return {}
    merged = dict(there) | dict(patch)
    return {name: value for name, value in merged.items() if value is not None}


def _amount(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.0001")).normalize() + 0


def _text(value: str | None) -> str | None:
    return None if value is None else values.text_of(value)


def _as_it_is(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "title": lambda title: _text(title) or "",
    "description": lambda text: values.prose_of(text or ""),
    "brand": _text,
    "group_id": _text,
    "category": lambda path: _path(path or []),
    "price": _amount,
    "list_price": _amount,
    "rating_count": lambda count: count or 0,
    "reviews": lambda reviews: tuple(review.to_review() for review in cast("list[ReviewJson]", reviews or [])),
}


def _path(names: list[str]) -> tuple[str, ...]:
    """Return a category path, without levels that repeat the one above."""
    path: list[str] = []
    for name in map(values.text_of, names):
        if not path or normalise(path[-1]) != normalise(name):
            path.append(name)
    return tuple(path)
