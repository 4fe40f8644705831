"""Chooses on the validation window which models serve, what their features count, and whether trees rank better."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, NEWCOMER_BELOW, RANK, TREE_DEPTH, Blend, Standing
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.features import Floats
from shopguide.recommender.trees import Trees, tree_matrix
from shopguide.training.frames import Frames, joined
from shopguide.training.metrics import CUTOFF, Values, paired, summary
from shopguide.training.weights import Judge, fit_weights

MIN_SHOPPERS = 50
"""Fewer shoppers in the window do not carry weights of their own."""
MIN_TREE_SHOPPERS = 500
"""Fewer shoppers in the window do not carry trees."""
MAX_SERVED = 4
"""Models of behaviour that serve at most."""
ALWAYS = "lightfm"
"""The one that always does: it alone knows something of new products and new shoppers."""
DEFAULT_FAMILIES = tuple(family for family in FAMILIES if family in DEFAULT_WEIGHTS)
"""Models that serve where there is too little behaviour to choose any."""
FOLDS = 3
CHOOSING_SHOPPERS = 700
"""Shoppers on whom the choice of models is made; the weights then come from all of them."""
METRIC = f"ndcg@{CUTOFF}"

TREES: Mapping[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}
TREE_ROUNDS = 120


@dataclass(frozen=True)
class Rehearsal:
    """The window as models see it that know only the past.

    Args:
        families: the models that were fitted.
        frames: the shoppers of the window.
        newcomers: shoppers of whom the past knows nothing, by what they are taken to have told.
    """

    families: Sequence[str]
    frames: Frames
    newcomers: Mapping[str, Frames] = field(default_factory=dict)


@dataclass(frozen=True)
class Validation:
    """What the window showed.

    Args:
        families: models that serve.
        blend: weights and trees to serve with.
        kind: `default`, `linear` or `trees`.
        models: a row for each model and blend.
        pairs: paired differences of what serves against everything else.
        steps: how the models were chosen: a row for each one taken in or tried last.
        newcomers: rows for shoppers who come anew.
        per_shopper: NDCG of what serves, by shoppers who had no part in fitting it, [n_shoppers].
    """

    families: tuple[str, ...]
    blend: Blend
    kind: str
    models: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    newcomers: list[dict[str, Any]]
    per_shopper: Values


def validate(
    rehearsal: Rehearsal, families: Sequence[str], seed: int = 0, step: Callable[[], None] = lambda: None
) -> Validation:
    """Choose the models, the weights and the kind of blend.

    Fitted blends are judged by cross-fitting over shoppers: nobody is judged by weights that their own choices shaped.
    Weights serve if they are better than the default ones on average, trees only if the 95 % interval of their paired
    difference to the weights lies above 0.

    Args:
        rehearsal: the window.
        families: those of its models that may serve.
        seed: of folds and trees.
        step: called after every fit.
    """
    frames = rehearsal.frames
    fold = folds_of(frames, seed)
    judged = {name: frames.metrics(frames.alone(name)) for name in ("popularity", *families)}
    judged["blend_default"] = frames.metrics(frames.weighted(DEFAULT_WEIGHTS))
    served, kind, blend, steps = DEFAULT_FAMILIES, "default", Blend(DEFAULT_WEIGHTS), list[dict[str, Any]]()
    if frames.n_shoppers >= MIN_SHOPPERS:
        chosen, steps = choose(rehearsal, families, seed, step)
        columns = columns_of(chosen)
        judged["blend_linear"] = frames.metrics(_cross_fitted(frames, columns, fold))
        step()
        if judged["blend_linear"][METRIC].mean() > judged["blend_default"][METRIC].mean():
            served, kind, blend = chosen, "linear", Blend(fit_weights(frames, columns))
        if frames.n_shoppers >= MIN_TREE_SHOPPERS:

            def with_trees(own: Frames) -> Blend:
                return fit_blend(own, columns, trees=True, seed=seed)

            judged["blend_trees"] = frames.metrics(cross_fitted(frames, with_trees, fold))
            step()
            difference = paired("", "", judged["blend_trees"][METRIC], judged["blend_linear"][METRIC], METRIC)
            if difference["ci"][0] > 0:
                served, kind, blend = chosen, "trees", with_trees(frames)
    blend, of_newcomers = _newcomers(blend, rehearsal.newcomers, served, seed)
    name = f"blend_{kind}"
    return Validation(
        families=served,
        blend=blend,
        kind=kind,
        models=[summary(model, values) for model, values in judged.items()],
        pairs=[paired(name, o, judged[name][METRIC], judged[o][METRIC], METRIC) for o in judged if o != name],
        steps=steps,
        newcomers=of_newcomers,
        per_shopper=judged[name][METRIC],
    )


def _newcomers(
    blend: Blend, told: Mapping[str, Frames], families: Sequence[str], seed: int
) -> tuple[Blend, list[dict[str, Any]]]:
    """Return the blend with weights for those who are hardly known or not at all, and rows of the report.

    Weights are fitted where enough shoppers came, and serve if they are better than the default ones.
    """

    def fitted(standing: Standing) -> tuple[Mapping[str, float], list[dict[str, Any]]]:
        own = {known: frames for known, frames in told.items() if frames.standings[:1] == (standing,)}
        return _own_weights(own, families, seed)

    newcomers, of_newcomers = fitted(Standing.NEWCOMER)
    strangers, of_strangers = fitted(Standing.STRANGER)
    return replace(blend, newcomer_weights=newcomers, stranger_weights=strangers), of_strangers + of_newcomers


def _own_weights(
    told: Mapping[str, Frames], families: Sequence[str], seed: int
) -> tuple[Mapping[str, float], list[dict[str, Any]]]:
    together = joined(list(told.values()))
    blends = {"blend_default": together.weighted(DEFAULT_WEIGHTS)}
    if len(np.unique(together.positions)) >= MIN_SHOPPERS:
        blends["blend_linear"] = _cross_fitted(together, columns_of(families), folds_of(together, seed), climb=_mean)
    values = {model: together.metrics(scores) for model, scores in blends.items()}
    rows, start = list[dict[str, Any]](), 0
    for name, frames in told.items():
        own = slice(start, start := start + frames.n_shoppers)
        judged = {"popularity": frames.metrics(frames.alone("popularity"))}
        judged |= {model: {metric: v[own] for metric, v in found.items()} for model, found in values.items()}
        rows += [summary(model, of) | {"told": name} for model, of in judged.items()]
    if "blend_linear" not in values or values["blend_linear"][METRIC].mean() <= values["blend_default"][METRIC].mean():
        return DEFAULT_WEIGHTS, rows
    return fit_weights(together, columns_of(families), climb=_mean), rows


def choose(
    rehearsal: Rehearsal, families: Sequence[str], seed: int = 0, step: Callable[[], None] = lambda: None
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Choose the models that serve by forward selection: the one that lifts the blend most, while one does.

    Newcomers count as many of those who choose something have no longer history.
    """
    frames = rehearsal.frames
    anew = joined(list(rehearsal.newcomers.values()))
    few = [_drawn(part, CHOOSING_SHOPPERS) for part in (frames, anew)]
    share = float(np.mean(frames.liked < NEWCOMER_BELOW)) if len(np.unique(anew.positions)) >= MIN_SHOPPERS else 0.0

    def worth(chosen: tuple[str, ...]) -> float:
        value = 0.0
        for part, counts in zip(few, (1.0 - share, share), strict=True):
            if counts:
                scores = _cross_fitted(part, columns_of(chosen), folds_of(part, seed))
                value += counts * float(part.metrics(scores)[METRIC].mean())
        step()
        return value

    chosen = (ALWAYS,) if ALWAYS in families else ()
    best = worth(chosen)
    steps: list[dict[str, Any]] = [{"models": list(chosen), METRIC: round(best, 4)}]
    while len(chosen) < MAX_SERVED:
        tried = {name: worth((*chosen, name)) for name in families if name not in chosen}
        if not tried:
            break
        name = max(tried, key=lambda model: tried[model])
        steps.append({"models": [*chosen, name], METRIC: round(tried[name], 4)})
        if tried[name] <= best:
            break
        chosen, best = (*chosen, name), tried[name]
    return chosen, steps


