"""The weights of the blend, fitted to what shoppers chose."""

from collections.abc import Callable, Sequence

import numpy as np

from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, POPULARITIES
from shopguide.recommender.features import Floats
from shopguide.training.frames import Frames
from shopguide.training.metrics import CUTOFF, Values

RIDGE = 2.0
"""Pull of the weights towards multiples of the default ones, as of so many shoppers."""
FREE = (*POPULARITIES, "rating")
"""Features that may count against a product; whatever speaks of the shopper cannot."""
FACTORS = (0.0, 0.5, 0.75, 1.33, 2.0)
ROUNDS = 2
"""The climb tries to multiply each weight in turn by each of the factors, all weights so many times."""


Judge = Callable[[Values], float]
"""Says how good lists are, given the NDCG of every shopper, [n_shoppers]."""


def fit_weights(frames: Frames, columns: Sequence[str], *, climb: Judge | None = None) -> dict[str, float]:
    """Fit the weights of features so that what a shopper chose stands before what they did not.

    The result is scaled so that what counts for a product adds up to what the default weights do: the words of today
    keep their place.

    Args:
        frames: the shoppers to learn from; without any that chose something, the default weights are returned.
        columns: the features that may count.
        climb: go on from the likelihood's weights to what is better by this. It takes longer, and pays where shoppers
            choose much and models know little of them: there the likelihood of all choices tells little of the first.
    """
    usable = frames.of(np.bincount(frames.shopper, weights=frames.relevant, minlength=frames.n_shoppers) > 0)
    if not usable.n_shoppers:
        return dict(DEFAULT_WEIGHTS)
    weights = _by_likelihood(usable, columns)
    if climb is not None:
        weights = _climb(frames, columns, weights, climb)
    default = sum(DEFAULT_WEIGHTS.get(name, 0.0) for name in columns)
    scale = default / max(float(weights[weights > 0].sum()), 1e-9)
    fitted = {name: round(float(weight * scale), 4) for name, weight in zip(columns, weights, strict=True)}
    return {**{name: weight for name, weight in DEFAULT_WEIGHTS.items() if name not in HABITS}, **fitted}


def _by_likelihood(frames: Frames, columns: Sequence[str]) -> Values:
    """Return the weights of least loss, [n_columns].

    The mean over shoppers of the softmax cross-entropy (Z. Cao et al., "Learning to Rank: From Pairwise Approach to
    Listwise Approach", 2007, with top one probabilities), drawn to a multiple of the default weights.
    """
    from scipy.optimize import minimize

    default = np.asarray([DEFAULT_WEIGHTS.get(name, 0.0) for name in columns])
    matrix = _matrix(frames, columns)
    starts, shopper, n = frames.starts, frames.shopper, frames.n_shoppers
    aim = frames.relevant / np.bincount(shopper, weights=frames.relevant, minlength=n)[shopper] / n
    towards = aim @ matrix

    def loss(point: Values) -> tuple[float, Values]:
        weights, multiple = point[:-1], point[-1]
        scores = (matrix @ weights.astype(np.float32)).astype(np.float64)
        scores -= np.maximum.reduceat(scores, starts)[shopper]
        powers = np.exp(scores)
        sums = np.add.reduceat(powers, starts)
        away = weights - multiple * default
        value = float(np.log(sums).mean() - aim @ scores + RIDGE / n * (away @ away))
        share = (powers / sums[shopper] / n).astype(np.float32)
        slope = share @ matrix - towards + 2 * RIDGE / n * away
        return value, np.append(slope, -2 * RIDGE / n * (away @ default))

    bounds = [(None, None) if name in FREE else (0.0, None) for name in columns]
    found = minimize(loss, np.append(4 * default, 4.0), jac=True, method="L-BFGS-B", bounds=[*bounds, (0.1, None)]).x
    return np.asarray(found[:-1])


def _climb(frames: Frames, columns: Sequence[str], weights: Values, judge: Judge) -> Values:
    """Return weights that are better by a judge, one changed after another while that helps, [n_columns].

    Coordinate ascent (D. Metzler and W. B. Croft, "Linear feature-based models for information retrieval", 2007).
    """
    matrix, ndcg = _matrix(frames, columns), _Ndcg(frames)
    weights = weights.copy()
    scores = matrix @ weights.astype(np.float32)
    best = judge(ndcg.of(scores))
    for _ in range(ROUNDS):
        before = best
        for place in np.flatnonzero(matrix.any(axis=0) & (weights != 0)).tolist():
            own = weights[place]
            for factor in FACTORS:
                changed = scores + np.float32(own * factor - weights[place]) * matrix[:, place]
                value = judge(ndcg.of(changed))
                if value > best:
                    best, scores, weights[place] = value, changed, own * factor
        if best == before:
            break
    return weights


class _Ndcg:
    """NDCG at `CUTOFF` of many scores of the same frames."""

    def __init__(self, frames: Frames) -> None:
        sizes = np.diff(np.append(frames.starts, len(frames.shopper)))
        self._filled = np.arange(sizes.max(initial=CUTOFF + 1)) < sizes[:, None]
        self._relevant = np.zeros(self._filled.shape, dtype=np.bool_)
        self._relevant[self._filled] = frames.relevant
        self._discount = 1.0 / np.log2(np.arange(CUTOFF) + 2)
        self._best = np.cumsum(self._discount)[np.clip(frames.chosen, 1, CUTOFF) - 1]

    def of(self, scores: Floats) -> Values:
        """Return it for scores [n_rows], [n_shoppers]."""
        padded = np.full(self._filled.shape, np.inf, dtype=np.float32)
        padded[self._filled] = -scores
        head = np.argpartition(padded, CUTOFF, axis=1)[:, :CUTOFF]
        order = np.argsort(np.take_along_axis(padded, head, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self._relevant, np.take_along_axis(head, order, axis=1), axis=1)
        return np.asarray(hits @ self._discount / self._best)


def _matrix(frames: Frames, columns: Sequence[str]) -> Floats:
    return np.ascontiguousarray(frames.matrix[:, [HABITS.index(name) for name in columns]])
