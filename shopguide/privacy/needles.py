"""Ids to look for in texts, and when a text really holds one."""

import json
import re
from collections.abc import Iterable
from functools import cached_property

SHORT = 6
"""An id with fewer characters is told from a word only where it stands for itself: "ann" is in "ann lee" too."""

LONG = 10
"""An id with fewer characters may turn up among bytes by chance."""


class Needles:
    """Ids that must not be found.

    A long id counts wherever it is whole, with nothing of an id before or behind it; a short one only where it is the
    whole text, or a whole string of JSON.

    Args:
        ids: what to look for.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = frozenset(one for one in ids if one)

    @property
    def short(self) -> frozenset[str]:
        """The ids that running text is not searched for."""
        return frozenset(one for one in self.ids if len(one) < SHORT)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        whole: list[str] = []
        for one in sorted(self.ids):
            for form in dict.fromkeys((one, json.dumps(one)[1:-1])):
                escaped = re.escape(form)
                whole.append(f"\\A{escaped}\\Z")
                whole.append(f'(?<="){escaped}(?=")' if one in self.short else f"(?<![\\w-]){escaped}(?![\\w-])")
        return re.compile("|".join(whole) or r"(?!)")

    @cached_property
    def as_bytes(self) -> tuple[bytes, ...]:
        """The ids that are long enough to be told from chance among bytes, as they are written in files."""
        long = sorted(one for one in self.ids if len(one) >= LONG)
        return tuple(dict.fromkeys(form.encode() for one in long for form in (one, json.dumps(one)[1:-1])))

    def in_text(self, text: str) -> bool:
        """Whether a text holds one of the ids."""
        return self._pattern.search(text) is not None
