"""What the guide server does by itself, beside answering: each chore in a thread of its own, again and again."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shopguide.bootstrap import Shop
from shopguide.errors import DatabaseError

log = logging.getLogger(__name__)

DELIVERY_SECONDS = 1.0
TIDY_SECONDS = 3_600.0
ERASURE_SECONDS = 30.0
RETENTION_SECONDS = 3_600.0
STOP_SECONDS = 5.0
"""How long the end of the server waits for a chore that is under way."""


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing to do. Several processes may do it at once; whatever it raises is logged and it is tried again.

    Args:
        name: for the log and the thread.
        work: does it.
        seconds: from the end of one time to the next; the first is at the start.
        at_end: whether it is done once more when the server stops.
    """

    name: str
    work: Callable[[], object]
    seconds: float
    at_end: bool = False


class Chores:
    """Runs chores from the start of the server to its end.

    Args:
        chores: what is to be done.
    """

    def __init__(self, chores: Iterable[Chore]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(chore,), name=chore.name, daemon=True) for chore in chores
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is under way is waited for, but not for long."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_SECONDS)

    def _run(self, chore: Chore) -> None:
        troubled = _once(chore, troubled=False)
        while not self._stop.wait(chore.seconds):
            troubled = _once(chore, troubled=troubled)
        if chore.at_end:
            _once(chore, troubled=troubled)


def _once(chore: Chore, *, troubled: bool) -> bool:
    """Do a chore and return whether the database was away; that is said once, not every time."""
    try:
        chore.work()
    except DatabaseError as error:
        if not troubled:
            log.warning("%s waits: %s", chore.name, error)
        return True
    except Exception:
        # The thread must outlive whatever one state does to it.
        log.exception("%s failed", chore.name)
    return False


def chores_of(shop: Shop) -> list[Chore]:
    """Return what has to be done for a shop."""
    return [
        Chore("deliver the outbox", lambda: _deliver(shop), DELIVERY_SECONDS, at_end=True),
        Chore("tidy the outbox", lambda: _tidy(shop), TIDY_SECONDS),
        Chore("delete conversations", lambda: _finish_erasures(shop), ERASURE_SECONDS),
        Chore("retention", lambda: _retain(shop), RETENTION_SECONDS),
    ]


def _deliver(shop: Shop) -> None:
    if count := shop.recorder.deliver():
        log.info("%d entries of the outbox written", count)


def _tidy(shop: Shop) -> None:
    # What was set aside is tried again: whatever failed may have been mended since.
    shop.outbox.retry()
    shop.recorder.tidy()


def _finish_erasures(shop: Shop) -> None:
    if shop.privacy.store.pending(limit=1):
        shop.privacy.finish(only_due=True)
        _sweep(shop)


def _retain(shop: Shop) -> None:
    _sweep(shop)
    report = shop.retention.run()
    if deleted := sum(report.rows.values()) + (report.conversations or 0):
        log.info("retention: %d rows and conversations deleted", deleted)


def _sweep(shop: Shop) -> None:
    if count := shop.privacy.sweep():
        log.info("%d shoppers erased again: something was written after their erasure", count)
