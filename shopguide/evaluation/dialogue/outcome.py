"""What became of one shopper in one arm."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shopguide.evaluation.dialogue.facts import Facts

LIMIT = 15
"""Actions that a shopper has; who has not found the product then has failed."""


@dataclass
class Outcome:
    """The course of one search.

    Args:
        actions: messages, clicks and pages so far.
        found: the action at which the product itself was seen, `None` if it was not.
        found_like: the same for one that is like it in all that the shopper knows but price and size.
        inspected: products looked at, each once, until the product was seen.
        words: words that were typed.
    """

    actions: int = 0
    found: int | None = None
    found_like: int | None = None
    words: int = 0
    _seen: set[int] = field(default_factory=set)

    @property
    def inspected(self) -> int:
        """Products that were looked at."""
        return len(self._seen)

    @property
    def done(self) -> bool:
        """Whether the product was seen."""
        return self.found is not None

    def see(self, rows: Sequence[int], facts: Facts) -> None:
        """Look at products from the first on, until the product is among them."""
        for row in rows:
            self._seen.add(row)
            if self.found_like is None and facts.is_like(row):
                self.found_like = self.actions
            if row == facts.row:
                self.found = self.actions
                self.found_like = self.found_like or self.actions
                return
