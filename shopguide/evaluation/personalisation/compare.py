"""Ranks the same candidates for the same shoppers with their own profile, with none and with somebody else's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopguide.evaluation.personalisation.windows import NOBODY, Profile, Window
from shopguide.recommender.blend import Blend
from shopguide.training.metrics import CUTOFF, Values, ndcg, recall

Whose: TypeAlias = Literal["own", "none", "other"]
WHOSE: tuple[Whose, ...] = ("own", "none", "other")
METRICS = (f"ndcg@{CUTOFF}", f"recall@{CUTOFF}", "mrr")
"""Normalised discounted cumulative gain, recall, and the reciprocal rank of the first hit among all candidates."""
DEFAULT, SERVED = "default", "served"


@dataclass(frozen=True, order=True)
class Setting:
    """What all three arms share.

    Args:
        profile: `taste without models`: what is derived from evidence, beside popularity alone; `taste`: the same as it
            serves, where the models of behaviour take it up as well; `taste + history`: everything that serves.
        weights: the blend's default weights, or those that training would let serve (`Window.weights`).
        top: the candidates, the most popular products of the past; `None`: all products.
    """

    profile: str
    weights: str
    top: int | None


PROFILES = ("taste without models", "taste", "taste + history")

PerShopper: TypeAlias = Mapping[int, Mapping[str, float]]


def derangement(shoppers: Sequence[int], random: np.random.Generator) -> dict[int, int]:
    """Return shopper → another one, each being the other exactly once; drawn at random.

    Raises:
        ValueError: there is nobody else.
    """
    if len(shoppers) < 2:
        raise ValueError("somebody else needs two shoppers")
    ring = random.permutation(np.asarray(shoppers)).tolist()
    return dict(zip(ring, [*ring[1:], ring[0]], strict=True))


def compare(
    window: Window, tops: Sequence[int | None], seed: int = 0, step: Callable[[], None] = lambda: None
) -> dict[Setting, dict[Whose, dict[int, dict[str, float]]]]:
    """Return each shopper's metrics in every setting and arm.

    Args:
        window: see `Window`.
        tops: candidate sets, see `Setting`.
        seed: draws who is whose other.
        step: called after every shopper.
    """
    other = derangement(window.shoppers, np.random.default_rng(seed))
    blends = {DEFAULT: window.trained.blend, SERVED: window.blend}
    found: dict[Setting, dict[Whose, dict[int, dict[str, float]]]] = defaultdict(lambda: {w: {} for w in WHOSE})
    for shopper in window.shoppers:
        truth = frozenset(window.truth[shopper].tolist())
        arms = {"own": window.profiles[shopper], "none": NOBODY, "other": window.profiles[other[shopper]]}
        for top in tops:
            rows = window.candidates(shopper, top)
            for profile in PROFILES:
                for whose in WHOSE:
                    for weights, scores in _scores(window, profile, arms[whose], rows, blends).items():
                        setting = Setting(profile, weights, top)
                        found[setting][whose][shopper] = measure(rows, scores, truth)
        step()
    return dict(found)


def _scores(
    window: Window, name: str, profile: Profile, rows: NDArray[np.int32], blends: Mapping[str, Blend]
) -> dict[str, NDArray[np.float32]]:
    snapshot = window.modelless if name == "taste without models" else window.trained
    used = profile if name == "taste + history" else profile.without_history()
    values = snapshot.signals.compute(window.context(used), rows)
    # Fitted weights are fitted beside models; popularity and taste alone keep the default ones.
    usable = {DEFAULT: blends[DEFAULT]} if snapshot is window.modelless else blends
    return {weights: blend.score(values) for weights, blend in usable.items()}


def measure(rows: NDArray[np.int32], scores: NDArray[np.float32], truth: frozenset[int]) -> dict[str, float]:
    """Return `METRICS` of one ranking. What is not among the candidates is missed; ties keep the catalogue's order."""
    ranked = rows[np.argsort(-scores, kind="stable")].tolist()
    first = next((rank for rank, row in enumerate(ranked, start=1) if row in truth), None)
    return dict(zip(METRICS, (ndcg(ranked, truth), recall(ranked, truth), 1 / first if first else 0.0), strict=True))


def means(windows: Sequence[PerShopper], metric: str) -> Values:
    """Return each shopper's mean over the windows that they are in, shoppers ascending."""
    values: defaultdict[int, list[float]] = defaultdict(list)
    for window in windows:
        for shopper, measured in window.items():
            values[shopper].append(measured[metric])
    return np.asarray([np.mean(values[shopper]) for shopper in sorted(values)], dtype=np.float64)
