"""Whether a shop sells the thing that is asked for, as far as its texts tell."""

import re
from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.textsearch import tokens
from shopguide.conversation.asked import Thing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopguide.catalogue.index import CatalogueIndex

NAMED_AFTER = 0.8
"""Where a word only tells another thing's kind ("table" in table lamps), at least this share of its titles shows it."""

_BEHIND_A_NOUN = frozenset("with for in by from of and to".split())  # noqa: SIM905

CLOSE = 0.3
"""Kinds of product below this likeness have nothing to do with a thing (MiniLM: pillows and armchairs 0.38, dog
food and perfumes 0.18)."""

BESIDE = 0.06
"""How far behind the nearest kind another may be that is named beside it."""

COMPARED = 3
"""The products of a kind that are most like a thing speak for the kind."""

MOST_KINDS = 3

LOOKED_AT = 400
"""Products with the word whose titles are read."""

_WORD = re.compile(r"[^\W_]+")


class Sold(Enum):
    """How far a catalogue knows a thing: by its titles, in passing in its texts, or not at all."""

    YES = "yes"
    MENTIONED = "mentioned"
    NO = "no"


def sold(thing: Thing, index: "CatalogueIndex") -> Sold:
    """Return whether products are called what was asked for.

    A title must have the noun for its noun, and not only as part of another kind's name. Of a thing with several words
    a product with such a title must say one of the others too, or the thing is only mentioned; where no title has the
    noun, one product must say all of them for it to be even that.
    """
    noun = index.mended(thing.words[-1])
    rows = index.search(" ".join(noun), None, LOOKED_AT)[0]
    if not len(rows):
        return Sold.NO if noun else Sold.YES
    titles = {int(row): index.product(index.skus[row]).title for row in rows}
    titled = [row for row, title in titles.items() if set(noun) <= set(tokens(title))]
    if titled and sum(_only_describes(noun[-1], index, row) for row in titled) >= NAMED_AFTER * len(titled):
        return Sold.NO
    others = [token for word in thing.words[:-1] for token in index.mended(word)]
    if not any(_is_noun_of(noun[-1], titles[row]) for row in titled):
        return Sold.MENTIONED if _together([*noun, *others], index) else Sold.NO
    beside = index.search(" ".join(others), np.array(sorted(titled), dtype=np.int32), 1)[0] if others else titled
    return Sold.YES if len(beside) else Sold.MENTIONED


def _together(words: list[str], index: "CatalogueIndex") -> bool:
    """Whether one product says all of the words."""
    rows = None
    for word in words:
        rows = np.sort(index.search(word, rows, len(index))[0])
        if not len(rows):
            return False
    return True


def nearest_kinds(thing: Thing, index: "CatalogueIndex", likeness: "NDArray[np.float32] | None") -> tuple[str, ...]:
    """Return the kinds of product in stock that come nearest to a thing, the nearest first; none if none is near.

    Args:
        thing: what is asked for.
        index: the catalogue.
        likeness: cosine of the thing with every product, [n_products]; `None`: what shares words with it counts.
    """
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row in index.matching():
        path = index.values("category", int(row))
        if path:
            rows_of[path[-1]].append(int(row))
    if likeness is None or len(likeness) != len(index):
        hits = Counter(
            index.values("category", int(row))[-1:] for row in index.search(" ".join(thing.words), None, LOOKED_AT)[0]
        )
        return tuple(path[0] for path, _ in hits.most_common(MOST_KINDS) if path and path[0] in rows_of)
    near = {
        kind: float(np.sort(likeness[rows])[-COMPARED:].mean())
        for kind, rows in rows_of.items()
        if len(rows) >= COMPARED
    }
    best = max(near.values(), default=0.0)
    close = [kind for kind, score in near.items() if score >= max(CLOSE, best - BESIDE)]
    return tuple(sorted(close, key=lambda kind: -near[kind])[:MOST_KINDS])


def departments(index: "CatalogueIndex") -> tuple[str, ...]:
    """Return the widest kinds that a shop sells, those with the most products first."""
    return tuple(name for name, _ in index.facet_counts(index.matching(), "category", level=0))[:MOST_KINDS]


def _only_describes(token: str, index: "CatalogueIndex", row: int) -> bool:
    """Whether a product's kind has the word in its name, and not as its noun: "table lamps" are no tables."""
    path = index.values("category", row)
    kind = tokens(path[-1]) if path else []
    return token in kind[:-1] and token not in kind[-1:]


def _is_noun_of(token: str, title: str) -> bool:
    """Whether a title calls its product by a word: it stands last, or before a number, a sign or a preposition."""
    words = list(_WORD.finditer(normalise(title)))
    for place, word in enumerate(words):
        if tokens(word.group())[-1:] == [token]:
            following = words[place + 1].group() if place + 1 < len(words) else ""
            gap = title[word.end() : words[place + 1].start()] if following else ""
            if not following or gap.strip(" -/") or following[:1].isdigit() or following in _BEHIND_A_NOUN:
                return True
    return False
