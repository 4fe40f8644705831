"""The forms of a name: how else the same words are written and inflected."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import lru_cache
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

from lexicon.text import normalise

_PARENTHESES = re.compile(r"\s*\(([^()]*)\)\s*")
_JOINTS = re.compile(r"\s*(?:/|,|&|\band\b)\s*")
_PUNCTUATION = re.compile(r"[.'’]")
_COMPANY = re.compile(
    r" (?:technolog(?:y|ies)|inc|ltd|limited|corp|corporation|gmbh|ag|co|company|electronics|systems|international)$"
)

MAX_WORDS = 6
"""Nobody says a longer name; it would never match."""


def written(form: str, spellings: Mapping[str, str]) -> Iterator[str]:
    """Yield a folded form and its other spellings: British and American, with hyphen, space and neither.

    Args:
        form: the form.
        spellings: British → American words.
    """
    british = {other: word for word, other in spellings.items()}
    for table in ({}, spellings, british):
        words = [_respelt(word, table) for word in form.split()]
        spelt = " ".join(words)
        yield spelt
        if "-" in spelt:
            yield spelt.replace("-", " ")
            yield spelt.replace("-", "")
        if len(words) == 2 and min(map(len, words)) > 1 and all(w.isalpha() and w not in _SMALL for w in words):
            yield "-".join(words)
            yield "".join(words)


def inflected(form: str) -> Iterator[str]:
    """Yield a folded noun phrase with its last word in singular and in plural."""
    head, last = _head_and_last(form)
    yield form
    if not last.isascii() or not last.isalpha() or len(last) < 3:
        return
    singular = _singular(last)
    if singular != last:
        yield head + singular
    yield head + _plural(singular)


def parts(value: str) -> Iterator[str]:
    """Yield the names that a folded category name holds: "perfume and body mist" is a perfume, "(UPS)" a short name."""
    for inside in _PARENTHESES.findall(value):
        yield inside.strip()
    bare = _PARENTHESES.sub(" ", value).strip()
    yield bare
    pieces = [piece for piece in _JOINTS.split(bare) if piece]
    if len(pieces) > 1:
        yield from (piece for piece in pieces if len(piece) > 2)


def of_noun(value: str, spellings: Mapping[str, str], *, split: bool = False) -> list[str]:
    """Return all forms of a thing's name, the name itself first.

    Args:
        value: the folded name.
        spellings: British → American words.
        split: whether the name may hold several ("socks and tights").
    """
    names = [value, *parts(value)] if split else [value]
    return _distinct(
        written_form for name in names for form in inflected(name) for written_form in written(form, spellings)
    )


def of_synonym(phrase: str, spellings: Mapping[str, str]) -> list[str]:
    """Return all forms of a listed synonym for a thing.

    Phrases are inflected whole; a single word gets its plural only: the singular of a plural is often another word
    ("shades", "slacks", "specs").
    """
    if any(word in _SMALL for word in phrase.split()):
        return _distinct(written(phrase, spellings))
    inflections = inflected(phrase) if " " in phrase or not phrase.endswith("s") else iter([phrase])
    return _distinct(written_form for form in inflections for written_form in written(form, spellings))


def of_word(value: str, spellings: Mapping[str, str]) -> list[str]:
    """Return all forms of a word that has no plural (a colour, a material), the word itself first."""
    return _distinct(written(value, spellings))


def of_brand(value: str) -> list[str]:
    """Return all forms of a brand: without dots and apostrophes, with "and" for "&", the possessive, no "Ltd".

    Two letters are initials: the feed that says "HM" means whom shoppers write "H&M".
    """
    plain = _PUNCTUATION.sub("", value)
    forms = [value, plain, _COMPANY.sub("", plain)]
    for name in (value, plain):
        if "&" in name:
            forms += [normalise(name.replace("&", " and ")), normalise(name.replace("&", " & ")), name.replace("&", "")]
        if "-" in name:
            forms += [name.replace("-", " "), name.replace("-", "")]
    if value.isascii() and value.isalpha() and len(value) == 2:
        forms.append(" & ".join(value))
    if value.isascii() and value.isalpha() and len(value) > 2:
        forms.append(f"{value[:-1]}'s" if value.endswith("s") else f"{value}'s")
    return _distinct(forms)


@lru_cache(maxsize=50_000)
def singular_phrase(form: str) -> str:
    """Return a folded noun phrase with its last word in singular: what two spellings of a name have in common."""
    head, last = _head_and_last(form)
    return head + _singular(last)


def _head_and_last(form: str) -> tuple[str, str]:
    """Split a phrase before its last word; what is behind a hyphen is a word as well ("t-shirt")."""
    at = max(form.rfind(" "), form.rfind("-")) + 1
    return form[:at], form[at:]


def _respelt(word: str, table: Mapping[str, str]) -> str:
    return "-".join(table.get(piece, piece) for piece in word.split("-"))


def _distinct(forms: Iterable[str]) -> list[str]:
    return list(
        dict.fromkeys(form for form in (" ".join(f.split()) for f in forms) if form and form.count(" ") < MAX_WORDS)
    )


@lru_cache(maxsize=50_000)
def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith(("s", "i", "a", "n", "e", "x")) or not word.isalpha():
        return word
    if word.endswith(("ss", "us", "is")) or word in _UNCHANGED:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith("s"):
        return word
    singular = _engine().singular_noun(word)
    return str(singular) if singular else word


@lru_cache(maxsize=50_000)
def _plural(word: str) -> str:
    for plural, singular in _IRREGULAR.items():
        if word == singular:
            return plural
    if word.endswith("s") and word in _UNCHANGED:
        return word
    return str(_engine().plural_noun(word))


_SMALL = frozenset(
    {"for", "my", "the", "to", "of", "a", "his", "her", "and", "with", "in", "on", "without", "no", "from", "by"}
)
_UNCHANGED = frozenset(
    {"series", "species", "news", "lens", "gas", "canvas", "atlas", "chassis", "wireless", "apparel"}
)
_IRREGULAR = {
    "mice": "mouse",
    "women": "woman",
    "men": "man",
    "children": "child",
    "scarves": "scarf",
    "knives": "knife",
    "shelves": "shelf",
    "batteries": "battery",
    "lenses": "lens",
    "sarees": "saree",
}


@lru_cache(maxsize=1)
def _engine() -> Any:
    # inflect has all of its code rewritten to check types at run time, which takes longer than the rest of a start-up.
    unchecked = patch("typeguard.typechecked", lambda target: target) if find_spec("typeguard") else nullcontext()
    with unchecked:
        import inflect

    return inflect.engine()
