"""Turns a feed's rows into products, as a mapping says."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from lexicon.facets import CORE_FACETS
from lexicon.text import normalise
from shopguide.catalogue.feed import values
from shopguide.catalogue.feed.categories import Categories
from shopguide.catalogue.feed.mapping import FacetSource, Mapping, ReviewSource, Source, Wildcard
from shopguide.catalogue.feed.readers import Record
from shopguide.catalogue.feed.title_brands import BrandSurvey
from shopguide.catalogue.feed.words import WordFinder
from shopguide.catalogue.product import FacetValue, Product, Review
from shopguide.catalogue.synonyms import load
from shopguide.ids import Sku

MAX_SKU = 200
MAX_TITLE = 1000
MAX_BRAND = 200
MAX_GROUP = 200
MAX_VALUE = 200
MAX_VALUES = 50
MAX_FACETS = 400
"""Facets of one product; a feed with more is not describing a product."""

T = TypeVar("T")


class BadRow(Exception):
    """A row that cannot become a product: (field, why) for everything that is wrong with it."""

    def __init__(self, problems: list[tuple[str, str]], sku: Sku | None) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = problems
        self.sku = sku


class ProductReader:
    """Reads products out of a feed's rows.

    A mapping that derives categories or brands from titles needs every row in `survey` before the first `product`.

    Args:
        mapping: the mapping.
        language: whose words are looked for in texts.
    """

    def __init__(self, mapping: Mapping, language: str = "en") -> None:
        self._mapping = mapping
        self._nulls = frozenset(normalise(text) for text in mapping.nulls)
        self._categories = Categories(mapping.category, self.is_null) if mapping.category else None
        brands = mapping.brand_from_title
        self._brands = BrandSurvey(brands.stop, brands.known, brands.min_count) if brands else None
        self._facets = [_FacetReader(name, facet, self, language) for name, facet in mapping.facets.items()]
        self._wildcards = _Wildcards(mapping)
        self._patterns: dict[str, re.Pattern[str]] = {}

    def survey(self, record: Record) -> None:
        """Take a row of the first pass into account."""
        if self._categories:
            self._categories.survey(record)
        if self._brands and self._mapping.brand_from_title:
            title = self.cell(record, self._mapping.title)
            if title is not None:
                self._brands.add(values.text_of(title))

    def product(self, record: Record) -> Product:
        """Return a row's product.

        Raises:
            BadRow: what cannot be read, all of it.
        """
        row = _Row(self, record)
        mapping = self._mapping
        sku = row.required("sku", mapping.sku, MAX_SKU)
        title = row.required("title", mapping.title, MAX_TITLE)
        price = row.read("price", mapping.price, lambda cell: self._amount(mapping.price, cell))
        facets, units = row.facets(self._facets)
        product = Product(
            sku=Sku(sku),
            title=title,
            description=row.read("description", mapping.description, values.prose_of) or "",
            brand=self._brand(row, title),
            category=self._categories.path(record) if self._categories else (),
            price=price,
            list_price=row.read("list_price", mapping.list_price, lambda cell: self._amount(mapping.list_price, cell)),
            currency=self._currency(row, price),
            sale_ends=row.read("sale_ends", mapping.sale_ends, values.end_of),
            stock=row.read("stock", mapping.stock, self._count),
            rating=row.read("rating", mapping.rating, self._rating),
            rating_count=row.read("rating_count", mapping.rating_count, self._count) or 0,
            image=row.read("image", mapping.image, values.address_of),
            url=row.read("url", mapping.url, values.address_of),
            group_id=row.short("group_id", mapping.group_id, MAX_GROUP),
            facets=facets | self._wildcards.facets(record, self.is_null, MAX_FACETS - len(facets)),
            units=units,
            reviews=row.reviews(mapping.reviews),
        )
        if row.problems:
            raise BadRow(row.problems, Sku(sku) if sku else None)
        return product

    def cell(self, record: Record, source: Source) -> Any:
        """Return the first of a source's cells that has a value, or all of them joined; `None` without."""
        cells = [record.get(column) for column in source.columns]
        cells = [cell for cell in cells if not self.is_null(cell)]
        if source.join is not None and cells:
            return source.join.join(values.text_of(cell) for cell in cells)
        cell = cells[0] if cells else None
        return None if cell is None else self.replaced(cell, source)

    def replaced(self, cell: Any, source: Source) -> Any:
        """Apply a source's pattern and its other words."""
        if source.pattern is not None:
            pattern = self._patterns.setdefault(source.pattern, re.compile(source.pattern))
            match = pattern.search(values.text_of(cell))
            if match is None:
                return None
            cell = match.group(1) if pattern.groups else match.group()
        if source.values:
            cell = source.values.get(normalise(values.text_of(cell)), cell)
        return None if self.is_null(cell) else cell

    def is_null(self, cell: Any) -> bool:
        if cell is None or cell in ([], {}):
            return True
        return isinstance(cell, str) and normalise(cell) in self._nulls

    def _brand(self, row: "_Row", title: str) -> str | None:
        if self._brands:
            return self._brands.brand(title)
        return row.short("brand", self._mapping.brand, MAX_BRAND)

    def _currency(self, row: "_Row", price: Decimal | None) -> str | None:
        mapping = self._mapping
        currency = row.read("currency", mapping.price_currency, lambda cell: values.text_of(cell).upper())
        if currency is None and price is not None and mapping.price:
            currency = values.currency_in(self.cell(row.record, mapping.price)) or mapping.currency
        if currency is not None and not re.fullmatch(r"[A-Z]{3}", currency):
            row.problems.append(("currency", f"{currency!r} is no ISO 4217 code"))
        return currency

    def float_of(self, cell: Any) -> float:
        """Read a number as the feed writes them."""
        return values.float_of(cell, self._mapping.decimal)

    def _count(self, cell: Any) -> int:
        return values.stock_of(cell, self._mapping.decimal)

    def _amount(self, source: Source | None, cell: Any) -> Decimal:
        amount = values.decimal_of(cell, self._mapping.decimal) / Decimal(str(source.divisor if source else 1))
        if amount < 0 or amount >= 10**10:
            raise ValueError(f"{values.text_of(cell)!r} is no price")
        return amount.quantize(Decimal("0.0001")).normalize() + 0

    def _rating(self, cell: Any) -> float:
        rating = self.float_of(cell) / (self._mapping.rating.divisor if self._mapping.rating else 1)
        if not 0 <= rating <= 5:
            raise ValueError(f"{rating:g} is not between 0 and 5; a divisor can bring it there")
        return rating


