"""From a message to its entities: the whole of the extractor, free of Rasa."""

from collections.abc import Sequence
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
from rasa_addons.ordinals import OrdinalRules
from rasa_addons.sizes import SizeRules
from rasa_addons.steering import SteeringRules
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Sentence, keys

_TITLE_PARTS = 3  # values in a row, from a brand to a category, that make a title


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
        self._title_after = frozenset(self._vocabulary.raw["product"]["after"])
        self._inert = InertRules(self._vocabulary)
        self._ordinals = OrdinalRules(self._vocabulary)
        self._amounts = AmountRules(lexicon, self._vocabulary)
        self._sizes = SizeRules(self._vocabulary)
        self._negation = NegationRules(self._vocabulary)
        self._steering = SteeringRules(lexicon, self._vocabulary)

    def extract(self, text: str, context: EntityContext | None = None) -> list[dict[str, Any]]:
        """Return the entities of a message, in text order; a typed payload ("/…") has none."""
        context = context or EntityContext()
        if text.lstrip().startswith("/"):
            return []
        sentence = Sentence(text)
        if not len(sentence):
            return []
        phrases = self._inert.phrases(sentence)
        matches = [
            match for match in self._matcher.find(sentence) if not self._inert.is_inert(sentence, match, phrases)
        ]
        mentions = self._titles(sentence, context)
        numeric = self._numeric(sentence, matches, context)
        numeric = [one for one in numeric if not any(s <= one.start and one.end <= e for s, e in phrases)]
        mentions += self._values(sentence, matches, numeric, context, mentions)
        mentions += _free(self._sizes.find(sentence, context.open_facet), mentions)
        mentions = self._as_product(sentence, mentions)
        self._negation.mark(sentence, mentions)
        mentions += self._steering.find(sentence, mentions)
        mentions.sort(key=lambda mention: mention.start)
        return [mention.as_entity(sentence.span(mention.start, mention.end)) for mention in mentions]

    def _numeric(self, sentence: Sentence, matches: Sequence[Match], context: EntityContext) -> list[Mention]:
        numbers = find_numbers(sentence, self._vocabulary)
        ordinals = self._ordinals.find(
            sentence, numbers, slate_shown=context.slate_shown and context.open_facet is None
        )
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

    def _titles(self, sentence: Sentence, context: EntityContext) -> list[Mention]:
        """Return the products on screen that are named by their whole titles."""
        found: list[Mention] = []
        for title in sorted(context.titles, key=len, reverse=True):
            said = keys(title)
            for index in range(len(sentence) - len(said) + 1):
                if len(said) > 1 and sentence.keys[index : index + len(said)] == said:
                    found += _free([Mention(index, index + len(said), "product", " ".join(said))], found)
        return found

    def _as_product(self, sentence: Sentence, mentions: list[Mention]) -> list[Mention]:
        """Fold "the Fastrack Men Black Watch" into one product: definite, capitalised, from a brand to a category."""
        ordered = sorted(mentions, key=lambda mention: mention.start)
        for first, brand in enumerate(ordered):
            if brand.entity != "brand" or sentence.key(brand.start - 1) not in self._title_after:
                continue
            last = first
            while last + 1 < len(ordered) and ordered[last + 1].start == ordered[last].end:
                last += 1
            end = ordered[last].end
            written = all(word.capital for word in sentence.words[brand.start : end])
            if last - first + 1 >= _TITLE_PARTS and written and ordered[last].entity == "category":
                product = Mention(brand.start, end, "product", " ".join(sentence.keys[brand.start : end]))
                return [*ordered[:first], product, *ordered[last + 1 :]]
        return mentions


def _free(mentions: Sequence[Mention], taken: Sequence[Mention]) -> list[Mention]:
    """Return the mentions that share no word with those taken."""
    words = {index for mention in taken for index in range(mention.start, mention.end)}
    return [mention for mention in mentions if words.isdisjoint(range(mention.start, mention.end))]
