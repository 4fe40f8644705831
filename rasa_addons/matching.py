"""Finding the lexicon's values in a sentence: inflected, joined or split, and closely misspelt."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from lexicon.entries import Lexicon
from lexicon.facets import entity_of_facet
from lexicon.text import normalise
from rasa_addons.spelling import Spelling
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Sentence, keys

_OTHER = "\x00"  # stands for every word that no form contains: spaCy keeps each string it has ever seen
_LONGEST = 8  # words of a form; longer ones are titles
_JOINED = 6  # letters of two words that may be one
_ADDS = {"colour", "size", "material", "audience", "occasion", "feature"}  # what a category's form may have swallowed
_RANK = {"exact": 0, "stem": 1, "joined": 2, "typo": 3}


@dataclass(frozen=True)
class Reading:
    """One thing a form may mean. `generic` ones come from the vocabulary, not from the catalogue."""

    facet: str
    value: str
    count: int = 0
    generic: bool = False

    @property
    def entity(self) -> str:
        """The entity that carries it."""
        return entity_of_facet(self.facet)


@dataclass(frozen=True)
class Match:
    """Words from `start` up to `end` that are a form, how they met it, and all that the form may mean."""

    start: int
    end: int
    kind: str
    readings: tuple[Reading, ...]

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort key: longest first, then the better kind, then the earlier place."""
        return (self.start - self.end, _RANK[self.kind], self.start)


@dataclass
class _Table:
    """Forms as tuples of words, with their readings and a matcher over them."""

    forms: dict[tuple[str, ...], dict[tuple[str, str], Reading]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, form: tuple[str, ...], reading: Reading) -> None:
        known = self.forms[form].get((reading.facet, reading.value))
        if known is None or known.count < reading.count:
            self.forms[form][reading.facet, reading.value] = reading


