"""Fits the models that are chosen on the validation window, and their blend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.recommender.artefacts import Version
from shopguide.recommender.blend import DEFAULT_WEIGHTS, Blend
from shopguide.recommender.candidates.base import Learnt
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.candidates.lightfm import Factors, shopper_key
from shopguide.recommender.candidates.popularity import Demand, decayed_counts
from shopguide.recommender.candidates.sequence import SequenceModel
from shopguide.recommender.snapshot import assemble
from shopguide.training.blendfit import DEFAULT_FAMILIES, Rehearsal, Validation, validate
from shopguide.training.champion import against_champion
from shopguide.training.data import Steps
from shopguide.training.fairness import FairBlend, both_ends, fit_fairly, groupings_in
from shopguide.training.families import Fit, fit_family, why_not
from shopguide.training.frames import coverage, known_cases, make_frames
from shopguide.training.groups import Groupings
from shopguide.training.interactions import MIN_EVENTS, EventLog, TemporalSplit
from shopguide.training.newcomers import ALL_TOLD, newcomer_cases, split_for_training
from shopguide.training.stopwatch import Stopwatch
from shopguide.training.tastes import tastes_at, weights_of_tastes

MAX_SHOPPERS = 2000
"""More shoppers than this are sampled: intervals are narrow enough, and time is bounded."""


@dataclass(frozen=True)
class Fitted:
    """The trained candidates, with what there is to say of them.

    Args:
        learnt: the models that serve.
        blend: weights and trees.
        validation: how they were chosen, `None` where nothing could be validated.
        coverage: how much of the catalogue each model and the blend recommend to the shoppers of the window.
        fairness: how groups are served without and with the switch, see `training.fairness.both_ends`.
        champion: how they compare with the version that serves, empty where there is none to compare with.
        notes: what was left out, and why.
        seconds: what took how long.
    """

    learnt: Sequence[Learnt] = ()
    blend: Blend = field(default_factory=lambda: Blend(DEFAULT_WEIGHTS))
    validation: Validation | None = None
    coverage: Sequence[Mapping[str, Any]] = ()
    fairness: Mapping[str, Any] = field(default_factory=dict)
    champion: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def factors(self) -> Factors | None:
        """LightFM's part, if there is one."""
        return next((model for model in self.learnt if isinstance(model, Factors)), None)

    @property
    def deep_parameters(self) -> dict[str, Any]:
        """The parameters of the deep models, by family; their budget depends on the events."""
        return {m.family: m.config["parameters"] for m in self.learnt if isinstance(m, SequenceModel)}

    @property
    def lost(self) -> bool:
        """Whether it ranks the validation window worse than the version that serves, with the interval off 0."""
        return bool(self.champion) and bool(self.champion["ci"][1] < 0)

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest says of models, blend and metrics."""
        found = self.validation
        metrics: dict[str, Any] = {}
        if found is not None:
            metrics = {
                "split": "temporal",
                "shoppers": len(found.per_shopper),
                "models": found.models,
                "paired": found.pairs,
                "newcomers": found.newcomers,
                "choice": found.steps,
                "coverage": list(self.coverage),
                "fairness": dict(self.fairness),
            }
        return {
            "families": [model.family for model in self.learnt],
            "curves": {model.family: model.curves for model in self.learnt if isinstance(model, SequenceModel)},
            "blend": {
                "kind": found.kind if found is not None else "default",
                **self.blend.weights_json(),
            },
            "metrics": metrics,
            "champion": dict(self.champion),
            "notes": list(self.notes),
        }

    def in_words(self) -> str:
        """Return how it compares with the version that serves."""
        low, high = self.champion["ci"]
        return (
            f"{self.champion['metric']} {self.champion['difference']:+} [{low}, {high}] against "
            f"{self.champion['version']}, which goes on serving"
        )


SplitBy = Callable[[EventLog], TemporalSplit | None]


def fit_candidates(
    fit: Fit, events: EventLog, *, split_by: SplitBy = split_for_training, champion: Version | None = None
) -> Fitted:
    """Choose models and blend on the latest part of the events, then fit the chosen ones on all of them.

    Args:
        fit: see `Fit`.
        events: what is known.
        split_by: cuts off what is validated on: the latest events.
        champion: the version that serves, to compare with.
    """
    if len(events) < MIN_EVENTS or not events.positive.nnz:
        return Fitted(
            notes=[f"{len(events)} events are fewer than {MIN_EVENTS}: no models; popularity falls back to ratings"]
        )
    clock, notes = Stopwatch(fit.budget), list[str]()
    split = split_by(events)
    if split is None:
        notes.append("too few shoppers chose anything new lately: no validation, default blend weights")
        learnt = fit_families(fit, events, DEFAULT_FAMILIES, clock, notes, stage="all")
        return Fitted(learnt, notes=notes, seconds=clock.seconds)
    rehearsal = rehearse(fit, split, clock, notes)
    with clock.time("blend"):
        validation = validate(rehearsal, rehearsal.families, fit.parameters.seed, Steps(fit.progress, "blend", 20))
    groupings = groupings_in(rehearsal.frames, fit.groups)
    with clock.time("fairness"):
        fair = fairly(fit, rehearsal, validation, groupings, notes)
    # By strength 0: a cost that was asked for holds no version back.
    compared = against_champion(champion, fit, split, rehearsal.frames, validation) if champion is not None else {}
    return Fitted(
        learnt=fit_families(fit, events, validation.families, clock, notes, stage="all"),
        blend=fair.blend if fair is not None else validation.blend,
        validation=validation,
        coverage=coverage_of(rehearsal, validation, len(fit.index)),
        fairness=both_ends(rehearsal.frames, validation, fair, groupings, fit.fairness),
        champion=compared,
        notes=notes,
        seconds=clock.seconds,
    )


def fairly(
    fit: Fit, rehearsal: Rehearsal, validation: Validation, groupings: Groupings, notes: list[str]
) -> FairBlend | None:
    """Return the blend that the switch asks for, `None` where it is off or there are no fitted weights to change."""
    if not fit.fairness:
        return None
    if validation.kind == "default":
        notes.append("fairness changes nothing: the default weights serve")
        return None
    return fit_fairly(rehearsal.frames, validation, groupings, fit.fairness, fit.parameters.seed)


def fit_families(
    fit: Fit, log: EventLog, families: Sequence[str], clock: Stopwatch, notes: list[str], *, stage: str
) -> list[Learnt]:
    """Fit families one after another; on the past, whoever finds the time budget used up is left out, and said so.

    Args:
        fit: see `Fit`.
        log: the events.
        families: which.
        clock: takes the times.
        notes: gets what is left out, and why.
        stage: `past` or `all`.
    """
    tastes = weights_of_tastes(tastes_at(log, fit), fit.features)
    staged = replace(fit, progress=lambda what, share: fit.progress(f"{what}, {stage}", share))
    learnt: list[Learnt] = []
    for family in families:
        why = why_not(family, log) or (clock.over() if stage == "past" and family not in DEFAULT_FAMILIES else "")
        if why:
            notes.append(f"{family} is left out: {why}")
            continue
        with clock.time(f"{family}, {stage}"):
            learnt.append(fit_family(family, staged, log, tastes))
    return learnt


def rehearse(fit: Fit, split: TemporalSplit, clock: Stopwatch, notes: list[str]) -> Rehearsal:
    """Fit all families on the past and let them rank for the shoppers of the window, as themselves and as newcomers."""
    past = split.past
    models = fit_families(fit, past, FAMILIES, clock, notes, stage="past")
    # Whoever first appears in the window must be as unknown to the model as they will be when it serves.
    present = np.unique(past.shopper)
    known = [known_only(model, past, present) if isinstance(model, Factors) else model for model in models]
    snapshot = assemble(fit.index, features=fit.features, learnt=known, demand=demand_of(past), vectors=fit.vectors)
    shoppers = draw(split.shoppers, MAX_SHOPPERS, fit.parameters.seed)
    came = len(np.unique(split.newcomers.shopper)) if split.newcomers is not None else 0
    step = Steps(fit.progress, "validation", len(shoppers) + came * len(ALL_TOLD))
    with clock.time("validation"):
        frames = make_frames(snapshot, known_cases(split, fit.features, tastes_at(past, fit), shoppers), step)
        newcomers = {
            str(told): make_frames(snapshot, newcomer_cases(split.newcomers, fit, told), step)
            for told in ALL_TOLD
            if split.newcomers is not None
        }
    return Rehearsal([model.family for model in models], frames, newcomers)


def coverage_of(rehearsal: Rehearsal, validation: Validation, n_products: int) -> list[dict[str, Any]]:
    """Return the rows of the report on coverage: popularity, every model alone, and the blend as it serves."""
    frames = rehearsal.frames
    scores = {model: frames.alone(model) for model in ("popularity", *rehearsal.families)}
    scores[f"blend_{validation.kind}"] = frames.score(validation.blend)
    return [coverage(m, frames.recommended(values, n_products), frames.n_shoppers) for m, values in scores.items()]


def draw(shoppers: Sequence[int], n: int, seed: int) -> list[int]:
    """Return `n` of the shoppers, ascending; all of them if there are fewer."""
    if len(shoppers) <= n:
        return list(shoppers)
    drawn = np.random.default_rng(seed).choice(np.asarray(shoppers), n, replace=False)
    return sorted(drawn.tolist())


def known_only(factors: Factors, events: EventLog, known: NDArray[np.int32]) -> Factors:
    """Return factors that know these shoppers alone, by their positions in the log."""
    keys = np.asarray([shopper_key(events.shoppers[i]) for i in known.tolist()], dtype=np.uint64)
    keep = np.isin(factors.shopper_keys, keys)
    return replace(factors, shopper_keys=factors.shopper_keys[keep], shoppers=factors.shoppers[keep])


def demand_of(events: EventLog) -> Demand:
    """Return what speaks for each product as of the last event."""
    rows = events.row.astype(np.int64)
    weights = np.maximum(events.weight, 0.0).astype(np.float64)
    ages = (events.until - events.at) / 86_400.0
    last = np.full(events.n_products, np.inf)
    np.minimum.at(last, rows[weights > 0], ages[weights > 0])
    ever = np.bincount(rows, weights=weights, minlength=events.n_products).astype(np.float64)
    return Demand(decayed_counts(rows, weights, ages, events.n_products), ever, last)
