"""Invented purchases for the splits: everybody keeps to one colour, and buys nothing twice but for a few repeats."""

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.datasets.reading import Reading
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from tests.unit.recommender.synthetic import START

COLOURS = ("red", "blue", "green", "black")
PRODUCTS, SHOPPERS, EACH = 160, 130, 10


def catalogue() -> CatalogueIndex:
    """Return mugs and lamps of four colours."""
    return CatalogueIndex(
        tuple(
            Product(
                sku=Sku(f"p{i:03d}"),
                title=f"thing {i}",
                category=("mug" if i % 2 else "lamp",),
                facets={"colour": (COLOURS[i % 4],)},
            )
            for i in range(PRODUCTS)
        )
    )


def events(*, ratings: bool = False, seed: int = 3) -> list[FeedbackEvent]:
    """Return purchases (or ratings), one an hour, shopper after shopper; the 6th is the 5th again.

    The last product is nobody's.
    """
    source = random.Random(seed)
    found: list[FeedbackEvent] = []
    own = {
        shopper: source.sample([i for i in range(PRODUCTS - 1) if i % 4 == shopper % 4], EACH)
        for shopper in range(SHOPPERS)
    }
    for number in range(SHOPPERS * EACH):
        shopper, turn = number % SHOPPERS, number // SHOPPERS
        what: dict[str, Any] = {"kind": "purchase"}
        if ratings:
            what = {"kind": "rating", "value": float(source.choice((1, 2, 3, 4, 5, 5)))}
        elif turn == 5:
            own[shopper][5] = own[shopper][4]
        sku, at = Sku(f"p{own[shopper][turn]:03d}"), START + timedelta(hours=number)
        found.append(FeedbackEvent(event_id=f"e{number}", shopper_id=ShopperId(f"s{shopper}"), at=at, sku=sku, **what))
    return found


def reading(of: Iterable[FeedbackEvent] | None = None, **how: Any) -> Reading:
    """Return events (the invented ones without any) as a data set whose shoppers are in two clubs."""
    clubs = {ShopperId(f"s{shopper}"): "gold" if shopper % 2 else "silver" for shopper in range(SHOPPERS)}
    kept = tuple(events(**how) if of is None else of)
    return Reading(Behaviour("bought", "", catalogue(), kept, 0, {"club": clubs}))
