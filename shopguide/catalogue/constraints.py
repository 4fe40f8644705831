"""Constraints: what must hold for every product on a slate."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Op: TypeAlias = Literal["in", "not in", "<=", ">="]


@dataclass(frozen=True, slots=True)
class Constraint:
    """One condition on one facet.

    `in` and `not in` take `values` (canonical, folded by `lexicon.text.normalise`); `<=` and `>=` take `value`, in the
    facet's unit, or in the shop's currency for `price`. A product without a value for the facet fails `in`, `<=` and
    `>=`, and passes `not in`. `category` also matches any ancestor in the product's category path. A flag facet
    takes the values "yes" and "no". Number facets accept `in` with numbers written as text ("24"), matched with the
    tolerance that the index documents.
    """

    facet: str
    op: Op
    values: tuple[str, ...] = ()
    value: float | None = None

    def __post_init__(self) -> None:
        """Refuse a shape that no index could answer.

        Raises:
            ValueError: a list where a bound is needed, or the other way round.
        """
        if self.op in ("in", "not in"):
            if not self.values or self.value is not None:
                raise ValueError(f"{self.facet} {self.op!r} needs values, not a bound")
        elif self.value is None or self.values:
            raise ValueError(f"{self.facet} {self.op!r} needs one bound, not values")
