"""Chooses on the validation window which models serve, what their features count, and whether trees rank better."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, POPULARITIES, RANK, TREE_DEPTH, Blend
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.features import Floats
from shopguide.recommender.trees import Trees, tree_matrix
from shopguide.training.frames import Frames
from shopguide.training.metrics import CUTOFF, Values, paired, summary

MIN_SHOPPERS = 50
"""Fewer shoppers in the window do not carry weights of their own."""
MIN_TREE_SHOPPERS = 500
"""Fewer shoppers in the window do not carry trees."""
MAX_SERVED = 4
"""Models of behaviour that serve at most."""
ALWAYS = "lightfm"
"""The one that always does: it alone knows something of new products and new shoppers."""
RIDGE = 2.0
"""Pull of the weights towards multiples of the default ones, as of so many shoppers."""
FREE = (*POPULARITIES, "rating")
"""Features that may count against a product; whatever speaks of the shopper cannot."""
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
        newcomers: some of them as if they came anew.
    """

    families: Sequence[str]
    frames: Frames
    newcomers: Frames


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
        chosen, steps = choose(frames, families, fold, step)
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
    newcomer_weights, of_newcomers = _newcomers(rehearsal.newcomers, served, fold_seed=seed)
    blend = replace(blend, newcomer_weights=newcomer_weights)
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
    frames: Frames, families: Sequence[str], fold_seed: int
) -> tuple[Mapping[str, float], list[dict[str, Any]]]:
    """Return the weights for newcomers, fitted if that is better than the default ones, and rows of the report."""
    judged = {"popularity": frames.metrics(frames.alone("popularity"))} if frames.n_shoppers else {}
    weights: Mapping[str, float] = DEFAULT_WEIGHTS
    if frames.n_shoppers >= MIN_SHOPPERS:
        fold = folds_of(frames, fold_seed)
        columns = columns_of(families)
        judged["blend_default"] = frames.metrics(frames.weighted(DEFAULT_WEIGHTS))
        judged["blend_linear"] = frames.metrics(_cross_fitted(frames, columns, fold))
        if judged["blend_linear"][METRIC].mean() > judged["blend_default"][METRIC].mean():
            weights = fit_weights(frames, columns)
    return weights, [summary(model, values) for model, values in judged.items()]


