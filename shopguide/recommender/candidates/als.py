"""Implicit ALS at serving time: the shopper's factors are solved from their products when they ask.

Y. Hu, Y. Koren and C. Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008): with the products'
factors fixed, the best factors of a shopper have a closed form, so nobody has to be known at training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from shopguide.recommender.candidates.base import Context, positions_of, save_arrays
from shopguide.recommender.features import Floats, ItemFeatures, Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.artefacts import Version

FAMILY = "als"
_ARRAYS = ("items", "gram", "alpha")
LATEST = 200
"""Products of a history that count at most, the strongest ones."""


@dataclass(frozen=True)
class AlsFactors:
    """What ALS learnt.

    Args:
        skus: products → rows of `items`.
        items: their factors, [n_items, d].
        gram: `items.T @ items` plus the regularisation on the diagonal, [d, d].
        alpha: confidence in a choice, where that in anything else is 1, [1].
    """

    skus: Mapping[str, int]
    items: Floats
    gram: Floats
    alpha: Floats
    family: ClassVar[str] = FAMILY

    def save(self, folder: Path) -> None:
        """Write the factors."""
        save_arrays(folder, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, version: "Version", skus: Mapping[str, int]) -> "AlsFactors":
        """Return the factors of a version, memory-mapped.

        Raises:
            ModelCorrupt: a file is missing or malformed.
        """
        return cls(skus, *(version.array("candidates", f"{FAMILY}/{name}.npy") for name in _ARRAYS))

    def generator(self, index: "CatalogueIndex", features: ItemFeatures) -> "Als":
        """Return the generator for a state of the catalogue."""
        return Als(self, index)


class Als:
    """Dot products of the products' factors with those that the shopper's products call for."""

    name = FAMILY

    def __init__(self, factors: AlsFactors, index: "CatalogueIndex") -> None:
        self._factors = factors
        self._position = positions_of(factors.skus, index)

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the preferences, [n_rows], or `None` for a shopper without known products; new products have 0."""
        chosen = self._position[[item.row for item in context.liked[:LATEST]]]
        chosen = chosen[chosen >= 0]
        if not len(chosen):
            return None
        vectors = np.asarray(self._factors.items[chosen])
        alpha = float(self._factors.alpha[0])
        # Equation 4 of the paper, where what was chosen has confidence alpha and everything else 1.
        matrix = self._factors.gram + (alpha - 1.0) * vectors.T @ vectors
        shopper = np.linalg.solve(matrix, alpha * vectors.sum(axis=0))
        position = self._position[rows]
        scores = np.asarray(self._factors.items[np.maximum(position, 0)] @ shopper, dtype=np.float32)
        scores[position < 0] = 0.0
        return scores
