"""Fits the item-to-item models: item-kNN and EASE."""

from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.recommender.candidates.item_to_item import ItemWeights
from shopguide.recommender.features import Floats

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.training.interactions import EventLog

NEIGHBOURS = 100
SHRINKAGE = 10.0
EASE_ITEMS = 15_000
"""More products than this make EASE's dense matrix too big: time grows with their cube, memory with their square."""
EASE_KEPT = 200
"""Weights kept of each product, the largest by size."""
EASE_RIDGE = 200.0


def fit_item_knn(log: "EventLog", index: "CatalogueIndex") -> ItemWeights:
    """Return the nearest products of every product that anybody chose: cosine, shrunk where few shoppers are shared.

    G. Linden et al., "Amazon.com Recommendations" (2003); shrinkage as in Y. Koren, "Factor in the Neighbors" (2010).
    """
    from scipy.sparse import diags

    chosen = _chosen(log)
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
    return _weights("item_knn", cosine, log, index)


def fit_ease(log: "EventLog", index: "CatalogueIndex", ridge: float = EASE_RIDGE) -> ItemWeights:
    """Return EASE's weights between the products that anybody chose, the small ones left out.

    H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019), eq. 8: B = I - P / diag(P) with
    P = (X'X + ridge I)^-1. Takes 8 n² bytes and a Cholesky factorisation for n products. A weight above 0 between
    products that nobody chose both is left out: it is tiny, and what speaks for a product must be true of somebody.

    Raises:
        ValueError: there are more than `EASE_ITEMS` products.
    """
    from scipy.linalg.lapack import spotrf, spotri
    from scipy.sparse import csr_matrix

    chosen = _chosen(log)
    n = chosen.shape[1]
    if n > EASE_ITEMS:
        raise ValueError(f"EASE of {n} products: {EASE_ITEMS} at most")
    shared = (chosen.T @ chosen).tocsr()
    gram = np.asfortranarray(shared.toarray(), dtype=np.float32)
    gram[np.diag_indices(n)] += np.float32(ridge)
    factor, failed = spotrf(gram, lower=1, overwrite_a=1)
    if failed:
        raise ValueError(f"EASE: the Gram matrix of {n} products cannot be factorised")
    inverse, _ = spotri(factor, lower=1, overwrite_c=1)
    diagonal = inverse.diagonal().copy()
    kept = min(EASE_KEPT, n - 1)
    indices = np.empty((n, kept), dtype=np.int32)
    values = np.empty((n, kept), dtype=np.float32)
    for row in range(n):
        # LAPACK fills the lower triangle only; row `row` of the symmetric matrix is what lies left of and below it.
        weights: Floats = -np.concatenate([inverse[row, :row], inverse[row:, row]]) / diagonal
        weights[row] = 0.0
        apart = np.ones(n, dtype=np.bool_)
        apart[shared.indices[shared.indptr[row] : shared.indptr[row + 1]]] = False
        weights[apart & (weights > 0)] = 0.0
        indices[row] = np.sort(np.argpartition(-np.abs(weights), kept - 1)[:kept])
        values[row] = weights[indices[row]]
    indptr = np.arange(n + 1, dtype=np.int64) * kept
    return _weights("ease", csr_matrix((values.ravel(), indices.ravel(), indptr), shape=(n, n)), log, index)


def _chosen(log: "EventLog") -> "csc_matrix":
    """Return who chose what, CSC of ones, [n_shoppers, n_touched]."""
    chosen = log.positive[:, log.touched].tocsc()
    chosen.data = np.ones_like(chosen.data)
    return chosen


def _weights(family: str, matrix: Any, log: "EventLog", index: "CatalogueIndex") -> ItemWeights:
    return ItemWeights(
        family=family,
        skus={index.skus[row]: position for position, row in enumerate(log.touched.tolist())},
        indptr=matrix.indptr.astype(np.int64),
        indices=matrix.indices.astype(np.int32),
        values=matrix.data.astype(np.float32),
    )
