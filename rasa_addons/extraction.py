"""From a message to its entities: the whole of the extractor, free of Rasa."""

from collections.abc import Sequence
from typing import Any

from lexicon.entries import Lexicon
from rasa_addons import vocabulary as vocabularies
from rasa_addons.amounts import AmountRules
from rasa_addons.choosing import Chooser, spoken_names
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
        for match in matches:
            taken = Mention(match.start, match.end, "", "")
            if any(taken.overlaps(other) for other in (*found, *fixed)):
                continue
            if any(one.end <= match.start and match.end <= one.end + one.reach for one in numeric):
                continue
            crossed = [one for one in numeric if taken.overlaps(one)]
            if any(one.end - one.start >= match.end - match.start and not _yields(one) for one in crossed):
                continue
            chosen = self._chooser.choose(sentence, match, matches, context.open_facet)
            if chosen is None:
                continue
            numeric = [one for one in numeric if one not in crossed]
            facet = chosen.facet if chosen.entity == "facet_value" else self._chooser.hint(match, chosen)
            found.append(Mention(match.start, match.end, chosen.entity, chosen.value, facet=facet))
        return found + _free(numeric, fixed)

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
            last = first
            while last + 1 < len(ordered) and ordered[last + 1].start == ordered[last].end:
                last += 1
            run = ordered[first : last + 1]
            definite = brand.start > 0 and sentence.key(brand.start - 1) in self._vocabulary.raw["product"]["after"]
            written = all(word.capital for word in sentence.words[brand.start : run[-1].end])
            if (
                len(run) >= _TITLE_PARTS
                and definite
                and written
                and brand.entity == "brand"
                and run[-1].entity == "category"
            ):
                value = " ".join(sentence.keys[brand.start : run[-1].end])
                product = Mention(brand.start, run[-1].end, "product", value)
                return [*ordered[:first], product, *ordered[last + 1 :]]
        return mentions


def _yields(mention: Mention) -> bool:
    """Whether a numeric mention gives way to a value over the same words: one that no unit or currency holds."""
    return mention.entity in ("size", "quantity") and mention.unit is None


def _free(mentions: Sequence[Mention], taken: Sequence[Mention]) -> list[Mention]:
    """Return the mentions that overlap none of those taken."""
    return [mention for mention in mentions if not any(mention.overlaps(other) for other in taken)]
