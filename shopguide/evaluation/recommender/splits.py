"""What is known and what is to be found: the splits of `shopguide evaluate recommender`.

Each has a validation variant, which is made from what lies before the test part (in time, in a shopper's own order, or
among other items and shoppers) and never reads it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.reading import Reading, events_where
from shopguide.evaluation.personalisation.shoppers import LAST, LAST_FROM, MIDDLE, MIDDLE_FROM, parts
from shopguide.recommender.features import Rows
from shopguide.training.interactions import MIN_EVENTS, MIN_WINDOW_SHOPPERS, EventLog, temporal_split

WINDOW = 0.1
"""Share of all events in the latest period, and in the one before it."""
ALL = "all"
"""The scope of the whole catalogue, less what a shopper has touched."""

Truth: TypeAlias = Mapping[int, Rows]
Mask: TypeAlias = NDArray[np.bool_]


class SplitName(StrEnum):
    """The splits; docs/evaluation.md tells what each is for."""

    TIME = "time"
    SHOPPER = "shopper"
    LAST = "last"
    COLD_ITEMS = "cold-items"
    COLD_SHOPPERS = "cold-shoppers"
    PAPER_WARM = "paper-warm"
    PAPER_COLD = "paper-cold"


@dataclass(frozen=True)
class Split:
    """What models may learn from, and what they have to find.

    Args:
        name: which split it is.
        validation: whether it is the variant that leaves the test part alone.
        note: the protocol in words.
        reading: the whole data set; models must not see it.
        known: which of its events are known, [n_events].
        truth: shopper position → rows to be found; none of them is in `seen`.
        seen: the same shoppers → rows that are not to be recommended, ascending.
        scopes: scope → the rows that are ranked in it (`None`: the whole catalogue), or those of each shopper. What a
            shopper has seen is never among them.
        first: in a split by shoppers held out: shopper position → what they chose first, in the order of time.
    """

    name: SplitName
    validation: bool
    note: str
    reading: Reading
    known: Mask
    truth: Truth
    seen: Truth
    scopes: Mapping[str, Rows | Truth | None] = field(default_factory=lambda: {ALL: None})
    first: Truth = field(default_factory=dict)

    @cached_property
    def past(self) -> EventLog:
        """What models may learn from; shoppers keep their positions."""
        return events_where(self.reading.log, self.known)

    @property
    def shoppers(self) -> list[int]:
        """Shoppers with something to find, ascending."""
        return sorted(self.truth)

    @cached_property
    def moments(self) -> Mapping[int, float]:
        """Shopper position → time stamp as of which their taste is derived: now, or their own last known event's."""
        if self.name is SplitName.TIME:
            return dict.fromkeys(self.truth, self.past.until)
        own = zip(self.past.shopper.tolist(), self.past.at.tolist(), strict=True)  # the later ones win
        return dict.fromkeys(self.truth, self.past.until) | dict(own)

    def candidates(self, scope: str, shopper: int) -> Rows | None:
        """Return the rows that are ranked for a shopper in a scope, seen ones included; `None`: all."""
        rows = self.scopes[scope]
        return rows[shopper] if isinstance(rows, Mapping) else rows


def split_of(reading: Reading, name: SplitName, *, validation: bool = False, seed: int = 0) -> Split:
    """Split a data set.

    Args:
        reading: the data set.
        name: how.
        validation: leave the test part alone and predict what lies before it.
        seed: draws the hidden items, the shoppers held out and random splits.

    Raises:
        UnreadableFile: too few events are known, or too few shoppers chose anything new.
    """
    from shopguide.evaluation.recommender import cold, paper

    makers: Mapping[SplitName, Callable[[Reading, bool, int], Split]] = {
        SplitName.TIME: _by_time,
        SplitName.SHOPPER: _by_shopper,
        SplitName.LAST: _last,
        SplitName.COLD_ITEMS: cold.items,
        SplitName.COLD_SHOPPERS: cold.shoppers,
        SplitName.PAPER_WARM: paper.warm,
        SplitName.PAPER_COLD: paper.cold,
    }
    split = makers[name](reading, validation, seed)
    if np.count_nonzero(split.known) < MIN_EVENTS or len(split.truth) < MIN_WINDOW_SHOPPERS:
        raise UnreadableFile(
            f"{reading.name}: {np.count_nonzero(split.known)} known events and {len(split.truth)} shoppers who chose "
            f"anything new are too few for --split {name}: {MIN_EVENTS} and {MIN_WINDOW_SHOPPERS} are needed"
        )
    return split


