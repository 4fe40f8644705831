"""What a question comes to, free of wording."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from shopguide.catalogue.product import Product

Verdict: TypeAlias = Literal["yes", "no", "unlisted", "value"]
"""What a facet says of a question: it is so, it is not so, its list does not name what was asked for, or its value is
the answer."""


@dataclass(frozen=True, slots=True)
class FacetAnswer:
    """A facet answers.

    Args:
        product: whom it is about.
        facet: its name; `price`, `stock`, `rating`, `brand` and `category` count as facets.
        values: what the data says: folded texts, numbers as text, `yes` or `no`.
        verdict: what that means for the question.
        asked: the value that was asked for, if one was.
    """

    product: Product
    facet: str
    values: tuple[str, ...]
    verdict: Verdict
    asked: str = ""


@dataclass(frozen=True, slots=True)
class PassageAnswer:
    """A sentence of the product's texts is the evidence; `author` is the reviewer's name, as the feed gives it."""

    product: Product
    text: str
    source: Literal["description", "review"]
    author: str = ""


@dataclass(frozen=True, slots=True)
class NotInData:
    """Neither facets nor texts of the product answer."""

    product: Product


ProductAnswer: TypeAlias = FacetAnswer | PassageAnswer | NotInData


@dataclass(frozen=True, slots=True)
class Answers:
    """What a question about one or more products comes to, for each product what answers it."""

    question: str
    found: tuple[tuple[ProductAnswer, ...], ...]


@dataclass(frozen=True, slots=True)
class Unasked:
    """The message points at a product and does not say what is to be told of it."""
