"""Messages about taking a product: "yes, I want this one", "which is the best?"."""

import re

from lexicon.text import normalise

_PICKS = re.compile(
    r"\b(?:want|take|choose|pick|like|love|prefer|buy|get|have|go (?:with|for))\s+(?:this|that|it|these|those|them)\b"
    r"|\b(?:this|that) one\b"
)
_BEST = re.compile(
    r"\b(?:best|better)\s+(?:option|choice|one|pick|bet|fit|deal|of (?:them|these|those|all))\b|\bthe best\b"
)


def asks_for_the_best(text: str) -> bool:
    """Return whether a message asks which of several products is the best."""
    return _BEST.search(normalise(text)) is not None


def picks(text: str) -> bool:
    """Return whether a message that agrees also points at something to have."""
    return _PICKS.search(normalise(text)) is not None
