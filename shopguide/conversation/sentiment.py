"""Whether a text speaks well or ill of something."""

from functools import lru_cache
from typing import Any


def sentiment(text: str) -> float:
    """Return from -1 (bad) to 1 (good) how a short English text sounds; 0 where it takes no side.

    The compound score of VADER: C. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis
    of Social Media Text" (2014).
    """
    return float(_analyser().polarity_scores(text)["compound"])


@lru_cache(maxsize=1)
def _analyser() -> Any:
    # Reads its word list when it is made.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
