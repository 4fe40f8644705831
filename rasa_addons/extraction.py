"""From a message to its entities: the whole of the extractor, free of Rasa."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lexicon.entries import Lexicon
from rasa_addons import vocabulary as vocabularies
from rasa_addons.amounts import AmountRules
from rasa_addons.choosing import Chooser, Neighbours, spoken_names
from rasa_addons.entity_context import EntityContext
from rasa_addons.inert import InertRules
from rasa_addons.matching import LexiconMatcher, Match
from rasa_addons.mentions import Mention
from rasa_addons.negation import NegationRules
from rasa_addons.numbers import find_numbers
from rasa_addons.ordinals import MOST_PLACES, OrdinalRules
from rasa_addons.references import Reference, ReferenceRules
from rasa_addons.sizes import SizeRules
from rasa_addons.steering import SteeringRules
from rasa_addons.titles import TitleRules
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Sentence


@dataclass(frozen=True)
class Found:
    """What a message names (Rasa's entities) and what it points at on screen without a number (`references.py`)."""

    entities: list[dict[str, Any]]
    references: list[dict[str, Any]]


class EntityRules:
    """A lexicon and a language made ready to read messages. Immutable; safe to share between threads."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary | None = None) -> None:
        """Build everything that can be built before a message comes."""
        self._vocabulary = vocabulary or vocabularies.load(lexicon.language)
        self._matcher = LexiconMatcher(lexicon, self._vocabulary)
        self.form_count = self._matcher.form_count
        named = {facet.facet: facet.names for facet in lexicon.facets}
        facets = {*named, *self._vocabulary.facet_names, *(entry.facet for entry in lexicon.values)}
        names = {facet: spoken_names(facet, named.get(facet, ()), self._vocabulary) for facet in facets}
        self._chooser = Chooser(self._vocabulary, names, self._matcher.totals)
        self._titles = TitleRules(self._vocabulary)
        self._inert = InertRules(self._vocabulary)
        self._ordinals = OrdinalRules(self._vocabulary)
        self._amounts = AmountRules(lexicon, self._vocabulary)
        self._sizes = SizeRules(self._vocabulary)
        self._negation = NegationRules(self._vocabulary)
        self._steering = SteeringRules(lexicon, self._vocabulary)
        self._references = ReferenceRules(self._vocabulary, self._steering)

    def extract(self, text: str, context: EntityContext | None = None) -> list[dict[str, Any]]:
        """Return the entities of a message, in text order; a typed payload ("/…") has none."""
        return self.read(text, context).entities

    def read(self, text: str, context: EntityContext | None = None) -> Found:
        """Return the entities and the references of a message, each in text order."""
        context = context or EntityContext()
        sentence = Sentence(text)
        if text.lstrip().startswith("/") or not len(sentence):
            return Found([], [])
        phrases = self._inert.phrases(sentence)
        matches = [
            match for match in self._matcher.find(sentence) if not self._inert.is_inert(sentence, match, phrases)
        ]
        mentions = self._titles.on_screen(sentence, context.titles, matches)
        numeric = self._numeric(sentence, matches, context)
        numeric = [one for one in numeric if not any(s <= one.start and one.end <= e for s, e in phrases)]
        mentions += self._values(sentence, matches, numeric, context, mentions)
        mentions += _free(self._sizes.find(sentence, context.open_facet), mentions)
        mentions = self._titles.capitalised(sentence, mentions)
        self._negation.mark(sentence, mentions)
        references = self._references.find(sentence, mentions)
        mentions = [one for one in mentions if not self._is_pronoun(sentence, one, references)]
        mentions += self._steering.find(sentence, mentions)
        mentions.sort(key=lambda mention: mention.start)
        return Found(
            [mention.as_entity(sentence.span(mention.start, mention.end)) for mention in mentions],
            [reference.as_output(sentence.span(reference.start, reference.end)) for reference in references],
        )

    def _is_pronoun(self, sentence: Sentence, mention: Mention, references: Sequence[Reference]) -> bool:
        """Whether a number is the "one" of "the best rated one"."""
        said = sentence.keys[mention.start : mention.end]
        inside = any(one.start <= mention.start and mention.end <= one.end for one in references)
        return inside and mention.entity != "ordinal" and all(key in self._vocabulary.number_pronouns for key in said)

    def _numeric(self, sentence: Sentence, matches: Sequence[Match], context: EntityContext) -> list[Mention]:
        numbers = find_numbers(sentence, self._vocabulary)
        # A slate whose titles are not known may have as many places as a slate can have.
        shown = (len(context.titles) or MOST_PLACES) if context.slate_shown and context.open_facet is None else 0
        ordinals = self._ordinals.find(sentence, numbers, places=shown)
        taken = {index for mention in ordinals for index in range(mention.start, mention.end)}
        free = [number for number in numbers if not taken & set(range(number.start, number.end))]
        starts = {match.start for match in matches if sentence.key(match.start) not in self._vocabulary.function_words}
        return ordinals + self._amounts.find(sentence, free, context.open_facet, starts.__contains__)

    def _values(
        self,
        sentence: Sentence,
        matches: Sequence[Match],
        numeric: list[Mention],
        context: EntityContext,
        fixed: list[Mention],
    ) -> list[Mention]:
        """Return the values of the longest matches together with the numeric mentions that no value contains."""
        found: list[Mention] = []
        taken = {index for mention in fixed for index in range(mention.start, mention.end)}
        said = {index: one for one in numeric for index in [*range(one.start, one.end), *one.bound]}
        neighbours = Neighbours(matches)
        for match in matches:
            words = range(match.start, match.end)
            crossed = {id(said[index]): said[index] for index in words if index in said}
            if not taken.isdisjoint(words) or any(self._holds(one, match) for one in crossed.values()):
                continue
            chosen = self._chooser.choose(sentence, match, neighbours, context.open_facet)
            if chosen is None:
                continue
            taken.update(words)
            facet = chosen.facet if chosen.entity == "facet_value" else self._chooser.hint(match, chosen)
            found.append(Mention(match.start, match.end, chosen.entity, chosen.value, facet=facet))
        return found + [one for one in numeric if taken.isdisjoint(range(one.start, one.end))]

    @staticmethod
    def _holds(one: Mention, match: Match) -> bool:
        """Whether a numeric mention keeps words that a value would take: it is as long, or the words are its bound."""
        if match.start in one.bound:
            return match.end <= one.bound.stop
        yields = one.entity in ("size", "quantity") and one.unit is None
        return one.end - one.start >= match.end - match.start and not yields


def _free(mentions: Sequence[Mention], taken: Sequence[Mention]) -> list[Mention]:
    """Return the mentions that share no word with those taken."""
    words = {index for mention in taken for index in range(mention.start, mention.end)}
    return [mention for mention in mentions if words.isdisjoint(range(mention.start, mention.end))]
