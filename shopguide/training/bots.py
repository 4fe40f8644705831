"""Accounts that no human drives: too fast, too regular, never asleep, or through with the whole catalogue.

What happens within one second is one moment, however much it is: carts are booked and pages of ratings sent at once.
Honest people had at most 8 moments a minute, 36 in ten, 147 an hour, 217 and 10 hours a day (MovieLens 100K).
"""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shopguide.training.interactions import EventLog

Mask = NDArray[np.bool_]

TOO_FAST = ((60.0, 50), (600.0, 150), (3600.0, 450), (86_400.0, 1000))
"""Seconds, and the moments in them that are too many: four to six times what the busiest honest person did."""
PAUSE = 1800.0
"""Seconds without an event that end a sitting."""
REGULAR = 0.2
"""Standard deviation of the gaps between moments over their mean; the steadiest honest sitting had 0.43."""
SITTING = 50
"""Gaps that a sitting needs for its regularity to say anything; ten can be even by chance (0.09 was seen)."""
FEW = 3
"""Gaps from which on a sitting counts when it is asked whether the shop's clock is one at all."""
SLEEPLESS = 22
"""Hours of 24 in a row with something in them; honest people had 10 at most."""
HOUR = 3600.0
ALMOST_ALL = 0.75
"""Share of all products; the greatest honest one was 0.45. Whoever takes everything has told nothing."""
LARGE = 200
"""Products that somebody must have touched to be taken for a crawler: a small shop can be looked through."""
MONSTROUS = 100.0
"""Events in units of the shop's ninth decile; a heavy reviewer of toys had 42 of them, a wholesale buyer 26."""


def bots(log: "EventLog") -> Mask:
    """Mark the accounts that are driven by machines, [n_shoppers]."""
    n = len(log.shoppers)
    if not len(log):
        return np.zeros(n, dtype=np.bool_)
    found = _through_with_everything(log) | _monstrous(log)
    moments = _Moments(log)
    found |= moments.sleepless
    # Where everybody is regular it is the shop's import that counted the seconds, not the shoppers.
    if moments.people_are_irregular:
        found |= moments.too_fast | moments.regular
    return found


def _through_with_everything(log: "EventLog") -> Mask:
    pairs = np.unique(log.shopper.astype(np.int64) * log.n_products + log.row)
    touched = np.bincount(pairs // log.n_products, minlength=len(log.shoppers))
    return (touched >= LARGE) & (touched >= ALMOST_ALL * len(np.unique(log.row)))


def _monstrous(log: "EventLog") -> Mask:
    events = np.bincount(log.shopper, minlength=len(log.shoppers))
    return np.asarray(events > MONSTROUS * max(1.0, float(np.percentile(events[events > 0], 90))))


class _Moments:
    """The distinct seconds in which each shopper did something, by shopper and time."""

    def __init__(self, log: "EventLog") -> None:
        self._n = len(log.shoppers)
        second = np.floor(log.at - log.at.min())
        # Shoppers one behind the other on one axis of time, further apart than any window is long.
        self._stride = float(second.max()) + 10 * 86_400.0
        self._axis = np.unique(log.shopper * self._stride + second)
        self._shopper = (self._axis // self._stride).astype(np.int64)

    def _those(self, shoppers: NDArray[np.int64]) -> Mask:
        return np.bincount(shoppers, minlength=self._n) > 0

    @property
    def too_fast(self) -> Mask:
        found = np.zeros(self._n, dtype=np.bool_)
        for seconds, many in TOO_FAST:
            found |= self._those(self._shopper[_crowded(self._axis, seconds, many)])
        return found

    @property
    def sleepless(self) -> Mask:
        hours, first = np.unique(np.floor(self._axis / HOUR), return_index=True)
        return self._those(self._shopper[first[_crowded(hours, 24.0, SLEEPLESS)]])

    @property
    def regular(self) -> Mask:
        shopper, gaps, variation = self._sittings
        return self._those(shopper[(gaps >= SITTING) & (variation < REGULAR)])

    @property
    def people_are_irregular(self) -> bool:
        """Whether no more than half of the accounts that did a few things were even in their longest sitting."""
        shopper, gaps, variation = self._sittings
        order = np.lexsort((gaps, shopper))
        last = np.append(np.diff(shopper[order]) > 0, True)
        longest = order[last]
        even = (gaps[longest] >= FEW) & (variation[longest] < REGULAR)
        busy = np.bincount(self._shopper, minlength=self._n) > FEW
        return int(even.sum()) <= int(busy.sum()) / 2

    @cached_property
    def _sittings(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return each sitting's shopper, gaps between its moments, and their variation (0: all of one length)."""
        gap = np.diff(self._axis)
        sitting = np.concatenate([[0], np.cumsum(gap > PAUSE)])
        # A gap belongs to the sitting that goes on after it.
        inside, within = gap[gap <= PAUSE], sitting[1:][gap <= PAUSE]
        n = int(sitting[-1]) + 1
        gaps = np.bincount(within, minlength=n)
        mean = np.bincount(within, weights=inside, minlength=n) / np.maximum(gaps, 1)
        square = np.bincount(within, weights=inside**2, minlength=n) / np.maximum(gaps, 1)
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
        first = np.flatnonzero(np.concatenate([[True], gap > PAUSE]))
        return self._shopper[first], gaps, deviation / np.maximum(mean, 1e-9)


def _crowded(axis: NDArray[np.float64], length: float, many: int) -> NDArray[np.int64]:
    """Return the positions on an ascending axis from where `many` or more, with themselves, lie within a length."""
    if len(axis) < many:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(axis[many - 1 :] - axis[: len(axis) - many + 1] < length)
