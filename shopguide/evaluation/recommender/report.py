"""The report of `shopguide evaluate recommender`: every model on the same shoppers, with intervals and differences."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.reading import Reading
from shopguide.evaluation.recommender.beyond import Lists
from shopguide.evaluation.recommender.contexts import Contexts, Given
from shopguide.evaluation.recommender.groups import groupings_of
from shopguide.evaluation.recommender.measures import AUC, NDCG, Field, Tally
from shopguide.evaluation.recommender.models import ENSEMBLE, POPULARITY, Contender, Ground, is_single
from shopguide.evaluation.recommender.paper import PAPER, RATED
from shopguide.evaluation.recommender.splits import ALL, Split, SplitName, split_of
from shopguide.evaluation.recommender.texts import Texts
from shopguide.recommender.features import Floats, Rows
from shopguide.training.data import Progress, Steps
from shopguide.training.groups import gaps
from shopguide.training.metrics import CUTOFF, Values, paired, ratio, summary

SHOPPERS = 3000
COMPARED = (NDCG, f"recall@{CUTOFF}", "mrr", AUC)
"""Figures whose differences between models are reported."""

Fitter = Callable[[Split, Ground, Sequence[str], Progress], Sequence[Contender]]
"""Fits the models that are named, popularity always among them and first; all there are without any names."""


@dataclass(frozen=True, order=True)
class Setting:
    """What all models are compared in: among which products, and (for shoppers held out) given what."""

    scope: str
    given: Given | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the keys of a report's row."""
        return {"candidates": self.scope, **(self.given.as_json() if self.given else {})}


