"""Fragments of wording, from the file of the shop's language."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


class Phrases:
    """The fragments of one language, reached by dotted keys: `reason.text`.

    A fragment may be a list of wordings: they take turns, so that no two turns in a row are phrased alike.

    Args:
        fragments: by key, nested.
        turn: the number of the shopper's message in the conversation.
    """

    def __init__(self, fragments: dict[str, Any], turn: int = 0) -> None:
        self._fragments = fragments
        self._turn = turn

    def at(self, turn: int) -> "Phrases":
        """Return the fragments as they are worded in a turn of a conversation."""
        return Phrases(self._fragments, turn)

    def has(self, key: str) -> bool:
        """Whether there is a fragment with this key."""
        return isinstance(self._worded(key), str)

    def __call__(self, key: str, **values: object) -> str:
        """Return a fragment with its braces filled in.

        Raises:
            KeyError: there is no such fragment, or a value for one of its braces is missing.
        """
        fragment = self._worded(key)
        if not isinstance(fragment, str):
            raise KeyError(key)
        return fragment.format_map(values) if values else fragment

    def entries(self, key: str) -> list[str]:
        """Return a list of the file."""
        found = self._look(key)
        return list(found) if isinstance(found, list) else []

    def either(self, values: Iterable[str]) -> str:
        """Join values with commas and a final "or"."""
        return self._joined(list(values), "list.or")

    def both(self, values: Iterable[str]) -> str:
        """Join values with commas and a final "and"."""
        return self._joined(list(values), "list.and")

    def _joined(self, values: list[str], last: str) -> str:
        if len(values) < 2:
            return "".join(values)
        return self("list.comma").join(values[:-1]) + self(last) + values[-1]

    def _worded(self, key: str) -> Any:
        found = self._look(key)
        return found[self._turn % len(found)] if isinstance(found, list) and found else found

    def _look(self, key: str) -> Any:
        found: Any = self._fragments
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found


@lru_cache(maxsize=8)
def phrases(language: str = "en") -> Phrases:
    """Return the fragments of a language, English where there is no file for it."""
    folder = Path(__file__).parent
    path = folder / f"{language}.yml"
    return Phrases(yaml.safe_load((path if path.is_file() else folder / "en.yml").read_text(encoding="utf-8")))