def choose(
    frames: Frames, families: Sequence[str], fold: NDArray[np.int64], step: Callable[[], None] = lambda: None
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Choose the models that serve by forward selection: the one that lifts the blend most, while one does."""
    few = np.zeros(frames.n_shoppers, dtype=np.bool_)
    few[np.random.default_rng(0).permutation(frames.n_shoppers)[:CHOOSING_SHOPPERS]] = True
    drawn, drawn_fold = frames.of(few), fold[few]

    def worth(chosen: tuple[str, ...]) -> float:
        value = float(drawn.metrics(_cross_fitted(drawn, columns_of(chosen), drawn_fold))[METRIC].mean())
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


def columns_of(families: Sequence[str]) -> tuple[str, ...]:
    """Return the features that a blend of these models reads, in the order of `HABITS`."""
    others = {family + ending for family in FAMILIES for ending in ("", RANK) if family not in families}
    return tuple(name for name in HABITS if name not in others)


def folds_of(frames: Frames, seed: int) -> NDArray[np.int64]:
    """Return the fold that each shopper is in, [n_shoppers]."""
    return np.random.default_rng(seed).integers(0, FOLDS, size=frames.n_shoppers)


def fit_blend(frames: Frames, columns: Sequence[str], *, trees: bool, seed: int = 0) -> Blend:
    """Fit the weights of features, and trees on top of them if they are wanted."""
    weights = fit_weights(frames, columns)
    return Blend(weights, trees=fit_trees(frames, weights, columns, seed) if trees else None)


def fit_weights(frames: Frames, columns: Sequence[str]) -> dict[str, float]:
    """Fit the weights of features so that what a shopper chose stands before what they did not.

    The mean over shoppers (weighted by `Frames.shares`) of the softmax cross-entropy (Z. Cao et al., "Learning to Rank:
    From Pairwise Approach to Listwise Approach", 2007, with top one probabilities), drawn to a multiple of the default
    weights. The result is scaled so that what counts for a product adds up to what the default weights do: the words of
    today keep their place.

    Args:
        frames: the shoppers to learn from.
        columns: the features that may count.
    """
    from scipy.optimize import minimize

    places = [HABITS.index(name) for name in columns]
    default = np.asarray([DEFAULT_WEIGHTS.get(name, 0.0) for name in columns])
    retrieved = np.bincount(frames.shopper, weights=frames.relevant, minlength=frames.n_shoppers)
    usable = frames.of(retrieved > 0)
    if not usable.n_shoppers:
        return dict(DEFAULT_WEIGHTS)
    matrix = np.ascontiguousarray(usable.matrix[:, places])
    starts, shopper, shares = usable.starts, usable.shopper, usable.shares
    aim = usable.relevant / retrieved[retrieved > 0][shopper] * shares[shopper]
    towards = aim @ matrix
    # One over the number of shoppers; unequal shares carry the weights as fewer would (L. Kish, 1965).
    ridge = RIDGE * float(shares @ shares)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, multiple = point[:-1], point[-1]
        scores = (matrix @ weights.astype(np.float32)).astype(np.float64)
        scores -= np.maximum.reduceat(scores, starts)[shopper]
        powers = np.exp(scores)
        sums = np.add.reduceat(powers, starts)
        away = weights - multiple * default
        value = float(shares @ np.log(sums) - aim @ scores + ridge * (away @ away))
        share = (powers * (shares / sums)[shopper]).astype(np.float32)
        slope = share @ matrix - towards + 2 * ridge * away
        return value, np.append(slope, -2 * ridge * (away @ default))

    bounds = [(None, None) if name in FREE else (0.0, None) for name in columns]
    found = minimize(loss, np.append(4 * default, 4.0), jac=True, method="L-BFGS-B", bounds=[*bounds, (0.1, None)]).x
    weights = found[:-1]
    scale = default.sum() / max(float(weights[weights > 0].sum()), 1e-9)
    fitted = {name: round(float(weight * scale), 4) for name, weight in zip(columns, weights, strict=True)}
    return {**{name: weight for name, weight in DEFAULT_WEIGHTS.items() if name not in HABITS}, **fitted}


def fit_trees(frames: Frames, weights: Mapping[str, float], columns: Sequence[str], seed: int = 0) -> Trees:
    """Fit LambdaMART to the order of the best `TREE_DEPTH` products by the weighted sum.

    C. Burges, "From RankNet to LambdaRank to LambdaMART: An Overview" (2010), by LightGBM.
    """
    import lightgbm

    habits = frames.weighted(weights)
    head = _head(frames, habits)
    matrix = tree_matrix({name: frames.column(name)[head] for name in columns}, habits[head], columns)
    sizes = np.bincount(frames.shopper[head], minlength=frames.n_shoppers)
    weight = None if frames.weight is None else (frames.shares * frames.n_shoppers)[frames.shopper[head]]
    data = lightgbm.Dataset(matrix, frames.relevant[head].astype(np.int32), group=sizes[sizes > 0], weight=weight)
    model = lightgbm.train({**TREES, "seed": seed}, data, num_boost_round=TREE_ROUNDS)
    return Trees(model.model_to_string(), tuple(columns))


def _head(frames: Frames, scores: Floats) -> NDArray[np.int64]:
    """Return the rows of each shopper's best products, ascending."""
    order = np.lexsort((-scores, frames.shopper))
    place = np.arange(len(order)) - frames.starts[frames.shopper[order]]
    return np.sort(order[place < TREE_DEPTH])


def _cross_fitted(frames: Frames, columns: Sequence[str], fold: NDArray[np.int64]) -> Floats:
    scores = np.empty(len(frames.shopper), dtype=np.float32)
    for part in range(FOLDS):
        judged = (fold == part)[frames.shopper]
        scores[judged] = frames.weighted(fit_weights(frames.of(fold != part), columns))[judged]
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
