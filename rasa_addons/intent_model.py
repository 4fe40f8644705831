"""A linear model over message features, calibrated, with a threshold for rejection."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

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


def fit(
    features: np.ndarray, labels: np.ndarray, weight: np.ndarray, *, classes: int, c: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights [classes, features] and bias [classes] of a multinomial logistic regression.

    Args:
        features: [n, features].
        labels: [n], numbers below `classes`; a class without a row is never answered.
        weight: [n], of each row.
        classes: how many there are.
        c: inverse strength of the L2 penalty.
    """
    model = LogisticRegression(C=c, max_iter=400, tol=0.5)  # held-out likelihood is best here; more is time for nothing
    model.fit(features, labels, sample_weight=weight)
    both = len(model.classes_) > 2  # scikit-learn gives two classes one row
    weights = np.zeros((classes, features.shape[1]), dtype=np.float32)
    bias = np.full(classes, -30.0, dtype=np.float32)
    weights[model.classes_] = model.coef_ if both else np.vstack([-model.coef_, model.coef_]) / 2
    bias[model.classes_] = model.intercept_ if both else np.hstack([-model.intercept_, model.intercept_]) / 2
    return weights, bias


def hold_out(labels: np.ndarray, groups: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Return which rows [n] to hold out: the share of every label's groups, rounded down; a group stays together."""
    held_out = np.zeros(int(groups.max()) + 1, dtype=bool)
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        members = random.permutation(np.unique(groups[labels == label]))
        held_out[members[: int(share * len(members))]] = True
    return np.asarray(held_out[groups])


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


def calibrated(
    labels: Sequence[str],
    weights: np.ndarray,
    bias: np.ndarray,
    *,
    features: np.ndarray,
    truth: np.ndarray,
    rejection_label: str,
    rejection_shift: float = 0.0,
) -> LinearModel:
    """Return the model with the temperature and the threshold that fit held-out rows.

    Args:
        labels: of the classes.
        weights: [classes, features].
        bias: [classes].
        features: [n, features] of rows that the weights were not learnt from; without any nothing is refused.
        truth: [n], the rows' classes.
        rejection_label: the label that means "none of the others".
        rejection_shift: nats to add to the odds of rejection after calibration: what people say that no author thought
            of is more often none of the others.
    """
    names = tuple(labels)
    rejection = names.index(rejection_label) if rejection_label in names else -1
    if not len(truth):
        return LinearModel(names, weights, bias, 1.0, 0.0, {})
    logits = features @ weights.T + bias
    temperature = _temperature(logits, truth)
    if rejection >= 0:
        shift = np.zeros_like(bias)
        shift[rejection] = rejection_shift * temperature
        bias, logits = bias + shift, logits + shift
    probabilities = softmax(logits / temperature)
    threshold = _threshold(probabilities, truth, rejection)
    top = np.where(probabilities.max(axis=1) < threshold, rejection, probabilities.argmax(axis=1))
    inside = truth != rejection
    report = {
        "held_out": float(len(truth)),
        "accuracy": float((top == truth)[inside].mean()) if inside.any() else 0.0,
        "rejection_recall": float((top == truth)[~inside].mean()) if (~inside).any() else 0.0,
        "false_rejection": float((top == rejection)[inside].mean()) if inside.any() else 0.0,
    }
    return LinearModel(names, weights, bias, temperature, threshold, report)
