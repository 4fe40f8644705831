"""How long the steps of a training take, and whether there is time for more."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.4
"""Of a budget, what may have passed before another model is tried: those that are chosen are fitted once more."""


class Stopwatch:
    """Starts when it is made.

    Args:
        budget: seconds that all steps may take together, `None` for no limit.
    """

    def __init__(self, budget: float | None = None) -> None:
        self._budget = budget
        self._started = time.perf_counter()
        self.seconds: dict[str, float] = {}
        """What took how long, by name."""

    @contextmanager
    def time(self, what: str) -> Iterator[None]:
        """Take the time of a step."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = round(time.perf_counter() - started, 2)

    def over(self) -> str:
        """Return why no further model should be tried; nothing if there is time."""
        if self._budget is None or time.perf_counter() - self._started < SHARE * self._budget:
            return ""
        return f"{SHARE:.0%} of {self._budget:.0f} s have passed"
