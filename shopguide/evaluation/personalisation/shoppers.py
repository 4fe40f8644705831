"""Each shopper's own last choices to predict: the split of most papers, by every shopper's own time.

What others did later is known where it belongs to their first part, so this is no forecast (docs/evaluation.md).
"""

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.datasets.reading import Reading, events_where, rows_of
from shopguide.evaluation.personalisation.windows import Window, window_of
from shopguide.training.data import Progress
from shopguide.training.interactions import MIN_EVENTS, MIN_WINDOW_SHOPPERS, EventLog

MIDDLE_FROM, LAST_FROM = 70, 80
"""Per cent of a shopper's events before the middle part, and before the last one."""
FIRST, MIDDLE, LAST = 0, 1, 2


def last_choices(behaviour: Behaviour, *, validation: bool = False, progress: Progress) -> Window:
    """Return everybody's last choices, with profiles and models from everybody's first events.

    Args:
        behaviour: the data.
        validation: predict the middle part instead, and leave the last one alone.
        progress: see `Progress`.

    Raises:
        UnreadableFile: there are too few events, or too few shoppers who chose anything new.
    """
    reading = Reading(behaviour)
    log = reading.log
    part = parts(log)
    predicted = MIDDLE if validation else LAST
    before, known = events_where(log, part < predicted), part == FIRST
    chosen = events_where(log, part == predicted).positive
    touched = {shopper: rows_of(before, shopper) for shopper in np.flatnonzero(np.diff(chosen.indptr)).tolist()}
    truth = {
        shopper: np.setdiff1d(chosen.indices[chosen.indptr[shopper] : chosen.indptr[shopper + 1]], rows)
        for shopper, rows in touched.items()
    }
    truth = {shopper: rows.astype(np.int32) for shopper, rows in truth.items() if len(rows)}
    if np.count_nonzero(known) < MIN_EVENTS or len(truth) < MIN_WINDOW_SHOPPERS:
        raise UnreadableFile(f"{behaviour.name}: too few events or shoppers to predict anybody's last choices")
    # Whose first part is empty is known from nothing: any moment does.
    moments = dict.fromkeys(truth, log.until) | dict(
        zip(log.shopper[known].tolist(), log.at[known].tolist(), strict=True)
    )
    return window_of(reading, known, truth, touched, moments, progress=progress)


def parts(log: EventLog) -> NDArray[np.int8]:
    """Return the part of its shopper's events that each event belongs to, [n_events].

    What was done at one moment stays together, in the later part: one half of a basket does not foretell the other.
    """
    found = np.full(len(log), FIRST, dtype=np.int8)
    order = np.argsort(log.shopper, kind="stable")
    starts = np.searchsorted(log.shopper[order], np.arange(1, len(log.shoppers)))
    for own in np.split(order, starts) if len(log) else ():
        at = log.at[own]
        for part, per_cent in ((MIDDLE, MIDDLE_FROM), (LAST, LAST_FROM)):
            found[own[np.searchsorted(at, at[len(own) * per_cent // 100]) :]] = part
    return found
