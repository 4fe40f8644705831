"""Whom a message shops for: what is said for somebody else must not be taken for the shopper's own taste."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lexicon.text import normalise

SOMEONE = "someone"
"""A recipient of whom nothing is known but that it is not the shopper."""

_BETWEEN = r"(?:[\w'-]+ ){0,4}?"
"""Words that may stand between "for my" and the person: "for my ten year old son"."""


@dataclass(frozen=True)
class People:
    """The words for people in one language, as patterns over folded text.

    Args:
        of_word: word for a person → what the person is called in the profile.
        meant: finds a person for whom something is meant, as `person`.
        others: finds that it is for somebody unnamed.
        myself: finds that it is for the shopper.
        gift: finds that it is a gift.
        spoken_of: finds a person that is talked about, as `person`.
        no_gift: finds goods that have a gift in their name.
    """

    of_word: Mapping[str, str]
    meant: re.Pattern[str]
    others: re.Pattern[str]
    myself: re.Pattern[str]
    gift: re.Pattern[str]
    spoken_of: re.Pattern[str]
    no_gift: re.Pattern[str]

    def recipient(self, text: str, known: str = "") -> str | None:
        """Return whom a message is for: a person, `""` for the shopper, `None` if it does not say.

        Args:
            text: the message.
            known: whom the need was for until now; a "him" means that person.
        """
        folded = normalise(text).replace("’", "'")
        if self.myself.search(folded):
            return ""
        found = self.meant.search(folded)
        if found is not None:
            word = next(group for group in found.groupdict().values() if group)
            return self.of_word[word]
        if self.others.search(folded) or self.gift.search(self.no_gift.sub(" ", folded)):
            return known or SOMEONE
        return None

    def talked_about(self, text: str) -> frozenset[str]:
        """Return the people that a message is about: "what you know about my dad"."""
        folded = normalise(text).replace("’", "'")
        return frozenset(self.of_word[found["person"]] for found in self.spoken_of.finditer(folded))


@lru_cache(maxsize=8)
def people(language: str = "en") -> People:
    """Return the words for people of a language, English where there is no file for it."""
    folder = Path(__file__).parent / "phrases"
    path = folder / f"people_{language}.yml"
    words = yaml.safe_load((path if path.is_file() else folder / "people_en.yml").read_text(encoding="utf-8"))
    of_word = {word: person for person, spoken in words["people"].items() for word in spoken}
    person, name = _any(of_word), _any(words["names"])
    owned = rf"(?:{_any(words['owning'])}) {_BETWEEN}"
    wanting = rf"(?: \w+)? ?(?:{_any(words['wanting'])})\b"
    return People(
        of_word=of_word,
        meant=re.compile(
            rf"\b(?:for|give|surprise|get) (?:{owned})?(?P<for_name>{name})\b"
            rf"|\b(?:for|give|surprise) {owned}(?P<for_person>{person})\b"
            rf"|\bmy {_BETWEEN}(?P<who_wants>{person}){wanting}"
        ),
        others=re.compile(rf"\bfor (?:{_any(words['others'])})\b"),
        myself=re.compile(rf"\bfor (?:{_any(words['myself'])})\b"),
        gift=re.compile(rf"\b(?:{_any(words['gift'])})\b"),
        spoken_of=re.compile(rf"\b(?:about|of|for) (?:(?:{_any(words['owning'])}) )?(?P<person>{person})\b"),
        no_gift=re.compile(rf"\b(?:{_any(words['no_gifts'])})\b"),
    )


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