@dataclass
class Measured:
    """Rankings by setting and model, of the same shoppers in the same order, and the seconds that scoring took."""

    shoppers: list[int]
    tallies: dict[Setting, dict[str, Tally]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def report(
    reading: Reading,
    name: SplitName,
    fitter: Fitter,
    *,
    validation: bool = False,
    shoppers: int = SHOPPERS,
    seed: int = 0,
    only: Sequence[str] = (),
    texts: Texts | None = None,
    progress: Progress = lambda _what, _share: None,
) -> dict[str, Any]:
    """Fit the models on a split's past, rank for its shoppers and return the whole report, JSON-ready.

    Args:
        reading: the data.
        name: how it is split.
        fitter: fits the models (`shopguide.evaluation.recommender.models.models_of`).
        validation: leave the test part alone.
        shoppers: more of them are sampled.
        seed: draws the sample, the order of ties, and whatever the split draws.
        only: report these models alone; all without any.
        texts: the product texts as vectors, if they were read.
        progress: see `Progress`.

    Raises:
        UnreadableFile: there is too little behaviour for this split, or for a model of `only`.
    """
    split = split_of(reading, name, validation=validation, seed=seed)
    ground = Ground(reading.index, reading.features, reading.evidence(split.known), texts)
    started = time.perf_counter()
    contenders = _chosen(fitter(split, ground, only, progress), only)
    fitted = time.perf_counter()
    sample = sampled(split, shoppers, seed)
    measured = measure(split, ground, contenders, sample, seed=seed, step=Steps(progress, "ranking", len(sample)))
    ranked = time.perf_counter()
    return {
        "dataset": reading.name,
        "sha256": reading.behaviour.sha256,
        "split": str(name),
        "validation": validation,
        "protocol": split.note,
        "products": len(reading.index),
        "events": len(reading.log),
        "left_out": reading.behaviour.left_out,
        "past_events": len(split.past),
        "shoppers": len(sample),
        "shoppers_to_predict": len(split.truth),
        "seed": seed,
        "texts": texts is not None,
        **({"paper": {"model": "lightfm", "data": "MovieLens 10M", AUC: PAPER[name]}} if name in PAPER else {}),
        **figures(split, ground, measured),
        "seconds": {
            "fit": round(fitted - started, 1),
            "rank": round(ranked - fitted, 1),
            "score": {model: round(spent, 2) for model, spent in measured.seconds.items()},
        },
    }


def sampled(split: Split, shoppers: int, seed: int) -> list[int]:
    """Return the shoppers to rank for, ascending: all with something to find, or a sample of them."""
    found = split.shoppers
    if len(found) > shoppers:
        found = sorted(np.random.default_rng(seed).choice(found, shoppers, replace=False).tolist())
    return found


def measure(
    split: Split,
    ground: Ground,
    contenders: Sequence[Contender],
    shoppers: Sequence[int],
    *,
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> Measured:
    """Rank for every shopper by every model. Where a model has nothing to say, popularity ranks.

    Args:
        split: see `Split`.
        ground: what contexts are made from.
        contenders: the models, popularity among them.
        shoppers: whom to rank for.
        seed: draws the order of ties.
        step: called after every shopper.
    """
    contexts = Contexts(split, ground.evidence)
    order = np.random.default_rng(seed).permutation(len(ground.index)).astype(np.int32)
    found = Measured(list(shoppers), seconds={contender.name: 0.0 for contender in contenders})
    for shopper in shoppers:
        fields = {
            scope: Field(order, split.candidates(scope, shopper), split.seen[shopper], split.truth[shopper])
            for scope in split.scopes
        }
        for asked in contexts.of(shopper):
            popular: Floats | None = None
            for contender in contenders:
                started = time.perf_counter()
                scores = contender.score(asked.context)
                found.seconds[contender.name] += time.perf_counter() - started
                if contender.name == POPULARITY:
                    popular = scores
                scores = popular if scores is None else scores
                if scores is None:
                    raise ValueError("popularity comes first, and always has something to say")
                for scope, field_ in fields.items():
                    tallies = found.tallies.setdefault(Setting(scope, asked.given), {})
                    tallies.setdefault(contender.name, Tally()).add(field_.rank(scores), field_.relevant)
        step()
    return found


def figures(split: Split, ground: Ground, measured: Measured) -> dict[str, Any]:
    """Return `models`, `paired`, `ratios` and `groups` over what was measured."""
    groupings = groupings_of(split, measured.shoppers)
    found: dict[str, list[dict[str, Any]]] = {"models": [], "paired": [], "ratios": [], "groups": []}
    for setting, tallies in measured.tallies.items():
        shared = setting.as_json()
        accuracy = {model: _of_scope(setting.scope, tally.accuracy()) for model, tally in tallies.items()}
        lists = _lists(split, ground, measured, setting)
        for model, tally in tallies.items():
            found["models"].append(_row(model, accuracy[model], tally.tops, lists, measured) | shared)
            if lists is not None and setting.given is None:
                values = accuracy[model][NDCG]
                found["groups"] += [row | shared for row in gaps(model, NDCG, values, measured.shoppers, groupings)]
        for metric in COMPARED:
            compared = {model: of[metric] for model, of in accuracy.items() if metric in of}
            for name, rows in differences(compared, metric).items():
                found[name] += [row | shared for row in rows]
    return found


def differences(values: Mapping[str, Values], metric: str) -> dict[str, list[dict[str, Any]]]:
    """Return `paired` and `ratios`: every model less the best single one, the ensemble less every other.

    The best single model is the one that does best on these very shoppers, which favours it.

    Args:
        values: model → one value for each shopper, the same shoppers for all; nan for whom it says nothing.
        metric: what they are.
    """
    told = {model: of[~np.isnan(of)] for model, of in values.items()}
    singles = [model for model in told if is_single(model) and len(told[model])]
    if not singles:
        return {"paired": [], "ratios": []}
    best = max(singles, key=lambda model: float(told[model].mean()))
    pairs = [(model, best) for model in told if model != best]
    if ENSEMBLE in told:
        pairs += [(ENSEMBLE, model) for model in told if model not in (ENSEMBLE, best)]
    ratios = [ratio(model, best, told[model], told[best], metric) for model in told if not is_single(model)]
    return {"paired": [paired(one, two, told[one], told[two], metric) for one, two in pairs], "ratios": ratios}


def _of_scope(scope: str, accuracy: Mapping[str, Values]) -> dict[str, Values]:
    """Among what somebody rated there is no slate to be made: only the order counts."""
    return {AUC: accuracy[AUC]} if scope == RATED else dict(accuracy)


def _lists(split: Split, ground: Ground, measured: Measured, setting: Setting) -> Lists | None:
    if setting.scope != ALL:
        return None
    candidates = split.candidates(ALL, measured.shoppers[0])
    eligible = len(ground.index) if candidates is None else len(candidates)
    return Lists(split.past, ground.features, ground.vectors, eligible)


def _row(
    model: str, accuracy: Mapping[str, Values], tops: Rows, lists: Lists | None, measured: Measured
) -> dict[str, Any]:
    values = dict(accuracy)
    of_all: Mapping[str, float] = {}
    if lists is not None:
        values |= lists.of_shoppers(tops, measured.shoppers)
        of_all = lists.of_all(tops)
    told = {name: of[~np.isnan(of)] for name, of in values.items()}
    row = summary(model, {name: of for name, of in told.items() if len(of)})
    interval = row.pop("ci")
    shoppers = {"shoppers": max(map(len, told.values()))}
    return {**row, **{name: round(figure, 4) for name, figure in of_all.items()}, **shoppers, "ci": interval}


def _chosen(contenders: Sequence[Contender], only: Sequence[str]) -> list[Contender]:
    """Keep the models that are wanted, and popularity, which takes the place of those that have nothing to say."""
    names = [contender.name for contender in contenders]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UnreadableFile(f"no model {', '.join(unknown)} could be fitted; there are {', '.join(names)}")
    return [one for one in contenders if not only or one.name in only or one.name == POPULARITY]
