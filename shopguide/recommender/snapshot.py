"""One trained version brought together with one state of the catalogue: what a request is answered from."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.artefacts import Version
from shopguide.recommender.blend import DEFAULT_WEIGHTS, Blend, Signals
from shopguide.recommender.candidates.base import CandidateGenerator
from shopguide.recommender.candidates.content import ItemVectors, QueryContent, TasteContent
from shopguide.recommender.candidates.item_knn import ItemKnn, Neighbours
from shopguide.recommender.candidates.lightfm import Factors, LightFM
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.candidates.text import Text
from shopguide.recommender.features import Floats, ItemFeatures, item_features, percentiles
from shopguide.recommender.reasons import Explainer
from shopguide.recommender.texts import product_text

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

log = logging.getLogger(__name__)

Encode = Callable[[str], Floats | None]


@dataclass(frozen=True)
class Snapshot:
    """Immutable; requests that began with it end with it while the next one is built.

    Args:
        index: the catalogue.
        signals: the sources of the blend's features.
        popularity: the popularity generator, also among the signals' generators.
        blend: the weights.
        version: the trained version, `None` when there is none.
    """

    index: "CatalogueIndex"
    signals: Signals
    popularity: Popularity
    blend: Blend
    version: Version | None

    @property
    def features(self) -> ItemFeatures:
        """The item features of the catalogue."""
        return self.signals.features

    @property
    def vectors(self) -> ItemVectors | None:
        """The MiniLM vectors, if there are any."""
        return self.signals.vectors

    @property
    def trained(self) -> bool:
        """Whether candidates were trained; without them only popularity, text and tastes rank."""
        return self.version is not None and self.version.has("candidates")

    @property
    def model_version(self) -> str:
        """The version's name, `none` when nothing is trained."""
        return self.version.name if self.version else "none"

    @cached_property
    def explainer(self) -> Explainer:
        """Draws the reasons."""
        return Explainer(self.index, self.signals, self.blend, self.popularity.from_events)


def assemble(
    index: "CatalogueIndex",
    *,
    features: ItemFeatures | None = None,
    version: Version | None = None,
    factors: Factors | None = None,
    neighbours: Neighbours | None = None,
    counts: NDArray[np.float64] | None = None,
    vectors: ItemVectors | None = None,
    blend: Blend | None = None,
    encode: Encode = lambda _: None,
) -> Snapshot:
    """Put a snapshot together from parts that are in memory already; each part that is `None` is left out."""
    features = features or item_features(index)
    popularity = Popularity(index, counts)
    generators: list[CandidateGenerator] = [popularity, Text(index)]
    if factors is not None:
        generators.append(LightFM(factors, index, features))
    if neighbours is not None:
        generators.append(ItemKnn(neighbours, index))
    if vectors is not None:
        generators += [QueryContent(vectors, encode), TasteContent(vectors)]
    rating = percentiles(popularity.ratings.astype(np.float64)) if popularity.rated else None
    return Snapshot(
        index=index,
        signals=Signals(features, generators, rating, vectors),
        popularity=popularity,
        blend=blend or Blend(DEFAULT_WEIGHTS),
        version=version,
    )


def load(index: "CatalogueIndex", version: Version | None, encode: Encode) -> Snapshot:
    """Bring a trained version together with a catalogue.

    Raises:
        ModelCorrupt: a file of the version is missing or malformed.
    """
    if version is None:
        return assemble(index, encode=encode)
    factors = neighbours = counts = blend = None
    if version.has("candidates"):
        if version.part("candidates")["lightfm"]:
            factors, neighbours = load_factors(version), load_neighbours(version)
        counts = _aligned(version, index, "popularity.npy")
        blend = Blend(version.json("candidates", "blend.json")["weights"])
    vectors = load_vectors(version, index) if version.has("vectors") else None
    return assemble(
        index,
        version=version,
        factors=factors,
        neighbours=neighbours,
        counts=counts,
        vectors=vectors,
        blend=blend,
        encode=encode,
    )


def load_factors(version: Version) -> Factors:
    """Return the LightFM factors of a version, memory-mapped."""
    ids = version.json("candidates", "ids.json")
    return Factors(
        skus={sku: row for row, sku in enumerate(ids["skus"])},
        features=ids["features"],
        item_identity=version.array("candidates", "item_identity.npy"),
        item_identity_bias=version.array("candidates", "item_identity_bias.npy"),
        item_feature=version.array("candidates", "item_feature.npy"),
        item_feature_bias=version.array("candidates", "item_feature_bias.npy"),
        user_feature=version.array("candidates", "user_feature.npy"),
        shopper_keys=version.array("candidates", "shopper_keys.npy"),
        shoppers=version.array("candidates", "shoppers.npy"),
        trained_until=float(ids["trained_until"]),
    )


def load_neighbours(version: Version) -> Neighbours:
    """Return the item-kNN of a version, memory-mapped."""
    skus = version.json("candidates", "ids.json")["skus"]
    return Neighbours(
        skus={sku: row for row, sku in enumerate(skus)},
        indptr=version.array("candidates", "neighbour_indptr.npy"),
        indices=version.array("candidates", "neighbour_indices.npy"),
        values=version.array("candidates", "neighbour_values.npy"),
    )


def _aligned(version: Version, index: "CatalogueIndex", name: str) -> NDArray[np.float64]:
    """Return an array over the trained products in today's order; new products have 0."""
    skus = version.json("candidates", "ids.json")["skus"]
    values = version.array("candidates", name)
    aligned = np.zeros(len(index), dtype=np.float64)
    for position, sku in enumerate(skus):
        if sku in index:
            aligned[index.row(sku)] = values[position]
    return aligned


def text_key(text: str) -> str:
    """Return the key of a product text: a vector is good for as long as the text stays the same."""
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def load_vectors(version: Version, index: "CatalogueIndex") -> ItemVectors:
    """Return the vectors of a version in today's order; products that are new or changed have none yet."""
    stored = {key: row for row, key in enumerate(version.json("vectors", "texts.json"))}
    vectors = version.array("vectors", "vectors.npy")
    texts = (product_text(index.product(sku)) for sku in index.skus)
    position = np.asarray([stored.get(text_key(text), -1) for text in texts], dtype=np.int32)
    return ItemVectors(vectors, position)
