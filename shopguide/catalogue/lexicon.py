"""Writes the lexicon: which words name which values of this catalogue (docs/catalogue.md explains the limits)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lexicon.entries import FacetEntry, Lexicon, ValueEntry
from lexicon.facets import CORE_FACETS
from shopguide.catalogue import forms
from shopguide.catalogue.index import CatalogueIndex, FacetInfo
from shopguide.catalogue.synonyms import Synonyms, load

MIN_PRODUCTS = 20
"""A facet of the long tail needs values for so many products…"""

MIN_COVERAGE = 0.01
"""… and for this share of them."""

MAX_VALUES = 100
"""A long-tail facet with more distinct values is a description, not something to choose by."""

MAX_NAME_WORDS = 4
"""A long-tail facet with a longer name has no name that anybody says."""

TWIN_SHARE = 0.8
"""Two categories of one name, one below the other, are one to a shopper if the lower has this share of the upper."""

RIVAL_SHARE = 5
"""How many times the products another meaning of a word must have to silence this one: a brand that is also a colour is
then heard only beside "brand" or "by", a synonym that is also a brand not at all."""

MAX_VALUE_LENGTH = 40
MAX_VALUE_WORDS = 4

_NOUN_FACETS = frozenset({"category"})
_UNSPOKEN = frozenset(
    """ean gtin oem code codename sku id pallet carton cartons case package packaging shipping date emissions
    description dimensions margin certification compliance imperial uk origin change shock vibration harmonized manual
    drivers order transistors lithography container altitude humidity temperature""".split()  # noqa: SIM905  (readable as text)
)
"""Words in the names of facets that describe logistics and laboratories, not what a shopper chooses by."""

_EXACT, _FORM, _SYNONYM, _WIDER = range(4)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A form that names a value; the strongest claim on a form within a facet wins."""

    strength: int
    count: int
    value: str

    @property
    def rank(self) -> tuple[int, int, str]:
        return (self.strength, -self.count, self.value)


def lexicon_of(index: CatalogueIndex, *, currency: str, language: str = "en") -> Lexicon:
    """Return the lexicon of a catalogue.

    Args:
        index: the catalogue.
        currency: the shop's own currency.
        language: whose synonyms and inflections apply.
    """
    return _Exporter(index, load(language)).lexicon(currency, language)


