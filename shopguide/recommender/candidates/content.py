"""Content: MiniLM vectors of the product texts, compared with the need and with what the shopper liked."""

from collections.abc import Callable

import numpy as np

from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, Rows
from shopguide.recommender.vectors import ItemVectors


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
        return from_the_median(self._vectors.dot(self._vectors.asked(vector), rows))


def from_the_median(cosine: Floats) -> Floats:
    """Return cosines less their median, over the best one less the median, never below 0, [n]."""
    middle = float(np.median(cosine)) if len(cosine) > 2 else 0.0
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
