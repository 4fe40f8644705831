"""Fits the deep models: one trainer for four encoders that learn what comes next in a shopper's history."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.candidates.sequence import Kind, SequenceModel
from shopguide.recommender.features import ItemFeatures

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.training.interactions import EventLog

History: TypeAlias = NDArray[np.int64]
"""What one shopper chose: positions among the log's touched products, each once, oldest first."""
MIN_HELD_OUT = 20
"""With fewer shoppers to look at, nobody is held out and all epochs are trained."""


class CurveWriter(Protocol):
    """Where learning curves go: tensorboardX's `SummaryWriter`."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object:
        """Add a point to a curve."""
        ...


@dataclass(frozen=True)
class SequenceParameters:
    """How a deep model is made and trained.

    Args:
        dimensions: length of a product's vector.
        length: products of a history that are read, the latest ones.
        sizes: of the encoder, see `shopguide.recommender.candidates.encoders`.
        dropout: within the encoder.
        scale: standard deviation of the products' vectors at the beginning.
        features: whether a product's vector is its own one plus the mean of its features'.
        learning_rate: Adam's, reached after `warm_up` steps.
        warm_up: steps.
        batch: positions to predict in a batch, about.
        full_below: up to that many products the loss is the softmax over all of them; above, over drawn ones.
        negatives: products drawn for a batch, with replacement.
        popular_share: share of them drawn by how often they are chosen; the rest is drawn evenly.
        held_out: shoppers whose last product tells when to stop; at most a quarter of all. 0: all `epochs` are trained.
        epochs: passes through all histories, at most.
        patience: epochs without a better result before training stops; the best epoch's weights are kept.
        seconds: budget of computing time, see `shopguide.training.clock`. A training that it ends is not repeatable.
        seed: of everything that is drawn.
    """

    dimensions: int = 64
    length: int = 50
    sizes: dict[str, int] = field(default_factory=dict)
    dropout: float = 0.4
    scale: float = 0.1
    features: bool = False
    learning_rate: float = 3e-3
    warm_up: int = 50
    batch: int = 1024
    full_below: int = 5000
    negatives: int = 1024
    popular_share: float = 0.5
    held_out: int = 1000
    epochs: int = 100
    patience: int = 6
    seconds: float = 120.0
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for a manifest."""
        return asdict(self)


def default_parameters(kind: Kind) -> SequenceParameters:
    """Return the parameters that did best on the validation parts named in docs/recommender.md."""
    return {
        "two_tower": SequenceParameters(sizes={"hidden": 128}),
        "gru4rec": SequenceParameters(sizes={"hidden": 128}),
        "caser": SequenceParameters(sizes={"window": 5, "horizontal": 16, "vertical": 4}),
        "sasrec": SequenceParameters(sizes={"layers": 2, "heads": 2, "hidden": 128}, scale=0.02),
    }[kind]


def histories_of(log: "EventLog") -> list[History]:
    """Return the history of each shopper: what they chose on the whole, in order of its latest event.

    Products of one moment keep the log's order. This is the order of `SequenceGenerator`, where a product's latest
    event tells its time.
    """
    position = np.full(log.n_products, -1, dtype=np.int64)
    position[log.touched] = np.arange(len(log.touched))
    chosen = log.positive.tocoo()
    pair = log.shopper.astype(np.int64) * log.n_products + log.row
    # The first of a pair in the reversed log is its latest event.
    found, backwards = np.unique(pair[::-1], return_index=True)
    latest = len(pair) - 1 - backwards[np.isin(found, chosen.row.astype(np.int64) * log.n_products + chosen.col)]
    latest = latest[np.lexsort((latest, log.shopper[latest]))]
    bounds = np.searchsorted(log.shopper[latest], np.arange(1, len(log.shoppers)))
    return list(np.split(position[log.row[latest]], bounds))


def fit_sequence(
    log: "EventLog",
    index: "CatalogueIndex",
    features: ItemFeatures,
    kind: Kind,
    parameters: SequenceParameters | None = None,
    *,
    step: Callable[[], None] = lambda: None,
    writer: CurveWriter | None = None,
    threads: int = 1,
) -> SequenceModel:
    """Fit one deep model to the histories of a log.

    With one thread, the same log and parameters give the same model, unless the budget ends the training.

    Args:
        log: the events; at least one shopper chose two products.
        index: the catalogue.
        features: its item features.
        kind: the encoder.
        parameters: `None`: the default ones of the kind.
        step: called after every epoch.
        writer: receives the loss and the held-out NDCG@10 of every epoch.
        threads: threads of torch; a setting of the whole process.

    Raises:
        ValueError: nobody chose two products.
    """
    import torch

    from shopguide.training.nextproduct import NextProduct, Trainer

    parameters = parameters or default_parameters(kind)
    histories = histories_of(log)
    if not any(len(history) > 1 for history in histories):
        raise ValueError("nobody chose two products: there is no order to learn")
    sizes = {"d": parameters.dimensions, "dropout": parameters.dropout, **parameters.sizes}
    if kind == "sasrec":
        sizes["length"] = parameters.length
    held_out = _held_out(histories, parameters)
    torch.set_num_threads(threads)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(parameters.seed)
        matrix = features.matrix[log.touched] if parameters.features else None
        network = NextProduct(len(log.touched), kind, sizes, matrix, parameters.scale)
        trained = Trainer(network, histories, held_out, parameters).fit(threads=threads, step=step, writer=writer)
    items, feature_vectors = network.vectors()
    return SequenceModel(
        skus={index.skus[row]: position for position, row in enumerate(log.touched.tolist())},
        items=items,
        features=features.names if parameters.features else (),
        feature_vectors=feature_vectors,
        weights={name: value.numpy() for name, value in network.encoder.state_dict().items()},
        config={
            "kind": kind,
            "sizes": sizes,
            "length": parameters.length,
            "parameters": parameters.as_json(),
            "held_out": len(held_out),
            **trained,
        },
    )


def _held_out(histories: Sequence[History], parameters: SequenceParameters) -> NDArray[np.int64]:
    """Draw the shoppers whose last product is held out: after it is taken away, something is left to learn from."""
    enough = np.flatnonzero(np.asarray([len(history) for history in histories]) > 2)
    n = min(parameters.held_out, len(enough) // 4)
    if n < MIN_HELD_OUT:
        return enough[:0]
    return np.random.default_rng(parameters.seed).permutation(enough)[:n]
