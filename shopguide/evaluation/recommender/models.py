"""The models that are compared, fitted on what is known alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.datasets.reading import Evidence
from shopguide.evaluation.recommender.baselines import Bpr, UserKnn
from shopguide.evaluation.recommender.groups import known_groups
from shopguide.evaluation.recommender.paper import PAPER
from shopguide.evaluation.recommender.paper_model import PaperLightFM
from shopguide.evaluation.recommender.rehearsal import rehearsal_of
from shopguide.evaluation.recommender.splits import Split
from shopguide.evaluation.recommender.texts import Texts
from shopguide.recommender.blend import Blend
from shopguide.recommender.candidates.base import CandidateGenerator, Context, Learnt
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.candidates.sequence import Kind
from shopguide.recommender.features import Floats, ItemFeatures
from shopguide.recommender.snapshot import Snapshot, assemble
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.blendfit import DEFAULT_FAMILIES, Validation, validate
from shopguide.training.data import Progress
from shopguide.training.factors import FactorParameters
from shopguide.training.fairness import groupings_in
from shopguide.training.families import Fit, sequence_parameters
from shopguide.training.fitting import demand_of, fairly, fit_families, rehearse
from shopguide.training.interactions import EventLog
from shopguide.training.sequences import fit_sequence
from shopguide.training.stopwatch import Stopwatch

Scorer: TypeAlias = Callable[[Context], Floats | None]
"""Scores over all products for one shopper's context, [n_products]; `None`: nothing to say."""

POPULARITY, ENSEMBLE = "popularity", "ensemble"
OF_PAPER = "lightfm_of_paper"
MEASURED_ONLY: tuple[Kind, ...] = ("gru4rec", "caser")
"""Deep models that are measured but not tried by training: their time is better spent on the other two."""
MODELS = (
    POPULARITY,
    UserKnn.name,
    Bpr.name,
    *FAMILIES,
    *MEASURED_ONLY,
    "taste_content",
    OF_PAPER,
    ENSEMBLE,
    "ensemble_without_lightfm",
    "ensemble_fair",
)
"""All there are; the last is the ensemble with the fairness switch at `FAIRNESS`. What cannot be fitted is left out:
texts without an encoder, the paper's model but in its splits."""


FAIRNESS = 1.0
"""Strength of the fairness switch (`SHOPGUIDE_FAIRNESS`) in `ensemble_fair`."""


@dataclass(frozen=True)
class Contender:
    """A model to be measured. Where it has nothing to say, popularity takes its place."""

    name: str
    score: Scorer


@dataclass(frozen=True)
class Ground:
    """What models may be fitted on beside the events of `Split.past`.

    Args:
        index: the catalogue.
        features: its item features.
        evidence: shopper position → what their profile holds, from known events alone.
        texts: the product texts as vectors, if they were read.
    """

    index: CatalogueIndex
    features: ItemFeatures
    evidence: Evidence
    texts: Texts | None = None

    @property
    def vectors(self) -> ItemVectors | None:
        """The vectors of the product texts, if they were read."""
        return self.texts.vectors if self.texts else None


def is_single(model: str) -> bool:
    """Whether a model is no ensemble of others."""
    return not model.startswith(ENSEMBLE)


def models_of(
    split: Split,
    ground: Ground,
    names: Sequence[str] = (),
    progress: Progress = lambda _what, _share: None,
) -> Sequence[Contender]:
    """Fit the models on `split.past` and return them, popularity first.

    Args:
        split: only its past is looked at.
        ground: see `Ground`.
        names: those that are wanted: what else would take time of its own need not be fitted; all without any.
        progress: see `Progress`.
    """
    past, seed = split.past, 0
    fit = Fit(
        ground.index,
        ground.features,
        ground.evidence,
        FactorParameters(seed=seed),
        progress,
        vectors=ground.vectors,
        groups=known_groups(split, range(len(past.shoppers))),
        fairness=FAIRNESS,
    )
    clock, notes = Stopwatch(), list[str]()
    window = rehearsal_of(split.name)(past)
    rehearsal = rehearse(fit, window, clock, notes) if window is not None else None
    learnt = fit_families(fit, past, FAMILIES, clock, notes, stage="all")
    rows = np.arange(len(ground.index), dtype=np.int32)

    @cache
    def validated(without: str) -> Validation | None:
        families = [model.family for model in learnt if model.family != without]
        return validate(rehearsal, families, seed) if rehearsal is not None else None

    def ensemble(without: str = "", *, fair: bool = False) -> Scorer:
        chosen = validated(without)
        blend = chosen.blend if chosen is not None else None
        if fair and rehearsal is not None and chosen is not None:
            fairer = fairly(fit, rehearsal, chosen, groupings_in(rehearsal.frames, fit.groups), notes)
            blend = fairer.blend if fairer is not None else blend
        served = chosen.families if chosen is not None else DEFAULT_FAMILIES
        models = [model for model in learnt if model.family in served and model.family != without]
        return _blended(_snapshot(ground, past, models), blend, rows)

    singles = {generator.name: generator for generator in _snapshot(ground, past, learnt).signals.generators}
    scorers: dict[str, Callable[[], Scorer]] = {
        **{name: partial(_single, generator, rows) for name, generator in singles.items() if name in MODELS},
        UserKnn.name: lambda: UserKnn(past).score,
        Bpr.name: lambda: Bpr(past).score,
        **{kind: partial(_sequence, kind, ground, past, rows) for kind in MEASURED_ONLY},
        ENSEMBLE: ensemble,
        f"{ENSEMBLE}_without_lightfm": partial(ensemble, "lightfm"),
        f"{ENSEMBLE}_fair": partial(ensemble, fair=True),
    }
    if split.name in PAPER:
        scorers[OF_PAPER] = lambda: PaperLightFM(split, ground.features).score
    wanted = [name for name in MODELS if name in scorers and (not names or name in (*names, POPULARITY))]
    return [Contender(name, scorers[name]()) for name in wanted]


def _sequence(kind: Kind, ground: Ground, past: EventLog, rows: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Scorer:
    model = fit_sequence(past, ground.index, ground.features, kind, sequence_parameters(kind, past))
    return _single(model.generator(ground.index, ground.features), rows)


def _snapshot(ground: Ground, past: EventLog, learnt: Sequence[Learnt]) -> Snapshot:
    return assemble(
        ground.index,
        features=ground.features,
        learnt=learnt,
        demand=demand_of(past),
        vectors=ground.vectors,
        encode=ground.texts.encode if ground.texts else lambda _: None,
    )


def _single(generator: CandidateGenerator, rows: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Scorer:
    return lambda context: generator.scores(context, rows)


def _blended(snapshot: Snapshot, blend: Blend | None, rows: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Scorer:
    served = blend or snapshot.blend
    return lambda context: served.score(snapshot.signals.compute(context, rows))
