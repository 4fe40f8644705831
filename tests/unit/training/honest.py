"""Invented honest behaviour as arrays: people who come back, with bestsellers and tastes."""

from collections.abc import Sequence

import numpy as np

from shopguide.ids import ShopperId
from shopguide.training.interactions import KINDS, EventLog

START = 1_767_225_600.0
"""1 January 2026."""
DAY = 86_400.0
DAYS = 180
PRODUCTS = 240
PURCHASE, CLICK, RATING = (KINDS.index(kind) for kind in ("purchase", "click", "rating"))
SKUS = [f"P{row:03d}" for row in range(PRODUCTS)]

Event = tuple[int, int, float, int, float]
"""Shopper, row, weight, kind, time stamp."""


def honest_events(shoppers: int = 300, seed: int = 0) -> list[Event]:
    """Return purchases of 2 to 8 visits, each of a few products: of the shopper's favourite third, or bestsellers."""
    draw = np.random.default_rng(seed)
    share = 1.0 / np.arange(5, PRODUCTS + 5)
    events: list[Event] = []
    for shopper in range(shoppers):
        liked = np.where(np.arange(PRODUCTS) % 3 == shopper % 3, 4.0, 1.0) * share
        for _ in range(int(draw.integers(2, 9))):
            at = START + draw.uniform(0, DAYS) * DAY
            for row in draw.choice(PRODUCTS, size=int(draw.integers(1, 6)), replace=False, p=liked / liked.sum()):
                at += draw.uniform(20, 200)
                events.append((shopper, int(row), 3.0, PURCHASE, float(at)))
    return events


def log_of(events: Sequence[Event]) -> EventLog:
    """Return events as a log, oldest first; shopper 7 is called "s7"."""
    ordered = sorted(events, key=lambda event: event[4])
    columns = [np.asarray(column) for column in zip(*ordered, strict=True)] or [np.zeros(0)] * 5
    shoppers = int(columns[0].max()) + 1 if ordered else 0
    return EventLog(
        tuple(ShopperId(f"s{i}") for i in range(shoppers)),
        columns[0].astype(np.int32),
        columns[1].astype(np.int32),
        columns[2].astype(np.float32),
        columns[3].astype(np.int8),
        columns[4].astype(np.float64),
        PRODUCTS,
    )
