"""One vector for each product: those that training made, mapped and shared by processes, and a few of this process."""

import numpy as np

from shopguide.recommender.features import Floats, Rows

GATHER_BELOW = 0.2
"""Below this share of the catalogue, rows are gathered before the product; above it, everything is multiplied."""


class ItemVectors:
    """The products' vectors, in index order.

    Args:
        vectors: [n_known, d]; memory-mapped as the model stores them.
        position: each index row's row in `vectors`, -1 where there is none yet, [n_products].
        own: vectors that the model does not have, [n_own, d]; positions from `n_known` on.
        turned: what needs are multiplied by before they are compared, [d, d]; `None`: nothing.
    """

    def __init__(
        self, vectors: Floats, position: Rows, own: Floats | None = None, turned: Floats | None = None
    ) -> None:
        # As a plain array: indexing the subclass that maps files costs as much as a small product.
        self._vectors = np.asarray(vectors)
        self._position = position
        self._own = np.zeros((0, vectors.shape[1]), dtype=np.float32) if own is None else own
        self._turned = turned

    @property
    def missing(self) -> Rows:
        """Index rows that have no vector yet."""
        return np.flatnonzero(self._position < 0).astype(np.int32)

    def extended(self, rows: Rows, vectors: Floats) -> "ItemVectors":
        """Return a copy that also knows the vectors of `rows`; what is mapped stays mapped."""
        position = self._position.copy()
        own = np.vstack([self._own, vectors]).astype(np.float32)
        position[rows] = len(self._vectors) + np.arange(len(self._own), len(own))
        return ItemVectors(self._vectors, position, own, self._turned)

    def turned(self, matrix: Floats) -> "ItemVectors":
        """Return a copy for which needs are multiplied by a matrix [d, d]."""
        return ItemVectors(self._vectors, self._position, self._own, matrix)

    def asked(self, need: Floats) -> Floats:
        """Return the unit vector by which products are found for a need, [d], from the encoder's vector of it."""
        if self._turned is None:
            return need
        vector = need @ self._turned
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)

    def of(self, rows: Rows) -> Floats:
        """Return the vectors of `rows` (zeros where there is none), [n_rows, d]."""
        position = self._position[rows]
        mapped = (position >= 0) & (position < len(self._vectors))
        if mapped.all():
            return np.asarray(self._vectors[position], dtype=np.float32)
        found = np.zeros((len(rows), self._vectors.shape[1]), dtype=np.float32)
        found[mapped] = self._vectors[position[mapped]]
        own = position >= len(self._vectors)
        found[own] = self._own[position[own] - len(self._vectors)]
        return found

    def dot(self, vector: Floats, rows: Rows) -> Floats:
        """Return the products with `vector` (0 where there is no vector yet), [n_rows]."""
        if len(rows) < GATHER_BELOW * len(self._position):
            return np.asarray(self.of(rows) @ vector, dtype=np.float32)
        nothing = np.zeros(1, dtype=np.float32)  # the last one, where position -1 points
        scores = np.concatenate([self._vectors @ vector, self._own @ vector, nothing])
        return np.asarray(scores[self._position[rows]], dtype=np.float32)
