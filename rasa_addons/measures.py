"""Which number facet a quantity speaks of: "24 inch" the screen, "3 metre" the cable, "16 gb of ram" the memory."""

from dataclasses import dataclass, replace
from itertools import pairwise

from lexicon import units
from lexicon.entries import FacetEntry, Lexicon
from rasa_addons.mentions import Mention
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

_OF_THEIR_OWN = frozenset({"price", "rating"})  # number facets with rules of their own
_REACH = 3  # words around a quantity in which its facet may be named


@dataclass(frozen=True)
class Measured:
    """A facet, and whether the message names it or the open question asked for it."""

    facet: str | None
    told: bool = False


class Measures:
    """The number facets of a lexicon by what they measure."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        """Take the facets with a unit, and those that are called like one ("persons")."""
        self._preferred: dict[str, list[str]] = vocabulary.raw["unit_facets"]
        self._avoided: dict[str, list[str]] = vocabulary.raw["unit_avoids"]
        self._joiners = frozenset(vocabulary.raw["sizes"]["joiners"])
        numeric = [replace(one, unit=_unit_of(one, vocabulary)) for one in lexicon.facets if one.kind == "number"]
        self._facets = [facet for facet in numeric if facet.unit and facet.facet not in _OF_THEIR_OWN]
        self.facets = frozenset(facet.facet for facet in numeric) - _OF_THEIR_OWN
        self._names = Phrases()
        for facet in self._facets:
            for name in self._spoken(facet):
                self._names.add(keys(name), facet.facet)
        for facet in self._facets:
            for name in self._spoken(facet):
                self._names.add(keys(name)[-1:], facet.facet)

    @staticmethod
    def _spoken(facet: FacetEntry) -> tuple[str, ...]:
        return (*facet.names, facet.facet.replace("_", " "))

    def facet_of(self, sentence: Sentence, start: int, end: int, unit: str, open_facet: str | None) -> Measured:
        """Return the facet of a quantity: asked about, named nearby, or the usual one for its unit."""
        fitting = [facet for facet in self._facets if units.measures(str(facet.unit)) == units.measures(unit)]
        names = {facet.facet for facet in fitting}
        if open_facet in names:
            return Measured(open_facet, told=True)
        for index in [*range(end, end + _REACH), *range(start - 1, start - 1 - _REACH, -1)]:
            facet = str(self._names.values.get(self._names.at(sentence, index)))
            if facet in names:
                return Measured(facet, told=True)
        return Measured(self._usual(fitting, unit))

    def _usual(self, fitting: list[FacetEntry], unit: str) -> str | None:
        """Return the facet that has this very unit, by the vocabulary's order of what is meant most."""
        avoided = set(self._avoided.get(unit, []))
        wanted = [word for word in self._preferred.get(units.measures(unit), []) if word not in avoided]

        def order(facet: FacetEntry) -> tuple[bool, bool, int]:
            spoken = " ".join(self._spoken(facet))
            place = next((place for place, word in enumerate(wanted) if word in spoken), len(wanted))
            return any(word in spoken for word in avoided), units.symbol(str(facet.unit)) != unit, place

        best = min(fitting, key=order, default=None)
        return None if best is None or order(best)[0] else best.facet

    def share(self, sentence: Sentence, mentions: list[Mention], told: set[int]) -> None:
        """Give quantities joined by "or" the facet that one of them was told ("8 gb or 16 gb of ram")."""
        quantities = [mention for mention in mentions if mention.entity == "quantity" and mention.unit]
        for first, second in pairwise(quantities):
            joined = second.start - first.end == 1 and sentence.key(first.end) in self._joiners
            if joined and units.measures(str(first.unit)) == units.measures(str(second.unit)):
                if second.start in told:
                    first.facet = second.facet
                elif first.start in told:
                    second.facet = first.facet


def _unit_of(facet: FacetEntry, vocabulary: Vocabulary) -> str | None:
    """Return what a number facet is measured in: its unit in our symbol, else the unit that a name of it says."""
    if facet.unit:
        return vocabulary.unit_of.get(keys(facet.unit), facet.unit)
    named = (keys(name) for name in (*facet.names, facet.facet.replace("_", " ")))
    tables = (vocabulary.unit_of, vocabulary.unit_names)
    return next((table[name] for name in named for table in tables if name in table), None)
