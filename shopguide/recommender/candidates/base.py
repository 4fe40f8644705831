"""What a candidate generator sees and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.fatigue import Seen
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.types import RecommendationRequest

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex


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
        seen: what the shopper was shown lately.
    """

    request: RecommendationRequest
    features: ItemFeatures
    taste: TasteProfile = field(default_factory=TasteProfile)
    history: tuple[Interaction, ...] = ()
    seen: Seen = field(default_factory=Seen)

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


class Learnt(Protocol):
    """What one family of models learnt from behaviour, good for any later state of the catalogue.

    `shopguide.recommender.candidates.families` loads it, `shopguide.training.families` fits it.
    """

    @property
    def family(self) -> str:
        """The family's name, also its generator's."""
        ...

    def save(self, folder: Path) -> None:
        """Write it into a folder of its own, `candidates/<family>/` of a version."""
        ...

    def generator(self, index: "CatalogueIndex", features: ItemFeatures) -> CandidateGenerator:
        """Return the generator for a state of the catalogue."""
        ...


def candidates(generator: CandidateGenerator, context: Context, rows: Rows, k: int) -> Rows:
    """Return the best `k` of the rows left by the constraints, best first; none if nothing is known of the shopper."""
    scores = generator.scores(context, rows)
    return rows[top(scores, k)] if scores is not None else rows[:0]


def top(scores: Floats, k: int) -> Rows:
    """Return the positions of the `k` highest scores, highest first, ties in the catalogue's order."""
    if len(scores) > k:
        floor = np.partition(scores, -k)[-k]
        contenders = np.flatnonzero(scores >= floor)
    else:
        contenders = np.arange(len(scores))
    return contenders[np.argsort(-scores[contenders], kind="stable")][:k].astype(np.int32)


def save_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as `<name>.npy`."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def positions_of(skus: Mapping[str, int], index: "CatalogueIndex") -> Rows:
    """Return where a model keeps each of today's products, -1 for those that it does not know, [n_products]."""
    return np.asarray([skus.get(sku, -1) for sku in index.skus], dtype=np.int32)


@runtime_checkable
class Grounded(Protocol):
    """A generator whose scores rest on single products of the shopper's own, which can be named."""

    name: str

    def ground(self, context: Context, row: int) -> Interaction | None:
        """Return the product of the shopper's own that adds most to a product's score; `None` if none adds anything."""
        ...


RANKED = 500
"""Places that a rank tells apart."""


def scale_to_best(scores: Floats, new: NDArray[np.bool_]) -> Floats:
    """Return scores with the best new product at 1 and the average one at 0, none below -1 or above 1.

    Scores of different generators, and of different requests, so come to one scale.

    Args:
        scores: in any scale, [n_rows].
        new: which products the shopper has not dealt with yet, [n_rows].
    """
    judged = scores[new] if new.any() else scores
    middle = float(judged.mean()) if len(judged) else 0.0
    lead = float(judged.max()) - middle if len(judged) else 0.0
    if lead < 1e-9:
        return np.zeros_like(scores)
    return np.asarray(np.clip((scores - middle) / lead, -1.0, 1.0), dtype=np.float32)


def share_of_ranks(scores: Floats, new: NDArray[np.bool_]) -> Floats:
    """Return 1 for the best new product, falling with the logarithm of the rank to 0 after `RANKED` places, [n_rows].

    What a generator says nothing about, its lowest score, has 0 however few products are better.
    """
    place = np.zeros(len(scores), dtype=np.float32)
    judged = np.flatnonzero(new & (scores > scores.min())) if len(scores) else np.zeros(0, dtype=np.int64)
    best = judged[top(scores[judged], RANKED)]
    place[best] = 1.0 - np.log1p(np.arange(len(best))) / np.log1p(RANKED)
    return place
