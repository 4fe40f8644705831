"""The mapping file: which column of a feed is which part of a product (docs/catalogue.md documents every key)."""

import re
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shopguide.catalogue.feed.readers import FeedFile, Format
from shopguide.errors import MappingError

_FACET_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({"category", "brand", "price", "rating"})


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Regex = Annotated[str, AfterValidator(_regex)]


def _spelt_out(data: Any) -> Any:
    """Return a source that was given as a column or a list of columns as the mapping that it is short for."""
    data = {"from": data} if isinstance(data, str | list) else data
    if isinstance(data, dict) and isinstance(data.get("from"), str):
        data = {**data, "from": [data["from"]]}
    return data


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a value comes from and what is done to it; a column's name alone is short for `{from: name}`."""

    columns: tuple[str, ...] = Field(alias="from", description="the column, or several: the first that has a value")
    join: str | None = Field(None, description="put the texts of all the columns together with this between them")
    split: Regex | None = Field(None, description="split a text into several values at this pattern")
    pattern: Regex | None = Field(None, description="take the first group of this pattern out of the text")
    values: dict[str, str | None] = Field(
        default_factory=dict, description="other words for values, by their folded text; null drops a value"
    )
    divisor: float = Field(1, gt=0, description="divide a number by this (100 for a price in cents)")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return _spelt_out(data)


class FacetSource(Source):
    """Where a facet's values come from; all its columns count."""

    kind: Literal["text", "number", "flag"] = Field("text", description="what the values are")
    unit: str | None = Field(None, description="the unit of a number facet, after the divisor")
    minimum: float | None = Field(None, description="a smaller number is a mistake of the feed and is left out")
    maximum: float | None = Field(None, description="a larger number is a mistake of the feed and is left out")
    flags: dict[str, str] = Field(
        default_factory=dict, description="flag columns of the feed, each with the value that it gives when it is true"
    )
    words: tuple[str, ...] = Field(
        (), description="columns in whose text the words for this facet (synonyms/en.yml) are looked for"
    )
    patterns: dict[str, Regex] = Field(
        default_factory=dict, description="further values to look for in the `words` columns, each with its pattern"
    )
    columns: tuple[str, ...] = Field((), alias="from", description="the columns whose values count, all of them")


class Conditions(_Part):
    """What must be true of a row: all of it."""

    when: dict[str, Regex] = Field(
        default_factory=dict, description="column → pattern that is found in its text, in any case"
    )
    unless: dict[str, Regex] = Field(
        default_factory=dict, description="column → pattern that must not be found in its text"
    )
    has: tuple[str, ...] = Field((), description="columns that must have a value")
    lacks: tuple[str, ...] = Field((), description="columns that must not have one")


class Rule(Conditions):
    """Gives products a category if its conditions hold."""

    category: str | tuple[str, ...] = Field(description="the category, or its path from the root to the leaf")


class TitleNoun(_Part):
    """Derives the category from the noun in the title (shopguide/catalogue/feed/title_nouns.py)."""

    title: str = Field(description="the column with the title")
    after: str = Field(description="the column with the model's name, after which titles name the thing")
    texts: tuple[str, ...] = Field((), description="columns that are searched for known nouns, in this order")
    min_count: int = Field(3, ge=1, description="how often a noun must follow the name to be known")
    nouns: dict[str, str] = Field(default_factory=dict, description="further phrases and the categories they stand for")
    rename: dict[str, str | None] = Field(
        default_factory=dict, description="nouns of the feed and the category to use instead; null: not a category"
    )


class CategorySource(_Part):
    """Where the category comes from: columns, rules, the title; the first that gives one decides."""

    columns: tuple[str, ...] = Field((), alias="from", description="columns from root to leaf, or one column to split")
    split: Regex | None = Field(None, description="splits one column's text into the levels")
    rules: tuple[Rule, ...] = Field((), description="rules that are tried in order before the title")
    title_noun: TitleNoun | None = Field(None, description="how to find the category in the title")
    evidence: dict[str, tuple[Conditions, ...]] = Field(
        default_factory=dict,
        description="category → conditions, one of which must hold where the title gives the category",
    )
    otherwise: tuple[Rule, ...] = Field((), description="rules that are tried in order after the title")
    parents: tuple[str, ...] = Field(
        (), description='categories to put above those that end with their name: "printer" above "laser printer"'
    )
    drop: tuple[str, ...] = Field((), description="categories that are none (folded)")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return _spelt_out(data)


class TitleBrand(_Part):
    """Finds the brand in the first words of the title (shopguide/catalogue/feed/title_brands.py)."""

    title: str = Field(description="the column with the title")
    stop: tuple[str, ...] = Field((), description="words that never belong to a brand: it ends before them")
    known: tuple[str, ...] = Field(
        (), description="brands that need no evidence, the longest first where one begins another"
    )
    min_count: int = Field(
        4, ge=2, description="how often first words must occur to be taken for a brand of several words"
    )