class _Row:
    """One row while it is read; collects what is wrong with it."""

    def __init__(self, reader: ProductReader, record: Record) -> None:
        self.record = record
        self.problems: list[tuple[str, str]] = []
        self._reader = reader

    def read(self, field: str, source: Source | None, parse: Callable[[Any], T]) -> T | None:
        cell = None if source is None else self._reader.cell(self.record, source)
        if cell is None:
            return None
        try:
            return parse(cell)
        except ValueError as error:
            self.problems.append((field, str(error)))
            return None

    def short(self, field: str, source: Source | None, longest: int) -> str | None:
        text = self.read(field, source, values.text_of)
        if text is not None and len(text) > longest:
            self.problems.append((field, f"longer than {longest} characters"))
        return text or None

    def required(self, field: str, source: Source, longest: int) -> str:
        text = self.read(field, source, values.text_of) or ""
        if not text:
            self.problems.append((field, "missing"))
        elif len(text) > longest:
            self.problems.append((field, f"longer than {longest} characters"))
        return text

    def facets(self, readers: "list[_FacetReader]") -> tuple[dict[str, FacetValue], dict[str, str]]:
        facets: dict[str, FacetValue] = {}
        units: dict[str, str] = {}
        for reader in readers:
            try:
                value = reader.value(self.record)
            except ValueError as error:
                self.problems.append((reader.name, str(error)))
                continue
            if value is not None and value != ():
                facets[reader.name] = value
                if reader.source.unit:
                    units[reader.name] = reader.source.unit
        return facets, units

    def reviews(self, source: ReviewSource | None) -> tuple[Review, ...]:
        listed = self.record.get(source.column) if source else None
        if source is None or not listed:
            return ()
        if not isinstance(listed, list) or not all(isinstance(review, dict) for review in listed):
            self.problems.append(("reviews", "not a list of objects"))
            return ()
        try:
            return tuple(_review(source, review) for review in listed)
        except ValueError as error:
            self.problems.append(("reviews", str(error)))
            return ()


class _FacetReader:
    def __init__(self, name: str, source: FacetSource, reader: ProductReader, language: str) -> None:
        self.name = name
        self.source = source
        self._reader = reader
        self._split = re.compile(source.split) if source.split else None
        self._words = WordFinder(name, load(language), source.patterns) if source.words else None

    def value(self, record: Record) -> FacetValue | None:
        cells = [cell for column in self.source.columns if (cell := self._cell(record, column)) is not None]
        if self.source.kind == "text":
            return self._texts(cells, record)
        if not cells:
            return None
        return values.flag_of(cells[0]) if self.source.kind == "flag" else self._number(cells[0])

    def _cell(self, record: Record, column: str) -> Any:
        cell = record.get(column)
        if self._reader.is_null(cell):
            return None
        return cell if self.source.kind == "text" else self._reader.replaced(cell, self.source)

    def _number(self, cell: Any) -> float | None:
        number = self._reader.float_of(cell) / self.source.divisor
        low, high = self.source.minimum, self.source.maximum
        return None if (low is not None and number < low) or (high is not None and number > high) else number

    def _texts(self, cells: list[Any], record: Record) -> tuple[str, ...]:
        found = [text for cell in cells for text in self._split_cell(cell)]
        found += (value for column, value in self.source.flags.items() if _is_true(record.get(column)))
        if self._words:
            for column in self.source.words:
                found += self._words.find(values.text_of(record.get(column) or ""))
        distinct = {normalise(text): text for text in reversed(found) if 0 < len(text) <= MAX_VALUE}
        return tuple(reversed(distinct.values()))[:MAX_VALUES]

    def _split_cell(self, cell: Any) -> Iterator[str]:
        for one in cell if isinstance(cell, list) else (cell,):
            for part in self._split.split(values.text_of(one)) if self._split else (values.text_of(one),):
                value = self._reader.replaced(part.strip(), self.source)
                if value is not None:
                    yield values.text_of(value)


