"""LightFM at serving time: dot products of factors, and fold-in for whoever was not there at training.

M. Kula, "Metadata Embeddings for User and Item Cold-start Recommendations" (2015): a shopper and a product are the sums
of their features' embeddings. The library itself is needed for training only (`shopguide.training.factors`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Context, Interaction, save_arrays
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.vectors import ItemVectors

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.artefacts import Version

FOLD_IN_STEPS = 40
FOLD_IN_RATE = 0.1
FOLD_IN_NEGATIVES = 32
ITEM_ARRAYS = (
    *("item_identity", "item_identity_bias", "item_feature", "item_feature_bias", "user_feature"),
    *("item_representation", "item_key"),
)
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
        item_representation: the whole representations of the products on sale at training, as `represent` makes them:
            what servers map and share. Without it every server computes its own, [n_trained, d + 1].
        item_key: `ItemFeatures.keys` of the same products, [n_trained].
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
    item_representation: Floats | None = None
    item_key: NDArray[np.uint64] | None = None
    family: ClassVar[str] = "lightfm"

    def save(self, folder: Path) -> None:
        """Write what is no shopper's; that comes at the very end, when it is known who was erased."""
        save_arrays(folder, {name: getattr(self, name) for name in ITEM_ARRAYS})

    @classmethod
    def load(cls, version: "Version", skus: Mapping[str, int]) -> "Factors":
        """Return the factors of a version, memory-mapped.

        Raises:
            ModelCorrupt: a file is missing or malformed.
        """
        ids = version.json("candidates", "ids.json")
        arrays: dict[str, Any] = {name: version.array("candidates", f"{cls.family}/{name}.npy") for name in ITEM_ARRAYS}
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


def represent(factors: Factors, index: "CatalogueIndex", features: ItemFeatures, rows: Rows) -> Floats:
    """Return the representations of `rows` of a catalogue, their bias in the last column, [n_rows, d + 1].

    The mean of the features' embeddings plus the identity. A new product has none: its bias is the median identity's,
    neither best nor worst.
    """
    shared = np.column_stack([factors.item_feature, factors.item_feature_bias])
    chosen = features.described[rows]
    counts = np.asarray(np.diff(chosen.indptr), dtype=np.float32)
    found = np.asarray(chosen @ _spread(factors, features.described_names, shared), dtype=np.float32)
    found /= np.maximum(counts, 1.0)[:, None]
    place = np.asarray([factors.skus.get(index.skus[row], -1) for row in rows], dtype=np.int64)
    known = place >= 0
    found[known, :-1] += factors.item_identity[place[known]]
    found[known, -1] += factors.item_identity_bias[place[known]]
    if len(factors.item_identity_bias):
        found[~known, -1] += np.float32(np.median(factors.item_identity_bias))
    return found


def _spread(factors: Factors, names: Sequence[str], values: Floats) -> Floats:
    """Bring rows of the model's features into the order of today's; values that came after the training have zeros."""
    column = {name: row for row, name in enumerate(factors.features)}
    place = np.asarray([column.get(name, -1) for name in names], dtype=np.int64)
    spread = np.zeros((len(place), values.shape[1]), dtype=np.float32)
    spread[place >= 0] = values[place[place >= 0]]
    return spread


def item_vectors(factors: Factors, index: "CatalogueIndex", features: ItemFeatures) -> ItemVectors:
    """Return the products' representations: those of the model, computed here for what is new or has changed."""
    place: dict[int, int] = {}
    stored = np.zeros((0, factors.item_identity.shape[1] + 1), dtype=np.float32)
    if factors.item_representation is not None and factors.item_key is not None:
        stored = factors.item_representation
        place = {key: row for row, key in enumerate(factors.item_key.tolist())}
    position = np.asarray([place.get(key, -1) for key in features.keys(index.skus).tolist()], dtype=np.int32)
    vectors = ItemVectors(stored, position)
    return vectors.extended(vectors.missing, represent(factors, index, features, vectors.missing))


class LightFM:
    """Scores by factors, for the products of one catalogue index.

    New products take part through their features at once; their identity is added at the next training.
    """

    name = "lightfm"

    def __init__(self, factors: Factors, index: "CatalogueIndex", features: ItemFeatures) -> None:
        self._factors = factors
        self._n = len(index)
        self._features = features
        self._items = item_vectors(factors, index, features)

    @cached_property
    def _user_feature(self) -> Floats:
        return _spread(self._factors, self._features.names, self._factors.user_feature)

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return the shopper's affinity to each of `rows`, or `None` for somebody of whom nothing is known."""
        shopper = self.shopper(context)
        if shopper is None:
            return None
        return self._items.dot(np.append(shopper, np.float32(1.0)), rows)

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
        from scipy.special import expit

        weight = np.asarray([min(item.weight, 3.0) for item in liked], dtype=np.float32)
        weight /= weight.sum()
        chosen, lead = self._parts(np.asarray([item.row for item in liked], dtype=np.int32))
        drawn = np.random.default_rng(0).integers(0, self._n, size=FOLD_IN_NEGATIVES)
        others, handicap = self._parts(drawn.astype(np.int32))
        vector = start.astype(np.float32, copy=True)
        for _ in range(FOLD_IN_STEPS):
            ahead = (chosen @ vector + lead)[:, None] - (others @ vector + handicap)[None, :]
            pull = weight[:, None] * expit(-ahead)
            # The sum over all pairs of pull × (chosen - other), in products instead of a difference for each pair.
            step = (pull.sum(axis=1) @ chosen - pull.sum(axis=0) @ others) / FOLD_IN_NEGATIVES
            vector += FOLD_IN_RATE * (step - 0.01 * (vector - start))
        return vector

    def _parts(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return the vectors of a few products, [n_rows, d], and their biases, [n_rows]."""
        found = self._items.of(rows)
        return found[:, :-1], found[:, -1]


def _sum_to_one(weights: Floats) -> Floats:
    total = float(weights.sum())
    return weights / total if total > 0 else weights
