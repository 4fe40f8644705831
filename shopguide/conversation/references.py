"""Which products on screen a message points at: by place, by name, by what they have, or against each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lexicon.text import normalise
from lexicon.units import convert
from shopguide.conversation.naming import named
from shopguide.conversation.turn import Mention, Reference, Turn
from shopguide.conversation.understanding import ordinals
from shopguide.conversation.words import asking, content_words
from shopguide.ids import Sku

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

NEAR_PRICE = 0.01
"""Who says "the 50 euro one" of one at 49.90 means it: prices this share apart, or by less than one, are the same."""


TITLES_READ = 20
"""Products with a word among which one must have it in its title, for the word to count as part of a name."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """The products that are meant, in the order of the message or of the slate."""

    skus: tuple[Sku, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """One product is meant, and these all fit; empty where no product shown does."""

    skus: tuple[Sku, ...]


Resolution = Pointed | Unclear


def resolve(turn: Turn, shown: Sequence[Sku], index: "CatalogueIndex", focus: Sku | None = None) -> Resolution | None:
    """Return the products of a slate that a message points at, or `None` if it points at none by itself.

    Places go first ("the second"), then names, then references ("the cheaper one", "the other one"), then bare values
    ("blue?"). A reference or a value must single one product out, or it is unclear which is meant.

    Args:
        turn: the message.
        shown: the products on screen, by position.
        index: the catalogue.
        focus: the product talked about last.
    """
    places = ordinals(turn.mentions)
    if places:
        found = _at(places, shown, index)
        return Pointed(found) if found else Unclear(())
    listed = [sku for sku in shown if sku in index]
    rows = np.array(sorted(index.row(sku) for sku in listed), dtype=np.int32)
    for mention in turn.mentions:
        if mention.entity == "product":
            name = named(str(mention.value), index, rows) if len(rows) else None
            if name is not None and name.sure:
                return _one(sku for sku in listed if sku in name.skus)
    if turn.references:
        return _referred(turn, turn.references[0], listed, index, focus)
    described = [one for one in turn.mentions if _describes(one) and not one.excluded]
    words = [word for word in content_words(turn.text, turn.mentions) if word not in asking()]
    # "The Tarnway Fjell" is no other Tarnway, however alone it stands on the slate.
    titled = [word for word in words if _is_in_titles(word, index)]
    having = _saying(titled, _fitting(described, listed, index), index, in_titles=True)
    if not having or not (described or titled):
        return None
    # "Is the backpack any good?" of the one talked about, where all are backpacks.
    return Pointed((focus,)) if focus in having and len(having) > 1 else _one(having)


def pointing(turn: Turn) -> tuple[Turn, Turn] | None:
    """Part a message such as "like the blue one but cheaper" into what it points at and the rest, if it is one.

    The words of the reference ask for nothing by themselves, so the rest is without them.
    """
    found = next((one for one in turn.references if one.like), None)
    names = [one for one in turn.mentions if one.entity == "product"]
    if found is None and not names:
        return None
    start, end = (found.start, found.end) if found is not None else (names[0].start, names[0].end)
    inside = tuple(one for one in turn.mentions if start <= one.start and one.end <= end)
    outside = tuple(one for one in turn.mentions if one not in inside)
    text = turn.text[:start] + " " * (end - start) + turn.text[end:]
    return (
        replace(turn, mentions=inside, references=(found,) if found is not None else ()),
        replace(turn, mentions=outside, references=(), text=text),
    )


def _referred(
    turn: Turn, reference: Reference, listed: list[Sku], index: "CatalogueIndex", focus: Sku | None
) -> Resolution | None:
    inside = [one for one in turn.mentions if reference.start <= one.start and one.end <= reference.end]
    described = [one for one in inside if _describes(one)]
    pool = _fitting(described, listed, index)
    found: Resolution | None = None
    match reference.kind:
        case "this":
            found = Pointed((focus,)) if focus is not None else None
        case "most":
            found = _one(_furthest(reference, pool, index))
        case "other":
            left = [sku for sku in pool if sku != focus]
            # Of several others none is "the other one"; without one in mind all are others.
            found = _one(left) if focus in listed or len(pool) == 1 else Unclear(tuple(pool))
        case "both":
            found = Pointed(tuple(pool)) if len(pool) == 2 else Unclear(tuple(pool))
        case "all":
            found = Pointed(tuple(pool)) if pool else Unclear(())
        case _:
            words = content_words(turn.text[reference.start : reference.end], _moved(inside, reference.start))
            found = _one(_saying(words, pool, index)) if described or words else None
    return found


def _fitting(described: Sequence[Mention], skus: Sequence[Sku], index: "CatalogueIndex") -> list[Sku]:
    """Return the products that have what is named; beside a blue one, a navy blue one is not "the blue one"."""
    having = [sku for sku in skus if all(_has(index, sku, one) for one in described)]
    exact = [sku for sku in having if all(_has(index, sku, one, exactly=True) for one in described)]
    return exact or having


def _is_in_titles(word: str, index: "CatalogueIndex") -> bool:
    said = set(index.mended(word))
    rows = index.search(" ".join(said), None, TITLES_READ)[0]
    return any(said <= set(index.mended(index.product(index.skus[row]).title)) for row in rows)


def _one(skus: Iterable[Sku]) -> Resolution:
    found = tuple(skus)
    return Pointed(found) if len(found) == 1 else Unclear(found)


def _at(places: Sequence[int], shown: Sequence[Sku], index: "CatalogueIndex") -> tuple[Sku, ...]:
    found = []
    for place in places:
        position = place - 1 if place > 0 else len(shown) + place
        if 0 <= position < len(shown) and shown[position] in index:
            found.append(shown[position])
    return tuple(found)


def _furthest(reference: Reference, pool: Sequence[Sku], index: "CatalogueIndex") -> list[Sku]:
    """Return the products furthest in a direction by the first facet that tells two of them apart."""
    for facet in reference.facets:
        numbers = {sku: float(index.numeric(facet)[index.row(sku)]) for sku in pool}
        known = {sku: number for sku, number in numbers.items() if not np.isnan(number)}
        if known and (len(set(known.values())) > 1 or len(pool) == 1):
            best = max(known.values()) if reference.direction == "up" else min(known.values())
            return [sku for sku, number in known.items() if number == best]
    return list(pool)


def _saying(
    words: Sequence[str], pool: Sequence[Sku], index: "CatalogueIndex", *, in_titles: bool = False
) -> list[Sku]:
    """Return the products that have every word: in their titles if any has it there, else anywhere in their texts."""
    left = list(pool)
    for word in words:
        if not left:
            break
        titled = [sku for sku in left if set(index.mended(word)) & set(index.mended(index.product(sku).title))]
        if in_titles:
            left = titled
            continue
        rows = np.array([index.row(sku) for sku in left], dtype=np.int32)
        texts = {index.skus[row] for row in index.search(" ".join(index.mended(word)), rows, len(rows))[0]}
        left = titled or [sku for sku in left if sku in texts]
    return left


def _moved(mentions: Iterable[Mention], by: int) -> list[Mention]:
    return [replace(one, start=one.start - by, end=one.end - by) for one in mentions]


def _describes(mention: Mention) -> bool:
    return mention.entity in _DESCRIBING and (mention.entity != "facet_value" or mention.facet is not None)


_DESCRIBING = frozenset(
    {"category", "brand", "colour", "size", "material", "audience", "occasion", "feature", "facet_value"}
    | {"price", "quantity"}
)


def _has(index: "CatalogueIndex", sku: Sku, mention: Mention, *, exactly: bool = False) -> bool:
    """Whether a product has what a mention names; what its facet does not list may still stand in its text."""
    row = index.row(sku)
    if mention.entity in ("price", "quantity"):
        return _measures(index, row, mention)
    facet = mention.facet if mention.entity == "facet_value" else mention.entity
    value = normalise(str(mention.value))
    flag = value.replace("-", " ").replace(" ", "_")
    if facet == "feature" and flag in index.facets and index.facets[flag].kind == "flag":
        facet, value = flag, "yes"
    values = set(index.values(facet or "", row))
    if value in values or (not exactly and index.satisfying(facet or "", value) & values):
        return True
    return (
        facet in ("material", "occasion", "feature")
        and len(index.search(value, np.array([row], dtype=np.int32), 1)[0]) > 0
    )


def _measures(index: "CatalogueIndex", row: int, mention: Mention) -> bool:
    facet = "price" if mention.entity == "price" else mention.facet
    if facet is None or not isinstance(mention.value, int | float):
        return False
    number, own = float(mention.value), float(index.numeric(facet)[row])
    unit = index.facets[facet].unit if facet in index.facets else None
    if mention.unit and unit:
        converted = convert(number, mention.unit, unit)
        number = number if converted is None else converted
    if mention.role == "max":
        return own <= number
    if mention.role == "min":
        return own >= number
    near = max(1.0, NEAR_PRICE * number) if facet == "price" else 0.0
    return abs(own - number) < near or own == number
