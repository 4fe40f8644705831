"""Fits item-kNN: cosine between the products' columns of shoppers, shrunk where few shoppers are shared.

G. Linden et al., "Amazon.com Recommendations" (2003); shrinkage as in Y. Koren, "Factor in the Neighbors" (2010).
"""

from typing import TYPE_CHECKING

import numpy as np

from shopguide.recommender.candidates.item_knn import Neighbours

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.training.interactions import EventLog

NEIGHBOURS = 100
SHRINKAGE = 10.0


def fit_neighbours(log: "EventLog", index: "CatalogueIndex") -> Neighbours:
    """Return the nearest products of every product that anybody chose."""
    from scipy.sparse import diags

    touched = log.touched
    chosen = log.positive[:, touched].tocsc()
    chosen.data = np.ones_like(chosen.data)
    counts = np.asarray(chosen.sum(axis=0)).ravel()
    shared = (chosen.T @ chosen).tocsr()
    shared.setdiag(0)
    shared.eliminate_zeros()
    shared.sort_indices()
    inverse = diags(1.0 / np.sqrt(np.maximum(counts, 1.0)))
    cosine = (inverse @ shared @ inverse).tocsr()
    cosine.sort_indices()
    cosine.data *= shared.data / (shared.data + SHRINKAGE)
    for row in range(cosine.shape[0]):
        values = cosine.data[cosine.indptr[row] : cosine.indptr[row + 1]]
        if len(values) > NEIGHBOURS:
            values[values < np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]] = 0.0
    cosine.eliminate_zeros()
    return Neighbours(
        skus={index.skus[row]: position for position, row in enumerate(touched.tolist())},
        indptr=cosine.indptr.astype(np.int64),
        indices=cosine.indices.astype(np.int32),
        values=cosine.data.astype(np.float32),
    )
