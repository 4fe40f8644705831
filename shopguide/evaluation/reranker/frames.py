"""How shoppers put a need of several constraints into words, for measuring alone.

Training must never draw from these frames: `shopguide.training` has others, and import-linter keeps this package out
of its reach.
"""

import re
from collections.abc import Mapping, Sequence

OPENINGS = (
    "i need {np}",
    "i am looking for {np}",
    "i'm looking for {np}",
    "i want {np}",
    "i want to buy {np}",
    "i would like {np}",
    "find me {np}",
    "can you find me {np}",
    "show me {np}",
    "please help me find {np}",
    "do you have {np}",
    "{np}",
)
"""What a sentence opens with; `np` is the noun with everything around it."""

BEFORE: Mapping[str, Sequence[str]] = {
    "colour": ("{v}", "{v}", "{v} colored"),
    "material": ("{v}",),
    "brand": ("{v}",),
    "feature": ("{v}",),
    "quality": ("{v}",),
    "size": ("{v}", "size {v}"),
    "audience": ("{whose}",),
    "occasion": ("{v}",),
    "screen_size": ("{v} inch", '{v}"', "{v}-inch"),
    "memory": ("{v} gb",),
    "storage": ("{v}gb",),
    "cable_length": ("{v} meter", "{v}m"),
    "refresh_rate": ("{v}hz",),
    "power": ("{v} watt",),
    "battery_capacity": ("{v} mah",),
    "pack_size": ("{v} pack",),
    "print_technology": ("{v}",),
}
"""How a value stands before the noun."""

AFTER: Mapping[str, Sequence[str]] = {
    "colour": ("in {v}", "in the color {v}", "that comes in {v}"),
    "material": ("made of {v}", "in {v}", "which is made from {v}"),
    "brand": ("from {v}", "by {v}", "made by {v}"),
    "feature": ("with {v}", "that has {v}"),
    "quality": ("that is {v}", "which is {v}"),
    "size": ("in size {v}", "in {v} size"),
    "audience": ("for {v}", "for {someone}"),
    "occasion": ("for {v} wear", "i can use for {v} occasions"),
    "season": ("for {v}", "to use in {v}", "for the {v} season"),
    "compatibility": ("compatible with {v}", "that fits the {v}", "for my {v}"),
    "operating_system": ("with {v}", "running {v}"),
    "processor": ("with {v}", "with an {v} processor"),
    "print_technology": ("for {v}",),
    "screen_size": ("with a {v} inch screen", "that is {v} inches"),
    "memory": ("with {v} gb of memory", "with {v} gigs of ram"),
    "storage": ("with {v} gb of storage", "that holds {v} gb"),
    "cable_length": ("that is {v} meters long", "{v} m in length"),
    "refresh_rate": ("with {v} hz",),
    "page_yield": ("that lasts {v} pages", "with a yield of {v} pages"),
    "pack_size": ("in a pack of {v}", "(pack of {v})"),
    "battery_capacity": ("with {v} mah",),
    "power": ("with {v} watts",),
}
"""How a value stands behind the noun."""

TAILS: Mapping[str, Sequence[str]] = {
    "colour": ("it should be {v}", "make it {v}", "the color should be {v}"),
    "brand": ("i prefer the brand {v}", "the brand should be {v}"),
    "material": ("it has to be {v}",),
    "size": ("i need a size {v}", "size {v}"),
    "feature": ("it must have {v}", "also {v}"),
    "quality": ("it must be {v}", "also {v}"),
    "season": ("it is for {v}",),
    "pack_size": ("i need a pack of {v}",),
}
"""How a value comes in a sentence of its own."""

PRICES = (
    "under {p} {money}",
    "for less than {p} {money}",
    "and price lower than {p} {money}",
    "and it should cost no more than {p} {money}",
    "my budget is {p} {money}",
    "that is cheaper than {p} {money}",
)
MONEY: Mapping[str, str] = {"EUR": "euros", "USD": "dollars", "GBP": "pounds"}

SOMEONE: Mapping[str, Sequence[str]] = {
    "men": ("my husband", "a man", "my dad"),
    "women": ("my wife", "a woman", "my mom"),
    "boys": ("my son", "a little boy"),
    "girls": ("my daughter", "a little girl"),
}
"""Whom people mean by an audience; one that is not here is named as it is."""

NUMBERS = frozenset(
    {"screen_size", "memory", "storage", "cable_length", "refresh_rate", "page_yield", "pack_size", "power"}
    | {"battery_capacity"}
)
"""Facets whose values are numbers."""

FACETS = tuple(sorted({*BEFORE, *AFTER, *TAILS} - {"quality"}))
"""Facets that these frames can speak of."""

_QUALITY = re.compile(r".*(ed|able|less|proof|ing|al|ic|ive|ant|smart|matte|glossy|reversible)$")
_VOWEL = re.compile(r"[aeiou]|8|1[18]\b")


def kind_of(facet: str, value: str) -> str:
    """Return what the tables know a facet as: a feature is something that a thing has, or something that it is."""
    return "quality" if facet == "feature" and _QUALITY.match(value) else facet


def whose(value: str) -> str:
    """Return the possessive of an audience: "men's", "girls'"."""
    return f"{value}'" if value.endswith("s") else f"{value}'s"


def with_article(phrase: str) -> str:
    """Return a phrase with "a" or "an", as its first letter wants it."""
    return f"{'an' if _VOWEL.match(phrase) else 'a'} {phrase}"
