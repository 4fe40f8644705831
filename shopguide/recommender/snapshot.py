"""One trained version brought together with one state of the catalogue: what a request is answered from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from shopguide.recommender.artefacts import Version
from shopguide.recommender.blend import DEFAULT_WEIGHTS, Blend, Signals
from shopguide.recommender.candidates.base import CandidateGenerator, Learnt
from shopguide.recommender.candidates.content import QueryContent, TasteContent
from shopguide.recommender.candidates.families import load_families
from shopguide.recommender.candidates.popularity import Demand, Popularity
from shopguide.recommender.candidates.text import Text
from shopguide.recommender.features import Floats, ItemFeatures, Rows, item_features
from shopguide.recommender.reasons import Explainer
from shopguide.recommender.texts import product_text
from shopguide.recommender.trees import Trees
from shopguide.recommender.vectors import ItemVectors

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
        blend: the weights.
        version: the trained version, `None` when there is none.
        variants: the group of variants that each product is in, [n_products]; made with the snapshot, so that no
            request waits for it.
    """

    index: "CatalogueIndex"
    signals: Signals
    blend: Blend
    version: Version | None
    variants: Rows

    @property
    def features(self) -> ItemFeatures:
        """The item features of the catalogue."""
        return self.signals.features

    @property
    def vectors(self) -> ItemVectors | None:
        """The MiniLM vectors, if there are any."""
        return self.signals.vectors

    @property
    def popularity(self) -> Popularity:
        """The popularity generator."""
        return self.signals.popularity

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
    learnt: Sequence[Learnt] = (),
    demand: Demand | None = None,
    vectors: ItemVectors | None = None,
    blend: Blend | None = None,
    encode: Encode = lambda _: None,
) -> Snapshot:
    """Put a snapshot together from parts that are in memory already; each part that is `None` is left out."""
    features = features or item_features(index)
    popularity = Popularity(index, demand)
    generators: list[CandidateGenerator] = [popularity, Text(index)]
    generators += [model.generator(index, features) for model in learnt]
    if vectors is not None:
        generators += [QueryContent(vectors, encode), TasteContent(vectors)]
    return Snapshot(
        index=index,
        signals=Signals(features, generators, popularity, vectors),
        blend=blend or Blend(DEFAULT_WEIGHTS),
        version=version,
        variants=index.variants,
    )


def load(index: "CatalogueIndex", version: Version | None, encode: Encode) -> Snapshot:
    """Bring a trained version together with a catalogue.

    Raises:
        ModelCorrupt: a file of the version is missing or malformed.
    """
    if version is None:
        return assemble(index, encode=encode)
    learnt: Sequence[Learnt] = ()
    demand = blend = None
    if version.has("candidates"):
        learnt = load_families(version)
        demand = _load_demand(version, index)
        blend = load_blend(version)
    vectors = load_vectors(version, index) if version.has("vectors") else None
    return assemble(
        index,
        version=version,
        learnt=learnt,
        demand=demand,
        vectors=vectors,
        blend=blend,
        encode=encode,
    )


def load_blend(version: Version) -> Blend:
    """Return a version's weights, and its trees if it has any.

    Raises:
        ModelCorrupt: a file is missing or malformed.
    """
    saved = version.json("candidates", "blend.json")
    trees = None
    if saved["tree_columns"]:
        text = version.path("candidates", "trees.txt").read_text(encoding="utf-8")
        trees = Trees(text, saved["tree_columns"])
    return Blend(saved["weights"], saved["newcomer_weights"], trees, saved.get("stranger_weights"))


def _load_demand(version: Version, index: "CatalogueIndex") -> Demand:
    """Return the demand of the trained products in today's order; nobody ever chose a new product."""
    skus = version.json("candidates", "ids.json")["skus"]
    rows = np.asarray([index.row(sku) if sku in index else -1 for sku in skus], dtype=np.int64)
    aligned = []
    for name, otherwise in (("recent", 0.0), ("ever", 0.0), ("last", np.inf)):
        values = np.full(len(index), otherwise)
        values[rows[rows >= 0]] = version.array("candidates", f"demand_{name}.npy")[rows >= 0]
        aligned.append(values)
    return Demand(*aligned)


QUERY_FILE = "query.npy"
"""Of the reranker: what the bi-encoder's vectors of needs are multiplied by."""


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
    return ItemVectors(vectors, position, turned=_turned(version))


def _turned(version: Version) -> Floats | None:
    """Return what needs are multiplied by, [d, d], if it was learnt with the encoder that made the vectors."""
    if f"reranker/{QUERY_FILE}" not in version.manifest["files"]:
        return None
    if version.part("reranker").get("encoder") != version.part("vectors").get("encoder"):
        return None
    return np.asarray(version.array("reranker", QUERY_FILE), dtype=np.float32)
