"""Gives a feed's products their categories."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lexicon.text import normalise
from shopguide.catalogue.feed.mapping import CategorySource, Conditions, Rule
from shopguide.catalogue.feed.readers import Record
from shopguide.catalogue.feed.title_nouns import NounFinder, NounSurvey, noun_after, vocabulary
from shopguide.catalogue.feed.values import text_of


class Categories:
    """Derives category paths as a mapping says.

    Args:
        source: the mapping's part.
        is_null: tells whether a cell means that there is no value.
    """

    def __init__(self, source: CategorySource, is_null: Callable[[Any], bool]) -> None:
        self._source = source
        self._is_null = is_null
        self._rules = [_CompiledRule(rule) for rule in source.rules]
        self._otherwise = [_CompiledRule(rule) for rule in source.otherwise]
        self._evidence = {
            normalise(category): [_CompiledConditions(one) for one in conditions]
            for category, conditions in source.evidence.items()
        }
        self._survey = NounSurvey()
        self._finder: NounFinder | None = None
        self._nouns: dict[str, str] = {}
        self._drop = {normalise(name) for name in source.drop}
        self._parents = sorted((normalise(name) for name in source.parents), key=len, reverse=True)
        self._split = re.compile(source.split) if source.split else None

    def survey(self, record: Record) -> None:
        """Take a row of the first pass into account."""
        noun = self._source.title_noun
        if noun:
            self._survey.add(text_of(record.get(noun.title) or ""), text_of(record.get(noun.after) or ""))

    def path(self, record: Record) -> tuple[str, ...]:
        """Return a row's category path; empty if nothing tells it."""
        path = self._from_columns(record) or self._from_rules(self._rules, record)
        if not path and (noun := self._from_title(record)):
            path = (noun,)
        path = path or self._from_rules(self._otherwise, record)
        return self._with_parent(_without_repetition(path, self._drop))

    def _from_columns(self, record: Record) -> tuple[str, ...]:
        cells = [record.get(column) for column in self._source.columns]
        names = [text_of(cell) for cell in cells if not self._is_null(cell)]
        if self._split and names:
            names = [part.strip() for name in names for part in self._split.split(name)]
        return tuple(name for name in names if name)

    def _from_rules(self, rules: Iterable["_CompiledRule"], record: Record) -> tuple[str, ...]:
        return next((rule.path for rule in rules if rule.hold(record, self._is_null)), ())

    def _from_title(self, record: Record) -> str | None:
        """Return the first category that the texts name and that the rest of the row does not belie."""
        return next((found for found in self._named(record) if self._is_believed(found, record)), None)

    def _named(self, record: Record) -> Iterator[str]:
        source = self._source.title_noun
        if source is None:
            return
        if self._finder is None:
            rename = {normalise(noun): category or "" for noun, category in source.rename.items()}
            self._nouns = vocabulary(self._survey.nouns(source.min_count), source.nouns, rename)
            self._finder = NounFinder(self._nouns)
        title, name = text_of(record.get(source.title) or ""), text_of(record.get(source.after) or "")
        noun = noun_after(title, name)
        if noun in self._nouns:
            yield self._nouns[noun]
        for column in source.texts:
            yield from self._finder.find_all(text_of(record.get(column) or ""))

    def _is_believed(self, category: str, record: Record) -> bool:
        evidence = self._evidence.get(normalise(category))
        return evidence is None or any(one.hold(record, self._is_null) for one in evidence)

    def _with_parent(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if len(path) != 1:
            return path
        leaf = normalise(path[0])
        parent = next((name for name in self._parents if leaf.endswith(" " + name)), None)
        return (parent, *path) if parent else path


class _CompiledConditions:
    def __init__(self, conditions: Conditions) -> None:
        self._when = {column: re.compile(pattern, re.IGNORECASE) for column, pattern in conditions.when.items()}
        self._unless = {column: re.compile(pattern, re.IGNORECASE) for column, pattern in conditions.unless.items()}
        self._has = conditions.has
        self._lacks = conditions.lacks

    def hold(self, record: Record, is_null: Callable[[Any], bool]) -> bool:
        return (
            all(not is_null(record.get(column)) for column in self._has)
            and all(is_null(record.get(column)) for column in self._lacks)
            and all(pattern.search(_plain(record.get(column))) for column, pattern in self._when.items())
            and not any(pattern.search(_plain(record.get(column))) for column, pattern in self._unless.items())
        )


class _CompiledRule(_CompiledConditions):
    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self.path = (rule.category,) if isinstance(rule.category, str) else rule.category


def _plain(cell: Any) -> str:
    return "" if cell is None else text_of(cell)


def _without_repetition(path: tuple[str, ...], drop: set[str]) -> tuple[str, ...]:
    """Drop levels that repeat the one above ("Watches / Watches") and names that are no category."""
    kept: list[str] = []
    for name in path:
        folded = normalise(name)
        if folded not in drop and not (kept and normalise(kept[-1]) == folded):
            kept.append(name)
    return tuple(kept)
