"""Evaluates candidates on the validation window and fits the blend's weights there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.blend import DEFAULT_WEIGHTS, FITTED, Blend, BlendFeatures
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import Floats
from shopguide.recommender.snapshot import Snapshot
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.interactions import TemporalSplit
from shopguide.training.metrics import CUTOFF, Values, ndcg, paired, recall, summary

MIN_SHOPPERS = 50
"""Fewer shoppers in the window do not carry weights of their own."""
MAX_SHOPPERS = 2000
"""More shoppers than this are sampled: intervals are narrow enough, and time is bounded."""
NEGATIVES = 60
CONTENDERS = 100
RIDGE = 0.005
"""Pull of the fitted weights towards the default ones."""


@dataclass(frozen=True)
class Pairs:
    """What a shopper chose, less what they passed over, feature by feature: [n_pairs, n_fitted]."""

    differences: NDArray[np.float64]


@dataclass
class _Judge:
    """Collects each model's metrics, one value per shopper."""

    ndcg: dict[str, list[float]] = field(default_factory=dict)
    recall: dict[str, list[float]] = field(default_factory=dict)

    def add(self, model: str, scores: Floats, seen: NDArray[np.int32], truth: frozenset[int]) -> None:
        """Rank the whole catalogue, less what the shopper knows already."""
        masked = scores.astype(np.float64, copy=True)
        masked[seen] = -np.inf
        head = np.argpartition(-masked, min(CUTOFF, len(masked) - 1))[:CUTOFF]
        ranked = head[np.argsort(-masked[head], kind="stable")].tolist()
        self.ndcg.setdefault(model, []).append(ndcg(ranked, truth))
        self.recall.setdefault(model, []).append(recall(ranked, truth))

    def per_case(self, model: str) -> dict[str, Values]:
        return {
            f"ndcg@{CUTOFF}": np.asarray(self.ndcg[model]),
            f"recall@{CUTOFF}": np.asarray(self.recall[model]),
        }


@dataclass(frozen=True)
class Validation:
    """What the window showed: rows of a report, the weights to serve with, and whether they were fitted."""

    models: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    weights: Mapping[str, float]
    fitted: bool
    shoppers: int


def validate(
    split: TemporalSplit,
    snapshot: Snapshot,
    tastes: Mapping[int, TasteProfile],
    step: Callable[[], None] = lambda: None,
    seed: int = 0,
) -> Validation:
    """Compare popularity, item-kNN, LightFM and the blend on the full catalogue, and choose the blend's weights.

    The fitted weights are judged by two-fold cross-fitting over shoppers: nobody is judged by weights that their own
    choices shaped. They serve if they are better on average; both are in the report.

    Args:
        split: past and window.
        snapshot: made of the past only.
        tastes: shopper position → taste as it was at the end of the past.
        step: called after every shopper.
        seed: for sampling and folds.
    """
    random = np.random.default_rng(seed)
    shoppers = list(split.shoppers)
    if len(shoppers) > MAX_SHOPPERS:
        shoppers = sorted(random.choice(shoppers, MAX_SHOPPERS, replace=False).tolist())
    judge = _Judge()
    rows = np.arange(len(snapshot.index), dtype=np.int32)
    default = Blend(DEFAULT_WEIGHTS)
    kept: list[tuple[BlendFeatures, NDArray[np.int32], frozenset[int]]] = []
    sampled: list[Pairs] = []
    for shopper in shoppers:
        history = split.past.history(shopper)
        request = RecommendationRequest(shopper_id=split.past.shoppers[shopper])
        context = Context(request, snapshot.features, tastes.get(shopper, TasteProfile()), history)
        values = snapshot.signals.compute(context, rows)
        seen = np.asarray([item.row for item in history], dtype=np.int32)
        truth = frozenset(split.truth[shopper].tolist())
        judge.add("popularity", snapshot.popularity.level, seen, truth)
        for name in ("item_knn", "lightfm"):
            # Whoever a model knows nothing of gets what is popular.
            judge.add(name, values.columns.get(name, snapshot.popularity.level), seen, truth)
        judge.add("blend_default", default.score(values), seen, truth)
        slim = BlendFeatures(rows, {n: c.astype(np.float16) for n, c in values.columns.items()})
        kept.append((slim, seen, truth))
        sampled.append(_pairs(values, default.score(values), seen, split.truth[shopper], random))
        step()
    weights: Mapping[str, float] = DEFAULT_WEIGHTS
    fitted = False
    served = "blend_default"
    if len(shoppers) >= MIN_SHOPPERS:
        fold = random.integers(0, 2, size=len(shoppers))
        halves = [fit_weights([p for p, f in zip(sampled, fold, strict=True) if f != half]) for half in (0, 1)]
        for (values, seen, truth), half in zip(kept, fold, strict=True):
            full = BlendFeatures(rows, {n: c.astype(np.float32) for n, c in values.columns.items()})
            judge.add("blend_fitted", Blend(halves[half]).score(full), seen, truth)
        if np.mean(judge.ndcg["blend_fitted"]) > np.mean(judge.ndcg["blend_default"]):
            weights, fitted, served = fit_weights(sampled), True, "blend_fitted"
    metric = f"ndcg@{CUTOFF}"
    comparisons = [
        paired(served, other, np.asarray(judge.ndcg[served]), np.asarray(judge.ndcg[other]), metric)
        for other in ("popularity", "item_knn", "lightfm", "blend_default")
        if other != served
    ]
    models = [summary(model, judge.per_case(model)) for model in judge.ndcg]
    return Validation(models, comparisons, weights, fitted, len(shoppers))


