"""What a candidate generator sees and answers."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

import numpy as np

from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.types import RecommendationRequest


@dataclass(frozen=True, slots=True)
class Interaction:
    """What one shopper did with one product, summed up: `weight` is in units of one like."""

    row: int
    weight: float
    kind: str
    at: datetime


@dataclass(frozen=True)
class Context:
    """Everything that may count for one request, resolved against one catalogue index.

    Args:
        request: the need as it came.
        features: the item features of the catalogue.
        taste: what the profile remembers of the shopper.
        history: the shopper's products, each once, strongest first.
    """

    request: RecommendationRequest
    features: ItemFeatures
    taste: TasteProfile = field(default_factory=TasteProfile)
    history: tuple[Interaction, ...] = ()

    @cached_property
    def liked(self) -> tuple[Interaction, ...]:
        """The part of the history that speaks for its products."""
        return tuple(item for item in self.history if item.weight > 0)

    @cached_property
    def taste_weights(self) -> Floats:
        """The remembered taste over the item features, [n_features]."""
        return self.features.weights_of(self.taste)

    @cached_property
    def ruled_out_weights(self) -> Floats:
        """What the shopper once said they do not want, over the item features, none below 0, [n_features]."""
        return self.features.weights_of(self.taste.ruled_out)

    @cached_property
    def preference_weights(self) -> Floats:
        """This conversation's soft wishes over the item features, [n_features]."""
        return self.features.weights_of(self.request.preferences)

    @cached_property
    def lean(self) -> Floats:
        """What the shopper's products have in common, over the item features, [n_features]."""
        return self.features.lean([item.row for item in self.liked], [item.weight for item in self.liked])

    @cached_property
    def wanted_weights(self) -> Floats:
        """The filled slots (wanted values among the constraints) over the item features, [n_features]."""
        wanted: dict[str, dict[str, float]] = {}
        for constraint in self.request.constraints:
            if constraint.op == "in":
                wanted.setdefault(constraint.facet, {}).update(dict.fromkeys(constraint.values, 1.0))
        return self.features.weights_of(TasteProfile(weights=wanted))


class CandidateGenerator(Protocol):
    """One kind of evidence about which products fit."""

    name: str

    def scores(self, context: Context, rows: Rows) -> Floats | None:
        """Return one score for each of `rows`, higher is better, or `None` if this generator has nothing to say."""
        ...


def standardise(scores: Floats) -> Floats:
    """Return scores around 0, three standard deviations being 1, cut off at -1 and 1.

    Scores of different generators, and of different requests, so come to one scale.
    """
    deviation = float(scores.std())
    if deviation < 1e-9:
        return np.zeros_like(scores)
    return np.asarray(np.clip((scores - scores.mean()) / (3 * deviation), -1.0, 1.0), dtype=np.float32)
