"""LightFM as M. Kula's paper (2015) fits it, to tell what of a difference to its figures is the data's.

Logistic loss on good against bad ratings, a film being the sum of its identity and its tags, a person an identity. What
serves (`shopguide.training.factors`) learns what people choose among everything instead, and never of what they rated
badly.
"""

import numpy as np

from shopguide.evaluation.recommender.splits import Split
from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, ItemFeatures

DIMENSIONS, EPOCHS, ALPHA = 16, 5, 1e-4
"""Chosen on the validation variants of the paper's splits, MovieLens 100K."""


class PaperLightFM:
    """The paper's model, fitted on `split.past`.

    Args:
        split: only its past is looked at; weights above 0 are good ratings, the others bad ones.
        features: the tags.
        seed: LightFM's.
    """

    def __init__(self, split: Split, features: ItemFeatures, seed: int = 0) -> None:
        from lightfm import LightFM
        from scipy.sparse import coo_matrix, hstack, identity

        past = split.past
        judged = coo_matrix(
            (np.where(past.weight > 0, 1.0, -1.0).astype(np.float32), (past.shopper, past.row)),
            shape=(len(past.shoppers), past.n_products),
        )
        items = hstack([identity(past.n_products, dtype=np.float32), features.matrix], format="csr", dtype=np.float32)
        model = LightFM(
            DIMENSIONS, loss="logistic", item_alpha=ALPHA, user_alpha=ALPHA, random_state=np.random.RandomState(seed)
        )
        model.fit(judged, item_features=items, epochs=EPOCHS, num_threads=1)
        self._people: Floats = model.user_embeddings
        self._items: Floats = items @ model.item_embeddings
        self._biases: Floats = items @ model.item_biases
        known = np.unique(past.shopper).tolist()
        self._place: dict[ShopperId, int] = {past.shoppers[shopper]: shopper for shopper in known}

    def score(self, context: Context) -> Floats | None:
        """Return a known shopper's scores of all products, [n_products]; the shopper's own bias changes no order."""
        shopper = context.request.shopper_id
        if shopper is None or shopper not in self._place:
            return None
        return np.asarray(self._items @ self._people[self._place[shopper]] + self._biases, dtype=np.float32)
