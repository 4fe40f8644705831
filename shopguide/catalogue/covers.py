"""Which facet values answer for which, from the rules in covers.yml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

_RULES = Path(__file__).with_name("covers.yml")


@dataclass(frozen=True)
class Covers:
    """The rules; the file explains them.

    Args:
        heads: facet → first words that keep a value from being covered by its last word.
        kinds: facet → value → values that are a kind of it.
        accepts: facet → value → values that satisfy whoever wants it.
    """

    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    accepts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def kinds_of(self, facet: str, value: str, vocabulary: Iterable[str]) -> set[str]:
        """Return those of the vocabulary that are the value or a kind of it."""
        named = {value, *self.kinds.get(facet, {}).get(value, ())}
        barred = self.heads.get(facet)
        if barred is None:
            return named & set(vocabulary)
        return {
            other
            for other in vocabulary
            if other in named or (other.endswith(" " + value) and other.split(" ", 1)[0] not in barred)
        }

    def satisfying(self, facet: str, value: str, vocabulary: Iterable[str]) -> set[str]:
        """Return those of the vocabulary that satisfy a shopper who asks for the value."""
        words = set(vocabulary)
        return self.kinds_of(facet, value, words) | (words & set(self.accepts.get(facet, {}).get(value, ())))


@lru_cache(maxsize=1)
def default_covers() -> Covers:
    """Return the rules that ship with the product."""
    rules = yaml.safe_load(_RULES.read_text(encoding="utf-8"))

    def table(name: str) -> dict[str, dict[str, tuple[str, ...]]]:
        return {
            facet: {value: tuple(others) for value, others in values.items()} for facet, values in rules[name].items()
        }

    heads = {facet: frozenset(rule["unless"]) for facet, rule in rules["heads"].items()}
    return Covers(heads, table("kinds"), table("accepts"))
