"""What every ranking is compared with: popularity and item-kNN."""

from typing import TYPE_CHECKING

import numpy as np

from shopguide.recommender.features import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEIGHBOURS = 100
SHRINKAGE = 10.0


class ItemKnn:
    """Cosine between the products' columns of shoppers, shrunk where few shoppers are shared.

    G. Linden et al., "Amazon.com Recommendations" (2003); shrinkage as in Y. Koren, "Factor in the Neighbors" (2010).

    Args:
        positive: summed weights, CSR [n_shoppers, n_products].
    """

    def __init__(self, positive: "csr_matrix") -> None:
        from scipy.sparse import csr_matrix, diags

        ones = positive.copy()
        ones.data = np.ones_like(ones.data)
        counts = np.asarray(ones.sum(axis=0)).ravel()
        shared = (ones.T @ ones).tocsr()
        shared.setdiag(0)
        shared.eliminate_zeros()
        inverse = diags(1.0 / np.sqrt(np.maximum(counts, 1.0)))
        cosine = (inverse @ shared @ inverse).tocsr()
        cosine.sort_indices()
        shared.sort_indices()
        cosine.data *= shared.data / (shared.data + SHRINKAGE)
        for row in range(cosine.shape[0]):
            start, end = cosine.indptr[row], cosine.indptr[row + 1]
            if end - start > NEIGHBOURS:
                values = cosine.data[start:end]
                values[values < np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]] = 0.0
        cosine.eliminate_zeros()
        self._similar: csr_matrix = cosine

    def scores(self, history: "csr_matrix") -> Floats:
        """Return the scores of all products for one shopper's row, [n_products]."""
        known = history.copy()
        known.data = np.ones_like(known.data)
        return np.asarray((known @ self._similar).todense(), dtype=np.float32).ravel()
