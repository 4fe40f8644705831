"""Mending misspelt catalogue words, with guards: a word of the language is no misspelling of another."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from rasa_addons.vocabulary import Vocabulary

_SHORTEST = 4  # letters of a word that may be a misspelling
_TWO_EDITS = 8  # letters from which two slips are forgiven


class Spelling:
    """The words of a lexicon's forms, to be found under their misspellings."""

    def __init__(self, words: dict[str, int], vocabulary: Vocabulary) -> None:
        """Take the words with their weights (products that carry them); short ones and codes are left out."""
        self._vocabulary = vocabulary
        self._weights = words
        self._buckets: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in words:
            if len(word) > _SHORTEST and word.isalpha() and word.isascii():
                self._buckets[word[0], len(word)].append(word)
        self._find = lru_cache(maxsize=4096)(self._search)

    def mend(self, key: str) -> str | None:
        """Return the lexicon's word that `key` is a misspelling of, or None."""
        if not self._vocabulary.can_mend or len(key) < _SHORTEST or not key.isascii() or not key.isalpha():
            return None
        if key in self._weights or self._vocabulary.is_known(key):
            return None
        return self._find(key)

    def _near(self, key: str) -> Iterable[str]:
        for length in range(len(key) - 2, len(key) + 3):
            yield from self._buckets.get((key[0], length), ())

    def _search(self, key: str) -> str | None:
        best: list[tuple[int, int, str]] = []
        for word in self._near(key):
            allowed = 2 if min(len(key), len(word)) >= _TWO_EDITS else 1
            distance = OSA.distance(key, word, score_cutoff=allowed)
            if distance <= allowed and not self._plural_slip(key, word):
                best.append((distance, -self._weights[word], word))
        return min(best)[2] if best else None

    def _plural_slip(self, key: str, word: str) -> bool:
        """Whether two words differ by an ending only: "lotto" and "lottos" are inflections, or different names."""
        return key + "s" == word or word + "s" == key
