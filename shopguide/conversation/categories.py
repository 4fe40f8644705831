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


def related(index: "CatalogueIndex", first: str, second: str) -> bool:
    """Whether two categories belong to one family: one is above the other, or they share more than the root."""
    if first == second:
        return True
    over_first, over_second = index.ancestors(first), index.ancestors(second)
    if first in over_second or second in over_first:
        return True
    roots = {path[0] for path in index.category_paths}
    return bool((over_first & over_second) - roots)
