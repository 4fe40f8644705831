"""Fits the blend again so that it serves groups of shoppers more alike, and shows both ends and the cost.

Shoppers of worse served groups count more in the fit, by multiplicative weights as in group distributionally robust
optimisation (S. Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts", 2020, algorithm 1), with
NDCG in place of the loss. Groups shape the weights of the blend and nothing else: to serve somebody, nobody needs to
know which group they are in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shopguide.recommender.blend import Blend
from shopguide.training.blendfit import METRIC, Validation, columns_of, cross_fitted, fit_blend, fit_weights, folds_of
from shopguide.training.frames import Frames
from shopguide.training.groups import ACTIVITY, MIN_GROUP, Groupings, gaps, thirds_by_activity
from shopguide.training.metrics import Values, paired, summary

ROUNDS = 8
RATE = 4.0
"""What the first round adds to the logarithm of a group's weight if its NDCG falls short by as much as the mean."""
LARGEST = 10.0
"""A group counts at most this much more than it would by its size, or less."""


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
    """Fit the weights and trees of a validated blend again, with more weight on worse served groups.

    Args:
        frames: the window that it was validated on.
        served: the blend; its models stay, and newcomers keep their weights.
        groupings: see `groupings_in`.
        strength: above 0, up to 1.
        seed: of folds and trees, as in `validate`.
    """
    columns, trees = columns_of(served.families), served.kind == "trees"

    def fit(own: Frames) -> Blend:
        return fit_blend(balanced(own, columns, groupings, strength), columns, trees=trees, seed=seed)

    scores = cross_fitted(frames, fit, folds_of(frames, seed))
    blend = replace(fit(frames), newcomer_weights=served.blend.newcomer_weights)
    return FairBlend(blend, frames.metrics(scores)[METRIC])


def balanced(frames: Frames, columns: Sequence[str], groupings: Groupings, strength: float) -> Frames:
    """Return frames whose shoppers count the more, the worse a blend of these features serves their groups.

    In round t a group's weight is multiplied by exp(`RATE` / t × its shortfall as a share of everybody's NDCG). A
    shopper's weight is the product of those of their groups, to the power of `strength`.
    """
    fitted = frames
    memberships = [_memberships(frames, of) for of in groupings.values()]
    tilts = [np.zeros(len(members)) for members in memberships]
    for step in RATE / np.arange(1, ROUNDS + 1):
        values = frames.metrics(frames.weighted(fit_weights(fitted, columns)))[METRIC]
        everybody = max(float(values.mean()), 1e-9)
        tilts = [
            np.clip(tilt + step * _shortfalls(members, values) / everybody, -np.log(LARGEST), np.log(LARGEST))
            for tilt, members in zip(tilts, memberships, strict=True)
        ]
        tilted = np.vstack([tilt @ members for tilt, members in zip(tilts, memberships, strict=True)]).sum(axis=0)
        fitted = replace(frames, weight=np.exp(tilted))
    return replace(frames, weight=np.exp(strength * tilted))


def _shortfalls(members: Values, values: Values) -> Values:
    """Return how far each group's NDCG lies below the mean of the groups, less what chance makes of it, [n_groups].

    Differences are drawn towards 0 by the share of their variance that the spread within groups explains (positive-part
    shrinkage: B. Efron and C. Morris, "Stein's Estimation Rule and Its Competitors", 1973). Such differences lie in the
    draw of the shoppers and not in how groups are served: to chase them would cost everybody and help nobody.

    Args:
        members: who is in which group, [n_groups, n_shoppers].
        values: NDCG, [n_shoppers].
    """
    sizes = members.sum(axis=1)
    means = members @ values / sizes
    within = members @ values**2 / sizes - means**2
    by_chance = float((within / sizes).mean())
    spread = float(means.var(ddof=1))
    shrunk: Values = (means.mean() - means) * max(0.0, 1.0 - by_chance / max(spread, 1e-12))
    return shrunk


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
