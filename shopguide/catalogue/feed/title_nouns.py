"""Finds what a product is called in its title, for feeds without a category.

Feeds that write titles after one pattern ("Brand Model *category noun* details") teach the vocabulary themselves: a
first pass collects the nouns that stand where the pattern puts them, and titles that break the pattern are searched for
those nouns. A noun phrase's last noun is what the thing is, so the last match before the first "for", "with", comma or
dash wins ("keyboard *cable*", "*case* for notebooks").
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from lexicon.text import normalise
from shopguide.catalogue.forms import singular_phrase

MAX_WORDS = 5
MAX_SURVEYED = 50_000
"""Distinct phrases kept while surveying: a feed cannot fill the memory."""

_PLAIN = re.compile(r"[a-z][a-z0-9()/&.'-]*|&")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,5}")
_SHORT_NAME = re.compile(r"\([A-Za-z]{2,5}\)")
_WORD = re.compile(r"[a-z0-9][a-z0-9&+/.'-]*(?: \([a-z]{2,5}\))?")
_COUNT = re.compile(r"\b\d+\s*(?:pc\(s\)|pcs?\b\.?|pieces?\b|pack\b)")
_BREAK = re.compile(r"\s(?:for|with|w/|incl\.?|including|f/|compatible)\s|,|;|:\s|\s?[-–—]\s|\(|\[|\s\+\s|\bfor\b")


def noun_after(title: str, name: str) -> str | None:
    """Return the noun phrase that follows the model's name in a title, folded and in singular, if one does.

    A word counts while it is in lower case, an acronym while lower case follows ("USB cable", "toner cartridge").
    """
    start = title.find(name)
    if start < 0 or not name:
        return None
    words: list[str] = []
    kept = 0
    for word in title[start + len(name) :].split():
        if _PLAIN.fullmatch(word) or (words and _SHORT_NAME.fullmatch(word)):
            words.append(word)
            kept = len(words)
        elif _ACRONYM.fullmatch(word):
            words.append(word)
        else:
            break
    phrase = normalise(" ".join(words[:kept]))
    return singular_phrase(phrase) if len(phrase) > 1 and kept <= MAX_WORDS else None


class NounSurvey:
    """Collects the nouns of a feed in a first pass; memory is bounded."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, title: str, name: str) -> None:
        """Take one product's title and model name into account."""
        noun = noun_after(title, name)
        if noun and (noun in self._counts or len(self._counts) < MAX_SURVEYED):
            self._counts[noun] += 1

    def nouns(self, min_count: int) -> frozenset[str]:
        """Return the nouns that were seen often enough."""
        return frozenset(noun for noun, count in self._counts.items() if count >= min_count)


class NounFinder:
    """Finds category nouns in texts.

    Args:
        nouns: phrase → category. Both are folded; a phrase is in singular.
    """

    def __init__(self, nouns: Mapping[str, str]) -> None:
        self._nouns = nouns
        self._longest = max((noun.count(" ") + 1 for noun in nouns), default=0)

    def find(self, text: str) -> str | None:
        """Return the category that a text names first, or `None`."""
        return next(self.find_all(text), None)

    def find_all(self, text: str) -> Iterator[str]:
        """Yield the categories that a text names, in its order."""
        for segment in segments(text):
            found = self._last_in(segment)
            if found is not None:
                yield found

    def _last_in(self, segment: str) -> str | None:
        words = [word.rstrip("-") for word in _WORD.findall(segment)]
        for end in range(len(words), 0, -1):
            for start in range(max(0, end - self._longest), end):
                category = self._nouns.get(_singular(" ".join(words[start:end])))
                if category is not None:
                    return category
        return None


def segments(text: str) -> Iterator[str]:
    """Yield the stretches of a text between "for", "with", commas and dashes, folded, without "2 pcs", in order."""
    yield from (part for part in _BREAK.split(_COUNT.sub(" ", normalise(text))) if part and part.strip())


def vocabulary(learned: Iterable[str], extra: Mapping[str, str], rename: Mapping[str, str]) -> dict[str, str]:
    """Return phrase → category from what was learned and what the mapping adds.

    Args:
        learned: nouns of the feed; each is its own category unless renamed.
        extra: further phrases and the categories they stand for.
        rename: categories and what to call them instead; an empty name drops a noun.
    """
    nouns = {noun: rename.get(noun, noun) for noun in learned}
    nouns |= {singular_phrase(normalise(category)): category for category in (*extra.values(), *rename.values())}
    nouns |= {singular_phrase(normalise(phrase)): category for phrase, category in extra.items()}
    return {noun: normalise(category) for noun, category in nouns.items() if category and noun}


_singular = lru_cache(maxsize=100_000)(singular_phrase)
