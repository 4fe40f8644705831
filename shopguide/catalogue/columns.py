"""Columns of the catalogue index: one facet of all products, sparse, immutable.

Facets of a real feed are mostly empty (thousands of attributes, each known for a few products), so a column keeps one
entry for each (row, value) there is, ordered by row.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Mask = NDArray[np.bool_]


class TextColumn:
    """Values of a text or flag facet.

    Args:
        n: products in the index.
        entries: (row, folded value, spelling) in ascending order of rows.
        is_flag: the values are `yes` and `no`.
    """

    def __init__(self, n: int, entries: Iterable[tuple[int, str, str]], *, is_flag: bool = False) -> None:
        self.n = n
        self.is_flag = is_flag
        codes: dict[str, int] = {}
        spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        rows: list[int] = []
        coded: list[int] = []
        for row, value, spelling in entries:
            rows.append(row)
            coded.append(codes.setdefault(value, len(codes)))
            spellings[value][spelling] += 1
        self.vocabulary: tuple[str, ...] = tuple(codes)
        self.code_of: Mapping[str, int] = codes
        self.rows: Rows = np.array(rows, dtype=np.int32)
        self.codes: NDArray[np.int32] = np.array(coded, dtype=np.int32)
        # Single products are asked for a hundred thousand times at a start, and numpy takes 10 µs for a search.
        self._row_view, self._code_view = self.rows.data, self.codes.data
        # The commonest spelling, the first one of equals: the same catalogue always shows the same.
        self.spelling: Mapping[str, str] = {
            value: max(counter, key=lambda word: counter[word]) for value, counter in spellings.items()
        }

    @property
    def coverage(self) -> int:
        """Return the number of products with a value."""
        return int(np.unique(self.rows).size)

    def mask(self, values: Iterable[str]) -> Mask:
        """Return [n]: whether a product has one of the values."""
        wanted = np.zeros(len(self.vocabulary) + 1, dtype=bool)
        for value in values:
            wanted[self.code_of.get(value, -1)] = True
        wanted[-1] = False
        mask = np.zeros(self.n, dtype=bool)
        mask[self.rows[wanted[self.codes]]] = True
        return mask

    def at(self, row: int) -> tuple[str, ...]:
        """Return the values of one product."""
        start = bisect_left(self._row_view, row)
        end = bisect_left(self._row_view, row + 1, start)
        return tuple([self.vocabulary[code] for code in self._code_view[start:end]])

    def counts(self, chosen: Mask | None = None) -> list[tuple[str, int]]:
        """Return (value, products) of the chosen products, the commonest first, equals by name."""
        codes = self.codes if chosen is None else self.codes[chosen[self.rows]]
        counted = np.bincount(codes, minlength=len(self.vocabulary))
        found = [(self.vocabulary[code], int(counted[code])) for code in np.flatnonzero(counted)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


class NumberColumn:
    """Values of a number facet, in its unit.

    Args:
        n: products in the index.
        rows: products with a value, ascending.
        values: their values.
    """

    def __init__(self, n: int, rows: Sequence[int], values: Sequence[float]) -> None:
        self.n = n
        self.rows: Rows = np.array(rows, dtype=np.int32)
        self.values: NDArray[np.float64] = np.array(values, dtype=np.float64)
        self._row_view = self.rows.data

    @property
    def coverage(self) -> int:
        """Return the number of products with a value."""
        return int(self.rows.size)

    def dense(self) -> NDArray[np.float64]:
        """Return [n] values, nan where there is none."""
        dense = np.full(self.n, np.nan)
        dense[self.rows] = self.values
        return dense

    def between(self, low: float, high: float, *, high_open: bool = False) -> Mask:
        """Return [n]: whether the value lies between the bounds, which belong to the range unless `high_open`."""
        below = self.values < high if high_open else self.values <= high
        mask = np.zeros(self.n, dtype=bool)
        mask[self.rows[(self.values >= low) & below]] = True
        return mask

    def meant_by(self, number: str) -> Mask:
        """Return [n]: whether the value may be what a shopper means by a number.

        People round and truncate (a 23.8 or 24.1 inch monitor is "24 inch", a 15.6 inch notebook "15 inch") and do not
        tell 500 GB from 512: a value is meant if it rounds or truncates to the number at the number's own precision, or
        lies within 2.5 % of it.
        """
        try:
            value = float(number)
        except ValueError:
            return np.zeros(self.n, dtype=bool)
        digits = len(number.partition(".")[2]) if "e" not in number.lower() else 0
        step = 10.0**-digits
        slack = abs(value) * 0.025
        near = self.between(value - slack, value + slack)
        return near | self.between(value - step / 2, value + step, high_open=True)

    def at(self, row: int) -> tuple[str, ...]:
        """Return the value of one product, as text."""
        position = bisect_left(self._row_view, row)
        if position == self.rows.size or self.rows[position] != row:
            return ()
        return (number_text(float(self.values[position])),)

    def counts(self, chosen: Mask | None = None) -> list[tuple[str, int]]:
        """Return (number as text, products) of the chosen products, the commonest first, equals by size."""
        values = self.values if chosen is None else self.values[chosen[self.rows]]
        found, counted = np.unique(values, return_counts=True)
        order = np.lexsort((found, -counted))
        return [(number_text(float(found[i])), int(counted[i])) for i in order]


def number_text(value: float) -> str:
    """Return a number as a shopper would write it: no zeros at the end, no exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


Column: TypeAlias = TextColumn | NumberColumn
