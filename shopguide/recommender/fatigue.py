"""Fatigue: what was shown again and again and passed over sinks, and comes back with time.

P. Lee et al., "Modeling Impression Discounting in Large-scale Recommender Systems" (KDD 2014): what a recommendation is
worth falls with the number of times that it was shown, and recovers with the time since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from shopguide.recommender.features import Floats, Rows

LOOKED_BACK = timedelta(days=30)
"""For how long it counts that something was shown."""
HALF_LIFE = timedelta(days=7)
"""After this an occasion counts half."""
OCCASION = timedelta(hours=1)
"""A product shown twice within this time was shown on one occasion: a page loaded again, a need put more exactly."""
FREE = 1.0
"""Occasions that cost nothing: to be shown once and passed over says little."""

OPEN_SHARE = 1.0
"""How far what tires most sinks where nothing is asked for, in distances from the best candidate to the last."""
NEED_SHARE = 0.2
"""The same where there is a need: what answers it best by far stays on top."""


@dataclass(frozen=True)
class Seen:
    """What a shopper was shown lately, by catalogue row.

    Args:
        latest: when each product that the present session showed was shown last.
        weariness: how tired the shopper must be of a product, between 0 and 1; rows that are missing: not at all.
    """

    latest: Mapping[int, datetime] = field(default_factory=dict)
    weariness: Mapping[int, float] = field(default_factory=dict)

    def weary(self, rows: Rows) -> Floats:
        """Return the weariness of `rows` (ascending), [n_rows]."""
        found = np.zeros(len(rows), dtype=np.float32)
        for row, level in self.weariness.items():
            position = int(np.searchsorted(rows, row))
            if position < len(rows) and rows[position] == row:
                found[position] = level
        return found

    def turns(self, rows: Rows) -> Rows:
        """Return when it is each row's turn, where nothing may be repeated that was just shown, [n_rows].

        0: at once. The others come only when all with a lower number are used up, what was shown longest ago first.
        """
        found = np.zeros(len(rows), dtype=np.int32)
        order = {at: turn for turn, at in enumerate(sorted(set(self.latest.values())), 1)}
        for row, at in self.latest.items():
            position = int(np.searchsorted(rows, row))
            if position < len(rows) and rows[position] == row:
                found[position] = order[at]
        return found


def seen(
    sightings: Mapping[int, Sequence[datetime]],
    touched: Mapping[int, datetime],
    *,
    session_start: datetime,
    now: datetime,
) -> Seen:
    """Return what a shopper was shown lately, as it counts.

    Args:
        sightings: row → when it was shown, in any order.
        touched: row → when the shopper last did anything with the product: nothing before that was passed over.
        session_start: from when on something was *just* shown.
        now: the time.
    """
    latest = {row: max(times) for row, times in sightings.items()}
    weariness = {}
    for row, times in sightings.items():
        if len(times) <= FREE:
            continue
        passed_over = [at for at in times if row not in touched or at > touched[row]]
        level = _weariness(passed_over, now)
        if level > 0:
            weariness[row] = level
    return Seen({row: at for row, at in latest.items() if at >= session_start}, weariness)


def sunk(scores: Floats, weary: Floats, spread: float, *, is_open: bool) -> Floats:
    """Return scores less what weariness costs, [n].

    Args:
        scores: in any scale, [n].
        weary: between 0 and 1, [n].
        spread: the distance from the best candidate to the last.
        is_open: whether nothing is asked for.
    """
    share = OPEN_SHARE if is_open else NEED_SHARE
    return np.asarray(scores - np.float32(share * spread) * weary, dtype=np.float32)


def _weariness(times: Sequence[datetime], now: datetime) -> float:
    """Return 1 - 2^-x for x occasions beyond the free one, each counting half for every `HALF_LIFE` of its age."""
    counted, last = 0.0, None
    for at in sorted(times):
        if last is None or at - last >= OCCASION:
            counted += 0.5 ** (max(now - at, timedelta()) / HALF_LIFE)
            last = at
    return 1.0 - 0.5 ** (counted - FREE) if counted > FREE else 0.0