def _by_time(reading: Reading, validation: bool, _: int) -> Split:
    log = reading.log
    end = round(len(log) * (1 - WINDOW)) if validation else len(log)
    found = temporal_split(log.slice(0, end), WINDOW * len(log) / max(end, 1))
    past = len(found.past) if found else 0
    return Split(
        SplitName.TIME,
        validation,
        f"the {'tenth before the latest tenth' if validation else 'latest tenth'} of the events is predicted from all "
        "before it: what shoppers newly chose in the next period",
        reading,
        np.arange(len(log)) < past,
        found.truth if found else {},
        touched_by(found.past, found.truth) if found else {},
    )


def _by_shopper(reading: Reading, validation: bool, _: int) -> Split:
    log = reading.log
    part = parts(log)
    predicted = MIDDLE if validation else LAST
    known = part < predicted
    truth = newly_chosen(events_where(log, part == predicted), events_where(log, known))
    first, then = (MIDDLE_FROM, f"next {LAST_FROM - MIDDLE_FROM} %") if validation else (LAST_FROM, "rest")
    return Split(
        SplitName.SHOPPER,
        validation,
        f"each shopper's first {first} % of events are known and their {then} predicted",
        reading,
        known,
        truth,
        touched_by(events_where(log, known), truth),
    )


def _last(reading: Reading, validation: bool, _: int) -> Split:
    log = reading.log
    known = np.ones(len(log), dtype=np.bool_)
    for _round in range(1 + validation):
        cut = last_new_choices(log, known)
        known &= np.arange(len(log)) < np.where(cut < 0, len(log), cut)[log.shopper]
    past = events_where(log, known)
    met = set(past.shopper.tolist())
    truth = {
        shopper: log.row[[event]].astype(np.int32)
        for shopper, event in enumerate(cut.tolist())
        if event >= 0 and shopper in met
    }
    which = "second-last product, the last one unknown to all" if validation else "last product"
    return Split(
        SplitName.LAST,
        validation,
        f"leave-last-out: each shopper's {which}, is predicted from what they did before it",
        reading,
        known,
        truth,
        touched_by(past, truth),
    )


def last_new_choices(log: EventLog, among: Mask) -> NDArray[np.int64]:
    """Return the event in which each shopper last chose a product that they never touched before, -1 without any.

    The first event of a shopper with a product is new to them; events of one moment stand as in the file.
    """
    found = np.full(len(log.shoppers), -1, dtype=np.int64)
    met: set[tuple[int, int]] = set()
    for event in np.flatnonzero(among).tolist():
        shopper, row = int(log.shopper[event]), int(log.row[event])
        if (shopper, row) not in met:
            met.add((shopper, row))
            if log.weight[event] > 0:
                found[shopper] = event
    return found


def newly_chosen(window: EventLog, past: EventLog) -> dict[int, Rows]:
    """Return shopper → rows chosen in a part of the events and never touched in another."""
    chosen = window.positive
    shoppers = np.flatnonzero(np.diff(chosen.indptr)).tolist()
    touched = touched_by(past, shoppers)
    found = {
        shopper: np.setdiff1d(chosen.indices[chosen.indptr[shopper] : chosen.indptr[shopper + 1]], touched[shopper])
        for shopper in shoppers
    }
    return {shopper: rows.astype(np.int32) for shopper, rows in found.items() if len(rows)}


def touched_by(log: EventLog, shoppers: "Mapping[int, Rows] | list[int]") -> dict[int, Rows]:
    """Return the rows that each of the shoppers touched, ascending."""
    order = np.argsort(log.shopper, kind="stable")
    bounds = np.searchsorted(log.shopper[order], np.arange(len(log.shoppers) + 1))
    return {s: np.unique(log.row[order[bounds[s] : bounds[s + 1]]]).astype(np.int32) for s in shoppers}
