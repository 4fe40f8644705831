"""MiniLM vectors of all product texts; those whose text did not change are taken over."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from shopguide.recommender.artefacts import Version
from shopguide.recommender.encoder import Encoder
from shopguide.recommender.features import Floats
from shopguide.recommender.snapshot import text_key
from shopguide.recommender.texts import product_text

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

CHUNK = 256


def make_vectors(
    index: "CatalogueIndex",
    encoder: Encoder,
    known: Version | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[str], Floats, int]:
    """Return the keys of the texts, their vectors [n_texts, d] in the same order, and how many were made anew.

    Products with the same text share a vector. Rows follow the catalogue, so that a scan over all products reads the
    file from front to back.

    Args:
        index: the catalogue.
        encoder: makes what is missing.
        known: a version whose vectors may be taken over; they must be of the same encoder.
        progress: told the share that is done.
    """
    texts = {text_key(text): text for text in (product_text(index.product(sku)) for sku in index.skus)}
    keys = list(texts)
    vectors = np.zeros((len(keys), encoder.dimensions), dtype=np.float32)
    stored: dict[str, int] = {}
    if known is not None and known.has("vectors"):
        stored = {key: row for row, key in enumerate(known.json("vectors", "texts.json"))}
        old = known.array("vectors", "vectors.npy")
        for row, key in enumerate(keys):
            if key in stored:
                vectors[row] = old[stored[key]]
    missing = [row for row, key in enumerate(keys) if key not in stored]
    # Chunks of like length waste no time on padding.
    missing.sort(key=lambda row: len(texts[keys[row]]))
    for start in range(0, len(missing), CHUNK):
        rows = missing[start : start + CHUNK]
        vectors[rows] = encoder.encode([texts[keys[row]] for row in rows])
        progress((start + len(rows)) / len(missing))
    return keys, vectors, len(missing)
