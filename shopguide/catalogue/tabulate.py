"""Turns products into the columns of the catalogue index."""

from collections import defaultdict
from collections.abc import Sequence

from lexicon.text import normalise
from shopguide.catalogue.columns import Column, NumberColumn, TextColumn
from shopguide.catalogue.product import FacetValue, Product


class Folder(dict[str, str]):
    """Folds each distinct text once."""

    def __missing__(self, text: str) -> str:
        folded = self[text] = normalise(text)
        return folded


def columns_of(products: Sequence[Product], folded: Folder) -> dict[str, Column]:
    """Return facet → column; category, brand, price and rating are facets like any other.

    A facet that some products give as text and others as a flag or a number is a text facet; what is not text in it is
    left out.
    """
    table = _Table(folded)
    for row, product in enumerate(products):
        table.text("category", row, product.category)
        if product.brand:
            table.text("brand", row, (product.brand,))
        if product.price is not None:
            table.number("price", row, float(product.price))
        if product.rating is not None:
            table.number("rating", row, product.rating)
        for name, value in product.facets.items():
            table.add(name, row, value)
    return table.columns(len(products))


class _Table:
    def __init__(self, folded: Folder) -> None:
        self._folded = folded
        self._texts: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
        self._flags: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
        self._numbers: defaultdict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))

    def add(self, name: str, row: int, value: FacetValue) -> None:
        if isinstance(value, tuple):
            self.text(name, row, value)
        elif isinstance(value, bool):
            word = "yes" if value else "no"
            self._flags[name].append((row, word, word))
        else:
            self.number(name, row, value)

    def text(self, name: str, row: int, spellings: Sequence[str]) -> None:
        distinct = {self._folded[text]: text for text in reversed(spellings)}
        self._texts[name] += [(row, value, text) for value, text in reversed(distinct.items()) if value]

    def number(self, name: str, row: int, value: float) -> None:
        rows, values = self._numbers[name]
        rows.append(row)
        values.append(value)

    def columns(self, n: int) -> dict[str, Column]:
        columns: dict[str, Column] = {
            name: NumberColumn(n, rows, values) for name, (rows, values) in self._numbers.items()
        }
        columns |= {name: TextColumn(n, entries, is_flag=True) for name, entries in self._flags.items()}
        columns |= {name: TextColumn(n, entries) for name, entries in self._texts.items() if entries}
        return columns
