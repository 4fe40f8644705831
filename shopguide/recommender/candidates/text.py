"""Text: BM25 between the need in words and the products, by the catalogue's own index."""

from typing import TYPE_CHECKING

import numpy as np

from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

DEPTH = 200
"""Products that the text index returns; what it does not return scores 0."""


class Text:
    """BM25 over the catalogue's text index, the best match scoring 1."""

    name = "text"

    def __init__(self, index: "CatalogueIndex") -> None:
        self._index = index

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return BM25 over the best match's, or `None` without a need in words or without any match."""
        if not context.request.query.strip() or not len(rows):
            return None
        found, values = self._index.search(context.request.query, rows, DEPTH)
        if not len(found):
            return None
        scores = np.zeros(len(rows), dtype=np.float32)
        # `rows` is ascending, so a position is found by bisection.
        scores[np.searchsorted(rows, found)] = np.asarray(values, dtype=np.float32)
        return scores / max(float(scores.max()), 1e-9)
