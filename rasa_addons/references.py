"""References to products on screen that give no number: "the cheaper one", "the other one", "both", "that Samsung".

Only what kind of reference it is can be told here; the guide knows what the products are and which one is meant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rasa_addons.mentions import Mention
from rasa_addons.steering import SteeringRules
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

_DESCRIBING = 4  # words between "the" and "one"
_BEHIND = 7  # words behind "the one with …"


@dataclass(frozen=True)
class Reference:
    """Words from `start` up to `end` that point at products on screen.

    `kind` is `most` (the product furthest in a direction), `other`, `both`, `all`, `described` (the ones that have what
    the words in it name) or `this` (the one talked about, in "more like that one"). `facets` are number facets, any of
    which the direction may speak of, likeliest first.
    """

    start: int
    end: int
    kind: str
    facets: tuple[str, ...] = ()
    direction: str | None = None
    like: bool = False
    """Whether something that resembles the product is wanted ("more like the blue one")."""

    def as_output(self, span: tuple[int, int]) -> dict[str, Any]:
        """Return the reference with its offsets; keys that do not apply are left out."""
        found: dict[str, Any] = {"kind": self.kind, "start": span[0], "end": span[1]}
        if self.facets:
            found |= {"facets": list(self.facets), "direction": self.direction}
        return found | ({"like": True} if self.like else {})


class ReferenceRules:
    """The vocabulary's words for pointing, made ready."""

    def __init__(self, vocabulary: Vocabulary, steering: SteeringRules) -> None:
        """Prepare the phrases; directions are those of the critiques."""
        raw = vocabulary.raw["references"]
        self._vocabulary = vocabulary
        self._steering = steering
        self._determiners = frozenset(raw["determiners"])
        self._pointing = frozenset(raw["pointing"])
        self._heads = Phrases.of(raw["heads"])
        self._other = frozenset(raw["other"])
        self._groups = Phrases({keys(text): kind for kind in ("both", "all") for text in raw[kind]})
        self._like = Phrases.of(raw["like"])
        self._describes = Phrases.of(raw["describes"])
        self._fillers = frozenset(raw["fillers"])
        self._most = {keys(text): str(word) for text, word in raw["most"].items()}
        self._furthest = Phrases(dict(self._most.items()))
        self._amounts = {str(word): str(direction) for word, direction in raw["most_of"].items()}

    def find(self, sentence: Sentence, mentions: Sequence[Mention]) -> list[Reference]:
        """Return the references of a sentence in its order; what an ordinal says is none."""
        ordinals = {
            index for one in mentions if one.entity == "ordinal" for index in range(one.start, max(one.end, one.start))
        }
        found: list[Reference] = []
        index = 0
        while index < len(sentence):
            one = None if index in ordinals else self._at(sentence, index, mentions)
            if one is None or not ordinals.isdisjoint(range(one.start, one.end)):
                index += 1
            else:
                found.append(one)
                index = one.end
        return found

    def _at(self, sentence: Sentence, index: int, mentions: Sequence[Mention]) -> Reference | None:
        group = self._groups.at(sentence, index)
        if group and self._stands_alone(sentence, index + len(group), mentions):
            return Reference(
                index, index + len(group), str(self._groups.values[group]), like=self._likes(sentence, index)
            )
        if sentence.key(index) not in self._determiners:
            return None
        like, after = self._likes(sentence, index), index + 1
        if sentence.key(after) in self._other:
            return self._other_one(sentence, index, mentions, like=like)
        direction = self._direction(sentence, after)
        if direction is not None:
            facets, towards, end, superlative = direction
            noun = self._noun_end(sentence, end, mentions)
            if noun or (superlative and self._ends(sentence, end)):
                return Reference(index, noun or end, "most", facets, towards, like=like)
        return self._described(sentence, index, mentions, like=like)

    def _other_one(
        self, sentence: Sentence, index: int, mentions: Sequence[Mention], *, like: bool
    ) -> Reference | None:
        """Read "the other", "the other (blue) one", "the other kestrel"."""
        end = index + 2
        values = {place for one in mentions if _is_value(one) for place in range(one.start, one.end)}
        while end in values and not sentence.breaks[end]:
            end += 1
        noun = self._noun_end(sentence, end, mentions) or end
        named = noun > index + 2 or self._ends(sentence, noun)
        return Reference(index, noun, "other", like=like) if named else None

    def _described(
        self, sentence: Sentence, index: int, mentions: Sequence[Mention], *, like: bool
    ) -> Reference | None:
        after = index + 1
        head = self._heads.at(sentence, after)
        if head:
            followed = self._followed(sentence, index, after + len(head), like=like)
            this = like and sentence.key(index) in self._pointing
            return followed or (Reference(index, after + len(head), "this", like=True) if this else None)
        values = {place for one in mentions if _is_value(one) for place in range(one.start, one.end)}
        place = after
        while place < min(after + _DESCRIBING, len(sentence)) and not sentence.breaks[place]:
            head = self._heads.at(sentence, place)
            if head:
                return Reference(index, place + len(head), "described", like=like)
            if sentence.key(place) in self._vocabulary.function_words and place not in values:
                break
            place += 1
        named = after
        while named in values:
            named += 1
        told = [one for one in mentions if _is_value(one) and after <= one.start < named]
        telling = any(one.entity != "category" for one in told)
        if named > after and telling and (like or sentence.key(index) in self._pointing):
            return Reference(index, named, "described", like=like)
        return None

    def _followed(self, sentence: Sentence, index: int, end: int, *, like: bool) -> Reference | None:
        """Read what follows "the one": "with more memory", "in blue", "that has wheels"."""
        bridge = self._describes.at(sentence, end)
        if not bridge:
            return None
        place = end + len(bridge)
        while sentence.key(place) in self._fillers:
            place += 1
        amount = self._amounts.get(sentence.key(place))
        facets, stop = self._steering.number_facets(sentence, place + 1) if amount else ((), place)
        if amount and facets:
            return Reference(index, stop, "most", facets, amount, like=like)
        direction = self._direction(sentence, place)
        if direction is not None:
            return Reference(index, direction[2], "most", direction[0], direction[1], like=like)
        while place < min(end + _BEHIND, len(sentence)) and not (sentence.breaks[place] or sentence.commas[place]):
            place += 1
        return Reference(index, place, "described", like=like) if place > end + len(bridge) else None

    def _direction(self, sentence: Sentence, index: int) -> tuple[tuple[str, ...], str, int, bool] | None:
        """Return the facets of a comparative or superlative, its direction, its end and whether it is the latter."""
        furthest = self._furthest.at(sentence, index)
        if furthest:
            facets, towards = self._steering.meaning(self._most[furthest])
            named, end = self._steering.number_facets(sentence, index + len(furthest))
            facets, end = (named, end) if named else (facets, index + len(furthest))
            return (facets, towards, end, True) if facets else None
        compared = self._steering.compared(sentence, index)
        return (*compared, False) if compared is not None else None

    def _noun_end(self, sentence: Sentence, index: int, mentions: Iterable[Mention]) -> int | None:
        """Return the end of what the words before it belong to ("one", "backpack"), or None."""
        head = self._heads.at(sentence, index)
        if head:
            return index + len(head)
        kinds = [one.end for one in mentions if one.entity == "category" and one.start == index]
        return kinds[0] if kinds and not sentence.ends_clause(index) else None

    def _ends(self, sentence: Sentence, index: int) -> bool:
        return sentence.ends_clause(index) or sentence.key(index) in self._vocabulary.function_words

    def _stands_alone(self, sentence: Sentence, index: int, mentions: Sequence[Mention]) -> bool:
        """Whether "both" is said of products, not of what follows: "both colours", "both in blue and red"."""
        return self._ends(sentence, index) or any(one.start == index and one.entity == "category" for one in mentions)

    def _likes(self, sentence: Sentence, index: int) -> bool:
        return bool(self._like.before(sentence, index))


def _is_value(one: Mention) -> bool:
    return one.entity not in ("ordinal", "critique", "facet_name", "rating")
