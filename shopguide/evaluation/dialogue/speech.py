"""What people type for a value: a form of the lexicon, a number with its unit, an amount of money."""

import random
import re
from collections.abc import Mapping

from lexicon.entries import Lexicon
from shopguide.catalogue.index import CatalogueIndex

USUAL = 0.7
"""How often a value is called what the shop calls it rather than by another form."""
MONEY = ("€{0}", "{0} euros", "{0} EUR")
UNITS: Mapping[str, str] = {"in": "inch", "l": "litres", "h": "hours", "w": "watt", "°c": "degrees"}
_PLAIN = re.compile(r"[a-z][a-z' ]*")


class Speech:
    """The words of a catalogue.

    Args:
        index: the catalogue.
        lexicon: what its values and facets are called.
    """

    def __init__(self, index: CatalogueIndex, lexicon: Lexicon) -> None:
        self._index = index
        self._names = {entry.facet: entry.names for entry in lexicon.facets}
        self._forms = {(entry.facet, entry.value): entry.forms for entry in lexicon.values}

    def can_name(self, facet: str) -> bool:
        """Return whether people have a word for a facet."""
        return facet in self._names

    def facet(self, facet: str) -> str:
        """Return a facet's usual name."""
        return self._names[facet][0]

    def value(self, facet: str, value: str, source: random.Random) -> str:
        """Return a surface form of a canonical value; a category in the plural, a number with its unit."""
        info = self._index.facets.get(facet)
        if info is not None and info.kind == "number":
            unit = UNITS.get(info.unit or "", info.unit or "")
            return f"{float(value):g} {unit}".strip()
        if value == "no":
            return f"not {self.facet(facet)}"
        usual = self._forms[facet, "yes"][0] if value == "yes" and (facet, "yes") in self._forms else value
        forms = self._forms.get((facet, value), ())
        # Spellings without their space are there to be understood; hardly anybody types them.
        glued = {form.replace(" ", "") for form in forms if " " in form}
        others = [form for form in forms if form not in glued and self._is_like(form, facet)]
        return source.choice(others) if others and source.random() > USUAL else usual

    def _is_like(self, form: str, facet: str) -> bool:
        """Return whether a form can stand where the value itself can."""
        if _PLAIN.fullmatch(form) is None or form.startswith(("for ", "to ")):
            return False
        return form.endswith("s") if facet == "category" else True

    @staticmethod
    def money(amount: float, source: random.Random) -> str:
        """Return an amount in euros as people write it."""
        return source.choice(MONEY).format(f"{amount:g}")
