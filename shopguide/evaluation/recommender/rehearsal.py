"""How models are chosen within a split: on a part of what is known that is cut off as the test part was."""

from collections.abc import Mapping

import numpy as np

from shopguide.evaluation.datasets.reading import events_where
from shopguide.evaluation.personalisation.shoppers import LAST, parts
from shopguide.evaluation.recommender.cold import HELD_OUT_SHOPPERS
from shopguide.evaluation.recommender.paper import SHARE
from shopguide.evaluation.recommender.splits import Mask, SplitName, last_new_choices, newly_chosen
from shopguide.recommender.features import Rows
from shopguide.training.fitting import SplitBy
from shopguide.training.interactions import EventLog, TemporalSplit, temporal_split
from shopguide.training.newcomers import hold_out, split_for_training


def rehearsal_of(name: SplitName) -> SplitBy:
    """Return how training cuts off its validation window: by time, as in a shop, unless the split is by shopper."""
    of_splits: Mapping[SplitName, SplitBy] = {
        SplitName.SHOPPER: _own_last_part,
        SplitName.LAST: _own_last_product,
        SplitName.COLD_SHOPPERS: _whole_shoppers,
        SplitName.PAPER_WARM: _any_fifth,
    }
    return of_splits.get(name, split_for_training)


def _own_last_part(log: EventLog) -> TemporalSplit | None:
    """Predict the last fifth of each shopper's own events."""
    return _cut(log, parts(log) < LAST)


def _own_last_product(log: EventLog) -> TemporalSplit | None:
    """Predict the last product of each shopper; what they did after it is unknown, too."""
    last = last_new_choices(log, np.ones(len(log), dtype=np.bool_))
    return _cut(log, np.arange(len(log)) < np.where(last < 0, len(log), last)[log.shopper])


def _any_fifth(log: EventLog) -> TemporalSplit | None:
    """Predict a random fifth of the events, as the paper does."""
    return _cut(log, np.random.default_rng(0).random(len(log)) >= SHARE)


def _cut(log: EventLog, known: Mask) -> TemporalSplit | None:
    past, window = events_where(log, known), events_where(log, ~known)
    truth = newly_chosen(window, past)
    return hold_out(TemporalSplit(past, truth, window), _by_lot(past)) if truth and len(past) else None


def _whole_shoppers(log: EventLog) -> TemporalSplit | None:
    """Predict the latest events, and all of some shoppers, drawn as those of the test part were."""
    split = temporal_split(log)
    return hold_out(split, _by_lot(split.past), HELD_OUT_SHOPPERS) if split is not None else None


def _by_lot(log: EventLog) -> Rows:
    return np.random.default_rng(0).permutation(np.unique(log.shopper))
