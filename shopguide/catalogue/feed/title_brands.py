"""Finds the brand in the first words of titles, for feeds without a brand column.

Titles that open with the brand go on with words that no brand has ("Men", "Women", a colour). Over a whole feed that
tells where a brand ends: "Peter" is never followed by such a word, "Peter England" nearly always. A first pass counts.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from lexicon.text import normalise

MAX_WORDS = 5
MAX_SURVEYED = 500_000
"""Distinct openings kept while surveying: a feed cannot fill the memory."""

ENDS_HERE = 0.12
"""An opening is a brand if this share of its titles goes on with a stop word."""

LONGER_SHARE = 0.2
LONGER_ENDS = 0.5
LONGER_OWN = 0.8
"""A brand that another one extends ("Lee", "Lee Cooper"): the longer one needs this share of the shorter one's titles,
must end at a stop word in this share of its own, and its last word must occur mostly there."""

RARE = 20
RARE_WORDS = 3
"""There is little evidence about an opening that few titles have: one that ends it is believed, up to three words."""


class BrandSurvey:
    """Counts how titles open, in a first pass.

    Args:
        stop: words that never belong to a brand.
        known: brands that need no evidence.
        min_count: how often an opening must occur to be judged.
    """

    def __init__(self, stop: Iterable[str], known: Iterable[str] = (), min_count: int = 4) -> None:
        self._stop = frozenset(normalise(word) for word in stop)
        self._known = frozenset(tuple(normalise(brand).split()) for brand in known)
        self._min_count = min_count
        self._openings: Counter[tuple[str, ...]] = Counter()
        self._ended: Counter[tuple[str, ...]] = Counter()
        self._words: Counter[str] = Counter()

    def add(self, title: str) -> None:
        """Take one title into account."""
        words = normalise(title).split()
        self._words.update(set(words[: MAX_WORDS + 1]))
        for length in range(1, min(MAX_WORDS, len(words)) + 1):
            opening = tuple(words[:length])
            if opening[-1] in self._stop:
                return
            if opening not in self._openings and len(self._openings) >= MAX_SURVEYED:
                return
            self._openings[opening] += 1
            if length == len(words) or words[length] in self._stop:
                self._ended[opening] += 1

    def brand(self, title: str) -> str | None:
        """Return the brand that opens a title, spelt as there, or `None` if it opens with a stop word."""
        spelt = title.split()
        words = tuple(normalise(title).split())
        if not words or words[0] in self._stop or len(spelt) != len(words):
            return None
        return " ".join(spelt[: self._length(words[: MAX_WORDS + 1])])

    @lru_cache(maxsize=100_000)  # noqa: B019  (a survey lives as long as one import)
    def _length(self, words: tuple[str, ...]) -> int:
        for length in range(min(MAX_WORDS, len(words)), 0, -1):
            if words[:length] in self._known:
                return length
        candidates = [n for n in range(1, min(MAX_WORDS, len(words)) + 1) if self._is_brand(words[:n])]
        if not candidates:
            return self._by_the_first_end(words) or self._by_continuation(words)
        length = candidates[0]
        for longer in candidates[1:]:
            if self._extends(words[:length], words[:longer]):
                length = longer
        return length

    def _is_brand(self, opening: tuple[str, ...]) -> bool:
        count = self._openings[opening]
        if count < self._min_count or self._ended[opening] < ENDS_HERE * count:
            return False
        # "Lakme" goes on in fifty ways, now and then before a colour: one of many ways to go on is not the brand.
        return count >= LONGER_SHARE * self._openings[opening[:1]]

    def _extends(self, shorter: tuple[str, ...], longer: tuple[str, ...]) -> bool:
        count = self._openings[longer]
        return (
            count >= LONGER_SHARE * self._openings[shorter]
            and self._ended[longer] >= LONGER_ENDS * count
            and count >= LONGER_OWN * self._words[longer[-1]]
        )

    def _by_the_first_end(self, words: tuple[str, ...]) -> int:
        """Take a rare opening up to where a title with it went on with a stop word; 0 if it is not rare or none did."""
        if self._openings[words[:1]] > RARE:
            return 0
        return next((n for n in range(1, min(RARE_WORDS, len(words)) + 1) if self._ended[words[:n]]), 0)

    def _by_continuation(self, words: tuple[str, ...]) -> int:
        """Go on while nearly all titles that open so far go on with the same word."""
        length = 1
        while (
            length < min(MAX_WORDS - 1, len(words))
            and words[length] not in self._stop
            and self._openings[words[: length + 1]] >= max(self._min_count, 0.8 * self._openings[words[:length]])
        ):
            length += 1
        return length
