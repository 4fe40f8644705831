"""Catalogue words that ask for nothing: "into the bag", "all i own is hoodies", "watch the price"."""

from rasa_addons.matching import Match
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence

_OWNING_REACH = 3  # words between "own" and what somebody has already


class InertRules:
    """Tells matches that name no wish."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Prepare the vocabulary's lists."""
        raw = vocabulary.raw
        self._vocabulary = vocabulary
        self._containers = frozenset(raw["containers"]["words"])
        self._contained = Phrases.of(raw["containers"]["before"])
        self._owning = frozenset(raw["owning"])
        self._properties = frozenset(raw["properties"])
        self._part_talk = Phrases.of(raw["part_talk"])
        self._verbs = frozenset(raw["verbs_too"]["words"])
        self._verb_before = Phrases.of(raw["verbs_too"]["before"])
        self._verb_after = Phrases.of(raw["verbs_too"]["after"])
        self._infinitive = Phrases.of(raw["verbs_too"]["infinitive"])
        self._accompanying = Phrases.of(raw["accompanying"])
        self._determiners = frozenset(raw["ordinals"]["determiners"])

    def phrases(self, sentence: Sentence) -> list[tuple[int, int]]:
        """Return where the vocabulary's inert phrases stand."""
        found = []
        for index in range(len(sentence)):
            phrase = self._vocabulary.inert.at(sentence, index)
            if phrase:
                found.append((index, index + len(phrase)))
        return found

    def is_inert(self, sentence: Sentence, match: Match, phrases: list[tuple[int, int]]) -> bool:
        """Return whether a match names nothing that anybody wants or refuses."""
        start, end = match.start, match.end
        if any(s < end and start < e and e - s > end - start for s, e in phrases):
            return True
        word = sentence.key(start)
        single = end - start == 1
        if single and word in self._containers and self._contained.before(sentence, start):
            return True
        if (
            single
            and (word in self._verbs or self._vocabulary.stem(word) in self._verbs)
            and self._is_verb(sentence, start)
        ):
            return True
        if self._is_owned(sentence, start):
            return True
        # "the heel is too high", "how is the battery life", "does it come with a charger": a part of what is shown.
        is_part = any(reading.facet in ("category", "feature") for reading in match.readings)
        definite = sentence.key(start - 1) in self._determiners and bool(self._part_talk.at(sentence, end))
        measured = sentence.key(end) in self._properties
        return is_part and (definite or measured or bool(self._accompanying.before(sentence, start)))

    def _is_verb(self, sentence: Sentence, index: int) -> bool:
        if self._infinitive.before(sentence, index):
            return True
        opens = sentence.ends_clause(index) or bool(self._verb_before.before(sentence, index))
        return opens and bool(self._verb_after.at(sentence, index + 1)) and not sentence.ends_clause(index + 1)

    def _is_owned(self, sentence: Sentence, start: int) -> bool:
        for index in range(start - 1, max(start - 1 - _OWNING_REACH, -1), -1):
            if sentence.key(index) in self._owning:
                return not self._vocabulary.negators.at(sentence, index + 1)
            if sentence.breaks[index] or sentence.commas[index]:
                return False
        return False