def _mean(values: Values) -> float:
    return float(values.mean())


def _drawn(frames: Frames, n: int) -> Frames:
    few = np.zeros(frames.n_shoppers, dtype=np.bool_)
    few[np.random.default_rng(0).permutation(frames.n_shoppers)[:n]] = True
    return frames.of(few)


def columns_of(families: Sequence[str]) -> tuple[str, ...]:
    """Return the features that a blend of these models reads, in the order of `HABITS`."""
    others = {family + ending for family in FAMILIES for ending in ("", RANK) if family not in families}
    return tuple(name for name in HABITS if name not in others)


def folds_of(frames: Frames, seed: int) -> NDArray[np.int64]:
    """Return the fold that each shopper is in, whoever comes more than once always in the same, [n_shoppers]."""
    own, which = np.unique(frames.positions, return_inverse=True)
    return np.random.default_rng(seed).integers(0, FOLDS, size=len(own))[which]


def fit_blend(frames: Frames, columns: Sequence[str], *, trees: bool, seed: int = 0) -> Blend:
    """Fit the weights of features, and trees on top of them if they are wanted."""
    weights = fit_weights(frames, columns)
    return Blend(weights, trees=fit_trees(frames, weights, columns, seed) if trees else None)


def fit_trees(frames: Frames, weights: Mapping[str, float], columns: Sequence[str], seed: int = 0) -> Trees:
    """Fit LambdaMART to the order of the best `TREE_DEPTH` products by the weighted sum.

    C. Burges, "From RankNet to LambdaRank to LambdaMART: An Overview" (2010), by LightGBM.
    """
    import lightgbm

    habits = frames.weighted(weights)
    head = _head(frames, habits)
    matrix = tree_matrix({name: frames.column(name)[head] for name in columns}, habits[head], columns)
    sizes = np.bincount(frames.shopper[head], minlength=frames.n_shoppers)
    data = lightgbm.Dataset(matrix, frames.relevant[head].astype(np.int32), group=sizes[sizes > 0])
    model = lightgbm.train({**TREES, "seed": seed}, data, num_boost_round=TREE_ROUNDS)
    return Trees(model.model_to_string(), tuple(columns))


