"""Fits the families of models that can serve (`shopguide.recommender.candidates.families`), each by its own module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.taste import DEFAULT_RULES, TasteRules
from shopguide.recommender.candidates.base import Learnt
from shopguide.recommender.candidates.sequence import Kind
from shopguide.recommender.features import Floats, ItemFeatures
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.als import AlsParameters, fit_als
from shopguide.training.data import Progress, Steps
from shopguide.training.factors import FactorParameters, fit_factors
from shopguide.training.groups import Groupings
from shopguide.training.interactions import EventLog
from shopguide.training.neighbours import EASE_ITEMS, EASE_RIDGE, fit_ease, fit_item_knn
from shopguide.training.sequences import SequenceParameters, default_parameters, fit_sequence

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

CHOICES_A_SECOND = 2000.0
MIN_SECONDS, MAX_SECONDS = 10.0, 55.0
"""Budget of a deep model's training: one second of computing for so many choices, within these bounds."""

Evidence = Mapping[int, tuple[PreferenceEvidence, ...]]


@dataclass(frozen=True)
class Fit:
    """What models are fitted from beside the events.

    Args:
        index: the catalogue.
        features: its item features.
        evidence: shopper position → what their profile holds; nothing for shoppers without any.
        parameters: LightFM's.
        progress: see `Progress`.
        rules: how much evidence says.
        vectors: MiniLM vectors of the products, if there are any.
        als: ALS's parameters.
        budget: seconds for everything, `None` for no limit.
        groups: what shoppers volunteered about themselves; without any, fairness goes by activity.
        fairness: how much worse served groups gain at the cost of others, 0 to 1.
    """

    index: "CatalogueIndex"
    features: ItemFeatures
    evidence: Evidence
    parameters: FactorParameters
    progress: Progress
    rules: TasteRules = DEFAULT_RULES
    vectors: ItemVectors | None = None
    als: AlsParameters = field(default_factory=AlsParameters)
    budget: float | None = None
    groups: Groupings = field(default_factory=dict)
    fairness: float = 0.0

    def parameters_json(self) -> dict[str, Any]:
        """Return the models' parameters, for a manifest."""
        return {"lightfm": self.parameters.as_json(), "als": self.als.as_json(), "ease": {"ridge": EASE_RIDGE}}


def _lightfm(fit: Fit, log: EventLog, tastes: Mapping[int, Floats]) -> Learnt:
    step = Steps(fit.progress, "LightFM", fit.parameters.epochs)
    return fit_factors(log, fit.index, fit.features, tastes, fit.parameters, step=step)


def _sequence(kind: Kind, fit: Fit, log: EventLog) -> Learnt:
    parameters = sequence_parameters(kind, log)
    step = Steps(fit.progress, kind, parameters.epochs)
    return fit_sequence(log, fit.index, fit.features, kind, parameters, step=step)


def sequence_parameters(kind: Kind, log: EventLog) -> SequenceParameters:
    """Return a deep model's parameters with a budget that fits the events: more of them, more seconds."""
    choices = log.positive.nnz
    return replace(default_parameters(kind), seconds=min(max(choices / CHOICES_A_SECOND, MIN_SECONDS), MAX_SECONDS))


_FITS: Mapping[str, Callable[[Fit, EventLog, Mapping[int, Floats]], Learnt]] = {
    "lightfm": _lightfm,
    "item_knn": lambda fit, log, _: fit_item_knn(log, fit.index),
    "ease": lambda fit, log, _: fit_ease(log, fit.index),
    "als": lambda fit, log, _: fit_als(log, fit.index, fit.als),
    "two_tower": lambda fit, log, _: _sequence("two_tower", fit, log),
    "sasrec": lambda fit, log, _: _sequence("sasrec", fit, log),
}


def fit_family(family: str, fit: Fit, log: EventLog, tastes: Mapping[int, Floats]) -> Learnt:
    """Fit one family.

    Args:
        family: one of `recommender.candidates.families.FAMILIES`.
        fit: see `Fit`.
        log: the events.
        tastes: shopper position → what the profile remembers, [n_features].
    """
    return _FITS[family](fit, log, tastes)


def why_not(family: str, log: EventLog) -> str:
    """Return why a family cannot be fitted on these events; nothing if it can."""
    if family == "ease" and len(log.touched) > EASE_ITEMS:
        return f"{len(log.touched)} products are more than EASE's {EASE_ITEMS}"
    if family in ("two_tower", "sasrec") and np.diff(log.positive.indptr).max() < 2:
        return "nobody chose two products: there is no order to learn"
    return ""
