"""Which facet values the words of a search name, by the lexicon that the dialogue server reads too."""

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from lexicon.entries import Lexicon, LexiconError, read
from lexicon.text import normalise

_WORD = re.compile(r"[\w'&.+-]*\w[\w'&+]*")
_NEGATING = frozenset({"no", "not", "without", "except", "non", "never"})


class SearchWords:
    """Finds the catalogue's own words in a query, the longest first; it knows no grammar.

    What follows a negation is left alone: "boots, not leather" names boots.

    Args:
        path: the lexicon's file, read at the first use and again when it has changed; without one nothing is named.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._named: Mapping[tuple[str, ...], tuple[str, str]] = {}
        self._longest = 0

    def named(self, text: str) -> list[tuple[str, str]]:
        """Return (facet, value) for what a text names, in the order of the text."""
        named = self._forms()
        words = _words(text)
        found: list[tuple[str, str]] = []
        at = 0
        while at < len(words):
            if words[at] in _NEGATING:
                break
            for end in range(min(len(words), at + self._longest), at, -1):
                value = named.get(words[at:end])
                if value is not None:
                    found.append(value)
                    at = end
                    break
            else:
                at += 1
        return found

    def _forms(self) -> Mapping[tuple[str, ...], tuple[str, str]]:
        with self._lock:
            try:
                state = self._path.stat()
                stamp = (state.st_mtime_ns, state.st_size)
                if stamp != self._seen:
                    self._seen = stamp
                    self._named = _by_form(read(self._path))
                    self._longest = max(map(len, self._named), default=0)
            except (OSError, LexiconError):
                # The last good one serves; `shopguide doctor` and the dialogue server tell what is wrong with the file.
                pass
            return self._named


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(normalise(text)))


def _by_form(lexicon: Lexicon) -> dict[tuple[str, ...], tuple[str, str]]:
    """Return what each form names; a form of two facets names the value with more products."""
    named: dict[tuple[str, ...], tuple[str, str]] = {}
    for entry in sorted(lexicon.values, key=lambda entry: (entry.count, entry.facet, entry.value)):
        named |= dict.fromkeys(_sayable(entry.forms), (entry.facet, entry.value))
    return named


def _sayable(forms: Iterable[str]) -> set[tuple[str, ...]]:
    return {words for form in forms if (words := _words(form))}
