"""LightFM at serving time: dot products of factors, and fold-in for whoever was not there at training.

M. Kula, "Metadata Embeddings for User and Item Cold-start Recommendations" (2015): a shopper and a product are the sums
of their features' embeddings. The library itself is needed for training only (`shopguide.training.factors`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.features import Floats, ItemFeatures, Rows

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.artefacts import Version

FOLD_IN_STEPS = 40
FOLD_IN_RATE = 0.1
FOLD_IN_NEGATIVES = 32
ITEM_ARRAYS = ("item_identity", "item_identity_bias", "item_feature", "item_feature_bias", "user_feature")
SHOPPER_ARRAYS = ("shopper_keys", "shoppers")
SLOT_WEIGHT = 1.0
TASTE_WEIGHT = 1.0


def shopper_key(shopper_id: ShopperId) -> int:
    """Return the 64-bit key under which a model knows a shopper: ids themselves are not written into models."""
    return int.from_bytes(hashlib.blake2b(shopper_id.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True)
class Factors:
    """What LightFM learnt, as plain arrays.

    Args:
        skus: products known at training → row of `item_identity`.
        features: feature names, facet values before words, one for each row of the item feature arrays.
        item_identity: what a product has beyond its features, [n_items, d].
        item_identity_bias: the same for the bias, [n_items].
        item_feature: embeddings of item features, [n_features, d].
        item_feature_bias: [n_features].
        user_feature: embeddings of the facet values on the shoppers' side, [n_facet_values, d].
        shopper_keys: ascending keys of the shoppers known at training, [n_shoppers].
        shoppers: their whole representations, [n_shoppers, d].
        trained_until: time stamp (s) of the last event that the shoppers' representations contain.
    """

    skus: Mapping[str, int]
    features: Sequence[str]
    item_identity: Floats
    item_identity_bias: Floats
    item_feature: Floats
    item_feature_bias: Floats
    user_feature: Floats
    shopper_keys: NDArray[np.uint64]
    shoppers: Floats
    trained_until: float
    family: str = "lightfm"

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to save; those of shoppers are saved at the very end, when it is known who was erased."""
        return {name: getattr(self, name) for name in ITEM_ARRAYS}

    @classmethod
    def load(cls, version: "Version", skus: Mapping[str, int]) -> "Factors":
        """Return the factors of a version, memory-mapped.

        Raises:
            ModelCorrupt: a file is missing or malformed.
        """
        ids = version.json("candidates", "ids.json")
        arrays: dict[str, Any] = {name: version.array("candidates", f"lightfm_{name}.npy") for name in ITEM_ARRAYS}
        arrays |= {name: version.array("candidates", f"{name}.npy") for name in SHOPPER_ARRAYS}
        return cls(skus=skus, features=ids["features"], trained_until=float(ids["trained_until"]), **arrays)

    def generator(self, index: "CatalogueIndex", features: ItemFeatures) -> "LightFM":
        """Return the generator for a state of the catalogue."""
        return LightFM(self, index, features)

    def shopper(self, shopper_id: ShopperId | None) -> Floats | None:
        """Return a known shopper's representation, [d]."""
        if shopper_id is None or not len(self.shopper_keys):
            return None
        key = np.uint64(shopper_key(shopper_id))
        position = int(np.searchsorted(self.shopper_keys, key))
        if position == len(self.shopper_keys) or self.shopper_keys[position] != key:
            return None
        return np.asarray(self.shoppers[position], dtype=np.float32)


