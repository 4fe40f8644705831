"""Item-kNN at serving time: what is chosen by the same shoppers as this shopper's products."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

LATEST = 100
"""Products of a history that count at most, the strongest ones."""


@dataclass(frozen=True)
class Neighbours:
    """Similar products of each product known at training, as the three arrays of a CSR matrix.

    Args:
        skus: products → positions.
        indptr: where each product's neighbours begin, [n_items + 1].
        indices: their positions, [n_pairs].
        values: their similarities, [n_pairs].
    """

    skus: Mapping[str, int]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: Floats


class ItemKnn:
    """Sums the similarities to the shopper's own products."""

    name = "item_knn"

    def __init__(self, neighbours: Neighbours, index: "CatalogueIndex") -> None:
        self._neighbours = neighbours
        self._position = np.asarray([neighbours.skus.get(sku, -1) for sku in index.skus], dtype=np.int32)

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the summed similarities over the best one's, or `None` for a shopper without known products."""
        near = self._neighbours
        total = np.zeros(len(near.skus) + 1, dtype=np.float32)
        for item in context.liked[:LATEST]:
            position = int(self._position[item.row])
            if position >= 0:
                part = slice(int(near.indptr[position]), int(near.indptr[position + 1]))
                total[near.indices[part]] += near.values[part]
        # Products that came after the training stand at -1, the last place, which stays 0.
        scores = total[self._position[rows]]
        best = float(scores.max()) if len(scores) else 0.0
        return scores / best if best > 0 else None
