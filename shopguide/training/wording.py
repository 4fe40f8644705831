"""How people say what they want: values of facets put into words, reworded, and misspelt."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lexicon.entries import ValueEntry

SHORT = (
    "{before} {noun} {after}",
    "{before} {noun} {after}",
    "{noun} {after} {before}",
    "i need a {before} {noun} {after}",
    "looking for {before} {noun} {after}",
    "{noun} {after}, {before}",
    "do you have {noun} {after} {before}",
    "best {before} {noun} {after}",
)
"""Needs of a few words; `before` are adjectives, `after` are phrases with a preposition."""

LONG = (
    "hello, could you help me find {before} {noun} {after}? {price}",
    "my old {noun} broke, so i am after a new one: {before}, {after}, {price}",
    "{noun} please. it should be {before}, {after}. {price}",
    "what {before} {noun} do you sell {after}? {price}",
    "i have been searching for a {noun} {after} for weeks, preferably {before}, {price}",
    "we want to buy {before} {noun}, {after}, {price}",
    "is there a {before} {noun} {after}? {price}",
    "{price} {before} {noun} {after}",
)
"""Sentences of somebody who names several things at once."""

PRICES = (
    "under {amount}",
    "not above {amount} euros",
    "up to ${amount}",
    "my budget is {amount}",
    "for around {amount} dollars",
)
"""Talk of money, which no product text answers: the filter on prices does."""
NO_PRICE = 0.5
"""Share of the long sentences without it."""

PHRASES: Mapping[str, Sequence[str]] = {
    "audience": ("for {value}",),
    "occasion": ("for {value}", "to wear for {value}"),
    "brand": ("by {value}", "from {value}"),
    "material": ("in {value}", "made of {value}"),
    "colour": ("in {value}",),
    "size": ("in size {value}", "size {value}"),
    "feature": ("with {value}", "that is {value}"),
}
"""What joins a facet's value to the noun when it stands behind it."""
PHRASES_OF_OTHERS = ("with {value}", "with {value} {facet}")

REWORDED = 0.4
"""Share of the values that are said in another of their forms, as the lexicon knows them."""

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


class Wording:
    """Puts the values of facets into words.

    Args:
        entries: the lexicon's values, with every form that names them.
    """

    def __init__(self, entries: Iterable["ValueEntry"] = ()) -> None:
        self._forms = {(entry.facet, entry.value): entry.forms for entry in entries if len(entry.forms) > 1}

    def form(self, facet: str, value: str, source: random.Random) -> str:
        """Return a value in the catalogue's word or, now and then, in another that means the same."""
        forms = self._forms.get((facet, value))
        return source.choice(forms) if forms and source.random() < REWORDED else value

    def say(self, noun: str, values: Sequence[tuple[str, str]], source: random.Random, *, long: bool) -> str:
        """Return a need for a thing with values of facets.

        Args:
            noun: the category.
            values: facet and value; half of them are said before the noun, half of them behind it.
            source: of chance.
            long: as a sentence with room for several values and for money.
        """
        before: list[str] = []
        after: list[str] = []
        for facet, value in values:
            said = self.form(facet, value, source)
            if source.random() < 0.5:
                before.append(said)
            else:
                phrase = source.choice(PHRASES.get(facet, PHRASES_OF_OTHERS))
                after.append(phrase.format(value=said, facet=facet.replace("_", " ")))
        money = "" if source.random() < NO_PRICE else source.choice(PRICES).format(amount=source.randrange(10, 500, 5))
        said = source.choice(LONG if long else SHORT).format(
            before=" ".join(before),
            noun=self.form("category", noun, source),
            after=(" and " if long else " ").join(after),
            price=money,
        )
        return tidied(said)


def tidied(said: str) -> str:
    """Return a filled frame without the marks that empty places leave."""
    said = re.sub(r"\s+", " ", said)
    said = re.sub(r"\s+([,.?:])", r"\1", said)
    said = re.sub(r"[,:]+(?=[,.?])|,\s*(?=,)|(?<=:),", "", said)
    return said.strip(" ,:")


def misspelt(need: str, source: random.Random) -> str:
    """Return a need with a slip of the fingers in one of its longer words; numbers and short words stay."""
    words = need.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not long:
        return need
    place = source.choice(long)
    words[place] = misspell(words[place], source)
    return " ".join(words)


def misspell(word: str, source: random.Random) -> str:
    """Return a word with one slip of the fingers: two letters swapped, one lost, doubled or hit beside."""
    place = source.randrange(len(word) - 1)
    kind = source.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[: place + 1] + word[place + 2 :]
    if kind == 2:
        return word[: place + 1] + word[place] + word[place + 1 :]
    for row in _KEYBOARD:
        at = row.find(word[place])
        if at >= 0:
            return word[:place] + row[at - 1 if at else 1] + word[place + 1 :]
    return word
