"""Comparisons, reviews, stock and reductions in words: the fragments that responses put into sentences."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shopguide.catalogue.product import Product
from shopguide.conversation.outcomes import SlateShown
from shopguide.conversation.outcomes_product import Available, Compared, Pick, Quote, Reviewed
from shopguide.conversation.wording import Wording

MOST_LINES = 8
"""Differences that are told in words; a table has room for more."""
FEW_LEFT = 3
"""A stock that is worth mentioning."""
FEW_REVIEWS = 3

_TURN = re.compile(r"^(but|minus|however|on the other hand|only drawback)\s*[:,]?\s+", re.IGNORECASE)


def comparison_words(outcome: Compared, wording: Wording) -> dict[str, str]:
    """Return `titles`, `answer`, `differences` (a line each), `same`, `left_out` and `verdict` of a comparison."""
    say = wording.say
    titles = [say("option.place", position=one.position, title=one.product.title) for one in outcome.products]
    lines = []
    for row in difference_rows(outcome, wording)[:MOST_LINES]:
        told = [
            say("compare.cell", position=one.position, value=value)
            for one, value in zip(outcome.products, row.values, strict=True)
        ]
        lines.append(say("compare.line", facet=row.name, values=say("list.comma").join(told)))
    same = say.both(wording.facet(facet) for facet in outcome.same)
    alike = "compare.same" if len(outcome.products) == 2 else "compare.same_all"
    left_out = say("compare.left_out", count=len(outcome.products), more=outcome.left_out) if outcome.left_out else ""
    return {
        "titles": say.both(titles),
        "answer": _answer(outcome, wording),
        "differences": "".join(f"\n- {line}" for line in lines),
        "same": say(alike, facets=same) if same else "",
        "left_out": left_out,
        "verdict": _verdict(outcome, wording),
    }


class Row(NamedTuple):
    """One row of a comparison: a facet, what to call it, and what each product has of it, in words."""

    facet: str
    name: str
    values: list[str]


def difference_rows(outcome: Compared, wording: Wording) -> list[Row]:
    """Return in what products differ; that one is sold out goes first."""
    rows = [
        Row(
            found.facet,
            wording.facet(found.facet),
            [
                cell(found.facet, values, shown.product, wording)
                for shown, values in zip(outcome.products, found.values, strict=True)
            ],
        )
        for found in outcome.differences
    ]
    # Sizes from 39 to 47, one left out, are told in the same words.
    rows = [row for row in rows if len(set(row.values)) > 1]
    there = [shown.product.in_stock for shown in outcome.products]
    if len(set(there)) > 1:
        told = [wording.say(f"compare.stock.{'yes' if one else 'no'}") for one in there]
        rows.insert(0, Row("stock", wording.say("compare.facet_stock"), told))
    return rows


def cell(facet: str, values: Sequence[str], product: Product, wording: Wording) -> str:
    """Return what a product has of a facet, as a table says it."""
    if not values:
        return wording.say("compare.unrated" if facet == "rating" else "compare.unknown")
    if facet == "rating" and product.rating is not None:
        return wording.say("compare.rating", rating=f"{product.rating:g}", count=product.rating_count)
    return wording.values(facet, tuple(values))


def _answer(outcome: Compared, wording: Wording) -> str:
    """Say which of them is furthest in the direction that was asked about."""
    if outcome.asked is None or not outcome.furthest:
        return ""
    found = next((one for one in outcome.differences if one.facet == outcome.asked), None)
    first = outcome.products[outcome.furthest[0]]
    values = found.values[outcome.furthest[0]] if found is not None else outcome.same.get(outcome.asked, ())
    value = cell(outcome.asked, values, first.product, wording)
    if len(outcome.furthest) == len(outcome.products):
        return wording.say("compare.level", value=value)
    key = "compare.furthest_price" if outcome.asked == "price" else "compare.furthest"
    return wording.say(key, position=first.position, title=first.product.title, value=value)


def _verdict(outcome: Compared, wording: Wording) -> str:
    say = wording.say
    if outcome.furthest:
        return ""
    if outcome.pick is None:
        return say("compare.none")
    reasons = say.both(_advantage(name, outcome.pick, wording) for name in outcome.pick.advantages)
    return say("compare.pick", position=outcome.products[outcome.pick.place].position, reasons=reasons)


def _advantage(name: str, pick: Pick, wording: Wording) -> str:
    facets = wording.say.both(wording.facet(facet) for facet in pick.facets)
    return wording.say(f"compare.advantage.{name}", facets=facets)


def review_words(outcome: Reviewed, wording: Wording) -> dict[str, str]:
    """Return `title`, `count`, `stars`, `mean`, `few`, `aspects` and `quotes` of a product's reviews."""
    say, count = wording.say, len(outcome.product.reviews)
    quotes = [("likes", outcome.praised), ("minds", outcome.criticised)]
    return {
        "title": outcome.product.title,
        "count": f"{count:,}",
        "stars": say("list.comma").join(
            say("reviews.stars", count=number, stars=stars) for stars, number in outcome.stars.items()
        ),
        "mean": say("reviews.mean", mean=f"{outcome.mean:.1f}") if outcome.mean is not None else "",
        "few": say("reviews.few") if count < FEW_REVIEWS else "",
        "aspects": "" if outcome.asked else _aspects(outcome, wording),
        "quotes": "".join(
            say(f"reviews.{key}", quotes=say("list.comma").join(quoted(quote, wording) for quote in found))
            for key, found in quotes
            if found
        ),
        "asked": outcome.asked,
    }


