"""Content: MiniLM vectors of the product texts, compared with the need and with what the shopper liked."""

from collections.abc import Callable

import numpy as np

from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, Rows

GATHER_BELOW = 0.2
"""Below this share of the catalogue, rows are gathered before the product; above it, everything is multiplied."""


class ItemVectors:
    """The products' unit vectors, in index order.

    Args:
        vectors: [n_known, d]; memory-mapped as the model stores them.
        position: each index row's row in `vectors`, -1 where there is none yet, [n_products].
    """

    def __init__(self, vectors: Floats, position: Rows) -> None:
        self._vectors = vectors
        self._position = position

    @property
    def missing(self) -> Rows:
        """Index rows that have no vector yet."""
        return np.flatnonzero(self._position < 0).astype(np.int32)

    def extended(self, rows: Rows, vectors: Floats) -> "ItemVectors":
        """Return a copy that also knows the vectors of `rows`."""
        position = self._position.copy()
        position[rows] = np.arange(len(self._vectors), len(self._vectors) + len(rows))
        return ItemVectors(np.vstack([self._vectors, vectors]).astype(np.float32), position)

    def of(self, rows: Rows) -> Floats:
        """Return the vectors of `rows` (zeros where there is none), [n_rows, d]."""
        position = self._position[rows]
        found = np.asarray(self._vectors[np.maximum(position, 0)], dtype=np.float32)
        found[position < 0] = 0.0
        return found

    def dot(self, vector: Floats, rows: Rows) -> Floats:
        """Return the products with `vector` (0 where there is no vector yet), [n_rows]."""
        position = self._position[rows]
        if len(rows) < GATHER_BELOW * len(self._vectors):
            scores = np.asarray(self._vectors[np.maximum(position, 0)] @ vector, dtype=np.float32)
        else:
            scores = np.asarray(self._vectors @ vector, dtype=np.float32)[np.maximum(position, 0)]
        scores[position < 0] = 0.0
        return scores


class QueryContent:
    """Cosine between the need in words and the products.

    Args:
        vectors: the products' vectors.
        encode: text → unit vector [d], or `None` while the encoder is not loaded.
    """

    name = "query_content"

    def __init__(self, vectors: ItemVectors, encode: Callable[[str], Floats | None]) -> None:
        self._vectors = vectors
        self._encode = encode

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the cosine less the median, over the best one less the median, never below 0."""
        query = context.request.query.strip()
        vector = self._encode(query) if query else None
        if vector is None or not len(rows):
            return None
        cosine = self._vectors.dot(vector, rows)
        middle = float(np.median(cosine)) if len(rows) > 2 else 0.0
        return np.asarray(np.clip((cosine - middle) / max(float(cosine.max()) - middle, 1e-9), 0.0, 1.0))


class TasteContent:
    """Cosine between the centroid of what the shopper liked and the products."""

    name = "taste_content"

    def __init__(self, vectors: ItemVectors) -> None:
        self._vectors = vectors

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the cosine with the weighted centroid, or `None` for a shopper without history."""
        if not context.liked:
            return None
        liked = self._vectors.of(np.asarray([item.row for item in context.liked], dtype=np.int32))
        centroid = np.asarray([item.weight for item in context.liked], dtype=np.float32) @ liked
        length = float(np.linalg.norm(centroid))
        if not length:
            return None
        return self._vectors.dot(centroid / length, rows)
