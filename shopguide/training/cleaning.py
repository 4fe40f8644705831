"""Cleans the events before training: what is no behaviour of a shopper is left out or counts less, and is reported.

Honest data that the thresholds were measured on: MovieLens 100K (people rate pages of up to 20 films within a
second), UCI "Online Retail" (wholesale orders of up to 294 lines) and Amazon reviews (dated by the day).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.feedback.events import EVENT_WEIGHTS
from shopguide.training.bots import bots
from shopguide.training.coordination import Push, pushes, same_histories
from shopguide.training.interactions import KINDS, EventLog

Mask = NDArray[np.bool_]

RULES = 1
"""Part of the digest of what is trained: raise it when the same events are cleaned otherwise."""
EARLIEST = 788_918_400.0
"""1 January 1995: no shop took orders over the web much before. Clocks that were never set say 1970 or 1980."""
CLOCKS_DIFFER = 86_400.0
"""Seconds that a client's clock may be ahead of ours, time zones mixed up included."""
FAR = 365 * 86_400.0
"""A pause without any event, of a year and of the length of the main part, parts strays from the shop's own time."""
STRAYS = 0.05
"""Share of the events at either end that may be strays: more of them are a part of the shop's history."""
REPEAT = 60.0
"""Seconds in which the same again says nothing new: double clicks, reloads, events delivered twice."""
MOST = 20
"""Events that one shopper is heard with on one product; 99.99 % of the pairs of UCI have 22 or fewer, elsewhere one."""
HEAVIEST = np.abs(np.asarray([EVENT_WEIGHTS[kind] for kind in KINDS], dtype=np.float32))
"""What one event of each of `KINDS` can say at most, in likes."""
NAMED = 20
"""Pushed products that a report names, those with most accounts."""


@dataclass
class _Found:
    removed: int = 0
    down_weighted: int = 0
    shoppers: int = 0


@dataclass(frozen=True)
class Cleaned:
    """A cleaned log, and what was done to it.

    Args:
        log: the events that training may learn from; shoppers of whom none is left are gone.
        report: JSON-ready: counts of events by reason, shoppers concerned, products that were pushed.
    """

    log: EventLog
    report: dict[str, Any]


def clean(log: EventLog, skus: Sequence[str], *, now: float | None = None) -> Cleaned:
    """Leave out what no shopper did, and let nobody speak with many voices.

    Rules one after another, each on what those before it left: absurd times and weights, repeats, bots, accounts with
    the same history, products pushed by accounts of one kind, insistence on one product.

    Args:
        log: the events as they were read.
        skus: the catalogue's, by row, to name pushed products.
        now: time stamp that no event can be later than; this moment's if `None`.
    """
    work = _Work(log)
    work.remove("absurd_time", _absurd_times(log, time.time() if now is None else now))
    work.remove("absurd_weight", _impossible(work.log))
    work.remove("repeat", _repeats(work.log))
    work.remove("bot", bots(work.log)[work.log.shopper])
    work.remove("same_history", same_histories(work.log)[work.log.shopper])
    found = pushes(work.log)
    work.remove("pushed_product", found.silenced)
    work.weigh("insistence", _at_most(work.log))
    return Cleaned(work.result(), work.report(found.pushes, skus))


@dataclass
class _Work:
    """A log being cleaned, with the account of it."""

    original: EventLog
    log: EventLog = field(init=False)
    found: dict[str, _Found] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = self.original

    def remove(self, reason: str, which: Mask) -> None:
        if which.any():
            self.found[reason] = _Found(removed=int(which.sum()), shoppers=_shoppers(self.log, which))
            self.log = self.log.where(~which)

    def weigh(self, reason: str, weight: NDArray[np.float32]) -> None:
        which = weight != self.log.weight
        if which.any():
            self.found[reason] = _Found(down_weighted=int(which.sum()), shoppers=_shoppers(self.log, which))
            self.log = replace(self.log, weight=weight)

    def result(self) -> EventLog:
        return self.log.compact() if self.found else self.original

    def report(self, pushed: Sequence[Push], skus: Sequence[str]) -> dict[str, Any]:
        return {
            "events": len(self.original),
            "removed": len(self.original) - len(self.log),
            "down_weighted": sum(found.down_weighted for found in self.found.values()),
            "shoppers_removed": len(np.unique(self.original.shopper)) - len(np.unique(self.log.shopper)),
            "reasons": {reason: vars(found) for reason, found in self.found.items()},
            "pushed": list(_named(pushed, skus)),
        }


def _shoppers(log: EventLog, which: Mask) -> int:
    return len(np.unique(log.shopper[which]))


def _named(pushed: Sequence[Push], skus: Sequence[str]) -> Iterator[dict[str, Any]]:
    for push in sorted(pushed, key=lambda push: -push.accounts)[:NAMED]:
        yield {"product": skus[push.row], **{name: value for name, value in vars(push).items() if name != "row"}}


def _absurd_times(log: EventLog, now: float) -> Mask:
    """Mark times before there were web shops, in the future, not a number, or far from all the others."""
    at = log.at
    # If most events are in the future it is our clock that is wrong.
    now = max(now, float(np.median(at))) if len(at) else now
    # A comparison with what is not a number is false, so that such a time is no good one.
    good = (at >= EARLIEST) & (at <= now + CLOCKS_DIFFER)
    start, end = _own_time(np.sort(at[good]))
    return ~(good & (at >= start) & (at <= end))


def _own_time(at: NDArray[np.float64]) -> tuple[float, float]:
    """Return the first and the last of some ascending times without the strays at either end."""
    edge = int(len(at) * STRAYS)
    if not edge:
        return -np.inf, np.inf
    pause = max(FAR, float(at[-1 - edge] - at[edge]))
    gaps = np.diff(at) > pause
    early, late = np.flatnonzero(gaps[:edge]), np.flatnonzero(gaps[-edge:])
    first = int(early[-1]) + 1 if len(early) else 0
    last = len(at) - 1 - edge + int(late[0]) if len(late) else len(at) - 1
    return float(at[first]), float(at[last])


def _impossible(log: EventLog) -> Mask:
    """Mark weights that no event of the kind can have, and those that are no numbers."""
    # Written so that a comparison with what is not a number marks it.
    return ~(np.abs(log.weight) <= HEAVIEST[log.kind])


def _repeats(log: EventLog) -> Mask:
    """Mark what the same shopper did with the same product, in the same way, less than `REPEAT` before."""
    order = np.lexsort((log.at, log.weight, log.kind, log.row, log.shopper))
    same = np.diff(log.at[order]) <= REPEAT
    for column in (log.shopper, log.row, log.kind, log.weight):
        same &= column[order][1:] == column[order][:-1]
    marked = np.zeros(len(log), dtype=np.bool_)
    marked[order[1:]] = same
    return marked


def _at_most(log: EventLog) -> NDArray[np.float32]:
    """Return weights with which no shopper is heard with more than `MOST` events on one product."""
    pair = log.shopper.astype(np.int64) * log.n_products + log.row
    _, position, count = np.unique(pair, return_inverse=True, return_counts=True)
    share = np.minimum(1.0, MOST / count)[position]
    return np.asarray(log.weight * share, dtype=np.float32)
