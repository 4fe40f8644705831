"""Finds facet values in running text by the words that people use for them."""

import re
from collections.abc import Mapping

from lexicon.text import normalise
from shopguide.catalogue import forms
from shopguide.catalogue.synonyms import Synonyms

_WORD = re.compile(r"[^\W_]+(?:[-'&/.][^\W_]+)*")


class WordFinder:
    """Finds a facet's values in texts.

    Args:
        facet: the facet.
        synonyms: whose concepts are looked for; words that mislead are not.
        patterns: further values, each with the pattern that finds it.
    """

    def __init__(self, facet: str, synonyms: Synonyms, patterns: Mapping[str, str]) -> None:
        self._values: dict[str, str] = {}
        for concept in synonyms.concepts.get(facet, {}).values():
            for word in (concept.name, *concept.words):
                for form in forms.of_word(word, synonyms.spellings):
                    if not synonyms.misleads(facet, form):
                        self._values.setdefault(form, concept.name)
        for name in synonyms.concepts.get(facet, {}):
            self._values[name] = name
        self._longest = max((form.count(" ") + 1 for form in self._values), default=0)
        self._patterns = {value: re.compile(pattern, re.IGNORECASE) for value, pattern in patterns.items()}

    def find(self, text: str) -> list[str]:
        """Return the values that a text names, the longest names first where they overlap."""
        found: dict[str, None] = {}
        words = _WORD.findall(normalise(text))
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + self._longest), start, -1):
                value = self._values.get(" ".join(words[start:end]))
                if value is not None:
                    found[value] = None
                    start = end - 1
                    break
            start += 1
        found |= dict.fromkeys(value for value, pattern in self._patterns.items() if pattern.search(text))
        return list(found)
