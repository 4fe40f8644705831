"""Which of a form's meanings is meant here, and whether any is: "orange" the colour, "apple" the brand or a fruit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import log10

from lexicon.facets import SLOT_OF_FACET
from rasa_addons.matching import Match, Reading
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

_DESCRIPTIVE = 0.5  # share of the products that have a value, from which a facet is taken for a plain one (season)
FLAG_SET = "yes"  # the value of a flag that is set
_SHORT_MESSAGE = 2  # words; all of them together are an answer
_NAMED, _ASKED, _CUED, _JOINED, _MODIFIES = 3.0, 4.0, 1.5, 2.0, 1.0


class Neighbours:
    """The matches of a sentence by where they begin and end."""

    def __init__(self, matches: Sequence[Match]) -> None:
        """Take all matches, overlapping ones too."""
        self._starting: dict[int, list[Match]] = defaultdict(list)
        self._ending: dict[int, list[Match]] = defaultdict(list)
        for match in matches:
            self._starting[match.start].append(match)
            self._ending[match.end].append(match)

    def of(self, match: Match) -> Iterator[Match]:
        """Yield the matches with at most one word between them and this one."""
        for away in (0, 1):
            yield from self._ending.get(match.start - away, ())
            yield from self._starting.get(match.end + away, ())


class Chooser:
    """Scores the readings of matches by what stands around them."""

    def __init__(self, vocabulary: Vocabulary, names: Mapping[str, Sequence[str]], totals: Mapping[str, int]) -> None:
        """Take the names of the facets, and how many products have a value of each."""
        self._vocabulary = vocabulary
        self._totals = totals
        # Categories count once for each level, so brands tell better how many products there are.
        self._products = totals.get("brand") or totals.get("category", 0)
        self._colour_things = frozenset(vocabulary.raw["colour_things"])
        self._one = Phrases.of(vocabulary.raw["ordinals"]["nouns"])
        self._names = {facet: Phrases.of(list(spoken)) for facet, spoken in names.items()}

    def choose(self, sentence: Sentence, match: Match, matches: "Neighbours", open_facet: str | None) -> Reading | None:
        """Return the best reading of a match that has enough to speak for it, or None."""
        scored: list[tuple[float, float, Reading]] = []
        for reading in match.readings:
            support = self._support(sentence, match, reading, matches, open_facet)
            if self._is_thing(sentence, match, reading, matches, support):
                continue
            if self._credible(sentence, match, reading, support):
                scored.append((support + self._prior(match, reading), reading.count, reading))
        return max(scored, key=lambda row: row[:2])[2] if scored else None

    def _prior(self, match: Match, reading: Reading) -> float:
        prior = 0.25 * log10(1 + reading.count)
        if reading.generic:
            return 1.0
        if reading.facet not in SLOT_OF_FACET:
            return prior - 2.0
        if reading.facet == "category":
            return prior + 0.3
        return prior

    def _support(
        self, sentence: Sentence, match: Match, reading: Reading, matches: "Neighbours", open_facet: str | None
    ) -> float:
        """Return how much the surroundings speak for a reading."""
        facet, score = reading.facet, 0.0
        if open_facet == facet:
            score += _ASKED
        named = self._names.get(facet)
        start = match.start
        if sentence.key(start - 1) in self._vocabulary.raw["numbers"]["articles"]:
            start -= 1
        if named is not None and (named.before(sentence, start) or named.at(sentence, match.end)):
            score += _NAMED
        cues = self._vocabulary.cues.get(facet)
        if cues is not None and cues.before(sentence, match.start):
            score += _CUED
        possessed = sentence.key(match.start - 1) in self._vocabulary.possessive_words
        if facet == "brand":
            score += _CUED * (self._is_name(sentence, match) + self._before_code(sentence, match)) - _NAMED * possessed
        if facet == "audience" and not possessed and any(one.facet == "brand" for one in match.readings):
            score -= _NAMED  # "my brother" is a person, a "brother printer" is not
        if self._one.at(sentence, match.end):
            score += _MODIFIES  # "the canon one"
        return score + sum(self._neighbour(sentence, match, reading, other) for other in matches.of(match))

    def _neighbour(self, sentence: Sentence, match: Match, reading: Reading, other: Match) -> float:
        gap = range(match.end, other.start) if other.start >= match.end else range(other.end, match.start)
        facets = {one.facet for one in other.readings}
        joined = len(gap) == 1 and sentence.key(gap[0]) in self._vocabulary.raw["sizes"]["joiners"]
        if joined and facets == {reading.facet}:
            return _JOINED
        later = max(match.start, other.start)
        if not gap and not sentence.breaks[later] and "category" in facets and len(other.readings) == 1:
            if reading.facet == "category":
                return -_MODIFIES if other.start >= match.end else 0.0
            return _MODIFIES
        return 0.0

    def _is_name(self, sentence: Sentence, match: Match) -> bool:
        """Whether the words are capitalised where others are not."""
        first = match.start == 0 or sentence.breaks[match.start]
        shouted = sentence.text.isupper()
        return sentence.words[match.start].capital and not first and not shouted

    def _before_code(self, sentence: Sentence, match: Match) -> bool:
        """Whether a model number follows, as in "brother hl-2030"."""
        following = sentence.words[match.end : match.end + 2]
        return any(
            word.kind == "number" and (place == 0 or word.gap in ("", "-")) for place, word in enumerate(following)
        )

    def _credible(self, sentence: Sentence, match: Match, reading: Reading, support: float) -> bool:
        """Whether a reading may stand at all: grammar, digits and everyday words need something to speak for them."""
        said = sentence.keys[match.start : match.end]
        plain = [key for key in said if key not in self._vocabulary.function_words]
        alone = len(sentence) <= _SHORT_MESSAGE
        if not plain:
            return support >= _ASKED and alone
        if not any(map(str.isalpha, "".join(said))) or (len(said) == 1 and len(said[0]) == 1):
            return support >= _NAMED or (not said[0].isascii() and reading.facet in SLOT_OF_FACET)
        if reading.facet == "category":
            return not self._is_adjective(sentence, match)
        if reading.generic or reading.facet in ("colour", "audience", "occasion", "material", "feature"):
            return True
        ordinary = all(self._vocabulary.is_ordinary(key) for key in plain)
        if reading.facet == "brand":
            return self._is_credible_brand(sentence, match, support, plain, ordinary=ordinary)
        return self._credible_in_long_tail(match, reading, support, plain, ordinary=ordinary)

    def _is_thing(
        self, sentence: Sentence, match: Match, reading: Reading, matches: "Neighbours", support: float
    ) -> bool:
        """Whether a word that is a colour by way of a thing is the thing: "face cream", not "a cream dress"."""
        lone = match.end - match.start == 1 and sentence.key(match.start) in self._colour_things
        if reading.facet != "colour" or not lone or support > 0 or len(sentence) <= _SHORT_MESSAGE:
            return False
        described = any(other.start == match.end for other in matches.of(match)) and not sentence.ends_clause(match.end)
        return not described and not self._vocabulary.negators.before(sentence, match.start)

    def _is_credible_brand(
        self, sentence: Sentence, match: Match, support: float, plain: Sequence[str], *, ordinary: bool
    ) -> bool:
        if all(key in self._vocabulary.interjections for key in plain):
            return support >= _CUED
        possessed = sentence.key(match.start - 1) in self._vocabulary.possessive_words
        ordinary = ordinary or (possessed and all(self._vocabulary.is_inflected(key) for key in plain))
        alone = len(sentence) <= _SHORT_MESSAGE
        return not ordinary or support >= _MODIFIES or (alone and support >= 0)

    def _credible_in_long_tail(
        self, match: Match, reading: Reading, support: float, plain: Sequence[str], *, ordinary: bool
    ) -> bool:
        if reading.facet not in SLOT_OF_FACET and len(plain) == 1:
            descriptive = self._totals.get(reading.facet, 0) >= _DESCRIPTIVE * self._products > 0
            rare = not self._vocabulary.is_known(plain[0]) and match.kind == "exact"
            modifies = support >= _MODIFIES and not ordinary  # "a citrus perfume"
            return descriptive or support >= _NAMED or rare or modifies
        return support > 0 or not ordinary

    def _is_adjective(self, sentence: Sentence, match: Match) -> bool:
        """Whether a lone word in the singular is graded: "too tight" speaks of no tights."""
        graded = sentence.key(match.start - 1) in self._vocabulary.degree_words
        return graded and match.end - match.start == 1 and not self._is_plural(sentence.key(match.start))

    def _is_plural(self, key: str) -> bool:
        return self._vocabulary.stem(key) != key

    def hint(self, match: Match, chosen: Reading) -> str | None:
        """Return the catalogue's own facet for a generic reading, if there is one: it has the value, or is its flag."""
        if not chosen.generic:
            return None
        hints = [one for one in match.readings if not one.generic and one.value in (chosen.value, FLAG_SET)]
        return max(hints, key=lambda one: one.count).facet if hints else None


def spoken_names(facet: str, names: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Return every way to call a facet: the catalogue's, the vocabulary's, and its own name in words."""
    return [name for name in (*names, *vocabulary.facet_names.get(facet, []), facet.replace("_", " ")) if keys(name)]
