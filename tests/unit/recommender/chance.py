"""Chance without chance: every way in which a few draws can come out, each with its probability."""

import random
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Told(random.Random):
    """Draws as it is told, the first outcome where it is told nothing; remembers how probable the others were."""

    def __init__(self, rate: float, told: Sequence[int]) -> None:
        super().__init__(0)
        self._rate = rate
        self._told = told
        self.drawn: list[int] = []
        self.odds: list[list[float]] = []

    def _draw(self, odds: list[float]) -> int:
        place = len(self.drawn)
        self.drawn.append(self._told[place] if place < len(self._told) else 0)
        self.odds.append(odds)
        return self.drawn[-1]

    def random(self) -> float:
        """Below the rate or above it."""
        return (self._rate / 2, 1.0 - 1e-9)[self._draw([self._rate, 1.0 - self._rate])]

    def choice(self, seq: Any) -> Any:
        """Any of them."""
        return seq[self._draw([1.0 / len(seq)] * len(seq))]


def every_outcome(draw: Callable[[random.Random], T], rate: float) -> Iterator[tuple[T, float]]:
    """Yield everything that a function of chance may return, with its probability.

    Args:
        draw: draws by `random()`, compared with `rate` alone, and by `choice`.
        rate: what it compares with.
    """
    waiting: MutableSequence[tuple[int, ...]] = [()]
    while waiting:
        told = waiting.pop()
        source = Told(rate, told)
        found = draw(source)
        probability = 1.0
        for place, (outcome, odds) in enumerate(zip(source.drawn, source.odds, strict=True)):
            probability *= odds[outcome]
            if place >= len(told):
                waiting += [(*source.drawn[:place], other) for other in range(1, len(odds))]
        yield found, probability
