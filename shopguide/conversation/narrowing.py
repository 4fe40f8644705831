"""How the words of a need narrow the matches: the products that a model number names, and those that say the words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.conversation.words import is_model

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Matches as the words see them.

    Args:
        rows: the matches that remain; all of them if no model number is among the words.
        first: of these, the products that contain every word that any product contains; shown first.
        missing: model numbers that no match contains.
    """

    rows: Rows
    first: Rows
    missing: tuple[str, ...] = ()


def narrow(words: str, index: "CatalogueIndex", rows: Rows, *, by_all: bool = False) -> Narrowed:
    """Narrow matches by the words of a need.

    A model number must be in the product, if any match has it: whoever needs toner for one copier has no use for
    another's. Other words only come first, since most people's words are not the feed's; unless words are all there is
    to tell what kind of product is meant (`by_all`).
    """
    kept, missing = rows, []
    first = rows
    for word in sorted(words.split(), key=lambda word: not is_model(word)):
        hits, _ = index.search(word, rows, len(rows))
        # A word that nearly all matches contain tells nothing; one that none contains is left to the reranker.
        if is_model(word):
            within = np.intersect1d(kept, hits)
            if len(within):
                kept = within
            else:
                missing.append(word)
        within = np.intersect1d(first, hits)
        if len(within):
            first = within
    first = np.intersect1d(first, kept)
    return Narrowed(first if by_all and len(first) else kept, first, tuple(missing))
