"""Models that are measured but cannot serve: their time or their knowledge grows with the number of shoppers."""

from typing import TYPE_CHECKING

import numpy as np

from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats
from shopguide.training.interactions import EventLog

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEIGHBOURS = 100
BPR_DIMENSIONS = 64
BPR_EPOCHS = 100


def _chosen(log: EventLog) -> "csr_matrix":
    chosen = log.positive.copy()
    chosen.data = np.ones_like(chosen.data)
    return chosen


class UserKnn:
    """What the shoppers with the most similar histories chose, weighted by the cosine of the histories.

    P. Resnick et al., "GroupLens: An Open Architecture for Collaborative Filtering of Netnews" (1994).
    """

    name = "user_knn"

    def __init__(self, log: EventLog) -> None:
        self._chosen = _chosen(log)
        counts = np.asarray(self._chosen.sum(axis=1)).ravel()
        self._inverse = 1.0 / np.sqrt(np.maximum(counts, 1.0))
        self._position = {shopper: position for position, shopper in enumerate(log.shoppers)}

    def score(self, context: Context) -> Floats | None:
        """Return the summed cosines, [n_products], or `None` for a shopper without history."""
        own = [item.row for item in context.liked]
        if not own:
            return None
        wanted = np.zeros(self._chosen.shape[1], dtype=np.float32)
        wanted[own] = 1.0
        cosine = (self._chosen @ wanted) * self._inverse / np.sqrt(len(own))
        myself = self._position.get(context.request.shopper_id or ShopperId(""))
        if myself is not None:
            cosine[myself] = 0.0
        near = np.argpartition(-cosine, min(NEIGHBOURS, len(cosine) - 1))[:NEIGHBOURS]
        return np.asarray(cosine[near] @ self._chosen[near], dtype=np.float32).ravel()


class Bpr:
    """Matrix factorisation by Bayesian personalised ranking; knows the shoppers of the past alone.

    S. Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback" (2009), by the library `implicit`.
    """

    name = "bpr"

    def __init__(self, log: EventLog, seed: int = 0) -> None:
        from implicit.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(
            factors=BPR_DIMENSIONS, iterations=BPR_EPOCHS, num_threads=1, random_state=seed
        )
        chosen = _chosen(log)
        model.fit(chosen, show_progress=False)
        self._users, self._items = np.asarray(model.user_factors), np.asarray(model.item_factors)
        known = np.flatnonzero(np.diff(chosen.indptr)).tolist()
        self._position = {log.shoppers[position]: position for position in known}

    def score(self, context: Context) -> Floats | None:
        """Return the dot products, [n_products], or `None` for somebody new."""
        position = self._position.get(context.request.shopper_id or ShopperId(""))
        if position is None:
            return None
        return np.asarray(self._items @ self._users[position], dtype=np.float32)
