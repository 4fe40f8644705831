"""Fits the blend again so that it serves groups of shoppers more alike, and shows both ends and the cost.

The weights are climbed to a high NDCG less a penalty for what groups differ by: the standard deviation between their
means. Groups shape the weights of the blend and nothing else: to serve somebody, nobody needs to know which group they
are in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shopguide.recommender.blend import Blend
from shopguide.training.blendfit import METRIC, Validation, columns_of, cross_fitted, folds_of
from shopguide.training.frames import Frames
from shopguide.training.groups import ACTIVITY, MIN_GROUP, Groupings, gaps, thirds_by_activity
from shopguide.training.metrics import Values, paired, summary
from shopguide.training.weights import fit_weights

PENALTY = 3.0
"""NDCG that a standard deviation of 1 between groups costs at strength 1."""


@dataclass(frozen=True)
class FairBlend:
    """A blend that serves groups more alike.

    Args:
        blend: weights and trees to serve with.
        per_shopper: its NDCG, by shoppers who had no part in fitting it, [n_shoppers].
    """

    blend: Blend
    per_shopper: Values


def groupings_in(frames: Frames, groups: Groupings) -> Groupings:
    """Return the groupings to fit by: those that were volunteered, thirds by activity where none can be used.

    Groups of fewer than `MIN_GROUP` shoppers of the window are left out, and groupings with fewer than two others.

    Args:
        frames: the window.
        groups: what shoppers volunteered.
    """
    positions = frames.positions.tolist()
    found = {}
    for grouping, of in groups.items():
        own = {shopper: of[shopper] for shopper in positions if shopper in of}
        names, counts = np.unique(list(own.values()), return_counts=True)
        large = set(names[counts >= MIN_GROUP].tolist())
        if len(large) > 1:
            found[grouping] = {shopper: group for shopper, group in own.items() if group in large}
    return found or {ACTIVITY: thirds_by_activity(positions, frames.liked.tolist())}


def fit_fairly(frames: Frames, served: Validation, groupings: Groupings, strength: float, seed: int = 0) -> FairBlend:
    """Fit the weights of a validated blend again, at the cost of NDCG if that brings groups nearer to each other.

    Args:
        frames: the window that it was validated on.
        served: the blend; its models stay, newcomers keep their weights, and trees, which know no groups, are left out.
        groupings: see `groupings_in`.
        strength: above 0, up to 1.
        seed: of folds, as in `validate`.
    """
    columns = columns_of(served.families)

    def fit(own: Frames) -> Blend:
        return Blend(fit_weights(own, columns, climb=_Worth(own, groupings, strength * PENALTY)))

    scores = cross_fitted(frames, fit, folds_of(frames, seed))
    blend = replace(served.blend, weights=fit(frames).weights, trees=None)
    return FairBlend(blend, frames.metrics(scores)[METRIC])


class _Worth:
    """The mean NDCG less a penalty for what groups differ by; nothing is worth differences wider than the first ones.

    Args:
        frames: whose NDCG is judged.
        groupings: by which they differ; the differences of all of them are added up.
        penalty: for a standard deviation of 1.
    """

    def __init__(self, frames: Frames, groupings: Groupings, penalty: float) -> None:
        self._memberships = [_memberships(frames, of) for of in groupings.values()]
        self._penalty = penalty
        self._widest: float | None = None

    def __call__(self, values: Values) -> float:
        wide = sum(float((members @ values / members.sum(axis=1)).std()) for members in self._memberships)
        if self._widest is None:
            self._widest = wide
        return float(values.mean()) - self._penalty * wide if wide <= self._widest else -np.inf


def _memberships(frames: Frames, of: Mapping[int, str]) -> Values:
    """Return who is in which group, [n_groups, n_shoppers]."""
    own = [of.get(shopper, "") for shopper in frames.positions.tolist()]
    return np.asarray([[group == mine for mine in own] for group in sorted(set(own) - {""})], dtype=np.float64)


def both_ends(
    frames: Frames, served: Validation, fair: FairBlend | None, groupings: Groupings, strength: float
) -> dict[str, Any]:
    """Return what the manifest says: NDCG and gaps at strength 0 and at the chosen one, and what the latter costs.

    Args:
        frames: the window.
        served: the blend at strength 0.
        fair: that of the chosen strength; `None`: it is the same.
        groupings: see `groupings_in`.
        strength: the chosen one.
    """
    ends = {0.0: served.per_shopper} | ({strength: fair.per_shopper} if fair is not None else {})
    found: dict[str, Any] = {
        "strength": strength if fair is not None else 0.0,
        "ends": [
            {
                "strength": end,
                **summary(served.kind, {METRIC: values}),
                "groups": gaps(served.kind, METRIC, values, frames.positions.tolist(), groupings),
            }
            for end, values in ends.items()
        ],
    }
    if fair is not None:
        names = f"strength {strength}", "strength 0"
        found["cost"] = paired(*names, fair.per_shopper, served.per_shopper, METRIC)
    return found
