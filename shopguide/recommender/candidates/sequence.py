"""What comes next in a shopper's history, by a small neural network: the deep models at serving time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import ModelCorrupt
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.vectors import ItemVectors

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Kind: TypeAlias = Literal["two_tower", "gru4rec", "caser", "sasrec"]
"""The encoders, see `shopguide.recommender.candidates.encoders`."""
KINDS: tuple[Kind, ...] = get_args(Kind)
ITEMS, FEATURES, WEIGHTS, IDS = "items.npy", "features.npy", "weights.safetensors", "model.json"
"""The files of a saved model."""


@dataclass(frozen=True)
class SequenceModel:
    """What a deep model learnt, as plain data.

    Args:
        skus: products known at training → row of `items`.
        items: their vectors, in and out of the encoder, [n_items + 1, d]; the last one stands for any other product.
        features: feature names, one for each row of `feature_vectors`.
        feature_vectors: the part of a product's vector that its features bring, as their mean, [n_features, d].
        weights: the encoder's weights by name.
        config: `kind`, the encoder's `sizes`, the `length` of history that is read, how it was trained; JSON-ready.
    """

    skus: Mapping[str, int]
    items: Floats
    features: Sequence[str]
    feature_vectors: Floats
    weights: Mapping[str, Floats]
    config: Mapping[str, Any]

    @property
    def family(self) -> str:
        """The kind of encoder."""
        kind: str = self.config["kind"]
        return kind

    @property
    def curves(self) -> dict[str, list[float]]:
        """What was measured after each epoch of the training, by name."""
        points: list[dict[str, float]] = self.config["curve"]
        return {name: [point[name] for point in points] for name in (points[0] if points else ())}

    def generator(self, index: "CatalogueIndex", features: ItemFeatures) -> "SequenceGenerator":
        """Return the generator for a state of the catalogue."""
        return SequenceGenerator(self, index, features)

    def save(self, folder: Path) -> None:
        """Write the model into a folder that exists."""
        from safetensors.numpy import save_file

        np.save(folder / ITEMS, np.ascontiguousarray(self.items), allow_pickle=False)
        np.save(folder / FEATURES, np.ascontiguousarray(self.feature_vectors), allow_pickle=False)
        save_file(dict(self.weights), folder / WEIGHTS)
        ids = {"config": dict(self.config), "skus": list(self.skus), "features": list(self.features)}
        (folder / IDS).write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "SequenceModel":
        """Read a saved model; its vectors are memory-mapped and shared by processes.

        Raises:
            ModelCorrupt: a file is missing or is not what it should be.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            ids = json.loads((folder / IDS).read_text(encoding="utf-8"))
            return cls(
                skus={sku: row for row, sku in enumerate(ids["skus"])},
                items=np.load(folder / ITEMS, mmap_mode="r", allow_pickle=False),
                features=ids["features"],
                feature_vectors=np.load(folder / FEATURES, mmap_mode="r", allow_pickle=False),
                weights=load_file(folder / WEIGHTS),
                config=ids["config"],
            )
        except (OSError, ValueError, EOFError, KeyError, SafetensorError) as error:
            raise ModelCorrupt(f"{folder}: {error}") from error


class SequenceGenerator:
    """Scores by the dot product of what the encoder expects next and the products' vectors.

    A product that came after the training has what its features bring beside the mean of the known products' own parts:
    without features this is the mean of their scores.

    Args:
        model: see `SequenceModel`.
        index: the catalogue.
        features: its item features.
    """

    def __init__(self, model: SequenceModel, index: "CatalogueIndex", features: ItemFeatures) -> None:
        self.name = model.family
        self._model = model
        self._features = features
        position = np.asarray([model.skus.get(sku, -1) for sku in index.skus], dtype=np.int32)
        self._new = position < 0
        self._position = np.where(self._new, len(model.skus), position).astype(np.int32)
        self._vectors = ItemVectors(model.items, self._position)

    @cached_property
    def _encoder(self) -> Any:
        import torch

        from shopguide.recommender.candidates.encoders import build

        encoder = build(self._model.config["kind"], self._model.config["sizes"])
        encoder.load_state_dict({name: torch.from_numpy(value) for name, value in self._model.weights.items()})
        return encoder.eval()

    @cached_property
    def _feature_vectors(self) -> Floats:
        """The features' vectors in today's order, [n_features, d]; zeros for values that came after the training."""
        row = {name: row for row, name in enumerate(self._model.features)}
        known = np.asarray([row.get(name, -1) for name in self._features.names], dtype=np.int64)
        vectors = np.zeros((len(known), self._model.items.shape[1]), dtype=np.float32)
        vectors[known >= 0] = self._model.feature_vectors[known[known >= 0]]
        return vectors

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return how well each of `rows` comes next, or `None` for a shopper without products known at training."""
        liked = sorted(context.liked, key=lambda item: item.at)
        history = np.asarray([item.row for item in liked], dtype=np.int32)
        history = history[~self._new[history]][-self._model.config["length"] :]
        if not len(history):
            return None
        expected = self._encode(self._vectors.of(history))
        scores = self._vectors.dot(expected, rows)
        new = self._new[rows]
        if len(self._model.features) and new.any():
            matrix = self._features.matrix[rows[new]]
            counts = np.maximum(np.diff(matrix.indptr), 1)
            scores[new] += (matrix @ (self._feature_vectors @ expected)) / counts
        return scores

    def _encode(self, history: Floats) -> Floats:
        """Return what is expected after products with these vectors, [d]."""
        import torch

        with torch.inference_mode():
            states: NDArray[np.float32] = self._encoder(torch.from_numpy(history)[None])[0, -1].numpy()
        return states
