"""How far predicted ratings are from given ones: matrix factorisation and an MLP on MovieLens 100K's own split.

A guide ranks, and a model that tells ratings well need not rank well (P. Cremonesi et al., "Performance of Recommender
Algorithms on Top-N Recommendation Tasks", 2010): these figures stand beside the ranking ones for whoever compares with
papers that report them. No such model serves.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import UnreadableFile
from shopguide.training.metrics import CONFIDENCE, RESAMPLES

if TYPE_CHECKING:
    from torch import Tensor, nn

BASE, TEST = "ua.base", "ua.test"
"""Tab-separated lines of user, film, rating and time; of every user, ten ratings are in the second file."""
VALIDATION_EACH = 10
"""Ratings of every user that are taken out of `BASE` to choose by, as many as the test has."""
BATCH = 1024
RatingKind: TypeAlias = Literal["biases", "mf", "mlp"]


@dataclass(frozen=True)
class Ratings:
    """Ratings as arrays, [n_ratings] each: positions of users and items, stars."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    stars: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.stars)

    def where(self, which: NDArray[np.bool_]) -> "Ratings":
        """Return the ratings that a mask keeps."""
        return Ratings(self.user[which], self.item[which], self.stars[which])


@dataclass(frozen=True)
class RatingParameters:
    """How a model of ratings is made and trained.

    Args:
        kind: `biases`: the mean, and how far each user and each item is above it. `mf`: also the product of two vectors
            (Y. Koren et al., "Matrix Factorization Techniques for Recommender Systems", 2009). `mlp`: in its place what
            an MLP makes of the two (X. He et al., "Neural Collaborative Filtering", 2017).
        dimensions: length of the vectors.
        penalty: of the squared vectors and biases of each rating, beside its squared error.
        dropout: of the vectors, before the MLP.
        learning_rate: Adam's.
        epochs: at most; the best number by validation is kept.
        seed: of weights and batches.
    """

    kind: RatingKind
    dimensions: int = 32
    penalty: float = 0.02
    dropout: float = 0.0
    learning_rate: float = 3e-3
    epochs: int = 60
    seed: int = 0


CANDIDATES: dict[str, tuple[RatingParameters, ...]] = {
    "biases alone": tuple(RatingParameters("biases", penalty=penalty) for penalty in (0.005, 0.01, 0.02, 0.05)),
    "biased matrix factorisation": tuple(
        RatingParameters("mf", dimensions, penalty) for dimensions in (16, 64) for penalty in (0.01, 0.02, 0.04)
    ),
    "MLP": tuple(
        RatingParameters("mlp", dimensions, penalty, dropout)
        for dimensions in (16, 64)
        for penalty in (0.005, 0.02)
        for dropout in (0.2, 0.5)
    ),
}
"""What is tried by validation for each row."""


def rmse_rows(folder: Path, seed: int = 0) -> list[dict[str, Any]]:
    """Return a row for each model: root mean squared error on `TEST`, after choosing by a part of `BASE`.

    The interval is that of a bootstrap over users. Predictions are cut off at 1 and 5 stars.

    Args:
        folder: MovieLens 100K.
        seed: of everything that is drawn.

    Raises:
        UnreadableFile: a file is missing, or a line is no rating.
    """
    base, test = read_ratings(folder / BASE), read_ratings(folder / TEST)
    rows = []
    for model, candidates in CANDIDATES.items():
        started = time.process_time()
        chosen, validation = choose(base, [replace(each, seed=seed) for each in candidates])
        errors = predict(base, test, chosen) - test.stars
        low, high = _interval(errors, test.user, seed)
        rows.append(
            {
                "model": model,
                "ratings": len(test),
                "rmse": round(_rmse(errors), 4),
                "ci": {"rmse": [round(low, 4), round(high, 4)]},
                "validation_rmse": round(validation, 4),
                "parameters": asdict(chosen),
                "seconds": round(time.process_time() - started, 1),
            }
        )
    return rows


def read_ratings(path: Path) -> Ratings:
    """Read lines of user, item, stars (and time).

    Raises:
        UnreadableFile: the file is missing, or a line is no rating.
    """
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path}: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            user, item, stars = line.split()[:3]
            found.append((int(user), int(item), float(stars)))
        except ValueError:
            raise UnreadableFile(f"{path}: line {number} is no rating") from None
    if not found:
        raise UnreadableFile(f"{path}: no ratings")
    columns = np.asarray(found)
    return Ratings(columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2].astype(np.float32))