def _head(frames: Frames, scores: Floats) -> NDArray[np.int64]:
    """Return the rows of each shopper's best products, ascending."""
    order = np.lexsort((-scores, frames.shopper))
    place = np.arange(len(order)) - frames.starts[frames.shopper[order]]
    return np.sort(order[place < TREE_DEPTH])


def _cross_fitted(
    frames: Frames, columns: Sequence[str], fold: NDArray[np.int64], *, climb: Judge | None = None
) -> Floats:
    scores = np.empty(len(frames.shopper), dtype=np.float32)
    for part in range(FOLDS):
        judged = (fold == part)[frames.shopper]
        scores[judged] = frames.weighted(fit_weights(frames.of(fold != part), columns, climb=climb))[judged]
    return scores


def cross_fitted(frames: Frames, fit: Callable[[Frames], Blend], fold: NDArray[np.int64]) -> Floats:
    """Return scores of each shopper by a blend that was fitted on the shoppers of the other folds, [n_rows].

    Args:
        frames: all shoppers.
        fit: fits a blend on some of them.
        fold: of each shopper, [n_shoppers].
    """
    scores = np.empty(len(frames.shopper), dtype=np.float32)
    for part in range(FOLDS):
        own = fold == part
        scores[own[frames.shopper]] = frames.of(own).score(fit(frames.of(~own)))
    return scores
