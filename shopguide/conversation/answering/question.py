"""The words of a question about a product: what it asks for, and in which way."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lexicon.text import normalise
from shopguide.catalogue.textsearch import tokens

_WORD = re.compile(r"[^\W_]+")
_CLITIC = re.compile(r"(n't|'(?:s|m|d|re|ve|ll))\b")
_CLAUSE = re.compile(r"(?<=[^\d])[,;:]\s+|[.?!]+(?:\s+|$)")
_JOINING = re.compile(r"(?:(?:and|but|so|or|also|oh|ok|okay|hm+|well)\s+)+")
_SIZE = re.compile(r"\b(?:in|size|an?) (?:an? |size )?(\d{2,3}|\d?x{0,4}[sl]|m)\b")
"""A size that this catalogue may never have heard of."""

_SHORTEST_ABLE = 6


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is matched with facets and texts.

    Args:
        text: the clause that asks.
        words: its folded words in order.
        content: stems of what it asks about.
        meant: sets of stems that parts of it mean as well ("how heavy": weight), with the content stems they stand for.
        is_yes_or_no: whether it wants a yes or a no.
        is_count: whether it wants a number.
        size: a size in it, folded.
    """

    text: str
    words: tuple[str, ...]
    content: frozenset[str]
    meant: tuple[tuple[frozenset[str], frozenset[str]], ...]
    is_yes_or_no: bool
    is_count: bool
    size: str

    @property
    def stems(self) -> frozenset[str]:
        """All that it asks about, in its own words and in those of facets."""
        return self.content.union(*(words for words, _ in self.meant))

    def covered(self, matched: Iterable[str]) -> frozenset[str]:
        """Return the content that these stems speak of, through what it means too."""
        said = frozenset(matched)
        through = [spoken for words, spoken in self.meant if words & said]
        return (self.content & said).union(*through)


def read(text: str, *, whole: bool = False) -> Question:
    """Return a question as it is matched: the clause that asks, or with `whole` all of the message."""
    clause = normalise(text) if whole else _asking_clause(normalise(text))
    bare = _CLITIC.sub(" ", clause)
    words = tuple(_WORD.findall(bare))
    everything = frozenset(stems(words))
    meant, dropped = [], set[str]()
    for rule in _rules():
        if rule.said <= everything:
            spoken = rule.said - _function()
            if rule.means:
                meant.append((rule.means, spoken))
            else:
                dropped |= spoken
    size = _SIZE.search(bare)
    return Question(
        text=clause,
        words=words,
        content=everything - _function() - dropped,
        meant=tuple(meant),
        is_yes_or_no=bool(words) and words[0] in _phrases()["yes_or_no"],
        is_count=bool({"how many", "how much"} & {" ".join(words[i : i + 2]) for i in range(len(words))}),
        size=size[1] if size else "",
    )


def stems(words: Iterable[str]) -> list[str]:
    """Return the stems of folded words; function words stay as they are."""
    return [_bare(stem) for word in words for stem in tokens(word) or [word]]


def stems_of(text: str) -> frozenset[str]:
    """Return the stems of a text that carry something."""
    return frozenset(stems(_WORD.findall(_CLITIC.sub(" ", normalise(text))))) - _function()


@lru_cache(maxsize=1)
def generic() -> frozenset[str]:
    """Return the stems in names of facets that say nothing by themselves ("quantity", "type")."""
    return frozenset(stems(_listed("generic")))


@lru_cache(maxsize=1)
def about_rules() -> frozenset[str]:
    """Return the stems with which people ask for rules and name none ("policy", "terms")."""
    return frozenset(stems(_listed("about_rules")))


def holds(words: Sequence[str], form: Sequence[str]) -> bool:
    """Whether words stand in a question one after the other."""
    size = len(form)
    return size > 0 and any(tuple(words[at : at + size]) == tuple(form) for at in range(len(words) - size + 1))


def _bare(stem: str) -> str:
    """Return the stem of what can be done ("foldabl", "dimmabl"): fold, dim."""
    if len(stem) < _SHORTEST_ABLE or not stem.endswith(("abl", "ibl")):
        return stem
    root = stem[:-3]
    return root[:-1] if root[-1] == root[-2] and root[-1] in "bdgmnprt" else root


@dataclass(frozen=True, slots=True)
class _Rule:
    said: frozenset[str]
    means: frozenset[str]


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[str]]:
    path = Path(__file__).parent.parent / "phrases" / "product_questions_en.yml"
    found: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def _function() -> frozenset[str]:
    """Return the stems that ask and refer and carry nothing."""
    words = _listed("function")
    return frozenset(stems(words)) | frozenset(words)


def _listed(key: str) -> list[str]:
    return [word for line in _phrases()[key] for word in line.split()]


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    rules = []
    for line in _phrases()["means"]:
        said, _, means = line.partition("->")
        rules.append(_Rule(frozenset(stems(said.split())), frozenset(stems(means.split()))))
    return tuple(rules)


def _asking_clause(text: str) -> str:
    """Return the clause that asks, the whole where none begins like a question."""
    clauses = [_JOINING.sub("", clause.strip()) for clause in _CLAUSE.split(text) if clause.strip()]
    openers = {*_phrases()["yes_or_no"], *_phrases()["openers"]}
    asking = [clause for clause in clauses if clause.split(" ", 1)[0] in openers]
    return asking[-1] if asking else text
