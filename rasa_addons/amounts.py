"""Prices, quantities with units, ratings, sizes and counts: what a number says depends on what stands around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lexicon import units
from lexicon.entries import Lexicon
from rasa_addons.bounds import Bounds, Stance
from rasa_addons.measures import Measures
from rasa_addons.mentions import Mention, number
from rasa_addons.numbers import Number
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence

_LEAST_PRICE = 10  # "2-3" without a currency is no price range


@dataclass(frozen=True)
class Amount:
    """A number with the currency and the unit beside it; `start` and `end` take those in."""

    number: Number
    start: int
    end: int
    currency: str | None = None
    unit: str | None = None


class AmountRules:
    """Turns the numbers of a sentence into mentions."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        """Take the lexicon's number facets and the vocabulary's words around numbers."""
        self._vocabulary = vocabulary
        self._bounds = Bounds(vocabulary)
        self._measures = Measures(lexicon, vocabulary)
        raw = vocabulary.raw
        self._counts_after = frozenset(raw["counts"]["after"])
        self._counts_of = frozenset(raw["counts"]["after_of"])
        self._count_limit = int(raw["counts"]["beyond"])
        self._stars = frozenset(raw["ratings"]["after"])
        self._out_of = Phrases.of(raw["ratings"]["out_of"])
        self._rated = Phrases.of(raw["ratings"]["before"])
        self._size_cues = frozenset(raw["sizes"]["cues"])
        self._size_named, self._size_fillers = frozenset(raw["sizes"]["named"]), frozenset(raw["sizes"]["fillers"])
        self._size_measures = Phrases.of(
            [name for facet in lexicon.facets if facet.kind == "number" for name in facet.names]
        )
        self._size_bare = Phrases.of(raw["sizes"]["bare_after"])
        self._size_joiners = frozenset(raw["sizes"]["joiners"])

    def find(
        self,
        sentence: Sentence,
        numbers: Sequence[Number],
        open_facet: str | None,
        begins_value: Callable[[int], bool],
    ) -> list[Mention]:
        """Return what the numbers say.

        Args:
            sentence: the message.
            numbers: its numbers, without those that are ordinals.
            open_facet: the facet that was asked about, if a question is open.
            begins_value: whether a value of the lexicon begins at a word.
        """
        amounts = [self._amount(sentence, one) for one in numbers]
        found: list[Mention] = []
        index = 0
        while index < len(amounts):
            first = amounts[index]
            second = amounts[index + 1] if index + 1 < len(amounts) else None
            if second is not None and self._is_range(sentence, first, second):
                mentions = self._range(sentence, first, second, open_facet)
                if mentions:
                    found += mentions
                    index += 2
                    continue
            consumed = 1
            rating = self._rating(sentence, first, second, open_facet)
            if rating is not None:
                found.append(rating)
                consumed = 2 if second is not None and second.start < rating.end else 1
            else:
                found += self._single(sentence, first, found, open_facet, begins_value)
            index += consumed
        self._measures.share(sentence, found, self._told(sentence, found, open_facet))
        return found

    def _told(self, sentence: Sentence, mentions: list[Mention], open_facet: str | None) -> set[int]:
        """Return where the quantities begin whose facet the message names."""
        return {
            one.start
            for one in mentions
            if one.entity == "quantity" and one.unit
            if self._measures.facet_of(sentence, one.start, one.end, one.unit, open_facet).told
        }

    # --- what stands beside a number ----------------------------------------------------------------------------------

    def _amount(self, sentence: Sentence, one: Number) -> Amount:
        start, end = one.start, one.end
        currency = self._currency(sentence, start - 1) if not sentence.ends_clause(start) else None
        if currency is not None:
            start -= 1
        after = end + (1 if sentence.key(end) in self._vocabulary.bound_suffixes else 0)
        trailing = self._currency(sentence, after) if not sentence.ends_clause(after) else None
        if trailing is not None and sentence.glued(after + 1) and sentence.words[after + 1].kind == "number":
            trailing = None  # "$15-$30", "10 €20": the sign is the next amount's
        if trailing is not None and currency in (None, trailing):
            currency, end = trailing, after + 1
        if currency is not None:
            return Amount(one, start, end, currency)
        unit, taken = self._unit(sentence, end)
        return Amount(one, start, end + taken, None, unit or self._unit_before(sentence, start, end))

    def _currency(self, sentence: Sentence, index: int) -> str | None:
        return self._vocabulary.currency_of.get(sentence.key(index))

    def _unit(self, sentence: Sentence, index: int) -> tuple[str | None, int]:
        if index >= len(sentence) or sentence.breaks[index] or sentence.words[index].gap not in ("", " ", "-", " - "):
            return None, 0
        phrase = self._vocabulary.units.at(sentence, index)
        if phrase:
            closes_quote = phrase == ('"',) and sentence.keys[:index].count('"') % 2 == 1
            return (None, 0) if closes_quote else (str(self._vocabulary.unit_of[phrase]), len(phrase))
        if sentence.glued(index) and sentence.key(index) in self._vocabulary.glued_unit_of:
            return self._vocabulary.glued_unit_of[sentence.key(index)], 1
        return None, 0

    def _unit_before(self, sentence: Sentence, start: int, end: int) -> str | None:
        """Return the unit of a bare number that the words in front give: "sleeps 4", "a family of five"."""
        cue = self._vocabulary.unit_cues.before(sentence, start)
        return str(self._vocabulary.unit_cues.values[cue]) if cue and not sentence.glued(end) else None

    def _is_range(self, sentence: Sentence, first: Amount, second: Amount) -> bool:
        if first.number.pronoun or second.number.pronoun or first.number.value > second.number.value:
            return False
        if first.currency is None and first.unit is None and self._is_code(sentence, first.number):
            return False  # "mx7-900" is a name
        if second.start == first.end:
            return sentence.words[second.start].gap.strip() in self._vocabulary.range_dashes
        between = second.start - first.end
        opened = self._opener(sentence, first.start)
        joiners = self._vocabulary.range_joiners_opened if opened else self._vocabulary.range_joiners
        phrase = joiners.at(sentence, first.end)
        if between == 1 and sentence.key(first.end) in self._vocabulary.range_dashes:
            return True
        return bool(phrase) and len(phrase) == between

    def _opener(self, sentence: Sentence, start: int) -> bool:
        return any(self._vocabulary.range_openers.before(sentence, index) for index in (start, start - 1))

    # --- mentions -----------------------------------------------------------------------------------------------------

    def _range(self, sentence: Sentence, first: Amount, second: Amount, open_facet: str | None) -> list[Mention]:
        ends = ((first, "min"), (second, "max"))
        unit = second.unit or first.unit
        if first.currency or second.currency:
            return [self._price(amount, role) for amount, role in ends]
        if unit:
            facet = self._measures.facet_of(sentence, first.start, second.end, unit, open_facet).facet
            if facet is None and units.measures(unit) == unit:
                return []
            return [
                Mention(a.start, a.end, "quantity", number(a.number.value), role, unit=a.unit or unit, facet=facet)
                for a, role in ends
            ]
        if sentence.key(first.start - 1) in self._size_cues or open_facet == "size":
            return [Mention(a.start, a.end, "size", str(number(a.number.value))) for a, _ in ends]
        money = open_facet == "price" or self._bounds.read(sentence, first.start, first.end, currency=False).money
        if money or (second.number.value >= _LEAST_PRICE and not sentence.glued(second.end)):
            return [self._price(amount, role) for amount, role in ends]
        return []

    def _price(self, amount: Amount, role: str | None, stance: Stance | None = None) -> Mention:
        value, stance = number(amount.number.value), stance or Stance()
        end = stance.after.stop if stance.suffixed else amount.end
        return Mention(amount.start, end, "price", value, role, currency=amount.currency, bound=stance.after)

    def _rating(
        self, sentence: Sentence, first: Amount, second: Amount | None, open_facet: str | None
    ) -> Mention | None:
        one = first.number
        end, beside = one.end, sentence.key(one.end)
        if beside in self._stars and not sentence.ends_clause(end):
            return Mention(one.start, end + 1, "rating", number(one.value))
        if second is not None and second.number.value in (5.0, 10.0) and one.value <= second.number.value:
            phrase = self._out_of.at(sentence, end)
            slash = second.number.start == end and sentence.words[end].gap.strip() == "/"
            if slash or (phrase and second.number.start == end + len(phrase)):
                return Mention(one.start, second.number.end, "rating", number(one.value))
        bare = first.currency is None and first.unit is None and 0 < one.value <= 5
        if bare and (open_facet == "rating" or self._rated.before(sentence, one.start)):
            return Mention(one.start, one.end, "rating", number(one.value))
        return None

    def _single(
        self,
        sentence: Sentence,
        amount: Amount,
        found: list[Mention],
        open_facet: str | None,
        begins_value: Callable[[int], bool],
    ) -> list[Mention]:
        one = amount.number
        if self._says_nothing(sentence, amount, bool(found)):
            return []
        stance = self._bounds.read(sentence, amount.start, amount.end, currency=amount.currency is not None)
        inside = self._bounds.read(sentence, amount.start, one.end, currency=True)  # "50ish euros"
        role = stance.role or (inside.role if inside.suffixed else None)
        if amount.currency is not None:
            return [self._price(amount, role, stance)]
        if amount.unit is not None:
            return self._quantity(sentence, amount, amount.unit, stance, open_facet)
        if self._is_size(sentence, one, found, open_facet):
            return [Mention(one.start, one.end, "size", str(number(one.value)))]
        if self._is_price(sentence, amount, stance, open_facet, begins_value):
            if role is None and (open_facet == "price" or stance.money) and not stance.bound:
                role = "max"  # a budget
            return [self._price(amount, role, stance)]
        return self._count(sentence, one, open_facet, begins_value)

    def _says_nothing(self, sentence: Sentence, amount: Amount, follows: bool) -> bool:
        """Whether an amount only belongs to another: "give or take 5" behind it, "not one euro more than" before it."""
        one = amount.number
        if one.pronoun and amount.currency is None and amount.unit is None:
            return True
        if one.value == 1 and self._vocabulary.bounds_before.at(sentence, amount.end):
            return True
        return follows and bool(self._vocabulary.tolerances.before(sentence, amount.start))

    def _quantity(
        self, sentence: Sentence, amount: Amount, unit: str, stance: Stance, open_facet: str | None
    ) -> list[Mention]:
        """Return a measure; units that no facet has and that measure nothing general ("3 nights") are passed over."""
        facet = self._measures.facet_of(sentence, amount.start, amount.end, unit, open_facet).facet
        if facet is None and units.measures(unit) == unit:
            return []
        value = number(amount.number.value)
        mention = Mention(amount.start, amount.end, "quantity", value, stance.role, unit=unit, facet=facet)
        mention.bound = stance.after
        return [mention]

    def _is_size(self, sentence: Sentence, one: Number, found: list[Mention], open_facet: str | None) -> bool:
        before = sentence.key(one.start - 1)
        if sentence.ends_clause(one.start):
            return open_facet == "size"
        if open_facet == "size" or before in self._size_cues or self._is_size_named(sentence, one.start):
            return True
        if self._size_bare.before(sentence, one.start) and sentence.ends_clause(one.end):
            return True
        last = found[-1] if found else None
        return last is not None and last.entity == "size" and last.end == one.start - 1 and before in self._size_joiners

    def _is_size_named(self, sentence: Sentence, start: int) -> bool:
        """Whether a size is announced further off ("my size is usually"), and not a measure ("the screen size is")."""
        index = start
        while sentence.key(index - 1) in self._size_fillers and not sentence.breaks[index]:
            index -= 1
        if index == start or sentence.breaks[index] or sentence.key(index - 1) not in self._size_named:
            return False
        return not self._size_measures.before(sentence, index)

    def _is_price(
        self,
        sentence: Sentence,
        amount: Amount,
        stance: Stance,
        open_facet: str | None,
        begins_value: Callable[[int], bool],
    ) -> bool:
        """Whether a number without a currency is an amount of money: the open question or words must say so."""
        one = amount.number
        if self._is_code(sentence, one):
            return False
        after = max(amount.end, stance.after.stop)
        closed = (
            sentence.ends_clause(after)
            or sentence.commas[after]
            or sentence.key(after) in self._vocabulary.function_words
            or sentence.key(after) in self._vocabulary.money
            or bool(self._vocabulary.bounds_before.at(sentence, after))
        )
        if open_facet == "price" and closed:
            return True
        counts = open_facet in self._measures.facets or open_facet in ("size", "rating")
        if counts and open_facet != "price" and not stance.money:
            # "Under 15", asked for the screen size, is no price; asked for the occasion, what else could it be?
            return False
        return (stance.bound or stance.money) and (closed or begins_value(after)) and (stance.money or one.value > 5)

    def _is_code(self, sentence: Sentence, one: Number) -> bool:
        """Whether the number is a part of a name: "c65", "mx-500", "4k"."""
        before = sentence.words[one.start].gap in ("", "-") and one.start > 0
        word_before = sentence.words[one.start - 1].kind == "letters" if one.start else False
        after = (
            sentence.glued(one.end)
            and sentence.words[one.end].kind == "letters"
            and sentence.key(one.end) not in self._vocabulary.bound_suffixes
        )
        bound = bool(self._vocabulary.bounds_before.before(sentence, one.start))
        return (before and word_before and not one.spelled and not bound) or after

    def _count(
        self, sentence: Sentence, one: Number, open_facet: str | None, begins_value: Callable[[int], bool]
    ) -> list[Mention]:
        if self._is_code(sentence, one) and sentence.key(one.end) != "x":
            return []
        whole = float(one.value).is_integer() and 0 < one.value <= self._count_limit
        if open_facet in self._measures.facets:
            return [Mention(one.start, one.end, "quantity", number(one.value), facet=open_facet)]
        beside = sentence.key(one.end)
        if not whole or sentence.ends_clause(one.end):
            return []
        counted = beside in self._counts_after and beside != "of"
        counted = counted or (beside == "of" and sentence.key(one.end + 1) in self._counts_of)
        begins = begins_value(one.end) and one.value > 1 and self._stands_free(sentence, one)
        if counted or begins:
            return [Mention(one.start, one.end, "quantity", number(one.value))]
        return []

    def _stands_free(self, sentence: Sentence, one: Number) -> bool:
        """Whether a count may begin here: after nothing, or after a word of grammar or a comma."""
        return (
            sentence.ends_clause(one.start)
            or sentence.commas[one.start]
            or sentence.key(one.start - 1) in self._vocabulary.function_words
        )
