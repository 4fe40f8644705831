"""The order lines of the UCI "Online Retail" data set (D. Chen, 2015) as a gift shop's catalogue and purchases.

There is no catalogue beside the lines: what a product is called and costs is what its first paid line says, so nothing
of it comes from later. Colours, materials and occasions are the words of the lexicon found in the name. The kind of
thing is the noun at the name's end ("candle", "t-light holder"), where at least `MIN_OF_A_KIND` products end so.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lexicon.text import normalise
from shopguide.catalogue.feed.mapping import Mapping
from shopguide.catalogue.feed.products import BadRow, ProductReader
from shopguide.catalogue.feed.title_nouns import NounFinder, segments
from shopguide.catalogue.feed.words import WordFinder
from shopguide.catalogue.forms import singular_phrase
from shopguide.catalogue.product import Product
from shopguide.catalogue.synonyms import load
from shopguide.feedback.mapping import EventMapping
from shopguide.rows import Row

FILE = "online_retail.csv.gz"
MIN_OF_A_KIND = 5
EVENTS = EventMapping.model_validate(
    {
        "fields": {"event_id": ["InvoiceNo", "StockCode", "#line"], "shopper_id": "CustomerID", "sku": "StockCode",
                   "at": "InvoiceDate"},
        "constants": {"kind": "purchase"},
        "time_zone": "Europe/London",
        "whole_numbers": ["shopper_id"],
        "leave_out": {"InvoiceNo": "^C", "CustomerID": "^$", "UnitPrice": r"^-|^0*\.?0*$"},
    }
)  # fmt: skip
"""Cancelled lines, lines of nobody and what costs nothing (samples, corrections of the stock) are no purchases."""

_GOODS = re.compile(r"\d{5}")
"""Article numbers open with five digits; what else is booked is postage, fees and vouchers."""
_CATALOGUE = Mapping.model_validate(
    {
        "sku": "StockCode",
        "title": "Description",
        "price": "UnitPrice",
        "currency": "GBP",
        "category": ["noun", "phrase"],
        "facets": {facet: {"words": ["Description"]} for facet in ("colour", "material", "occasion")},
    }
)
_NO_NOUNS = frozenset(
    {"large", "small", "medium", "mini", "big", "little", "tall", "round", "square", "assorted", "asst", "of"}
    | {"set", "pair", "pack", "colour", "colours", "design", "designs", "vintage", "antique"}
    | {"retrospot", "polkadot", "paisley", "spot", "spots", "spotty", "stripe", "stripes"}
)
"""What stands behind the noun in names such as "doormat red retrospot"; colours and occasions do as well."""
_NOUN_WORDS = (1, 2)


def products(rows: Iterable[Row]) -> Iterator[Product]:
    """Yield the products in the order of their first paid lines."""
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        sku = str(row.values.get("StockCode", ""))
        if row.why is None and sku not in first and _GOODS.match(sku) and not EVENTS.leaves_out(row.values):
            first[sku] = {**row.values, "Description": " ".join(str(row.values.get("Description", "")).split())}
    reader = ProductReader(_CATALOGUE)
    kinds = _Kinds([record["Description"] for record in first.values()])
    for record in first.values():
        phrase = kinds.of(record["Description"])
        if phrase:
            record |= {"noun": phrase.split()[-1], "phrase": phrase}
        try:
            yield reader.product(record)
        except BadRow:
            continue


class _Kinds:
    """Learns from names what kinds of things there are."""

    def __init__(self, names: Sequence[str]) -> None:
        synonyms = load("en")
        self._others = [WordFinder(facet, synonyms, {}) for facet in ("colour", "occasion")]
        ends: Counter[str] = Counter()
        for name in names:
            words = next(segments(self._plain(name)), "").split()
            ends.update(singular_phrase(" ".join(words[-n:])) for n in _NOUN_WORDS if len(words) >= n)
        self._finder = NounFinder(
            {end: end for end, n in ends.items() if n >= MIN_OF_A_KIND and not re.search(r"\d", end)}
        )

    def of(self, name: str) -> str | None:
        return self._finder.find(self._plain(name))

    def _plain(self, name: str) -> str:
        words = normalise(name).split()
        return " ".join(word for word in words if not (word in _NO_NOUNS or self._is_value(word)))

    def _is_value(self, word: str) -> bool:
        return any(finder.find(word) for finder in self._others)
