"""Who looks for what: products that shoppers newly bought after the cut, and what the shop knew until then."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.evaluation.reranker.logs import cut_of
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId


@dataclass(frozen=True)
class Quest:
    """A shopper who will find and buy a product.

    Args:
        shopper: who.
        row: the product's.
    """

    shopper: ShopperId
    row: int


@dataclass(frozen=True)
class Split:
    """Events until the cut, and what was newly bought after it.

    Args:
        past: all that models and profiles may know.
        at: the moment of the cut.
        quests: drawn purchases, of different shoppers as long as there are enough.
    """

    past: tuple[FeedbackEvent, ...]
    at: datetime
    quests: tuple[Quest, ...]


def split(events: Sequence[FeedbackEvent], index: CatalogueIndex, n: int, seed: int) -> Split:
    """Cut the events as `evaluate reranker` does (the latest fifth is predicted) and draw purchases after the cut.

    Only products in stock with a category that their shopper never touched before. Everybody buys once before anybody
    does so twice.

    Raises:
        UnreadableFile: there are no events, or nothing was newly bought after the cut.
    """
    if not events:
        raise UnreadableFile("no events: simulated shoppers look for what real ones bought later")
    cut = cut_of(events)
    touched = {(event.shopper_id, event.sku) for event in events[:cut]}
    bought: dict[tuple[ShopperId, int], None] = {}
    for event in events[cut:]:
        if event.kind != "purchase" or event.sku is None or event.sku not in index:
            continue
        row = index.row(event.sku)
        sold = index.product(event.sku).in_stock and index.values("category", row)
        if sold and (event.shopper_id, event.sku) not in touched:
            bought[event.shopper_id, row] = None
    if not bought:
        raise UnreadableFile("nothing that can be found was newly bought in the latest fifth of the events")
    source = random.Random(f"quests|{seed}")  # noqa: S311  (a measurement)
    pairs = source.sample(list(bought), len(bought))
    turn: dict[ShopperId, int] = {}
    ordered = []
    for place, (shopper, row) in enumerate(pairs):
        turn[shopper] = turn.get(shopper, -1) + 1
        ordered.append((turn[shopper], place, Quest(shopper, row)))
    quests = [quest for _, _, quest in sorted(ordered, key=lambda one: one[:2])]
    return Split(tuple(events[:cut]), events[cut].at, tuple(quests[:n]))