def choose(base: Ratings, candidates: Sequence[RatingParameters]) -> tuple[RatingParameters, float]:
    """Return the best parameters with the best number of epochs, and their error on ratings taken out of `base`."""
    held_out = _held_out(base, candidates[0].seed)
    known, taken = base.where(~held_out), base.where(held_out)
    tried = []
    for parameters in candidates:
        curve = [_rmse(values - taken.stars) for values in _fit(known, taken, parameters)]
        tried.append((replace(parameters, epochs=int(np.argmin(curve)) + 1), min(curve)))
    return min(tried, key=lambda each: each[1])


def predict(base: Ratings, asked: Ratings, parameters: RatingParameters) -> NDArray[np.float32]:
    """Return the predicted stars of `asked` after training on all of `base` for the epochs named, [n_asked]."""
    return _fit(base, asked, parameters)[-1]


def _held_out(base: Ratings, seed: int) -> NDArray[np.bool_]:
    """Draw `VALIDATION_EACH` ratings of every user who has twice as many, [n_ratings]."""
    random = np.random.default_rng(seed)
    held_out = np.zeros(len(base), dtype=np.bool_)
    order = np.argsort(base.user, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(base.user[order])) + 1):
        if len(own) >= 2 * VALIDATION_EACH:
            held_out[random.permutation(own)[:VALIDATION_EACH]] = True
    return held_out


def _fit(known: Ratings, asked: Ratings, parameters: RatingParameters) -> list[NDArray[np.float32]]:
    """Train on `known` and return the predicted stars of `asked` after every epoch."""
    import torch

    mean = float(known.stars.mean())
    users, items, stars = (torch.from_numpy(column) for column in (known.user, known.item, known.stars))
    n_users, n_items = (int(max(a.max(), b.max())) + 1 for a, b in ((known.user, asked.user), (known.item, asked.item)))
    found = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(parameters.seed)
        network = _network(n_users, n_items, parameters)
        optimiser = torch.optim.Adam(network.parameters(), lr=parameters.learning_rate)
        for _ in range(parameters.epochs):
            network.train()
            for batch in torch.randperm(len(known)).split(BATCH):  # type: ignore[no-untyped-call]
                predicted, size = _rate(network, users[batch], items[batch])
                loss = ((mean + predicted - stars[batch]) ** 2 + parameters.penalty * size).mean()
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            network.eval()
            with torch.inference_mode():
                predicted, _ = _rate(network, torch.from_numpy(asked.user), torch.from_numpy(asked.item))
            found.append(np.clip(mean + predicted.numpy(), 1.0, 5.0).astype(np.float32))
    return found


def _network(n_users: int, n_items: int, parameters: RatingParameters) -> "nn.ModuleDict":
    """Return tables of biases and vectors, with the MLP where there is one; vectors begin small, biases at 0."""
    from torch import nn

    d = parameters.dimensions
    network = nn.ModuleDict({"user_bias": nn.Embedding(n_users, 1), "item_bias": nn.Embedding(n_items, 1)})
    for bias in network.values():
        nn.init.zeros_(next(bias.parameters()))
    if parameters.kind != "biases":
        network.update({"user": nn.Embedding(n_users, d), "item": nn.Embedding(n_items, d)})
        for vectors in (network["user"], network["item"]):
            nn.init.normal_(next(vectors.parameters()), std=0.1)
    if parameters.kind == "mlp":
        drop = nn.Dropout(parameters.dropout)
        network["mlp"] = nn.Sequential(
            drop, nn.Linear(2 * d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d), nn.ReLU(), nn.Linear(d, 1)
        )
    return network


def _rate(network: "nn.ModuleDict", users: "Tensor", items: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return how far above the mean each rating is, and the squares that are penalised, [n] each."""
    import torch

    biases = torch.cat([network["user_bias"](users), network["item_bias"](items)], dim=1)
    rating, size = biases.sum(dim=1), (biases**2).sum(dim=1)
    if "user" in network:
        user, item = network["user"](users), network["item"](items)
        size = size + (user**2 + item**2).sum(dim=1)
        both = torch.cat([user, item], dim=1)
        rating = rating + (network["mlp"](both)[:, 0] if "mlp" in network else (user * item).sum(dim=1))
    return rating, size


def _rmse(errors: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(errors.astype(np.float64) ** 2)))


def _interval(errors: NDArray[np.float32], users: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the root mean squared error; users are drawn with their ratings."""
    _, user = np.unique(users, return_inverse=True)
    squares, counts = np.bincount(user, errors.astype(np.float64) ** 2), np.bincount(user)
    draws = np.random.default_rng(seed).integers(0, len(counts), size=(RESAMPLES, len(counts)))
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(np.sqrt(squares[draws].sum(axis=1) / counts[draws].sum(axis=1)), [tail, 100 - tail])
    return float(low), float(high)
