"""What the transformers read: the need and the product as text, by one template each (docs/recommender.md)."""

from collections.abc import Sequence

from lexicon.facets import CORE_FACETS
from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.product import FacetValue, Product
from shopguide.catalogue.unstuffed import unstuffed
from shopguide.profiles.preferences import TasteProfile

TEMPLATE = 2
"""Number of the templates below: what was trained on another one has to be trained again."""
DESCRIPTION_CHARACTERS = 160
FACET_VALUES = 12

TASTE_FACETS = ("brand", "colour", "material")
"""Facets of which the need may name what the shopper likes."""
TASTE_FROM = 0.5
"""Weight from which a shopper likes something strongly."""
TASTE_WORDS = 6


def product_text(product: Product) -> str:
    """Return `title | brand | category | core facets | description | other facets`, the same for both encoders.

    Facets come in alphabetical order; numbers carry facet name and unit, flags that are true are named. The reader
    cuts the text after its number of tokens, so what people ask for most stands first.
    """
    parts = [product.title]
    if product.brand and normalise(product.brand) not in normalise(product.title):
        parts.append(product.brand)
    if product.category:
        parts.append(" ".join(product.category[-2:]))
    core = [facet for facet in sorted(product.facets) if facet in CORE_FACETS]
    others = [facet for facet in sorted(product.facets) if facet not in CORE_FACETS]
    parts += [
        _facets_text(product, core),
        unstuffed(product.description)[:DESCRIPTION_CHARACTERS],
        _facets_text(product, others),
    ]
    return " | ".join(part for part in parts if part)


def _facets_text(product: Product, facets: Sequence[str]) -> str:
    texts = (_facet_text(facet, product.facets[facet], product.units.get(facet)) for facet in facets)
    return " ".join([text for text in texts if text][:FACET_VALUES])


def _facet_text(facet: str, value: FacetValue, unit: str | None) -> str:
    if isinstance(value, bool):
        return facet.replace("_", " ") if value else ""
    if isinstance(value, float | int):
        return f"{facet.replace('_', ' ')} {value:g}{' ' + unit if unit else ''}"
    return " ".join(value)


def need_text(query: str, constraints: Sequence[Constraint] = (), taste: TasteProfile | None = None) -> str:
    """Return the need in words: the shopper's own, then the wanted values that those words do not already name.

    Args:
        query: the need in words.
        constraints: what must hold.
        taste: what the shopper likes; of it, a few words about what the need leaves open follow, if there is a need.
    """
    words = [query.strip()]
    said = f" {normalise(query)} "
    for constraint in constraints:
        if constraint.op == "in" and len(constraint.values) <= 3:
            words += [value for value in constraint.values if f" {value} " not in said]
    need = " ".join(word for word in words if word)
    liked = _taste_text(need, constraints, taste) if need and taste is not None else ""
    return f"{need} {liked}" if liked else need


def _taste_text(need: str, constraints: Sequence[Constraint], taste: TasteProfile) -> str:
    """Name the strongest likes of facets that the need says nothing of, one for each."""
    settled = {constraint.facet for constraint in constraints}
    said = f" {normalise(need)} "
    words: list[str] = []
    for facet in TASTE_FACETS:
        weights = taste.weights.get(facet, {})
        if facet in settled or any(f" {value} " in said for value in weights):
            continue
        value, weight = max(weights.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0.0))
        if weight >= TASTE_FROM and len(words) + len(value.split()) <= TASTE_WORDS:
            words += value.split()
    return " ".join(words)
