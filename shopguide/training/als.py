"""Fits implicit ALS with the library `implicit` and takes the products' factors out of it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.recommender.candidates.als import AlsFactors

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.training.interactions import EventLog


@dataclass(frozen=True)
class AlsParameters:
    """ALS's parameters."""

    dimensions: int = 64
    iterations: int = 15
    regularisation: float = 0.1
    alpha: float = 10.0
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for a manifest."""
        return asdict(self)


def fit_als(log: "EventLog", index: "CatalogueIndex", parameters: AlsParameters | None = None) -> AlsFactors:
    """Return the factors of the products that anybody chose."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    parameters = parameters or AlsParameters()
    touched = log.touched
    chosen = log.positive[:, touched].tocsr()
    chosen.data = np.ones_like(chosen.data)
    # implicit's own threads are parallel over shoppers: it warns if BLAS's could get in their way.
    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=parameters.dimensions,
            regularization=parameters.regularisation,
            alpha=parameters.alpha,
            iterations=parameters.iterations,
            random_state=parameters.seed,
            # With more, sums are added up in another order each time and results cannot be repeated.
            num_threads=1,
        )
        model.fit(chosen, show_progress=False)
    items = np.asarray(model.item_factors, dtype=np.float32)
    gram = items.T @ items + parameters.regularisation * np.eye(parameters.dimensions, dtype=np.float32)
    return AlsFactors(
        skus={index.skus[row]: position for position, row in enumerate(touched.tolist())},
        items=items,
        gram=gram.astype(np.float32),
        alpha=np.asarray([parameters.alpha], dtype=np.float32),
    )
