"""How far a negation reaches: "not Nike or Puma but Adidas is fine" excludes two brands."""

from collections.abc import Sequence

from rasa_addons.mentions import Mention
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Sentence

NEVER_EXCLUDED = frozenset({"price", "quantity", "ordinal", "rating", "product", "facet_name", "critique"})
_REACH = 7  # words between a negation and the first value that it excludes
_LIST_REACH = 4  # words between two values of one list of excluded ones


class NegationRules:
    """Marks the mentions that a message excludes."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Take the negators of a vocabulary."""
        self._vocabulary = vocabulary

    def mark(self, sentence: Sentence, mentions: Sequence[Mention]) -> None:
        """Set the group of every mention that a negation reaches."""
        able = sorted((m for m in mentions if m.entity not in NEVER_EXCLUDED), key=lambda m: m.start)
        starts = {mention.start: mention for mention in able}
        inside = {index for mention in able for index in range(mention.start, mention.end)}
        index = 0
        while index < len(sentence):
            index = self._from(sentence, index, starts, inside)
        for mention in able:
            if self._vocabulary.negators_after.at(sentence, mention.end):
                mention.group = "excluded"

    def _from(self, sentence: Sentence, index: int, starts: dict[int, Mention], inside: set[int]) -> int:
        """Apply a negation that begins at `index`, if one does; return where to go on."""
        harmless = self._vocabulary.harmless.at(sentence, index)
        negator = self._vocabulary.negators.at(sentence, index)
        if harmless and len(harmless) >= len(negator):
            return index + len(harmless)
        if not negator:
            return index + 1
        if index in inside:
            return index + 1
        end = index + len(negator)
        # "no, blue" answers a question: nothing behind the comma is meant.
        if end < len(sentence) and (sentence.commas[end] or sentence.breaks[end]):
            return end
        self._exclude(sentence, end, starts)
        return end

    def _exclude(self, sentence: Sentence, index: int, starts: dict[int, Mention]) -> None:
        """Exclude the values from `index` on: the first in reach, then those joined to it in a list."""
        first = self._next(sentence, index, starts, _REACH)
        if first is None:
            return
        first.group = "excluded"
        run = [first]
        while True:
            following = self._joined(sentence, run[-1], starts)
            if following is None:
                break
            run.append(following)
        listed = run[1:]
        # "not Nike, Puma is fine": what is called fine ends the list, and so does a bare comma that no "or" follows.
        while listed and (self._wanted(sentence, listed[-1]) or not self._or_among(sentence, run[0].end, listed[-1])):
            listed.pop()
        for mention in listed:
            mention.group = "excluded"
        # "no black shoes": it is black that is not wanted; the shoes are.
        last = listed[-1] if listed else first
        described = last is not first and last.entity == "category"
        if described and any(mention.end == last.start for mention in run):
            last.group = None

    def _next(self, sentence: Sentence, index: int, starts: dict[int, Mention], reach: int) -> Mention | None:
        for place in range(index, min(index + reach, len(sentence))):
            if place > index and (sentence.breaks[place] or sentence.commas[place]):
                return None
            if place in starts:
                return starts[place]
            key = sentence.key(place)
            if key in self._vocabulary.negation_breakers or key not in self._vocabulary.negation_bridge:
                return None
        return None

    def _joined(self, sentence: Sentence, last: Mention, starts: dict[int, Mention]) -> Mention | None:
        """Return the next value of a list, or of one description ("no black leather shoes" excludes all three)."""
        place = last.end
        if place >= len(sentence) or sentence.breaks[place]:
            return None
        if place in starts and not sentence.commas[place]:
            return starts[place]
        joiner = self._vocabulary.negation_joiners.at(sentence, place)
        slash = "/" in sentence.words[place].gap
        if not joiner and not sentence.commas[place] and not slash:
            return None
        return self._next(sentence, place + len(joiner), starts, _LIST_REACH)

    def _or_among(self, sentence: Sentence, start: int, last: Mention) -> bool:
        places = range(start, last.start + 1)
        if not any(sentence.commas[place] for place in places):
            return True
        return any(self._vocabulary.negation_joiners.at(sentence, place) for place in places)

    def _wanted(self, sentence: Sentence, mention: Mention) -> bool:
        return bool(self._vocabulary.positive_after.at(sentence, mention.end))
