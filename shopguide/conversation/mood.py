"""Whether a shopper has had enough: of not being understood, of what is shown, or of us."""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from lexicon.text import normalise
from shopguide.conversation.returning import steps_back
from shopguide.conversation.sentiment import sentiment

RECENT = 4
"""Messages that count."""
ENOUGH = 3
"""Signs in a row from which a shopper has had enough."""
SOUNDS_BAD = -0.5
"""From here on a message sounds annoyed; "no leather" is at -0.3."""
LOST = frozenset({"out_of_scope", "nlu_fallback"})
REJECTING = frozenset({"dislike_product", "deny"})
OPEN_WORDS = frozenset({"complain"})
"""Intents that say it outright: they count twice."""
ABOUT_PRODUCTS = frozenset({"ask_product_question", "ask_reviews", "faq", "track_order", "set_alert"})
"""Intents whose bad words are about other things ("does it break easily?")."""


class Heard(NamedTuple):
    """A message of the shopper with its intent."""

    text: str
    intent: str


def is_annoyed(heard: Sequence[Heard]) -> bool:
    """Return whether the latest messages in a row, the newest last, show a shopper who has had enough.

    A message without a sign ends the row: whoever was understood is at peace again.
    """
    recent = heard[-RECENT:]
    signs = [_signs(recent, place) for place in range(len(recent))]
    return sum(takewhile(bool, reversed(signs))) >= ENOUGH


def _signs(recent: Sequence[Heard], place: int) -> int:
    one = recent[place]
    if steps_back(one.text):
        return 0  # whatever it was taken for
    if one.intent in OPEN_WORDS:
        return 2
    said_before = [normalise(other.text) for other in recent[:place]]
    again = len(one.text.split()) > 1 and not one.text.startswith("/") and normalise(one.text) in said_before
    bad = one.intent not in ABOUT_PRODUCTS and sentiment(one.text) <= SOUNDS_BAD
    return int(one.intent in LOST | REJECTING) + int(again) + int(bad)
