"""A circuit breaker: whoever finds the database away spares the others the wait.

After M. Nygard, "Release It!" (2007), chapter 5.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shopguide.errors import DatabaseError

PAUSE_SECONDS = 2.0
"""How long nobody tries after a failure; after it one at a time does, until one succeeds."""


class Breaker:
    """Says whether a write is worth trying, for all threads of a process.

    Args:
        pause: see `PAUSE_SECONDS`.
        clock: tells monotonic seconds; tests bring their own.
    """

    def __init__(self, pause: float = PAUSE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._again_at: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the last try failed."""
        return self._again_at is not None

    def ready(self) -> bool:
        """Return whether to try now. While the last try failed, one caller gets a yes: it has to use `attempt`."""
        with self._lock:
            if self._again_at is None:
                return True
            if self._trying or self._clock() < self._again_at:
                return False
            self._trying = True
            return True

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Watch a try: a `DatabaseError` opens the breaker, getting through closes it."""
        try:
            yield
        except DatabaseError:
            with self._lock:
                self._again_at = self._clock() + self._pause
            raise
        else:
            self._again_at = None
        finally:
            self._trying = False
