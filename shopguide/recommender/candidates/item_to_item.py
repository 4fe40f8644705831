"""Item-to-item models at serving time: item-kNN's similarities and EASE's weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.base import Context, Interaction, positions_of, save_arrays
from shopguide.recommender.features import Floats, ItemFeatures, Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.artefacts import Version

_ARRAYS = ("indptr", "indices", "values")
LATEST = 100
"""Products of a history that count at most, the strongest ones."""


@dataclass(frozen=True)
class ItemWeights:
    """What each product known at training says for others, as the three arrays of a CSR matrix.

    Args:
        family: the kind of model that they come from; names the generator and the files.
        skus: products → positions.
        indptr: where each product's entries begin, [n_items + 1].
        indices: the positions of the products that it speaks for, [n_pairs].
        values: how much, [n_pairs].
    """

    family: str
    skus: Mapping[str, int]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: Floats

    def save(self, folder: Path) -> None:
        """Write the weights."""
        save_arrays(folder, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, family: str, version: "Version", skus: Mapping[str, int]) -> "ItemWeights":
        """Return the weights of a version, memory-mapped.

        Raises:
            ModelCorrupt: a file is missing or malformed.
        """
        return cls(family, skus, *(version.array("candidates", f"{family}/{name}.npy") for name in _ARRAYS))

    def generator(self, index: "CatalogueIndex", features: ItemFeatures) -> "ItemToItem":
        """Return the generator for a state of the catalogue."""
        return ItemToItem(self, index)


class ItemToItem:
    """Sums what the shopper's own products say for others."""

    def __init__(self, weights: ItemWeights, index: "CatalogueIndex") -> None:
        self.name = weights.family
        # As plain arrays: indexing the subclass that maps files costs as much as reading a product's entries.
        self._indptr, self._indices = np.asarray(weights.indptr), np.asarray(weights.indices)
        self._values = np.asarray(weights.values)
        self._known = len(weights.skus)
        self._position = positions_of(weights.skus, index)

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the sums, [n_rows], or `None` for a shopper without known products."""
        places = [int(place) for item in context.liked[:LATEST] if (place := self._position[item.row]) >= 0]
        if not places:
            return None
        parts = [slice(int(self._indptr[place]), int(self._indptr[place + 1])) for place in places]
        indices = np.concatenate([self._indices[part] for part in parts])
        values = np.concatenate([self._values[part] for part in parts])
        # Products that came after the training stand at -1, the last place, which stays 0.
        total = np.bincount(indices, weights=values, minlength=self._known + 1).astype(np.float32)
        return np.asarray(total[self._position[rows]])

    def ground(self, context: Context, row: int) -> Interaction | None:
        """Return the product of the shopper's own that adds most to a product's score; `None` if none adds anything."""
        target = int(self._position[row])
        own = [item for item in context.liked[:LATEST] if self._position[item.row] >= 0 and item.row != row]
        if target < 0 or not own:
            return None
        places = self._position[[item.row for item in own]].tolist()
        parts = [slice(*self._indptr[place : place + 2].tolist()) for place in places]
        adds = np.concatenate([self._indices[part] for part in parts]) == target
        if not adds.any():
            return None
        owner = np.repeat(np.arange(len(own)), [part.stop - part.start for part in parts])[adds]
        added = np.concatenate([self._values[part] for part in parts])[adds]
        best = int(np.argmax(added))
        return own[int(owner[best])] if added[best] > 0 else None
