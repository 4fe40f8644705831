"""Needs that shoppers had, with what they chose next: said by themselves in a search, or made from what they bought."""

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.feedback.mapping import BadField, EventMapping
from shopguide.ids import ShopperId
from shopguide.rows import read_rows

WINDOW = 0.2
"""Share of the events in the last part, whose needs are asked about; models know what came before it."""
SEARCH_LASTS = timedelta(minutes=30)
"""What a shopper chooses so long after a search, before the next one, answers it."""
MADE_WORDS = 3
"""Words of a title that a made need has at most; half of the title's, if those are fewer."""
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Wanted:
    """A need of a shopper.

    Args:
        text: in words.
        shopper: whose.
        chosen: rows of the products that they chose then.
    """

    text: str
    shopper: ShopperId
    chosen: frozenset[int]


def read_events(path: Path, mapping: EventMapping) -> list[FeedbackEvent]:
    """Return a file's events, oldest first; rows that cannot be read are left out.

    Raises:
        UnreadableFile: the file cannot be read, or has no events.
    """
    events: list[FeedbackEvent] = []
    for row in read_rows(path):
        if row.why is None and not mapping.leaves_out(row.values):
            try:
                events.append(mapping.event(row.line, row.values))
            except BadField:
                continue
    if not events:
        raise UnreadableFile(f"{path}: no event in it can be read")
    return sorted(events, key=lambda event: event.at)


def cut_of(events: Sequence[FeedbackEvent]) -> int:
    """Return the position from which events are in the last part; events of one moment stay together."""
    at = events[int(len(events) * (1 - WINDOW))].at
    return next(position for position, event in enumerate(events) if event.at >= at)


def searched(events: Sequence[FeedbackEvent], index: CatalogueIndex) -> list[Wanted]:
    """Return what shoppers searched for with all that they chose next and did not reject; without a choice, nothing."""
    asked: dict[ShopperId, tuple[str, datetime, set[int], set[int]]] = {}
    found: list[Wanted] = []

    def close(shopper: ShopperId) -> None:
        text, _, chosen, rejected = asked.pop(shopper, ("", None, set(), set()))
        if text and chosen - rejected:
            found.append(Wanted(text, shopper, frozenset(chosen - rejected)))

    for event in events:
        if event.kind == "search":
            close(event.shopper_id)
            asked[event.shopper_id] = ((event.text or "").strip(), event.at, set(), set())
        elif event.shopper_id in asked and event.sku is not None and event.sku in index:
            _, at, chosen, rejected = asked[event.shopper_id]
            weight = EVENT_WEIGHTS.get(event.kind, 0.0)
            if event.at - at <= SEARCH_LASTS and event.kind != "view" and weight:
                (chosen if weight > 0 else rejected).add(index.row(event.sku))
    for shopper in list(asked):
        close(shopper)
    return found


def made(
    past: Sequence[FeedbackEvent], window: Sequence[FeedbackEvent], index: CatalogueIndex, n: int, seed: int = 0
) -> list[Wanted]:
    """Make needs from what shoppers newly buy: a part of a title's words, in their order.

    What answers are all products that the shopper newly buys and whose titles have these words. Nobody said this: such
    needs flatter whatever looks for words, so only differences on the same needs mean anything.

    Args:
        past: what is known.
        window: what comes then.
        index: the catalogue.
        n: needs at most, of different shoppers.
        seed: draws shoppers, products and words.
    """
    source = random.Random(f"made|{seed}")  # noqa: S311  (a measurement)
    touched: defaultdict[ShopperId, set[int]] = defaultdict(set)
    bought: defaultdict[ShopperId, dict[int, None]] = defaultdict(dict)
    for event in past:
        if event.sku is not None and event.sku in index:
            touched[event.shopper_id].add(index.row(event.sku))
    for event in window:
        if event.kind == "purchase" and event.sku is not None and event.sku in index:
            row = index.row(event.sku)
            if row not in touched[event.shopper_id]:
                bought[event.shopper_id][row] = None
    shoppers = sorted(bought)
    found = []
    for shopper in source.sample(shoppers, len(shoppers)):
        words = _words(index, source.choice(list(bought[shopper])))
        size = min(MADE_WORDS, max(len(words) // 2, 1))
        if len(words) < size + 1:
            continue
        said = [words[place] for place in sorted(source.sample(range(len(words)), size))]
        chosen = frozenset(row for row in bought[shopper] if set(said) <= set(_words(index, row)))
        found.append(Wanted(" ".join(said), shopper, chosen))
        if len(found) == n:
            break
    return found


def _words(index: CatalogueIndex, row: int) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(normalise(index.product(index.skus[row]).title))))


def sampled(needs: Sequence[Wanted], n: int, seed: int = 0) -> list[Wanted]:
    """Return at most `n` of the needs, drawn by lot, in their order."""
    if len(needs) <= n:
        return list(needs)
    places = np.sort(np.random.default_rng(seed).choice(len(needs), n, replace=False))
    return [needs[place] for place in places.tolist()]
