"""What sets the products of a slate apart: facts of the catalogue, and a sentence that says the most telling ones.

A superlative is stated only if every product of the slate could have contradicted it: the cheapest needs all prices,
the lightest all weights. What a product alone is said to have (a feature) needs features listed of all the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lexicon.text import normalise
from shopguide.conversation.outcomes import Shown, SlateShown
from shopguide.conversation.wording import Wording

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

FACTS = 3
PRODUCTS = 2
"""Facts that are said at most, and products that they are about."""

STANDS_OUT = 0.1
"""How far off the next one a number has to be, as a share of it, to be worth saying."""

WIDE_RANGE = 2.0
"""The dearest costs that many times the cheapest: then the range of prices is said too."""

RATED_BY = 3
"""Ratings from which on the best ones are named."""

MOST_FEATURE = 30
"""Characters of a feature that is named; some feeds put sentences there."""

Kind = Literal["cheapest", "best_rated", "least", "most", "flag", "feature", "colour", "material", "taste", "reduced"]


@dataclass(frozen=True, slots=True)
class Distinction:
    """One fact that sets one product of a slate apart from all others on it.

    Args:
        kind: what it is: the least or the most of a number `facet`, a `flag`, `feature` or value that it alone has, …
        position: the product's place.
        facet: the facet it is about.
        value: the product's own number or value.
        other: the highest price on the slate, where the kind is `cheapest`.
    """

    kind: Kind
    position: int
    facet: str
    value: str | float
    other: float = 0.0


def distinct_words(outcome: SlateShown, wording: Wording) -> str:
    """Say what sets the products apart, in one sentence with a space before it; empty where nothing does."""
    chosen = _chosen(distinctions(outcome, wording))
    places = list(dict.fromkeys(fact.position for fact in chosen))
    told = []
    for place in places:
        predicates = [_predicate(fact, wording) for fact in chosen if fact.position == place]
        told.append(f"{_subject(outcome, place, wording)} {_together(predicates, wording)}")
    sentence = wording.say("distinct.between").join(told) or _spread(outcome, wording)
    return f" {sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def distinctions(outcome: SlateShown, wording: Wording) -> list[Distinction]:
    """Return what sets the products of a slate apart, the most telling first.

    That is: numbers that the need bounds; what the first product alone has; price and reviews; the shopper's taste;
    other numbers; what another product alone has.
    """
    items, index = outcome.items, wording.index
    if len(items) < 2 or any(shown.product.sku not in index for shown in items):
        return []
    rows = [index.row(shown.product.sku) for shown in items]
    bounded = [facet for facet in outcome.need.bounds if facet not in ("price", "rating")]
    wished = [fact for facet in bounded for fact in _number(facet, outcome, rows, wording)]
    alone = [fact for fact in _alone(outcome, rows, wording) if fact.facet not in outcome.need.facets]
    firsts = [fact for fact in alone if fact.position == items[0].position][:1]
    free = [
        fact
        for facet in (*wording.say.section("distinct.most"), *wording.say.section("distinct.least"))
        if facet != "other" and facet in index.facets and facet not in outcome.need.facets
        for fact in _number(facet, outcome, rows, wording)
    ]
    found = [
        *wished,
        *_cheapest(items),
        *_best_rated(items),
        *firsts,
        *_by_taste(items),
        *free,
        *_reduced(items),
        *alone,
    ]
    return list(dict.fromkeys(found))


def _chosen(found: Sequence[Distinction]) -> list[Distinction]:
    """Return the facts that are said: of each kind one, of two products at most."""
    chosen: list[Distinction] = []
    for fact in found:
        places = {one.position for one in chosen} | {fact.position}
        if len(chosen) < FACTS and len(places) <= PRODUCTS and fact.kind not in {one.kind for one in chosen}:
            chosen.append(fact)
    return chosen


# -- finding -----------------------------------------------------------------------------------------------------------


def _cheapest(items: Sequence[Shown]) -> Iterator[Distinction]:
    prices = [float(shown.product.price) for shown in items if shown.product.price is not None]
    currencies = {shown.product.currency for shown in items}
    if len(prices) < len(items) or len(currencies) > 1:
        return
    low, high = min(prices), max(prices)
    if low <= 0.9 * high and prices.count(low) == 1:
        yield Distinction("cheapest", items[prices.index(low)].position, "price", low, high)


def _best_rated(items: Sequence[Shown]) -> Iterator[Distinction]:
    rated = sorted((s for s in items if s.product.rating is not None), key=lambda s: -(s.product.rating or 0.0))
    if len(rated) > 1 and rated[0].product.rating != rated[1].product.rating:
        best = rated[0]
        if best.product.rating_count >= RATED_BY:
            yield Distinction("best_rated", best.position, "rating", best.product.rating or 0.0)


def _number(facet: str, outcome: SlateShown, rows: Sequence[int], wording: Wording) -> Iterator[Distinction]:
    """Find the product that stands out in a number of which all have one."""
    numbers = wording.index.numeric(facet)[list(rows)] if facet in wording.index.facets else np.array([np.nan])
    if np.isnan(numbers).any():
        return
    held = outcome.need.bounds.get(facet)
    # Who wants it light wants the lightest; of what nobody asked about, the phrases know which end is good.
    least = held.low is None if held is not None else wording.say.has(f"distinct.least.{facet}")
    order = np.argsort(numbers if least else -numbers, kind="stable")
    first, second = float(numbers[order[0]]), float(numbers[order[1]])
    if first != second and abs(first - second) >= STANDS_OUT * abs(second):
        yield Distinction("least" if least else "most", outcome.items[order[0]].position, facet, first)


def _alone(outcome: SlateShown, rows: Sequence[int], wording: Wording) -> Iterator[Distinction]:
    """Find what only one product has, and of all the others is known."""
    index, say = wording.index, wording.say
    for facet in say.section("distinct.flag"):
        yield from _only("flag", facet, "yes", outcome, _all_values(facet, rows, index))
    features = _all_values("feature", rows, index)
    for feature in dict.fromkeys(value for values in features for value in values):
        if len(feature) <= MOST_FEATURE:
            yield from _only("feature", "feature", feature, outcome, features)
    for kind in ("colour", "material"):
        values = _all_values(kind, rows, index)
        several = {value for own in values for value in own}
        # One black pair among white ones; where every pair has its own colour, the lines tell.
        if len(several) == 2 and len(values) > 2:
            for value in sorted(several):
                yield from _only("colour" if kind == "colour" else "material", kind, value, outcome, values)


def _only(
    kind: Kind, facet: str, value: str, outcome: SlateShown, values: Sequence[tuple[str, ...]]
) -> Iterator[Distinction]:
    having = [shown for shown, own in zip(outcome.items, values, strict=True) if value in own]
    if len(having) == 1 and all(values):
        product = having[0].product
        if normalise(value) not in normalise(product.title) and normalise(facet) not in normalise(product.title):
            yield Distinction(kind, having[0].position, facet, value)


def _all_values(facet: str, rows: Sequence[int], index: "CatalogueIndex") -> list[tuple[str, ...]]:
    return [index.values(facet, row) if facet in index.facets else () for row in rows]


def _by_taste(items: Sequence[Shown]) -> Iterator[Distinction]:
    liked = [shown.position for shown in items if any(reason.kind == "taste" for reason in shown.reasons)]
    if len(liked) == 1:
        yield Distinction("taste", liked[0], "", "")


def _reduced(items: Sequence[Shown]) -> Iterator[Distinction]:
    """Find the only product that is reduced."""
    reduced = [shown for shown in items if shown.product.percent_off]
    if len(reduced) == 1:
        yield Distinction("reduced", reduced[0].position, "price", float(reduced[0].product.percent_off))


# -- saying ------------------------------------------------------------------------------------------------------------


def _subject(outcome: SlateShown, position: int, wording: Wording) -> str:
    """Return what to call a product: by its place, and by its maker where it is the only one of that maker."""
    brands = [shown.product.brand for shown in outcome.items]
    brand = next(shown.product.brand for shown in outcome.items if shown.position == position)
    if brand and brands.count(brand) == 1:
        return wording.say("distinct.who_of_brand", position=position, brand=wording.value("brand", normalise(brand)))
    return wording.say("distinct.who", position=position)


def _together(predicates: Sequence[str], wording: Wording) -> str:
    """Join what is said of one product; what begins alike says its verb once: "is the cheapest and the lightest"."""
    verb = wording.say("distinct.is")
    if all(predicate.startswith(verb) for predicate in predicates):
        predicates = [predicates[0], *(predicate.removeprefix(verb) for predicate in predicates[1:])]
    return wording.say.both(predicates)


def _spread(outcome: SlateShown, wording: Wording) -> str:
    """Say which makers or colours there are where no product stands out; only what is known of all."""
    index = wording.index
    rows = [index.row(shown.product.sku) for shown in outcome.items if shown.product.sku in index]
    for facet in ("brand", "colour"):
        values = _all_values(facet, rows, index)
        several = dict.fromkeys(value for own in values for value in own)
        is_told = facet not in outcome.need.wanted and not several.keys() & set(
            wording.say.entries("distinct.colourless")
        )
        if is_told and len(rows) == len(outcome.items) and all(values) and 1 < len(several) <= len(rows):
            spoken = wording.say.both(wording.value(facet, value) for value in several)
            return wording.say(f"distinct.spread.{facet}", values=spoken)
    return ""


def _predicate(fact: Distinction, wording: Wording) -> str:  # noqa: PLR0911  (one for each kind)
    say = wording.say
    match fact.kind:
        case "cheapest":
            low, high = (wording.number("price", float(price)) for price in (fact.value, fact.other))
            wide = fact.other >= WIDE_RANGE * float(fact.value)
            return (
                say("distinct.cheapest_by_far", price=low, high=high) if wide else say("distinct.cheapest", price=low)
            )
        case "best_rated":
            return say("distinct.best_rated", rating=f"{fact.value:g}")
        case "least" | "most":
            section = f"distinct.{fact.kind}"
            key = f"{section}.{fact.facet}" if say.has(f"{section}.{fact.facet}") else f"{section}.other"
            return say(key, facet=wording.facet(fact.facet), value=wording.number(fact.facet, float(fact.value)))
        case "flag":
            return say(f"distinct.flag.{fact.facet}")
        case "feature":
            return _feature(wording.value("feature", str(fact.value)), wording)
        case "reduced":
            return say("distinct.reduced", percent=f"{fact.value:g}")
    return say(f"distinct.{fact.kind}", value=wording.value(fact.facet, str(fact.value)) if fact.facet else "")


def _feature(feature: str, wording: Wording) -> str:
    """Say what a product alone has: "said to be breathable", "said to have a glass lid", "… short sleeves"."""
    say, folded = wording.say, feature.casefold()
    last = folded.rsplit(" ", 1)[-1]
    if folded.startswith(wording.say("distinct.with")):
        return say("distinct.feature.have", feature=feature.split(" ", 1)[1])
    if last in say.entries("distinct.adjectives") or last.endswith(tuple(say.entries("distinct.adjective_endings"))):
        return say("distinct.feature.be", feature=feature)
    if last in say.entries("distinct.uncounted") or (last.endswith("s") and not last.endswith("ss")):
        return say("distinct.feature.have", feature=feature)
    an = folded[0] in "aeio"
    return say("distinct.feature.have_an" if an else "distinct.feature.have_a", feature=feature)