def quoted(quote: Quote, wording: Wording) -> str:
    """Return a sentence of a review with its author; the word that turns against what stood before is left out."""
    text = _TURN.sub("", quote.text).rstrip(".")
    if not quote.review.author:
        return wording.say("reviews.quote", text=text)
    return wording.say("reviews.by", text=text, author=quote.review.author)


def _aspects(outcome: Reviewed, wording: Wording) -> str:
    """Return what several reviews praise, and what they criticise."""
    told = ""
    for side, key in enumerate(("reviews.praised", "reviews.criticised")):
        counted = [(name, sides[side]) for name, sides in outcome.aspects.items() if sides[side] > sides[1 - side]]
        names = [wording.say("reviews.aspect", aspect=name, count=count) for name, count in counted]
        told += wording.say(key, aspects=wording.say.both(names)) if names else ""
    return told


def stock_words(outcome: Available, wording: Wording) -> dict[str, str]:
    """Return `title`, `wanted`, `choices`, `variant` and `left` of what is known of a product's stock."""
    say, product = wording.say, outcome.variant or outcome.product
    wanted = outcome.lacking or outcome.asked
    choices = [
        say("stock.choices_size" if facet == "size" else "stock.choices", values=wording.values(facet, values))
        for facet, values in outcome.choices.items()
        if values
    ]
    few = product.stock is not None and 0 < product.stock <= FEW_LEFT
    return {
        "title": outcome.product.title,
        "wanted": say.both(
            say("need.size", values=wording.value(facet, value))
            if facet == "size"
            else f"{say('list.in')}{wording.value(facet, value)}"
            for facet, values in wanted.items()
            for value in values
        ),
        "choices": say.both(choices),
        "variant": outcome.variant.title if outcome.variant is not None else "",
        "left": say("stock.left", count=product.stock) if few else say("stock.plenty"),
    }


def reduction_words(product: Product, wording: Wording, now: datetime) -> dict[str, str]:
    """Return `title`, `price`, `list_price`, `percent` and `until` of a reduced product."""
    price, before = float(product.price or 0), float(product.list_price or 0)
    return {
        "title": product.title,
        "price": wording.number("price", price),
        "list_price": wording.number("price", before),
        "percent": str(product.percent_off),
        "until": until_words(product, wording, now),
    }


def until_words(product: Product, wording: Wording, now: datetime) -> str:
    """Say until when a reduction holds; empty if nobody knows, or the day has passed."""
    if product.sale_ends is None or product.sale_ends < now:
        return ""
    return wording.say("deals.until", date=f"{product.sale_ends:%-d %B %Y}")


def deals_words(outcome: SlateShown, wording: Wording, now: datetime) -> dict[str, str]:
    """Return `until` of a slate of reduced products, where all of them are reduced until the same day."""
    found = {until_words(shown.product, wording, now) for shown in outcome.items}
    return {"until": next(iter(found)) if len(found) == 1 else ""}
