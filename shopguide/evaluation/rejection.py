"""What a message would have been taken for, were it refused sooner or later: worked out from a reading's ranking."""

import math

from shopguide.evaluation.parsing import Reading
from shopguide.evaluation.utterances import FALLBACKS, OUT_OF_SCOPE

SHIFTS = tuple(step / 4 for step in range(-4, 9))
"""Nats to add to the odds of out of scope, on top of what the model has."""
THRESHOLDS = tuple(step / 20 for step in range(13))
"""Confidences below which to refuse, in place of the model's own."""

_ROUNDING = 1e-3


def with_shift(reading: Reading, shift: float) -> str:
    """Return the intent with `shift` nats more on the odds of out of scope.

    A ranking that lacks out of scope is never refused: servers list ten intents, and what comes after them would win
    only where the model knows next to nothing. A ranking of out of scope alone always is: no model was asked. What the
    server refused for a low confidence stays refused, which is exact for shifts upwards (all else gets less likely
    still) and an upper bound of refusals for shifts downwards. The server's threshold is not told, so no other line
    falls below it.
    """
    if _is_refused_for_confidence(reading):
        return reading.intent
    odds = math.exp(shift)
    return max(_ranking(reading), key=lambda ranked: ranked[1] * (odds if ranked[0] in FALLBACKS else 1))[0]


def with_threshold(reading: Reading, threshold: float) -> str:
    """Return the intent if a top confidence below `threshold` were refused, and the server had no threshold.

    A server's own refusal for a low confidence stands before the ranking it was made from, and is taken off first.
    """
    ranking = _ranking(reading)
    intent, confidence = ranking[1] if _is_refused_for_confidence(reading) else ranking[0]
    return OUT_OF_SCOPE if confidence < threshold else intent


def _ranking(reading: Reading) -> tuple[tuple[str, float], ...]:
    return reading.ranking or ((reading.intent, reading.confidence),)


def _is_refused_for_confidence(reading: Reading) -> bool:
    """Tell whether out of scope was put before a ranking that another intent leads.

    Our classifier and Rasa's FallbackClassifier give it the confidence 1 - top, beside the top itself: together with
    the other intents that is more than one, or if next to nothing is left for them, out of scope is not the highest.
    """
    confidences = [confidence for _, confidence in _ranking(reading)]
    return reading.intent in FALLBACKS and (sum(confidences) > 1 + _ROUNDING or max(confidences) > confidences[0])
