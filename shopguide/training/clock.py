"""A training's time budget, on a machine of one's own and on a busy one."""

import time

STRETCH = 3.0
"""How much longer than its budget a training may take on a busy machine, where it gets only a part of the processor."""


class Clock:
    """Tells the share of a budget that is used: by computing time, or at last by `STRETCH` times as much waiting.

    Args:
        budget: seconds.
        threads: threads that compute.
    """

    def __init__(self, budget: float, threads: int) -> None:
        self._budget, self._threads = budget, threads
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def used(self) -> float:
        """Return the share that is used; 1 and more: the time is up."""
        wall = time.monotonic() - self._wall
        computed = (time.process_time() - self._cpu) / self._threads
        return max(min(computed, wall), wall / STRETCH) / self._budget
