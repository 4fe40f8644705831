"""Needs that no reranker was trained on, with candidates and which of them answer: to calibrate and to compare."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.blend import DEFAULT_WEIGHTS
from shopguide.recommender.candidates.content import from_the_median
from shopguide.recommender.features import Floats
from shopguide.training.metrics import paired, summary
from shopguide.training.needs import NeedGenerator

if TYPE_CHECKING:
    from shopguide.recommender.vectors import ItemVectors

DRAWN = 5
"""Needs drawn for each one that tells something: of some, no candidate answers, or each."""

Encode = Callable[[str], Floats]


@dataclass(frozen=True)
class HeldOut:
    """One need and what the first stage found for it.

    Args:
        need: as the reranker reads it.
        texts: of the products found.
        right: which of them have all that the need names, [n].
        first: features of the first stage by name (`text`, `query_content`), the best product 1, [n] each.
    """

    need: str
    texts: tuple[str, ...]
    right: NDArray[np.bool_]
    first: Mapping[str, Floats]


def held_out(
    generator: NeedGenerator, n: int, candidates: int, vectors: "ItemVectors | None", encode: Encode | None
) -> list[HeldOut]:
    """Draw needs and find candidates: BM25's best and the bi-encoder's, as many of either.

    Needs for which no candidate answers, or each one, tell nothing and are passed over.
    """
    return list(islice(_draw(generator, n, candidates, vectors, encode), n))


def _draw(
    generator: NeedGenerator, n: int, candidates: int, vectors: "ItemVectors | None", encode: Encode | None
) -> Iterator[HeldOut]:
    index = generator.index
    everything = np.arange(len(index), dtype=np.int32)
    for _, drawn in islice(generator.needs(), DRAWN * n):
        heard = generator.heard(drawn)
        found, scores = index.search(heard, None, len(index))
        text = np.zeros(len(index), dtype=np.float32)
        text[found] = scores
        first = {"text": text}
        best = found[:candidates]
        if vectors is not None and encode is not None:
            first["query_content"] = from_the_median(vectors.dot(vectors.asked(encode(heard)), everything))
            best = np.union1d(best, np.argsort(-first["query_content"], kind="stable")[:candidates])
        right = np.asarray([generator.answers(int(row), drawn) for row in best], dtype=np.bool_)
        if right.any() and not right.all():
            yield HeldOut(
                heard,
                tuple(generator.text(int(row)) for row in best),
                right,
                {name: values[best] / max(float(values.max()), 1e-9) for name, values in first.items()},
            )


def first_stage(case: HeldOut) -> Floats:
    """Return the weighted sum of the first stage, as it is blended, [n]."""
    total = np.zeros(len(case.texts), dtype=np.float32)
    for name, values in case.first.items():
        total += np.float32(DEFAULT_WEIGHTS[name]) * values
    return total


def calibration(logits: Floats, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Return scale and shift of the log-odds that a product answers, by maximum likelihood on logits [n].

    J. Platt, "Probabilistic Outputs for Support Vector Machines" (1999), with its smoothed targets.
    """
    from scipy.optimize import minimize

    positives, negatives = int(right.sum()), int((~right).sum())
    target = np.where(right, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = logits.astype(np.float64)

    def loss(parameters: NDArray[np.float64]) -> float:
        odds = parameters[0] * x + parameters[1]
        return float(np.sum(np.logaddexp(0.0, odds) - target * odds))

    found = minimize(loss, np.asarray([1.0, 0.0]), method="L-BFGS-B", bounds=[(1e-3, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def calibration_error(probabilities: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error (C. Guo et al., "On Calibration of Modern Neural Networks", 2017)."""
    cell = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [abs(float(probabilities[cell == b].mean()) - float(right[cell == b].mean())) for b in np.unique(cell)]
    shares = [float((cell == b).mean()) for b in np.unique(cell)]
    return float(np.dot(gaps, shares))


def compare(
    cases: Sequence[HeldOut], scores: Mapping[str, Sequence[Floats]], pairs: Sequence[tuple[str, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of a report with the mean reciprocal rank of the first right product, and paired differences.

    Args:
        cases: the needs.
        scores: each model's scores of each case's products.
        pairs: models to compare: the first against the second.
    """
    ranks = {
        name: np.asarray([_reciprocal(own, case.right) for own, case in zip(values, cases, strict=True)])
        for name, values in scores.items()
    }
    models = [summary(name, {"mrr": values}) for name, values in ranks.items()]
    return models, [paired(a, b, ranks[a], ranks[b], "mrr") for a, b in pairs]


def _reciprocal(scores: Floats, right: NDArray[np.bool_]) -> float:
    return 1.0 / (1 + int((scores > scores[right].max()).sum()))
