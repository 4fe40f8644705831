"""How categories hang together, as the catalogue's paths tell it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex


def specific(index: "CatalogueIndex", categories: list[str]) -> list[str]:
    """Return the categories of a message without those that another of them narrows down."""
    return [
        one
        for one in dict.fromkeys(categories)
        if not any(one in index.ancestors(other) for other in categories if other != one)
    ]


def in_line(index: "CatalogueIndex", first: str, second: str) -> bool:
    """Whether two categories are the same, or one is above the other."""
    return first == second or first in index.ancestors(second) or second in index.ancestors(first)


def siblings(index: "CatalogueIndex", first: str, second: str) -> bool:
    """Whether two categories have more than a department in common: loafers and running shoes are both shoes."""
    departments = {path[0] for path in index.category_paths}
    return bool((index.ancestors(first) & index.ancestors(second)) - departments)
