"""Whether a yes is about a product: "yes, I want this one"."""

import re

from lexicon.text import normalise

_PICKS = re.compile(
    r"\b(?:want|take|choose|pick|like|love|prefer|buy|get|have|go (?:with|for))\s+(?:this|that|it|these|those|them)\b"
    r"|\b(?:this|that) one\b"
)


def picks(text: str) -> bool:
    """Return whether a message that agrees also points at something to have."""
    return _PICKS.search(normalise(text)) is not None