def _pairs(
    values: BlendFeatures,
    scores: Floats,
    seen: NDArray[np.int32],
    truth: NDArray[np.int32],
    random: np.random.Generator,
) -> Pairs:
    matrix = np.zeros((len(values.rows), len(FITTED)), dtype=np.float32)
    for column, name in enumerate(FITTED):
        if name in values.columns:
            matrix[:, column] = values.columns[name]
    # Half of what was passed over is anything at all, half is what the default weights would have shown.
    contenders = np.argpartition(-scores, min(CONTENDERS, len(scores) - 1))[:CONTENDERS]
    others = np.concatenate(
        [random.integers(0, len(scores), size=NEGATIVES // 2), random.choice(contenders, size=NEGATIVES // 2)]
    )
    others = others[~np.isin(others, truth) & ~np.isin(others, seen)]
    differences = matrix[truth][:, None, :] - matrix[others][None, :, :]
    return Pairs(differences.reshape(-1, len(FITTED)).astype(np.float64))


def fit_weights(sampled: Sequence[Pairs]) -> dict[str, float]:
    """Fit the habitual features' weights by pairwise logistic regression, none below 0, drawn to the default ones.

    Each shopper counts the same. The result is scaled so that the fitted weights add up to what the default ones do:
    the words of today keep their place beside habits.
    """
    from scipy.optimize import minimize

    used = [pairs.differences for pairs in sampled if len(pairs.differences)]
    start = np.asarray([DEFAULT_WEIGHTS[name] for name in FITTED])
    if not used:
        return dict(DEFAULT_WEIGHTS)
    differences = np.vstack(used)
    share = np.concatenate([np.full(len(d), 1.0 / (len(used) * len(d))) for d in used])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = differences @ weights
        value = float(share @ np.logaddexp(0.0, -margin)) + RIDGE * float(((weights - start) ** 2).sum())
        pull = -share / (1.0 + np.exp(np.clip(margin, -50, 50)))
        return value, differences.T @ pull + 2 * RIDGE * (weights - start)

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(FITTED)).x
    scale = start.sum() / max(float(found.sum()), 1e-9)
    return {
        **DEFAULT_WEIGHTS,
        **{name: round(float(weight * scale), 4) for name, weight in zip(FITTED, found, strict=True)},
    }
