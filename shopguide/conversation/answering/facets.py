"""The facet of a product that answers a question, if one does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lexicon.entries import Lexicon, ValueEntry
from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answering.outcomes import FacetAnswer, Verdict
from shopguide.conversation.answering.question import Question, generic, holds, stems_of

MOST_ANSWERS = 4
"""Facets told at once where several answer equally ("how many USB ports": one facet for each kind)."""

COVERED = 1.0
"""Share of a question's content that a facet must speak of: what is left may be the very point ("the sole of it")."""

CLOSED = frozenset({"size", "colour", "audience", "category"})
"""Facets that list all there is: a value beside the list is not had. Of a feature or a material texts may tell."""

_LONGEST_VALUE = 4
_LETTERS: dict[str, tuple[str, ...]] = {"y": ("yes",), "n": ("no",)}
_FLAG = (("yes",), ("no",))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A facet that may answer.

    Args:
        coverage: share of the question's content that it speaks of.
        fit: how well its kind suits the way of asking, and how much of its name was said.
    """

    answer: FacetAnswer
    coverage: float
    fit: float


class FacetReader:
    """Answers questions from facets.

    Args:
        index: the catalogue.
        lexicon: the catalogue's words; without one only the catalogue's own spelling is known.
    """

    def __init__(self, index: CatalogueIndex, lexicon: Lexicon | None = None) -> None:
        self._index = index
        self._names = {entry.facet: entry.names for entry in lexicon.facets} if lexicon is not None else {}
        self._forms = _by_form(lexicon.values) if lexicon is not None else {}

    def names(self, product: Product) -> dict[str, tuple[frozenset[str], ...]]:
        """Return the facets that the data has of a product, each with the sets of stems that name it."""
        return {facet: self._aliases(facet, product) for facet in self._facets(product)}

    def values(self, product: Product, facet: str) -> tuple[str, ...]:
        """Return what the data says of a facet: texts folded, numbers as text, flags as yes or no."""
        if facet == "price":
            return (str(float(product.price)),) if product.price is not None else ()
        if facet == "rating":
            return (f"{product.rating:g}",) if product.rating is not None else ()
        if facet == "stock":
            return ("yes" if product.in_stock else "no",)
        found = self._index.values(facet, self._index.row(product.sku))
        # Some feeds write flags as letters.
        return _LETTERS.get(found[0], found) if len(found) == 1 else found

    def read(self, question: Question, product: Product) -> tuple[tuple[FacetAnswer, ...], FacetAnswer | None]:
        """Return the facets that answer, and a list that was asked for a value it does not name.

        Args:
            question: what is asked.
            product: whom it is about.
        """
        by_value = list(self._by_value(question, product))
        named = [one for one in by_value if one.answer.verdict != "unlisted" or one.answer.facet in CLOSED]
        found = [*named, *self._by_name(question, product)]
        sufficient = [one for one in found if one.coverage >= COVERED]
        unlisted = next((one.answer for one in by_value if one not in named and one.coverage >= COVERED), None)
        if not sufficient:
            return (), unlisted
        best = max((one.coverage, one.fit) for one in sufficient)
        chosen = {one.answer.facet: one.answer for one in sufficient if (one.coverage, one.fit) == best}
        return tuple(chosen.values())[:MOST_ANSWERS], unlisted

    def _facets(self, product: Product) -> Iterator[str]:
        for facet in ("price", "rating", "stock", "brand", "category"):
            if facet in ("stock", "category") or getattr(product, facet) is not None:
                yield facet
        yield from product.facets

    def _aliases(self, facet: str, product: Product) -> tuple[frozenset[str], ...]:
        """Return the sets of stems that name a facet, its own name less what its kind of product says already."""
        spoken = [stems_of(name) for name in self._names.get(facet, ())]
        own = stems_of(facet.replace("_", " "))
        kind = stems_of(" ".join(product.category))
        telling = own - generic()
        short = telling - kind or telling or own
        return tuple(dict.fromkeys(one for one in (*spoken, own, short) if one))

    def _by_name(self, question: Question, product: Product) -> Iterator[_Candidate]:
        stems = question.stems
        kind = stems_of(" ".join((*product.category, product.title)))
        bare = question.content - kind
        for facet, aliases in self.names(product).items():
            said = [alias for alias in aliases if alias <= stems]
            if not said:
                continue
            values = self.values(product, facet)
            if not values:
                continue
            own = stems_of(facet.replace("_", " "))
            covered = question.covered(frozenset().union(*said) | (own & question.content)) | (question.content & kind)
            # The kind of product alone names no facet of it.
            if not (frozenset().union(*said) - kind) and bare:
                continue
            share = len(covered) / len(question.content) if question.content else 1.0
            fit = _fit(question, values) + len(own & stems) / len(own | frozenset({""}))
            yield _Candidate(FacetAnswer(product, facet, values, _verdict(values)), share, fit)

    def _by_value(self, question: Question, product: Product) -> Iterator[_Candidate]:
        seen: set[str] = set()
        kind = stems_of(" ".join((*product.category, product.title)))
        for facet, value, words in self._asked_values(question, product):
            if facet in seen:
                continue
            values = self.values(product, facet)
            if not values:
                continue
            seen.add(facet)
            if values in _FLAG and value not in ("yes", "no"):
                continue
            verdict = self._value_verdict(facet, value, values)
            if facet in ("category", "brand") and verdict == "unlisted":
                continue
            name = frozenset().union(*self._aliases(facet, product))
            said = stems_of(" ".join(words)) | (question.content & name)
            if facet == "size":
                said |= question.content & {question.size, "size"}
            covered = question.covered(said) | (question.content & said) | (question.content & kind)
            share = len(covered) / len(question.content) if question.content else 1.0
            answer = FacetAnswer(product, facet, values, verdict, asked=value)
            yield _Candidate(answer, share, 2.0 + len(words) / 10 + (verdict != "unlisted"))

    def _asked_values(self, question: Question, product: Product) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield (facet, value, its words) for what a question names: the product's own values before others."""
        for facet in product.facets:
            for value in self.values(product, facet):
                form = _words(value)
                if value in ("yes", "no") or _is_number(value):
                    continue
                telling = stems_of(value)
                if holds(question.words, form) or (len(telling) == len(form) and telling <= question.content):
                    yield facet, value, form
        if question.size and "size" in product.facets:
            yield "size", question.size, (question.size,)
        longest = max(map(len, self._forms), default=0)
        for length in range(min(longest, len(question.words)), 0, -1):
            for at in range(len(question.words) - length + 1):
                form = question.words[at : at + length]
                for facet, value in self._forms.get(form, ()):
                    if facet in product.facets or facet in ("category", "brand"):
                        yield facet, value, form

    def _value_verdict(self, facet: str, value: str, values: tuple[str, ...]) -> Verdict:
        if values in _FLAG:
            return "yes" if value == values[0] else "no"
        if value in values:
            return "yes"
        return "value" if self._index.satisfying(facet, value) & set(values) else "unlisted"


def _by_form(values: Iterable[ValueEntry]) -> Mapping[tuple[str, ...], list[tuple[str, str]]]:
    named: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for entry in sorted(values, key=lambda one: -one.count):
        for form in entry.forms:
            words = _words(form)
            if 0 < len(words) <= _LONGEST_VALUE:
                named.setdefault(words, []).append((entry.facet, entry.value))
    return named


def _fit(question: Question, values: tuple[str, ...]) -> float:
    """Return how well a kind of value suits the way of asking: a flag for yes or no, a number for a count."""
    flag = values in _FLAG
    if question.is_count:
        return 1.0 if all(map(_is_number, values)) else 0.0
    return 1.0 if flag == question.is_yes_or_no else 0.0


def _verdict(values: tuple[str, ...]) -> Verdict:
    return "yes" if values == ("yes",) else "no" if values == ("no",) else "value"


def _words(text: str) -> tuple[str, ...]:
    return tuple("".join(c if c.isalnum() else " " for c in normalise(text)).split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
