"""Draws need sentences of several constraints over a catalogue, with every product that satisfies them all."""

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.forms import singular_phrase
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.evaluation.reranker import frames

CONSTRAINTS = (3, 4)
"""Constraints of a sentence beside the kind of thing, at least and at most."""
PRICED = 0.6
"""Share of the sentences that name a price, where there are prices."""
MOST_TARGETS = 50
"""Products that answer at most: a need that more of them answer tells little about an order."""
LONGEST_VALUE = 3
TRIES = 200
"""Products that are looked at for each sentence before the catalogue is given up."""
_SAYABLE = re.compile(r"[^\W_][\w .&'+-]*")


@dataclass(frozen=True)
class Need:
    """A need in words.

    Args:
        text: the sentence.
        constraints: what it says, the kind of thing first.
        drawn: row of the product that it was made from.
        targets: rows of all products in stock that satisfy the constraints, `drawn` among them.
    """

    text: str
    constraints: tuple[Constraint, ...]
    drawn: int
    targets: frozenset[int]


def draw_needs(index: CatalogueIndex, n: int, seed: int = 0) -> list[Need]:
    """Draw sentences; the same catalogue and seed give the same ones, none twice.

    Args:
        index: the catalogue.
        n: how many.
        seed: for another draw.

    Raises:
        UnreadableFile: the products have too few facets that could be spoken of.
    """
    source = random.Random(f"needs|{seed}")  # noqa: S311  (a measurement)
    rows = index.matching().tolist()
    found: dict[str, Need] = {}
    for _ in range(n * TRIES if rows else 0):
        if len(found) == n:
            break
        need = _Drawing(index, source.choice(rows), source).need()
        if need is not None:
            found.setdefault(need.text, need)
    if len(found) < n:
        raise UnreadableFile(
            f"{len(found)} need sentences of {CONSTRAINTS[0]} constraints can be made of this catalogue, not {n}: its "
            f"products need a category and some of {', '.join(frames.FACETS)}, price"
        )
    return list(found.values())


class _Drawing:
    """One product, and what could be said of it."""

    def __init__(self, index: CatalogueIndex, row: int, source: random.Random) -> None:
        self._index, self._row, self._random = index, row, source

    def need(self) -> Need | None:
        path = self._index.values("category", self._row)
        if not path or not _can_be_said(path[-1]):
            return None
        noun = singular_phrase(path[-1])
        values = self._values(noun)
        bound = self._bound() if self._random.random() < PRICED else None
        wanted = self._random.randint(*CONSTRAINTS) - (bound is not None)
        if len(values) < wanted:
            return None
        said = self._random.sample(values, wanted)
        constraints = [Constraint("category", "in", (path[-1],))]
        constraints += [Constraint(facet, "in", (value,)) for facet, value in said]
        constraints += [Constraint("price", "<=", value=bound)] if bound is not None else []
        targets = frozenset(self._index.matching(constraints).tolist())
        if self._row not in targets or len(targets) > MOST_TARGETS:
            return None
        return Need(self._sentence(noun, said, bound), tuple(constraints), self._row, targets)

    def _values(self, noun: str) -> list[tuple[str, str]]:
        """Return one value of each facet that can be spoken of and that the noun does not say already."""
        found = []
        for facet in frames.FACETS:
            values = [value for value in self._index.values(facet, self._row) if _can_be_said(value)]
            if facet in frames.NUMBERS:
                values = [f"{float(value):g}" for value in values if float(value) > 0]
            values = [value for value in values if value not in noun and value != "unisex" and len(value) > 1]
            if values:
                found.append((facet, self._random.choice(values)))
        return found

    def _bound(self) -> float | None:
        """Return a round number somewhat above the product's price."""
        price = float(self._index.numeric("price")[self._row])
        if not price > 0:
            return None
        above = price * self._random.uniform(1.05, 1.6)
        step = 10 ** max(math.floor(math.log10(above)) - 1, 0)
        return float(math.ceil(above / step) * step)

    def _sentence(self, noun: str, said: Sequence[tuple[str, str]], bound: float | None) -> str:
        before: list[str] = []
        after: list[str] = []
        tails: list[str] = []
        tables = ((frames.BEFORE, before), (frames.AFTER, after), (frames.TAILS, tails))
        for facet, value in said:
            kind = frames.kind_of(facet, value)
            # One addition at the end is how people write; a string of them is not.
            places = [
                (table[kind], place) for table, place in tables if kind in table and not (place is tails and tails)
            ]
            phrases, place = self._random.choice(places)
            someone = self._random.choice(frames.SOMEONE.get(value, (value,)))
            place.append(self._random.choice(phrases).format(v=value, someone=someone, whose=frames.whose(value)))
        phrase = " ".join([*before, noun])
        opening = self._random.choice(frames.OPENINGS)
        bare = opening == "{np}" or self._random.random() < 0.1
        text = opening.format(np=" ".join([phrase if bare else frames.with_article(phrase), *after]))
        if bound is not None:
            money = frames.MONEY.get(self._index.facets["price"].unit or "", "")
            price = self._random.choice(frames.PRICES).format(p=f"{bound:g}", money=money).strip()
            text += self._random.choice((" ", ", ")) + price
        return text + "".join(self._random.choice((". {}", ", {}")).format(tail) for tail in tails)


def _can_be_said(value: str) -> bool:
    return len(value.split()) <= LONGEST_VALUE and _SAYABLE.fullmatch(value) is not None
