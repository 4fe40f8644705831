"""Generic knowledge of what people call things, read from the YAML files beside this module."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lexicon.text import normalise

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing with the words for it.

    Args:
        name: what a catalogue's value is called if it is this thing.
        words: what people say.
        wider: the concept that takes the words if the catalogue has no such value.
    """

    name: str
    words: tuple[str, ...]
    wider: str | None = None


@dataclass(frozen=True)
class Synonyms:
    """One language's words, folded; en.yml explains the parts."""

    concepts: Mapping[str, Mapping[str, Concept]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    never: Mapping[str, frozenset[str]] = field(default_factory=dict)
    common: frozenset[str] = frozenset()

    def misleads(self, facet: str, form: str) -> bool:
        """Tell whether a form is on the lists of words that must not name a value of the facet."""
        return form in self.never.get("any", frozenset()) or form in self.never.get(facet, frozenset())

    def wider(self, facet: str, name: str) -> Iterator[str]:
        """Yield the concepts above one, the nearest first."""
        concepts = self.concepts.get(facet, {})
        seen = {name}
        while (concept := concepts.get(name)) and concept.wider and concept.wider not in seen:
            seen.add(concept.wider)
            yield concept.wider
            name = concept.wider


@lru_cache(maxsize=4)
def load(language: str) -> Synonyms:
    """Return a language's words; a language without a file has none."""
    parts: dict[str, dict[str, Any]] = {}
    common: list[str] = []
    for path in sorted(_FOLDER.glob(f"{language}*.yml")):
        for key, content in _read(path).items():
            if key == "common":
                common += content
            else:
                parts.setdefault(key, {}).update(content)
    return Synonyms(
        concepts={
            facet: {normalise(name): _concept(name, content) for name, content in concepts.items()}
            for facet, concepts in parts.get("concepts", {}).items()
        },
        names={facet: _folded(words) for facet, words in parts.get("names", {}).items()},
        spellings={normalise(word): normalise(other) for word, other in parts.get("spellings", {}).items()},
        never={facet: frozenset(_folded(words)) for facet, words in parts.get("never", {}).items()},
        common=frozenset(_folded(common)),
    )


def _read(path: Path) -> dict[str, Any]:
    # BaseLoader: "no", "on" and "925" are words here, not booleans and numbers.
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)  # noqa: S506
    return content


def _concept(name: str, content: list[str] | dict[str, Any]) -> Concept:
    if isinstance(content, list):
        return Concept(normalise(name), _folded(content))
    return Concept(normalise(name), _folded(content.get("words", ())), normalise(content["wider"]))


def _folded(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalise(word) for word in words))