class ReviewSource(_Part):
    """Reviews inside a product's row: a list of objects (JSON feeds)."""

    column: str = Field(alias="from", description="the column with the list")
    text: str = Field("text", description="the key of the text")
    rating: str = Field("rating", description="the key of the rating")
    author: str = Field("author", description="the key of the author")
    written_at: str = Field("date", description="the key of the time, ISO 8601")


class Wildcard(_Part):
    """Makes facets of all columns that match and that nothing else in the mapping reads."""

    match: str = Field(description='which columns, with `*` for the part that names the facet: "attr_t_*"')
    kind: Literal["text", "number", "flag"] = Field("text", description="what the values are")
    except_: tuple[str, ...] = Field((), alias="except", description="columns to leave out, with `*` as above")
    split: Regex | None = Field(None, description="splits a text into several values")
    max_length: int = Field(80, ge=1, description="longer values are descriptions and are left out")
    max_values: int = Field(12, ge=1, description="a product with more values in one column keeps none of them")


class Mapping(_Part):
    """The whole file."""

    format: Format | None = Field(None, description="csv, tsv, json or jsonl; by the file's name if absent")
    encoding: str = Field("utf-8", description="of the file's text")
    items: tuple[str, ...] = Field((), description="JSON: the keys that lead to the array of products")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="of prices that come without one (ISO 4217)")
    decimal: Literal[".", ","] | None = Field(
        None, description="the decimal sign of numbers; each number tells its own if absent"
    )
    nulls: tuple[str, ...] = Field(
        ("", "na", "n/a", "null", "none", "nan", "-"), description="texts that mean that there is no value (folded)"
    )
    sku: Source = Field(description="the product's id, kept as given")
    title: Source = Field(description="the product's name")
    description: Source | None = Field(None, description="what is said of the product")
    brand: Source | None = Field(None, description="who makes it")
    brand_from_title: TitleBrand | None = Field(None, description="how to find the brand in the title")
    category: CategorySource | None = Field(None, description="where it belongs")
    price: Source | None = Field(None, description="what it costs")
    list_price: Source | None = Field(None, description="what it cost before, or is said to cost")
    price_currency: Source | None = Field(None, description="the column with the currency (ISO 4217)")
    sale_ends: Source | None = Field(
        None,
        description="when a reduced price ends: an ISO 8601 day or time, or an interval (sale_price_effective_date)",
    )
    stock: Source | None = Field(None, description="how many there are; yes and no are understood")
    rating: Source | None = Field(None, description="the mean rating")
    rating_count: Source | None = Field(None, description="how many ratings there are")
    image: Source | None = Field(None, description="the picture's address (http, https or a path)")
    url: Source | None = Field(None, description="the product page's address (http, https or a path)")
    group_id: Source | None = Field(
        None, description="what variants of one product have in common (item_group_id of Google's product feeds)"
    )
    reviews: ReviewSource | None = Field(None, description="reviews inside the row")
    facets: dict[str, FacetSource] = Field(default_factory=dict, description="facet → where its values come from")
    wildcards: tuple[Wildcard, ...] = Field((), description="facets of columns by the pattern of their name")

    @field_validator("facets", mode="before")
    @classmethod
    def _facets(cls, facets: Any) -> Any:
        if isinstance(facets, dict):
            for name in facets:
                if not _FACET_NAME.fullmatch(str(name)) or name in _RESERVED:
                    raise ValueError(
                        f"{name!r} cannot be a facet: lower case, digits, _; not {', '.join(sorted(_RESERVED))}"
                    )
        return facets

    @model_validator(mode="after")
    def _one_brand(self) -> Self:
        if self.brand and self.brand_from_title:
            raise ValueError("brand and brand_from_title exclude each other")
        return self

    def file(self, path: Path) -> FeedFile:
        """Return the feed file that this mapping is for."""
        return FeedFile(path, self.format, self.encoding, self.items)

    @property
    def needs_survey(self) -> bool:
        """Whether the feed must be read once before its products can be."""
        return self.brand_from_title is not None or bool(self.category and self.category.title_noun)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: it cannot be read or a key is wrong; the message names the file and the keys.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"{path}: {error}") from error
    return parse_mapping(content, str(path))


def parse_mapping(content: Any, name: str = "mapping") -> Mapping:
    """Check a mapping's content.

    Raises:
        MappingError: a key is wrong; the message names it.
    """
    if not isinstance(content, MappingOf):
        raise MappingError(f"{name}: a mapping file holds keys and values")
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors())
        raise MappingError(f"{name}: {problems}") from error
