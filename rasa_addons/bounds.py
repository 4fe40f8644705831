"""What the words beside an amount say of it: a minimum, a maximum, about, and whether it is money."""

from dataclasses import dataclass, field

from rasa_addons.vocabulary import Bound, Vocabulary
from rasa_addons.words import Sentence

_FILLERS = 3  # words that may stand between a bound and its amount ("budget is like a hundred")
_BRIDGE = 8  # words that may stand between a negation and the bound it turns round
_MONEY_REACH = 4  # words before an amount in which money may be spoken of


@dataclass(frozen=True)
class Stance:
    """A role, whether a bound was said at all, whether it speaks of money, and the words taken with the amount."""

    role: str | None = None
    bound: bool = False
    money: bool = False
    after: range = field(default_factory=lambda: range(0))
    """The words of the bound behind the amount."""
    suffixed: bool = False
    """Whether those belong to the mention itself ("50ish")."""


class Bounds:
    """Reads the role of an amount from both of its sides."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Take the phrases of a vocabulary."""
        self._vocabulary = vocabulary

    def read(self, sentence: Sentence, start: int, end: int, *, currency: bool) -> Stance:
        """Return what is said of the amount in the words from `start` up to `end`."""
        after = self._after(sentence, end)
        before = self._before(sentence, start, end, currency=currency)
        money = self._speaks_of_money(sentence, start) or (before is not None and before.soft)
        if before is not None and before.hard and after is not None and after[0] != before.role:
            after = None  # "min 20 max 50": the second bound is the next amount's
        role, words = after or (None, range(0))
        if before is not None and (role is None or before.hard):
            role = before.role if before.role is not None else role
        said = before is not None or after is not None
        suffixed = words.start == end and sentence.key(end) in self._vocabulary.bound_suffixes
        return Stance(role, said, money, words, suffixed)

    def _after(self, sentence: Sentence, end: int) -> tuple[str | None, range] | None:
        """Return the role that a bound behind the amount gives, and where it stands."""
        if sentence.ends_clause(end) and sentence.key(end) not in self._vocabulary.bound_suffixes:
            return None
        phrase = self._vocabulary.bounds_after.at(sentence, end)
        if not phrase and not sentence.ends_clause(end + 1) and not sentence.commas[end]:
            # "500 gb ssd or more": past one word, but only for a bound that is more than one.
            end += 1
            phrase = self._vocabulary.bounds_after.at(sentence, end)
            phrase = phrase if len(phrase) > 1 else ()
        if not phrase:
            return None
        bound = self._vocabulary.bounds_after.values[phrase]
        assert isinstance(bound, Bound)  # noqa: S101  (narrows the type)
        following = end + len(phrase)
        suffix = phrase[0] in self._vocabulary.bound_suffixes
        # "50 max", but not "50 up to the second floor" or "40 top in blue": a lone word closes what was said.
        loose = len(phrase) == 1 and not suffix
        closed = sentence.ends_clause(following) or sentence.commas[following]
        if not suffix and not sentence.ends_clause(following) and self._begins_amount(sentence, following):
            return None  # "a 144 hz monitor at least 27 inches": the bound is the next amount's
        parted = sentence.commas[end]
        if loose and not closed and (parted or sentence.key(following) not in self._vocabulary.function_words):
            return None
        return bound.role, range(end, following)

    def _begins_amount(self, sentence: Sentence, index: int) -> bool:
        key, words = sentence.key(index), self._vocabulary
        spelled = key in words.ones or key in words.tens or key in words.scales
        return spelled or sentence.words[index].kind == "number" or key in words.currency_of

    def _before(self, sentence: Sentence, start: int, end: int, *, currency: bool) -> Bound | None:
        """Return the bound before an amount; a hard one goes before a softer one that stands nearer."""
        index, nearest, skipped = start, None, 0
        while index > 0 and not sentence.breaks[index]:
            phrase = self._vocabulary.bounds_before.before(sentence, index)
            bound = self._vocabulary.bounds_before.values.get(phrase)
            if isinstance(bound, Bound) and (currency or not bound.needs_currency):
                if bound.turns and self._is_turned(sentence, index - len(phrase), end):
                    bound = Bound({"max": "min", "min": "max"}[str(bound.role)], hard=True)
                if bound.hard:
                    return bound
                nearest = nearest or bound
                if bound.soft and bound.role is not None and nearest.role is None:
                    nearest = bound
                index -= len(phrase)
                continue
            if sentence.key(index - 1) not in self._vocabulary.bound_fillers or skipped == _FILLERS:
                break
            index -= 1
            skipped += 1
        return nearest

    def _is_turned(self, sentence: Sentence, index: int, end: int) -> bool:
        """Whether a negation reaches the bound at `index`, or what it bounds, up to `end`, is ruled out.

        "nothing over", "don't want to pay more than"; "over fifty is too much".
        """
        if self._vocabulary.bounds_ruled_out.at(sentence, end):
            return True
        for _ in range(_BRIDGE):
            if index <= 0 or sentence.breaks[index]:
                return False
            phrase = self._vocabulary.negators.before(sentence, index)
            if phrase and phrase[-1] not in self._vocabulary.degrees:
                return True
            if sentence.key(index - 1) not in self._vocabulary.bound_bridge:
                return False
            index -= 1
        return False

    def _speaks_of_money(self, sentence: Sentence, start: int) -> bool:
        for index in range(start - 1, max(start - 1 - _MONEY_REACH, -1), -1):
            if sentence.key(index) in self._vocabulary.money:
                return True
            if sentence.breaks[index]:
                return False
        return False
