"""Fits LightFM (the only module that imports the library) and takes its arrays out of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.lightfm import Factors, represent, shopper_key
from shopguide.recommender.features import Floats, ItemFeatures

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.training.interactions import EventLog


@dataclass(frozen=True)
class FactorParameters:
    """LightFM's parameters. One thread: with more, results cannot be repeated."""

    dimensions: int = 48
    epochs: int = 20
    learning_rate: float = 0.05
    item_alpha: float = 1e-6
    user_alpha: float = 1e-6
    max_sampled: int = 20
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for a manifest."""
        return {"loss": "warp", "threads": 1, **asdict(self)}


def fit_factors(
    log: "EventLog",
    index: "CatalogueIndex",
    features: ItemFeatures,
    tastes: Mapping[int, Floats],
    parameters: FactorParameters,
    *,
    step: Callable[[], None] = lambda: None,
) -> Factors:
    """Fit LightFM with WARP on the positive interactions.

    A product is its identity plus the mean of its facet values and words; a shopper is an identity plus taste and
    lean, which add up to 1. Somebody or something new lacks the identity only.

    Args:
        log: the events.
        index: the catalogue.
        features: its item features.
        tastes: shopper position → what the profile remembers, [n_features]; nothing for shoppers without a taste.
        parameters: see `FactorParameters`.
        step: called after every epoch.
    """
    from lightfm import LightFM
    from scipy.sparse import coo_matrix

    positive = log.positive
    users = _with_identities(_shopper_features(log, features, tastes))
    items = _with_identities(_rows_to_mean(features.described))
    model = LightFM(
        no_components=parameters.dimensions,
        loss="warp",
        learning_rate=parameters.learning_rate,
        item_alpha=parameters.item_alpha,
        user_alpha=parameters.user_alpha,
        max_sampled=parameters.max_sampled,
        random_state=parameters.seed,
    )
    interactions = coo_matrix(positive, dtype=np.float32)
    # A purchase counts more than a click, but not six times: weights are damped, and 1 on average.
    weights = coo_matrix(interactions)
    weights.data = np.log1p(weights.data)
    weights.data /= max(float(weights.data.mean()), 1e-9)
    ones = coo_matrix(interactions)
    ones.data = np.ones_like(ones.data)
    for _ in range(parameters.epochs):
        model.fit_partial(ones, users, items, sample_weight=weights, epochs=1, num_threads=1)
        step()
    n_items, n_users = len(index), len(log.shoppers)
    touched = log.touched
    representations = np.asarray(users @ model.user_embeddings, dtype=np.float32)
    keys = np.asarray([shopper_key(shopper) for shopper in log.shoppers], dtype=np.uint64)
    order = np.argsort(keys)
    factors = Factors(
        skus={index.skus[row]: position for position, row in enumerate(touched.tolist())},
        features=features.described_names,
        # Products that nobody touched were only ever pushed away as negatives: they keep their features alone.
        item_identity=model.item_embeddings[:n_items][touched],
        item_identity_bias=model.item_biases[:n_items][touched],
        item_feature=model.item_embeddings[n_items:],
        item_feature_bias=model.item_biases[n_items:],
        user_feature=model.user_embeddings[n_users:],
        shopper_keys=keys[order],
        shoppers=representations[order],
        trained_until=log.until,
    )
    whole = represent(factors, index, features, np.arange(n_items, dtype=np.int32))
    return replace(factors, item_representation=whole, item_key=features.keys(index.skus))


def _shopper_features(log: "EventLog", features: ItemFeatures, tastes: Mapping[int, Floats]) -> "csr_matrix":
    """Return taste plus lean of every shopper, rows adding up to 1, CSR [n_shoppers, n_features]."""
    from scipy.sparse import csr_matrix, vstack

    rows = []
    for shopper in range(len(log.shoppers)):
        liked = [item for item in log.history(shopper) if item.weight > 0]
        lean = features.lean([item.row for item in liked], [item.weight for item in liked])
        # A long tail of tiny leans says nothing and makes every epoch slower.
        lean[lean < 0.02] = 0.0
        total = lean + np.maximum(tastes[shopper], 0.0) if shopper in tastes else lean
        rows.append(csr_matrix(total / max(float(total.sum()), 1e-9), dtype=np.float32))
    return vstack(rows, format="csr") if rows else csr_matrix((0, len(features.names)), dtype=np.float32)


def _rows_to_mean(matrix: "csr_matrix") -> "csr_matrix":
    from scipy.sparse import diags

    counts: NDArray[np.float32] = np.diff(matrix.indptr).astype(np.float32)
    return (diags(1.0 / np.maximum(counts, 1.0)) @ matrix).tocsr().astype(np.float32)


def _with_identities(matrix: "csr_matrix") -> "csr_matrix":
    from scipy.sparse import hstack, identity

    return hstack([identity(matrix.shape[0], dtype=np.float32, format="csr"), matrix], format="csr", dtype=np.float32)
