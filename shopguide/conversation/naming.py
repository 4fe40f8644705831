"""Products named in words: which titles a name means, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from shopguide.catalogue.textsearch import tokens
from shopguide.ids import Sku

if TYPE_CHECKING:
    from shopguide.catalogue.columns import Rows
    from shopguide.catalogue.index import CatalogueIndex

LOOKED_AT = 200
"""Products that share words with a name and whose titles are compared with it."""

SURE = 0.85
"""A name means a product if this share of it, by how much each word tells, stands in the title."""

LIKELY = 0.55
"""From this share on a title is worth asking about."""


@dataclass(frozen=True, slots=True)
class Named:
    """The products whose titles come nearest to a name, equally near, and whether it is surely one of them."""

    skus: tuple[Sku, ...]
    sure: bool


def named(text: str, index: "CatalogueIndex", rows: "Rows | None" = None, *, fewest: int = 1) -> Named | None:
    """Return the products that a name means, or `None` if no title holds enough of it.

    Misspelt words are mended from the words of titles. A title that is said whole goes before others that hold as much
    of the name.

    Args:
        text: the name as it was said.
        index: the catalogue.
        rows: look only among these.
        fewest: words of the name that a title must hold at least.
    """
    said = index.mended(text)
    if not said:
        return None
    weights = _weights(said, index)
    whole = sum(weights.values())
    held: dict[Sku, float] = {}
    exact: set[Sku] = set()
    for row in index.search(" ".join(said), rows, LOOKED_AT)[0]:
        sku = index.skus[row]
        product = index.product(sku)
        title = set(tokens(product.title))
        around = title | set(tokens(product.brand or ""))
        found = [token for token in said if token in around]
        if len(found) >= fewest:
            held[sku] = sum(weights[token] for token in found) / whole
        if title <= set(said):
            exact.add(sku)
    best = max(held.values(), default=0.0)
    if best < LIKELY:
        return None
    nearest = [sku for sku, share in held.items() if share >= best - 1e-9]
    nearest = [sku for sku in nearest if sku in exact] or nearest
    return Named(tuple(nearest), best >= SURE)


def _weights(said: Sequence[str], index: "CatalogueIndex") -> dict[str, float]:
    """Return how much each word tells: the rarer, the more; one that no product has, as much as the rarest other.

    So a model's name with one word too many is still near, and two words nobody has heard of are not.
    """
    having = {token: len(index.search(token, None, len(index))[0]) for token in said}
    known = {token: log(1 + len(index) / count) for token, count in having.items() if count}
    return {token: known.get(token, max(known.values(), default=1.0)) for token in said}