class _Wildcards:
    """The facets of the columns that nothing else in the mapping reads."""

    def __init__(self, mapping: Mapping) -> None:
        self._wildcards = [(_glob(wildcard.match), wildcard) for wildcard in mapping.wildcards]
        self._except = [_glob(pattern) for wildcard in mapping.wildcards for pattern in wildcard.except_]
        self._taken = {*mapping.facets, *CORE_FACETS, "price", "rating"}
        self._read = _columns_read(mapping)
        self._decimal = mapping.decimal
        self._plans: dict[str, tuple[str, Wildcard, re.Pattern[str] | None] | None] = {}

    def facets(self, record: Record, is_null: Callable[[Any], bool], room: int) -> dict[str, FacetValue]:
        facets: dict[str, FacetValue] = {}
        for column, cell in record.items():
            if column not in self._plans:
                self._plans[column] = self._plan(column)
            plan = self._plans[column]
            if plan is None or len(facets) >= room or is_null(cell):
                continue
            value = _wild_value(cell, plan[1], plan[2], self._decimal)
            if value is not None:
                facets[plan[0]] = value
        return facets

    def _plan(self, column: str) -> tuple[str, Wildcard, re.Pattern[str] | None] | None:
        if column in self._read or any(pattern.fullmatch(column) for pattern in self._except):
            return None
        for pattern, wildcard in self._wildcards:
            match = pattern.fullmatch(column)
            if match:
                name = re.sub(r"[^a-z0-9]+", "_", match.group(1).casefold()).strip("_")
                if not name or not name[0].isalpha() or name in self._taken:
                    return None
                self._taken.add(name)  # a second column of the same name would mix two kinds of values
                return name, wildcard, re.compile(wildcard.split) if wildcard.split else None
        return None


def _wild_value(cell: Any, wildcard: Wildcard, split: re.Pattern[str] | None, decimal: str | None) -> FacetValue | None:
    try:
        if wildcard.kind == "flag":
            return values.flag_of(cell)
        if wildcard.kind == "number":
            return values.float_of(cell, decimal)
    except ValueError:
        return None  # the long tail is as it is: what cannot be read is not there
    cells = cell if isinstance(cell, list) else [cell]
    parts = [
        part.strip() for one in cells for part in (split.split(values.text_of(one)) if split else [values.text_of(one)])
    ]
    parts = [part for part in parts if part]
    if not parts or len(parts) > wildcard.max_values or any(len(part) > wildcard.max_length for part in parts):
        return None
    return tuple(dict.fromkeys(parts))


def _columns_read(mapping: Mapping) -> set[str]:
    parts = [getattr(mapping, field) for field in type(mapping).model_fields]
    sources = [part for part in (*parts, *mapping.facets.values()) if isinstance(part, Source)]
    columns = {column for source in sources for column in source.columns}
    columns |= {column for facet in mapping.facets.values() for column in facet.flags}
    if mapping.category:
        columns |= set(mapping.category.columns)
    return columns | ({mapping.reviews.column} if mapping.reviews else set())


def _glob(pattern: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.compile("(.*)".join(parts) if len(parts) > 1 else f"({parts[0]})")


def _is_true(cell: Any) -> bool:
    try:
        return cell is not None and values.flag_of(cell)
    except ValueError:
        return False


def _review(source: ReviewSource, review: dict[str, Any]) -> Review:
    rating, when = review.get(source.rating), review.get(source.written_at)
    written_at = datetime.fromisoformat(values.text_of(when)) if when else None
    if written_at is not None and written_at.tzinfo is None:
        written_at = written_at.replace(tzinfo=UTC)
    author = review.get(source.author)
    return Review(
        rating=None if rating is None else values.float_of(rating),
        text=values.prose_of(review.get(source.text) or ""),
        author=values.text_of(author)[:MAX_BRAND] if author else None,
        written_at=written_at,
    )