class LexiconMatcher:
    """A lexicon made ready to be found in sentences. Immutable after construction; safe to share between threads."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        """Build the matchers: about a second for 20,000 forms."""
        self._vocabulary = vocabulary
        self._exact, self._stems, self._joined = _Table(), _Table(), _Table()
        self.form_count = 0
        self.totals: dict[str, int] = defaultdict(int)
        weights: dict[str, int] = {}
        for facet, value, forms, count, generic in self._entries(lexicon):
            reading = Reading(facet, value, count, generic)
            self.totals[facet] += count
            for form in {keys(form) for form in forms}:
                if not form or len(form) > _LONGEST:
                    continue
                self.form_count += 1
                self._add(form, reading)
                if entity_of_facet(facet) != "facet_value":
                    for word in form:
                        weights[word] = max(weights.get(word, 0), count)
        self._vocab = Vocab()
        self._single = {form[0] for form in self._exact.forms if len(form) == 1}
        self._words = {word for table in (self._exact, self._stems) for form in table.forms for word in form}
        self._matchers = [self._matcher(self._exact), self._matcher(self._stems)]
        self._spelling = Spelling(weights, vocabulary)

    def _entries(self, lexicon: Lexicon) -> Iterable[tuple[str, str, Iterable[str], int, bool]]:
        known: dict[tuple[str, str], tuple[str, int]] = {}
        for entry in lexicon.values:
            known.update({(entry.facet, form): (entry.value, entry.count) for form in (entry.value, *entry.forms)})
            yield entry.facet, entry.value, (entry.value, *entry.forms), entry.count, False
        for facet, values in self._vocabulary.generic.items():
            for value, more in values.items():
                spoken = [normalise(form) for form in (value, *more)]
                own = next((known[facet, form] for form in spoken if (facet, form) in known), None)
                if own is None:
                    yield facet, value, spoken, 0, True
                else:  # the catalogue has it under a name of its own: that one learns the other words
                    yield facet, own[0], [form for form in spoken if (facet, form) not in known], own[1], False

    def _add(self, form: tuple[str, ...], reading: Reading) -> None:
        self._exact.add(form, reading)
        stem = tuple(self._vocabulary.stem(word) for word in form)
        self._stems.add(stem, reading)
        if 1 < len(form) <= 3 and sum(map(len, form)) >= _JOINED and all(word.isalpha() for word in form):
            self._joined.add(("".join(form),), reading)
            self._joined.add(("".join(stem),), reading)

    def _matcher(self, table: _Table) -> PhraseMatcher:
        matcher = PhraseMatcher(self._vocab, attr="ORTH")
        for number, form in enumerate(table.forms):
            matcher.add(str(number), [Doc(self._vocab, words=list(form))])
        return matcher

    def find(self, sentence: Sentence) -> list[Match]:
        """Return every form in the sentence, overlapping ones too, best first."""
        words, mended = self._mend(sentence)
        stems = [self._vocabulary.stem(word) for word in words]
        found: dict[tuple[int, int], Match] = {}
        for stream, kind, table, matcher in (
            (words, "exact", self._exact, self._matchers[0]),
            (stems, "stem", self._stems, self._matchers[1]),
        ):
            # The Doc is built from our own words, not by spaCy's tokenizer, which would miss values that touch
            # characters of scripts without spaces.
            doc = Doc(self._vocab, words=[word if word in self._words else _OTHER for word in stream] or [_OTHER])
            for _, start, end in matcher(doc):
                if (start, end) in found or not self._holds_together(sentence, start, end):
                    continue
                if kind == "stem" and end - start == 1 and words[start] in self._vocabulary.adjectives:
                    continue
                as_read = "typo" if any(index in mended for index in range(start, end)) else kind
                readings = tuple(table.forms[tuple(stream[start:end])].values())
                found[start, end] = Match(start, end, as_read, readings)
        for match in self._joined_words(sentence, words, stems):
            found.setdefault((match.start, match.end), match)
        return sorted((match for match in found.values() if not _is_sum(match, found)), key=lambda match: match.order)

    def _mend(self, sentence: Sentence) -> tuple[list[str], set[int]]:
        words, mended = list(sentence.keys), set()
        for index, word in enumerate(words):
            if word in self._words or self._vocabulary.stem(word) in self._words:
                continue
            joined = (word,) in self._joined.forms or (self._vocabulary.stem(word),) in self._joined.forms
            better = None if joined else self._spelling.mend(word)
            if better is not None:
                words[index] = better
                mended.add(index)
        return words, mended

    def _joined_words(self, sentence: Sentence, words: list[str], stems: list[str]) -> Iterable[Match]:
        """Yield "trackpants" for "track pants" and "back pack" for "backpack"."""
        for index, word in enumerate(words):
            for form in (word, stems[index]):
                if (form,) in self._joined.forms:
                    yield Match(index, index + 1, "joined", tuple(self._joined.forms[form,].values()))
                    break
            if index + 1 == len(words) or sentence.gap_breaks(index + 1):
                continue
            if not (word.isalpha() and words[index + 1].isalpha() and len(word) > 1 and len(words[index + 1]) > 1):
                continue
            for table, form in (
                (self._exact, word + words[index + 1]),
                (self._stems, word + stems[index + 1]),
                (self._joined, word + words[index + 1]),
            ):
                if len(form) >= _JOINED and (form,) in table.forms:
                    yield Match(index, index + 2, "joined", tuple(table.forms[form,].values()))
                    break

    def _holds_together(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether nothing but spaces and hyphens parts the words; a lone letter must touch its number ("a4")."""
        for index in range(start + 1, end):
            if sentence.gap_breaks(index):
                return False
            pair = {sentence.words[index - 1].kind, sentence.words[index].kind}
            lone = min(len(sentence.keys[index - 1]), len(sentence.keys[index])) == 1
            if pair == {"letters", "number"} and lone and sentence.words[index].gap not in ("", "-"):
                return False
        return True


def _is_sum(match: Match, found: dict[tuple[int, int], Match]) -> bool:
    """Whether a match says no more than its parts: "wireless mouse" for mouse is the feature and the mouse."""
    values = {(one.facet, one.value) for one in match.readings}
    for middle in range(match.start + 1, match.end):
        head, tail = found.get((match.start, middle)), found.get((middle, match.end))
        if head and tail and values <= {(one.facet, one.value) for one in tail.readings}:
            return any(one.entity in _ADDS for one in head.readings)
    return False
