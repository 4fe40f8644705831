"""What a simulated shopper knows: the facets of the product that they will buy."""

import math
import random
from dataclasses import dataclass
from functools import cached_property

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answers import Answer

UNTOLD = frozenset({"rating"})
"""Facets that nobody looks for: everybody wants the best."""


@dataclass(frozen=True)
class Facts:
    """The facets of one product.

    Args:
        index: the catalogue.
        row: of the product.
    """

    index: CatalogueIndex
    row: int

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Facet → the product's values, the most specific category alone; what it lacks is not there."""
        found = {}
        for facet in self.index.facets:
            values = self.index.values(facet, self.row)
            if values and facet not in UNTOLD:
                found[facet] = values[-1:] if facet == "category" else values
        return found

    @property
    def category(self) -> str:
        """What kind of thing it is, empty if the catalogue does not say."""
        return self.values.get("category", ("",))[0]

    @property
    def price(self) -> float:
        """Its price, nan if it has none."""
        return float(self.index.numeric("price")[self.row])

    def satisfies(self, constraint: Constraint) -> bool:
        """Return whether the product satisfies a constraint, in stock or not."""
        return self.row in self.index.matching([constraint], in_stock_only=False)

    def accepts(self, answer: Answer) -> bool:
        """Return whether an answer is true of the product; "it does not matter" is no answer."""
        return answer.kind != "any" and all(self.satisfies(one) for one in constraints_of(answer))

    def is_like(self, row: int) -> bool:
        """Return whether another product would do as well: the same in all that is known but price and size."""
        other = Facts(self.index, row).values
        loose = {"price", "size", "weight"}
        return all(other.get(facet) == values for facet, values in self.values.items() if facet not in loose)

    def wrong(self, facet: str, source: random.Random) -> str | None:
        """Return a value of the same kind of product that this one does not have, `None` if there is none."""
        kind = [Constraint("category", "in", (self.category,))] if self.category and facet != "category" else []
        counts = self.index.facet_counts(self.index.matching(kind), facet)
        others = [value for value, _ in counts if value not in self.index.values(facet, self.row)]
        return source.choice(others) if others else None


def constraints_of(answer: Answer) -> list[Constraint]:
    """Return what an answer demands."""
    match answer.kind:
        case "want":
            return [Constraint(answer.facet, "in", (answer.value,))]
        case "exclude":
            return [Constraint(answer.facet, "not in", (answer.value,))]
        case "bounds":
            low, high = answer.bounds.low, answer.bounds.high
            found = [Constraint(answer.facet, ">=", value=low)] if low is not None else []
            return [*found, Constraint(answer.facet, "<=", value=high)] if high is not None else found
    return []


def about(price: float, source: random.Random) -> float:
    """Return a round amount somewhat above a price: what somebody says who can pay it."""
    above = price * source.uniform(1.05, 1.3)
    step = 10 ** max(math.floor(math.log10(above)) - 1, 0) if above > 1 else 1
    return float(math.ceil(above / step) * step)