class _Exporter:
    def __init__(self, index: CatalogueIndex, synonyms: Synonyms) -> None:
        self._index = index
        self._synonyms = synonyms

    def lexicon(self, currency: str, language: str) -> Lexicon:
        facets = [self._facet_entry(name, self._index.facets[name]) for name in self._spoken]
        known = [self._without_rivals(e) for name in self._spoken if self._is_known(name) for e in self._entries(name)]
        tail = [entry for name in self._spoken if not self._is_known(name) for entry in self._entries(name)]
        values = [*known, *_each_form_once(tail)]
        return Lexicon(currency, language, tuple(facets), tuple(values))

    def _without_rivals(self, entry: ValueEntry) -> ValueEntry:
        """Drop the forms that are another core facet's value of far more products ("brother" in a printer shop)."""
        kept = tuple(
            form
            for form in entry.forms
            if form == entry.value or self._value_counts.get(form, 0) < RIVAL_SHARE * max(entry.count, 1)
        )
        return replace(entry, forms=kept)

    @cached_property
    def _value_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for facet in CORE_FACETS:
            for value, count in self._counts(facet).items():
                if facet != "brand" or not self._is_ordinary(value):
                    counts[value] = max(count, counts.get(value, 0))
        return counts

    @cached_property
    def _spoken(self) -> list[str]:
        core = [
            name for name in ("category", "brand", "price", "rating", *CORE_FACETS[2:]) if name in self._index.facets
        ]
        others = sorted(name for name in self._index.facets if name not in core)
        return [*core, *(name for name in others if self._is_spoken(name, self._index.facets[name]))]

    def _is_spoken(self, name: str, info: FacetInfo) -> bool:
        words = name.split("_")
        if len(words) > MAX_NAME_WORDS or not _UNSPOKEN.isdisjoint(words):
            return False
        if info.coverage < MIN_COVERAGE or info.coverage * len(self._index) < MIN_PRODUCTS:
            return False
        return info.kind != "text" or len(self._index.facet_counts(None, name)) <= MAX_VALUES

    def _facet_entry(self, name: str, info: FacetInfo) -> FacetEntry:
        known = self._synonyms.names.get(name, ())
        own = forms.of_word(spoken_name(name), self._synonyms.spellings)
        names = [form for word in known for form in forms.of_word(word, self._synonyms.spellings)]
        return FacetEntry(name, info.kind, tuple(dict.fromkeys([*names, *own])), info.unit)

    def _entries(self, facet: str) -> Iterator[ValueEntry]:
        kind = self._index.facets[facet].kind
        if kind == "text":
            yield from self._text_entries(facet)
        elif kind == "flag":
            yield from self._flag_entries(facet)

    def _text_entries(self, facet: str) -> Iterator[ValueEntry]:
        counts = self._counts(facet)
        claims: defaultdict[str, list[_Claim]] = defaultdict(list)
        for form, claim in self._claims(facet, counts):
            if not self._is_barred(facet, form):
                claims[form].append(claim)
        named: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for form, rivals in claims.items():
            best = min(rivals, key=lambda claim: claim.rank)
            named[best.value].append((best.strength, form))
        for value, count in counts.items():
            if value in named:
                found = tuple(form for _, form in sorted(named[value], key=lambda pair: pair[0]))
                yield ValueEntry(facet, value, found, count)

    def _counts(self, facet: str) -> dict[str, int]:
        if facet == "category":
            totals: defaultdict[str, int] = defaultdict(int)
            for path, count in self._index.category_paths.items():
                for name in set(path):
                    totals[name] += count
            counts = {name: count for name, count in totals.items() if not self._has_twin_below(name, totals)}
            return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
        counts = dict(self._index.facet_counts(None, facet))
        if facet in CORE_FACETS:
            return counts
        return {value: count for value, count in counts.items() if _is_sayable(value)}

    def _has_twin_below(self, name: str, totals: Mapping[str, int]) -> bool:
        """Tell whether nearly all of a category is one child of the same name ("dress" over "dresses")."""
        singular = forms.singular_phrase(name)
        return any(
            totals[child] >= TWIN_SHARE * totals[name]
            and singular in map(forms.singular_phrase, forms.of_noun(child, {}, split=True))
            for child in self._index.children(name)
        )

    def _claims(self, facet: str, counts: dict[str, int]) -> Iterator[tuple[str, _Claim]]:
        for value, count in counts.items():
            if facet != "brand" and self._is_barred(facet, value):
                continue  # its plural would mislead as well
            for form in self._forms(facet, value):
                yield form, _Claim(_EXACT if form == value else _FORM, count, value)
        if facet != "brand":
            yield from self._concept_claims(facet, counts)

    def _forms(self, facet: str, value: str) -> list[str]:
        if facet == "brand":
            return self._brand_forms(value)
        if facet in _NOUN_FACETS:
            return forms.of_noun(value, self._synonyms.spellings, split=True)
        return forms.of_word(value, self._synonyms.spellings)

    def _brand_forms(self, value: str) -> list[str]:
        if self._is_ordinary(value):
            return [f"{value} brand", f"brand {value}", f"by {value}", f"from {value}"]
        return forms.of_brand(value)

    def _is_ordinary(self, brand: str) -> bool:
        """Tell whether a brand's name means something else most of the time."""
        return (
            brand in self._synonyms.common
            or self._synonyms.misleads("any", brand)
            or len(brand) < 2
            or brand.isdigit()
            or self._other_meanings.get(brand, 0) >= RIVAL_SHARE * self._brand_counts.get(brand, 0)
        )

    @cached_property
    def _brand_counts(self) -> dict[str, int]:
        return dict(self._index.facet_counts(None, "brand"))

    @cached_property
    def _other_meanings(self) -> dict[str, int]:
        """Forms of the other core facets' values and how many products have them."""
        meanings: dict[str, int] = {}
        for facet in CORE_FACETS:
            if facet != "brand" and facet in self._index.facets:
                for entry in self._text_entries(facet):
                    for form in entry.forms:
                        meanings[form] = max(entry.count, meanings.get(form, 0))
        return meanings

    def _concept_claims(self, facet: str, counts: dict[str, int]) -> Iterator[tuple[str, _Claim]]:
        by_name: dict[str, str] = {}
        for name in reversed(counts):  # the value with the most products has the last word
            by_name |= dict.fromkeys(map(forms.singular_phrase, self._forms(facet, name)), name)
        by_name |= {forms.singular_phrase(name): name for name in reversed(counts)}
        for concept in self._synonyms.concepts.get(facet, {}).values():
            value: str | None = by_name.get(forms.singular_phrase(concept.name))
            strength, words = _SYNONYM, concept.words
            if value is None:
                above = self._synonyms.wider(facet, concept.name)
                value = next((by_name[name] for name in map(forms.singular_phrase, above) if name in by_name), None)
                strength, words = _WIDER, (concept.name, *concept.words)
            if value is not None:
                for word in words:
                    for form in self._word_forms(facet, word):
                        yield form, _Claim(strength, counts[value], value)

    def _word_forms(self, facet: str, word: str) -> Iterable[str]:
        if facet in _NOUN_FACETS:
            return forms.of_synonym(word, self._synonyms.spellings)
        return forms.of_word(word, self._synonyms.spellings)

    def _flag_entries(self, facet: str) -> Iterator[ValueEntry]:
        count = dict(self._index.facet_counts(None, facet)).get("yes", 0)
        found = [
            form
            for name in (spoken_name(facet), *self._synonyms.names.get(facet, ()))
            for form in forms.of_word(name, self._synonyms.spellings)
            if not self._is_barred(facet, form) and form not in self._synonyms.common
        ]
        if found and count:
            yield ValueEntry(facet, "yes", tuple(dict.fromkeys(found)), count)

    def _is_barred(self, facet: str, form: str) -> bool:
        if self._synonyms.misleads(facet, form):
            return True
        if self._is_known(facet):
            return False
        # In the long tail a word that is a colour, a brand or a thing means that, and a bare number means nothing.
        return form in self._core_forms or form in self._synonyms.common or len(form) < 3

    def _is_known(self, facet: str) -> bool:
        return facet in CORE_FACETS or facet in self._synonyms.concepts

    @cached_property
    def _core_forms(self) -> frozenset[str]:
        core = (facet for facet in CORE_FACETS if facet in self._index.facets)
        return frozenset(form for facet in core for entry in self._text_entries(facet) for form in entry.forms)


def _each_form_once(entries: list[ValueEntry]) -> Iterator[ValueEntry]:
    """Leave a form of the long tail to the value with the most products: "usb" stands in ten attributes of a feed."""
    owner: dict[str, ValueEntry] = {}
    for entry in entries:
        for form in entry.forms:
            if form not in owner or owner[form].count < entry.count:
                owner[form] = entry
    for entry in entries:
        kept = tuple(form for form in entry.forms if owner[form] is entry)
        if kept:
            yield replace(entry, forms=kept)


def spoken_name(facet: str) -> str:
    """Return a facet's name as words."""
    return " ".join(facet.replace("_", " ").split())


def _is_sayable(value: str) -> bool:
    words = value.split()
    return (
        len(value) <= MAX_VALUE_LENGTH
        and len(words) <= MAX_VALUE_WORDS
        and not value.replace(".", "").replace("-", "").isdigit()
        and any(character.isalpha() for character in value)
    )
