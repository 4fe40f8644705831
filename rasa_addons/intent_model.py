"""A linear model over message features: multinomial logistic regression, calibrated, with a threshold for rejection."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

_FOLDS = 5
_MOST_LOST = 0.01  # share of right answers that rejection may cost on held-out folds


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities [n, classes] of logits [n, classes]."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class LinearModel:
    """Weights [classes, features], bias [classes], what they are calibrated with and what they were measured at."""

    labels: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    temperature: float
    threshold: float
    report: dict[str, float]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return calibrated logits [n, classes]: their softmax is a probability one can take at its word."""
        return np.asarray((features @ self.weights.T + self.bias) / self.temperature)

    def save(self, directory: Path) -> None:
        """Write the model as plain arrays and JSON: loading it runs no code."""
        np.savez(directory / "model.npz", weights=self.weights, bias=self.bias)
        told = {
            "labels": self.labels,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "report": self.report,
        }
        (directory / "model.json").write_text(json.dumps(told, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> "LinearModel":
        """Read what `save` wrote."""
        told = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        with np.load(directory / "model.npz", allow_pickle=False) as arrays:
            weights, bias = arrays["weights"], arrays["bias"]
        return cls(tuple(told["labels"]), weights, bias, told["temperature"], told["threshold"], told["report"])


def _fit(features: np.ndarray, labels: np.ndarray, weight: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    model = LogisticRegression(C=c, max_iter=400, tol=0.5)  # held-out likelihood is best here; more is time for nothing
    model.fit(features, labels, sample_weight=weight)
    return model.coef_.astype(np.float32), model.intercept_.astype(np.float32)


def _folds(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return a fold for each row; a label's groups are dealt out evenly and a group stays together."""
    fold_of = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        members = random.permutation(np.unique(groups[labels == label]))
        fold_of[members] = (np.arange(len(members)) + random.integers(_FOLDS)) % _FOLDS
    return np.asarray(fold_of[groups])


def held_out_logits(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, weight: np.ndarray, *, c: float, seed: int = 0
) -> np.ndarray:
    """Return logits [n, classes] of every row by a model that has not seen the row's group."""
    logits = np.zeros((len(labels), int(labels.max()) + 1), dtype=np.float32)
    fold = _folds(labels, groups, seed)
    for held_out in range(_FOLDS):
        rows = fold == held_out
        weights, bias = _fit(features[~rows], labels[~rows], weight[~rows], c)
        present = np.unique(labels[~rows])
        some = np.full((int(rows.sum()), logits.shape[1]), -30.0, dtype=np.float32)
        some[:, present] = features[rows] @ weights.T + bias
        logits[rows] = some
    return logits


def _temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the divisor of the logits that makes held-out labels most likely (Guo et al. 2017, arXiv:1706.04599)."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        chosen = softmax(scaled)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def _threshold(probabilities: np.ndarray, labels: np.ndarray, rejection: int) -> float:
    """Return the confidence below which to reject: the highest that costs few right answers on held-out rows."""
    top = probabilities.argmax(axis=1)
    right = (labels != rejection) & (top == labels)
    if not right.any():
        return 0.0
    return float(np.quantile(probabilities.max(axis=1)[right], _MOST_LOST))


def train(
    features: np.ndarray,
    labels: Sequence[str],
    groups: Sequence[int],
    weight: Sequence[float],
    *,
    c: float,
    rejection_label: str,
) -> LinearModel:
    """Fit the model; temperature and threshold come from five-fold held-out predictions.

    Args:
        features: [n, features].
        labels: one for each row.
        groups: rows that must not stand on both sides of a fold (variants of one example).
        weight: of each row.
        c: inverse strength of the L2 penalty.
        rejection_label: the label that means "none of the others".
    """
    names = tuple(sorted(set(labels)))
    rows = np.array([names.index(label) for label in labels])
    group_ids, sample_weight = np.asarray(groups), np.asarray(weight, dtype=np.float32)
    rejection = names.index(rejection_label) if rejection_label in names else -1
    held_out = held_out_logits(features, rows, group_ids, sample_weight, c=c)
    temperature = _temperature(held_out, rows)
    probabilities = softmax(held_out / temperature)
    threshold = _threshold(probabilities, rows, rejection)
    top = np.where(probabilities.max(axis=1) < threshold, rejection, probabilities.argmax(axis=1))
    inside = rows != rejection
    report = {
        "examples": float(len(np.unique(group_ids))),
        "accuracy": float((top == rows)[inside].mean()),
        "rejection_recall": float((top == rows)[~inside].mean()) if (~inside).any() else 0.0,
        "false_rejection": float((top == rejection)[inside].mean()),
    }
    weights, bias = _fit(features, rows, sample_weight, c)
    return LinearModel(names, weights, bias, temperature, threshold, report)
