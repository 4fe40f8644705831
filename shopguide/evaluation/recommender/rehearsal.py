"""How models are chosen within a split: on a part of what is known that is cut off as the test part was."""

import numpy as np

from shopguide.evaluation.datasets.reading import events_where
from shopguide.evaluation.personalisation.shoppers import LAST, parts
from shopguide.evaluation.recommender.splits import SplitName, last_new_choices, newly_chosen
from shopguide.training.fitting import SplitBy
from shopguide.training.interactions import EventLog, TemporalSplit, temporal_split


def rehearsal_of(name: SplitName) -> SplitBy:
    """Return how training cuts off its validation window: by time, as in a shop, unless the split is by shopper."""
    return {SplitName.SHOPPER: _own_last_part, SplitName.LAST: _own_last_product}.get(name, temporal_split)


def _own_last_part(log: EventLog) -> TemporalSplit | None:
    """Predict the last fifth of each shopper's own events."""
    return _cut(log, parts(log) < LAST)


def _own_last_product(log: EventLog) -> TemporalSplit | None:
    """Predict the last product of each shopper; what they did after it is unknown, too."""
    last = last_new_choices(log, np.ones(len(log), dtype=np.bool_))
    return _cut(log, np.arange(len(log)) < np.where(last < 0, len(log), last)[log.shopper])


def _cut(log: EventLog, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> TemporalSplit | None:
    past, window = events_where(log, known), events_where(log, ~known)
    truth = newly_chosen(window, past)
    return TemporalSplit(past, truth, window) if truth and len(past) else None
