"""References to what is on screen by position: "the second", "#3", "the last two"."""

from itertools import pairwise

from rasa_addons.mentions import Mention
from rasa_addons.numbers import Number
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

MOST_PLACES = 20  # positions that a slate could have
_GROUP = 5  # products in "the first three"


class OrdinalRules:
    """The vocabulary's words for positions, made ready."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Prepare the phrases."""
        raw = vocabulary.raw["ordinals"]
        self._vocabulary = vocabulary
        self._words = Phrases({keys(text): int(value) for text, value in raw["words"].items()})
        self._suffixes = frozenset(raw["suffixes"])
        self._cues = Phrases.of(raw["cues"])
        self._determiners = Phrases.of(raw["determiners"])
        self._nouns = Phrases.of(raw["nouns"])
        self._not_before = Phrases.of(raw["not_before"])
        self._choosing = frozenset(raw["choosing"])
        self._between = frozenset(raw["between"])
        self._choosing_alone = frozenset(raw["choosing_alone"])

    def find(self, sentence: Sentence, numbers: list[Number], *, places: int = 0) -> list[Mention]:
        """Return the ordinals of a sentence; a bare "2" is one only where so many products are shown."""
        found = [*self._spoken(sentence, numbers), *self._numbered(sentence, numbers)]
        if not found:
            found = self._chosen(sentence, numbers)
        whole = [number for number in numbers if number.end - number.start == len(sentence)]
        if not found and whole and self._is_position(whole[0]) and whole[0].value <= places:
            found = [Mention(0, len(sentence), "ordinal", int(whole[0].value))]
        return found

    def _is_position(self, number: Number) -> bool:
        return float(number.value).is_integer() and 0 < number.value <= MOST_PLACES

    def _spoken(self, sentence: Sentence, numbers: list[Number]) -> list[Mention]:
        found: list[Mention] = []
        at = {number.start: number for number in numbers}
        index = 0
        while index < len(sentence):
            start, value = index, None
            phrase = self._words.at(sentence, index)
            number = at.get(index)
            if phrase:
                index += len(phrase)
                value = int(str(self._words.values[phrase]))
            elif number and sentence.key(number.end) in self._suffixes and sentence.glued(number.end):
                index = number.end + 1
                value = int(number.value) if self._is_position(number) else None
            else:
                index += 1
                continue
            if value is None or not self._refers(sentence, start, index, found):
                continue
            several = at.get(index)
            group = _group(value, several)
            if several and group and self._noun_or_end(sentence, several.end):
                found.append(Mention(start, several.end, "ordinal", group))
                index = several.end
                continue
            found.append(Mention(start, index, "ordinal", value))
        return found

    def _noun_or_end(self, sentence: Sentence, index: int) -> bool:
        return (
            sentence.ends_clause(index)
            or bool(self._nouns.at(sentence, index))
            or sentence.key(index) in self._vocabulary.function_words
        )

    def _refers(self, sentence: Sentence, start: int, end: int, found: list[Mention]) -> bool:
        """Whether an ordinal word points at a product: "the second (one)", not "a second" or "the last time"."""
        if self._not_before.at(sentence, end) and not sentence.ends_clause(end):
            return False
        if self._nouns.at(sentence, end):
            return True
        if found and found[-1].end >= start - 2:
            return True
        if start == 0:
            return sentence.ends_clause(end) or sentence.key(end) in self._vocabulary.function_words
        return bool(self._determiners.before(sentence, start))

    def _numbered(self, sentence: Sentence, numbers: list[Number]) -> list[Mention]:
        """Read "#3", "number two", "option 4"."""
        found: list[Mention] = []
        for number in numbers:
            cue = self._cues.before(sentence, number.start)
            near = bool(cue)
            if not cue and found and found[-1].end == number.start - 1:
                # "number 1 and 3"
                near = sentence.key(number.start - 1) in self._vocabulary.number_joiners and not number.pronoun
            if near and self._is_position(number) and not self._has_unit(sentence, number):
                found.append(Mention(number.start - len(cue), number.end, "ordinal", int(number.value)))
        return found

    def _has_unit(self, sentence: Sentence, number: Number) -> bool:
        return bool(self._vocabulary.units.at(sentence, number.end)) or sentence.glued(number.end)

    def _chosen(self, sentence: Sentence, numbers: list[Number]) -> list[Mention]:
        """Read "compare 1 and 3", "i'll have 2 and 5", "open 4": digits where somebody chooses."""
        positions = [
            number for number in numbers if not number.spelled and self._is_position(number) and number.value < 10
        ]
        if not positions or len(positions) != len([number for number in numbers if not number.pronoun]):
            return []
        first = positions[0]
        before = {sentence.key(first.start - step) for step in (1, 2, 3)}
        pair = len(positions) > 1 and all(later.start - one.end <= 1 for one, later in pairwise(positions))
        free = all(
            (
                sentence.ends_clause(number.end)
                or sentence.key(number.end) in self._vocabulary.function_words
                or sentence.commas[number.end]
                or sentence.key(number.end) == "&"
            )
            and sentence.key(number.end) not in self._vocabulary.raw["counts"]["after"]
            for number in positions
        )
        linked = pair and any(sentence.key(number.end) in self._between for number in positions)
        chosen = linked or before & self._choosing if pair else {sentence.key(first.start - 1)} & self._choosing_alone
        if not chosen or not free:
            return []
        return [Mention(number.start, number.end, "ordinal", int(number.value)) for number in positions]


def _group(value: int, several: Number | None) -> list[int]:
    """Return the positions of "the first three" or "the last two"; none for anything else."""
    if several is None or several.pronoun or value not in (1, -1) or not 1 < several.value <= _GROUP:
        return []
    count = int(several.value)
    return list(range(1, count + 1)) if value == 1 else list(range(-count, 0))
