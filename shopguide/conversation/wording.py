"""Needs, numbers and names in words."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from lexicon.text import normalise
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.phrases import Phrases
from shopguide.conversation.words import is_model

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "¥"}
_SPOKEN_UNITS = {
    "in": "inches",
    "mb": "MB",
    "gb": "GB",
    "tb": "TB",
    "hz": "Hz",
    "mhz": "MHz",
    "ghz": "GHz",
    "w": "W",
    "wh": "Wh",
    "v": "V",
    "mah": "mAh",
    "db": "dB",
}
"""Units that are not written as the catalogue folds them."""

MOST_VALUES = 4
"""Values of one facet that are told one by one."""

_BOUND = re.compile(r"(<=|>=)(\d+(?:\.\d+)?)")


def money(amount: float, currency: str) -> str:
    """Return an amount as people write it: €49.90, €50, 49.90 CHF."""
    digits = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.2f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{digits} {currency}"


def plural(noun: str) -> str:
    """Return a noun's plural; what looks like a plural already stays."""
    if not noun or noun.endswith("s") or not noun[-1].isalpha() or not noun.isascii():
        return noun
    if noun.endswith(("x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


class Wording:
    """Puts what the catalogue and a need hold into words.

    Args:
        index: the catalogue, for the shop's own spelling.
        phrases: the fragments of the language.
        currency: the shop's own currency.
    """

    def __init__(self, index: "CatalogueIndex", phrases: Phrases, currency: str) -> None:
        self.index = index
        self.say = phrases
        self.currency = currency

    def facet(self, facet: str) -> str:
        """Return what to call a facet."""
        key = f"facet.{facet}"
        return self.say(key) if self.say.has(key) else facet.replace("_", " ")

    def value(self, facet: str, value: str) -> str:
        """Return a value in the shop's spelling; only brands and sizes keep their capitals inside a sentence.

        A bound as profiles keep it ("<=60") is a value of a number facet too.
        """
        info = self.index.facets.get(facet)
        if info is not None and info.kind == "number":
            bound = _BOUND.fullmatch(value)
            if bound is not None:
                number = float(bound[2])
                side = "max" if bound[1] == "<=" else "min"
                return self.say(f"bound.{side}", bound=self.number(facet, number))
            return self.number(facet, float(value)) if _is_number(value) else value
        shown = self.index.display(facet, value)
        return shown if facet in ("brand", "size") else " ".join(_lowered(word) for word in shown.split(" "))

    def values(self, facet: str, values: Sequence[str]) -> str:
        """Return several values of a product in one phrase, true however many there are: "39 to 47"."""
        if len(values) <= MOST_VALUES:
            return self.say.both(self.value(facet, value) for value in values)
        if all(map(_is_number, values)):
            low, *_, high = sorted(values, key=float)
            return self.say("list.span", low=self.value(facet, low), high=self.value(facet, high))
        first = [self.value(facet, value) for value in values[: MOST_VALUES - 1]]
        listed = self.say("list.comma").join(first)
        return self.say("list.more", values=listed, count=len(values) - len(first))

    def number(self, facet: str, number: float) -> str:
        """Return a number with its unit; a price with its currency."""
        if facet == "price":
            return money(number, self.currency)
        info = self.index.facets.get(facet)
        unit = info.unit if info is not None else None
        return f"{number:g} {_SPOKEN_UNITS.get(unit, unit)}" if unit else f"{number:g}"

    def kind(self, category: str) -> str:
        """Return what to call products of a category: "notebooks", but "footwear" and "fashion".

        Only a countable noun in the singular is put in the plural. A department is a label, and so is whatever a shop
        that names its kinds in the plural left in the singular ("Nail Polish" beside "Lipsticks").
        """
        name = self.value("category", category)
        last = name.rsplit(" ", 1)[-1]
        uncounted = last in self.say.entries("need.uncounted") or last.endswith(("wear", "ware"))
        is_label = self._names_kinds_in_plural or category in self._departments
        return name if uncounted or is_label else plural(name)

    def _head(self, category: str) -> str:
        kind = self.kind(category)
        # Nobody has 349 electronics.
        return self.say("need.department", name=kind) if category in self._departments else kind

    @cached_property
    def _departments(self) -> frozenset[str]:
        below = [(path[0], path[1]) for path in self.index.category_paths if len(path) > 1]
        # A root that its kinds are called after ("computer monitor" under "monitor") is a thing, not a department.
        return frozenset(root for root, _ in below) - {root for root, kind in below if kind.endswith(f" {root}")}

    @cached_property
    def _names_kinds_in_plural(self) -> bool:
        leaves = {path[-1] for path in self.index.category_paths}
        return 2 * sum(leaf.endswith("s") for leaf in leaves) > len(leaves)

    def noun(self, need: Need) -> str:
        """Return the kind of product with what distinguishes it, all that a need says: "blue shoes for men"."""
        head = self.say.either(map(self._head, need.wanted.get("category", ()))) or self.say("need.noun")
        before = []
        for facet in self.say.entries("need.before"):
            words = self.say.either(self.value(facet, value) for value in need.wanted.get(facet, ()))
            # "sports shoes" for sports need no second "sports".
            if words and normalise(words) not in normalise(head).split():
                before.append(words)
        return " ".join([*before, head, *self._after(need)])

    def _after(self, need: Need) -> list[str]:
        parts = []
        ahead = {"category", *self.say.entries("need.before")}
        for facet, values in need.wanted.items():
            if facet in ahead:
                continue
            words = self.say.either(self.value(facet, value) for value in values)
            if (facet, values) == ("audience", ("unisex",)):
                parts.append(self.say("need.unisex"))
            elif facet in ("audience", "size"):
                parts.append(self.say(f"need.{facet}", values=words))
            elif facet == "feature":
                together = self.say.both(self.value(facet, value) for value in values)
                parts.append(self.say("need.feature", values=together))
            elif values in (("yes",), ("no",)):
                parts.append(self.say(f"need.flag_{values[0]}", facet=self.facet(facet)))
            else:
                info = self.index.facets.get(facet)
                key = "need.number" if info is not None and info.kind == "number" else "need.other"
                parts.append(self.say(key, facet=self.facet(facet), values=words))
        parts += [self._bounds(facet, bounds) for facet, bounds in need.bounds.items()]
        if any(is_model(word) for word in need.words.split()):
            parts.append(self.say("need.words", words=need.words))
        for facet, values in need.excluded.items():
            if values in (("yes",), ("no",)):
                opposite = "no" if values == ("yes",) else "yes"
                parts.append(self.say(f"need.flag_{opposite}", facet=self.facet(facet)))
                continue
            key = "need.excluded_feature" if facet in ("feature", "material") else "need.excluded"
            parts.append(self.say(key, values=self.say.either(self.value(facet, value) for value in values)))
        return parts

    def _bounds(self, facet: str, bounds: Bounds) -> str:
        low = self.number(facet, bounds.low) if bounds.low is not None else ""
        high = self.number(facet, bounds.high) if bounds.high is not None else ""
        if facet == "rating":
            return self.say("need.rating_min", low=low)
        side = "between" if low and high else "min" if low else "max"
        kind = "price" if facet == "price" else "number"
        return self.say(f"need.{kind}_{side}", facet=self.facet(facet), low=low, high=high)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lowered(word: str) -> str:
    """Return a word as it stands inside a sentence; an abbreviation or a mixed spelling ("HDMI", "iPad") stays."""
    parts = word.split("-")
    return "-".join(part if any(c.isupper() for c in part[1:]) else part.lower() for part in parts)