class LightFM:
    """Scores by factors, for the products of one catalogue index.

    New products take part through their features at once; their identity is added at the next training.
    """

    name = "lightfm"

    def __init__(self, factors: Factors, index: "CatalogueIndex", features: ItemFeatures) -> None:
        self._factors = factors
        self._n = len(index)
        self._features = features
        column = {name: row for row, name in enumerate(factors.features)}
        # Row of the model's feature arrays for each of today's features; -1: a value that came after training.
        self._known = np.asarray([column.get(name, -1) for name in features.described_names], dtype=np.int64)
        self._identity = np.asarray([factors.skus.get(sku, -1) for sku in index.skus], dtype=np.int64)

    @cached_property
    def items(self) -> Floats:
        """The products' representations, [n_products, d]."""
        shared = self._spread(self._factors.item_feature)
        items = self._features.described @ shared / np.maximum(self._feature_counts, 1.0)[:, None]
        known = self._identity >= 0
        items[known] += self._factors.item_identity[self._identity[known]]
        return np.asarray(items, dtype=np.float32)

    @cached_property
    def biases(self) -> Floats:
        """The products' biases, [n_products]. A new product takes the median identity's, neither best nor worst."""
        shared = self._spread(self._factors.item_feature_bias[:, None]).ravel()
        biases = self._features.described @ shared / np.maximum(self._feature_counts, 1.0)
        identity = np.asarray(self._factors.item_identity_bias)
        known = self._identity >= 0
        biases[known] += identity[self._identity[known]]
        biases[~known] += float(np.median(identity)) if len(identity) else 0.0
        return np.asarray(biases, dtype=np.float32)

    @cached_property
    def _feature_counts(self) -> Floats:
        return np.asarray(np.diff(self._features.described.indptr), dtype=np.float32)

    def _spread(self, rows: Floats, n_features: int | None = None) -> Floats:
        """Bring rows of the model's features into the order of today's features, or of the first of them."""
        position = self._known[:n_features]
        spread = np.zeros((len(position), rows.shape[1]), dtype=np.float32)
        known = position >= 0
        spread[known] = rows[position[known]]
        return np.asarray(spread, dtype=np.float32)

    @cached_property
    def _user_feature(self) -> Floats:
        return self._spread(self._factors.user_feature, len(self._features.names))

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the shopper's affinity to each of `rows`, or `None` for somebody of whom nothing is known."""
        shopper = self.shopper(context)
        if shopper is None:
            return None
        return np.asarray(self.items[rows] @ shopper + self.biases[rows], dtype=np.float32)

    def shopper(self, context: Context) -> Floats | None:
        """Return the representation for one request, [d].

        A known shopper's own, or else the sum of the embeddings of taste and lean; filled slots and soft wishes move
        either; clicks since the training fold in by a few gradient steps.
        """
        known = self._factors.shopper(context.request.shopper_id)
        wishes = _sum_to_one(context.wanted_weights + np.maximum(context.preference_weights, 0.0))
        if known is not None:
            vector = known
            fresh = tuple(i for i in context.liked if i.at.timestamp() > self._factors.trained_until)
        else:
            remembered = _sum_to_one(np.maximum(context.taste_weights, 0.0) + context.lean)
            if not remembered.any() and not wishes.any() and not context.liked:
                return None
            vector = TASTE_WEIGHT * (remembered @ self._user_feature)
            fresh = context.liked
        if wishes.any():
            vector = vector + SLOT_WEIGHT * (wishes @ self._user_feature)
        return self._fold_in(vector, fresh) if fresh else vector

    def _fold_in(self, start: Floats, liked: tuple[Interaction, ...]) -> Floats:
        """Move a representation by BPR steps on what was liked against products drawn with a fixed seed."""
        chosen = np.asarray([item.row for item in liked], dtype=np.int64)
        weight = np.asarray([min(item.weight, 3.0) for item in liked], dtype=np.float32)
        weight /= weight.sum()
        others = np.random.default_rng(0).integers(0, self._n, size=FOLD_IN_NEGATIVES)
        difference = self.items[chosen][:, None, :] - self.items[others][None, :, :]
        lead = self.biases[chosen][:, None] - self.biases[others][None, :]
        vector = start.astype(np.float32, copy=True)
        for _ in range(FOLD_IN_STEPS):
            pull = 1.0 / (1.0 + np.exp(np.clip(difference @ vector + lead, -30.0, 30.0)))
            step = np.einsum("c,cn,cnd->d", weight, pull, difference) / FOLD_IN_NEGATIVES
            vector += FOLD_IN_RATE * (step - 0.01 * (vector - start))
        return vector


def _sum_to_one(weights: Floats) -> Floats:
    total = float(weights.sum())
    return weights / total if total > 0 else weights
