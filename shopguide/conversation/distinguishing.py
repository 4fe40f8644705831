"""What sets the products of a slate apart, in a sentence: every fact in it is one of the catalogue's."""

from collections import Counter

import numpy as np

from shopguide.conversation.outcomes import Shown, SlateShown
from shopguide.conversation.wording import Wording

DISTINCTIONS = 2
STANDS_OUT = 0.1
"""How far off the next one a number has to be, as a share of it, to be worth saying."""


def distinct_words(outcome: SlateShown, wording: Wording) -> str:
    """Say what sets the products apart: who compares five lines is helped by the two facts that decide."""
    if len(outcome.items) < 2:
        return ""
    wished, others = _standing_out(outcome, wording)
    found = [*wished, *_extremes(outcome, wording)]
    found += [
        text
        for text in (
            _by_taste(outcome, wording),
            *others,
            _brands(outcome, wording),
            _odd_one(outcome, wording),
        )
        if text
    ]
    chosen = "; ".join(found[:DISTINCTIONS])
    return f" {chosen[:1].upper()}{chosen[1:]}." if chosen else ""


def _extremes(outcome: SlateShown, wording: Wording) -> list[str]:
    """Name the cheapest product and the best rated one, in one breath if they are the same."""
    say, cheapest, best = wording.say, _cheapest(outcome), _best_rated(outcome)
    words: dict[str, object] = {}
    if cheapest is not None:
        words["price"] = wording.number("price", float(cheapest.product.price or 0))
    if best is not None:
        words["rating"] = f"{best.product.rating:g}"
    if cheapest is not None and cheapest is best:
        return [say("distinct.cheapest_and_best_rated", position=best.position, **words)]
    named = (("distinct.cheapest", cheapest), ("distinct.best_rated", best))
    return [say(key, position=one.position, **words) for key, one in named if one is not None]


def _cheapest(outcome: SlateShown) -> Shown | None:
    priced = sorted((float(s.product.price), s.position, s) for s in outcome.items if s.product.price is not None)
    if len(priced) < 2 or priced[0][0] > 0.9 * priced[-1][0] or priced[0][0] == priced[1][0]:
        return None
    return priced[0][2]


def _best_rated(outcome: SlateShown) -> Shown | None:
    rated = sorted(
        (s for s in outcome.items if s.product.rating is not None and s.product.rating_count > 2),
        key=lambda s: -(s.product.rating or 0.0),
    )
    if len(rated) < 2 or rated[0].product.rating == rated[1].product.rating:
        return None
    return rated[0]


def _standing_out(outcome: SlateShown, wording: Wording) -> tuple[list[str], list[str]]:
    """Name the products that stand out in a number: in what the need bounds, and in one other thing they all have."""
    index = wording.index
    rows = [index.row(shown.product.sku) for shown in outcome.items if shown.product.sku in index]
    if len(rows) < len(outcome.items):
        return [], []
    bounded = [facet for facet in outcome.need.bounds if facet not in ("price", "rating")]
    free = [name for name, info in index.facets.items() if info.kind == "number" and name not in ("price", "rating")]
    told: tuple[list[str], list[str]] = [], []
    for facet in (*bounded, *(name for name in free if name not in outcome.need.facets)):
        numbers = index.numeric(facet)[rows]
        held = outcome.need.bounds.get(facet)
        # Who wants it light wants the lightest; of what nobody asked about, the most tells most.
        least = held is not None and held.low is None
        order = np.argsort(numbers if least else -numbers, kind="stable")
        first, second = numbers[order[0]], numbers[order[1]]
        if np.isnan(numbers).any() or abs(first - second) < STANDS_OUT * abs(second):
            continue
        side = "distinct.least" if least else "distinct.most"
        key = f"{side}.{facet}" if wording.say.has(f"{side}.{facet}") else f"{side}.other"
        words = {"position": outcome.items[order[0]].position, "value": wording.number(facet, float(first))}
        told[facet not in bounded].append(wording.say(key, facet=wording.facet(facet), **words))
        if facet not in bounded:
            break
    return told


def _by_taste(outcome: SlateShown, wording: Wording) -> str:
    with_taste = [s.position for s in outcome.items if any(r.kind == "taste" for r in s.reasons)]
    return wording.say("distinct.taste", position=with_taste[0]) if len(with_taste) == 1 else ""


def _brands(outcome: SlateShown, wording: Wording) -> str:
    brands = list(dict.fromkeys(s.product.brand for s in outcome.items if s.product.brand))
    return wording.say("distinct.brands", values=wording.say.both(brands[:5])) if len(brands) > 1 else ""


def _odd_one(outcome: SlateShown, wording: Wording) -> str:
    """Name the one product whose colour, say, is its own while all others share theirs."""
    index = wording.index
    rows = {s.position: index.row(s.product.sku) for s in outcome.items if s.product.sku in index}
    for facet in ("colour", "material", "occasion"):
        values = {position: index.values(facet, row)[:1] for position, row in rows.items()}
        counted = Counter(value for value in values.values() if value)
        if len(counted) == 2 and min(counted.values()) == 1 and sum(counted.values()) > 2:
            rare = min(counted, key=lambda value: counted[value])
            position = next(place for place, value in values.items() if value == rare)
            return wording.say("distinct.only", position=position, value=wording.value(facet, rare[0]))
    return ""
