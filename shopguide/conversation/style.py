"""Style in a critique: "more elegant", "plainer", "less bulky", for what no facet of the catalogue holds."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.conversation.turn import Turn
from shopguide.conversation.words import content_words

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Rows = NDArray[np.int32]

_BEFORE = re.compile(r"(\w+)\W+$")
_AWAY = frozenset({"less", "too", "not", "so", "that", "as"})
"""Words before another that want less of it: "less bulky", "not that shiny"."""
_TOWARDS = "more"
_COMPARATIVE = re.compile(r"(?P<stem>\w{2,}?)(?:(?P<last>[bdgmnprt])(?P=last)|(?P<y>i)|(?P<end>\w))er")


@dataclass(frozen=True, slots=True)
class Style:
    """Words that the next products should say, words that they should not, and those that no match says."""

    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()


def style_of(turn: Turn, index: "CatalogueIndex", rows: Rows) -> Style:
    """Return the style that a critique asks for, as far as the texts of the products in `rows` say something of it."""
    text = turn.text.casefold()
    more: list[str] = []
    less: list[str] = []
    unheard: list[str] = []
    for word in content_words(turn.text, turn.mentions):
        place = text.find(word)
        led = _BEFORE.search(text[:place]) if place > 0 else None
        before = led[1] if led is not None else ""
        positive = _positive(word)
        if before in _AWAY:
            group, said = less, word
        elif before == _TOWARDS or positive is not None:
            group, said = more, word if before == _TOWARDS else str(positive)
        else:
            continue
        if len(index.search(said, rows, 1)[0]):
            group.append(said)
        elif before == _TOWARDS:
            unheard.append(said)
    return Style(tuple(more), tuple(less), tuple(unheard))


def saying(words: tuple[str, ...], index: "CatalogueIndex", rows: Rows) -> Rows:
    """Return the rows whose texts say one of the words."""
    found = [index.search(word, rows, len(rows))[0] for word in words]
    return np.unique(np.concatenate(found)) if found else rows[:0]


def _positive(word: str) -> str | None:
    """Return the adjective of a comparative ("fancier": "fancy", "slimmer": "slim"); `None` if it is none."""
    match = _COMPARATIVE.fullmatch(word)
    if match is None:
        return None
    return match["stem"] + (match["last"] or ("y" if match["y"] else match["end"]))
