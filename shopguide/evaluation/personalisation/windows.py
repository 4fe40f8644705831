"""Stretches of time to predict: what each shopper's profile is before one, and what the models know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import UnreadableFile
from shopguide.evaluation.datasets.loader import Behaviour
from shopguide.evaluation.datasets.reading import Reading, events_where, rows_of
from shopguide.profiles.preferences import TasteProfile
from shopguide.profiles.taste import derive_taste
from shopguide.recommender.blend import Blend
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.snapshot import Snapshot, assemble
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.data import Progress
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Fit
from shopguide.training.fitting import demand_of, fit_candidates
from shopguide.training.interactions import temporal_split

WINDOW = 0.1
"""Share of all events in one window."""


@dataclass(frozen=True)
class Profile:
    """What is known of one shopper before a window: `taste` is derived from evidence, `history` are their products."""

    request: RecommendationRequest
    taste: TasteProfile
    history: tuple[Interaction, ...]

    def without_history(self) -> "Profile":
        """Return the taste alone, and nobody to whom a model could know more."""
        return Profile(RecommendationRequest(), self.taste, ())


NOBODY = Profile(RecommendationRequest(), TasteProfile(), ())


@dataclass(frozen=True)
class Window:
    """What is predicted, and everything that was known before it.

    Args:
        since: its first moment, `None` where each shopper has one of their own.
        trained: popularity and the models of behaviour, fitted on the past.
        modelless: popularity without models of behaviour.
        blend: what training would let serve: chosen on the latest part of the past.
        profiles: shopper → profile; those with a taste and something new to predict.
        truth: the same shoppers → rows chosen in the window and never touched before.
        touched: the same shoppers → rows touched before: no candidates.
        order: all products, the most popular of the past first, [n_products].
        newcomers: shoppers with something to predict of whom nothing was known.
        past_events: events that are known.
    """

    since: datetime | None
    trained: Snapshot
    modelless: Snapshot
    blend: Blend
    profiles: Mapping[int, Profile]
    truth: Mapping[int, NDArray[np.int32]]
    touched: Mapping[int, NDArray[np.int32]]
    order: NDArray[np.int32]
    newcomers: int
    past_events: int

    @property
    def shoppers(self) -> Sequence[int]:
        """The shoppers with a profile, ascending."""
        return sorted(self.profiles)

    def context(self, profile: Profile) -> Context:
        """Return what a request with a profile is answered from."""
        return Context(profile.request, self.trained.features, profile.taste, profile.history)

    def candidates(self, shopper: int, top: int | None) -> NDArray[np.int32]:
        """Return the `top` most popular rows that a shopper has not touched (`None`: all of them), ascending."""
        return np.sort(self.order[~np.isin(self.order, self.touched[shopper])][:top])


def windows_of(behaviour: Behaviour, count: int, *, skip: int = 0, progress: Progress) -> Iterator[Window]:
    """Yield the latest `count` windows, oldest first, each with models fitted on all that came before it.

    Args:
        behaviour: the data.
        count: windows wanted.
        skip: windows at the end to leave alone, for whoever wants to choose something before touching them.
        progress: see `Progress`.

    Raises:
        UnreadableFile: a window has too few events before it or too few shoppers in it.
    """
    reading = Reading(behaviour)
    log = reading.log
    for number in range(count + skip, skip, -1):
        start, end = (round(len(log) * (1 - WINDOW * n)) for n in (number, number - 1))
        until = log.slice(0, end)
        split = temporal_split(until, (end - start) / end) if 0 < start < end else None
        if split is None:
            raise UnreadableFile(f"{behaviour.name}: too few events or shoppers for {count} windows of {WINDOW:.0%}")
        now = split.past.until
        yield window_of(
            reading,
            np.arange(len(log)) < len(split.past),
            split.truth,
            {shopper: rows_of(split.past, shopper) for shopper in split.truth},
            dict.fromkeys(split.truth, now),
            progress=progress,
            since=datetime.fromtimestamp(now, UTC),
        )


def window_of(
    reading: Reading,
    known: NDArray[np.bool_],
    truth: Mapping[int, NDArray[np.int32]],
    touched: Mapping[int, NDArray[np.int32]],
    moments: Mapping[int, float],
    *,
    progress: Progress,
    since: datetime | None = None,
) -> Window:
    """Return a window with everything made anew from the events that are known.

    Args:
        reading: the data.
        known: what profiles and models are made from, [n_events] of the log.
        truth: shopper position → rows to predict.
        touched: the same shoppers → rows that are no candidates.
        moments: the same shoppers → time stamp as of which their taste is derived.
        progress: see `Progress`.
        since: see `Window`.
    """
    past, index, features = events_where(reading.log, known), reading.index, reading.features
    evidence = reading.evidence(known)
    fitted = fit_candidates(Fit(index, features, evidence, FactorParameters(), progress), past)
    demand = demand_of(past)
    profiles: dict[int, Profile] = {}
    for shopper in sorted(truth):
        id_, now = past.shoppers[shopper], datetime.fromtimestamp(moments[shopper], UTC)
        taste = derive_taste(id_, evidence.get(shopper, ()), now)
        if not taste.is_empty:
            profiles[shopper] = Profile(RecommendationRequest(shopper_id=id_), taste, past.history(shopper))
    return Window(
        since=since,
        trained=assemble(index, features=features, demand=demand, learnt=fitted.learnt),
        modelless=assemble(index, features=features, demand=demand),
        blend=fitted.blend,
        profiles=profiles,
        truth={shopper: truth[shopper] for shopper in profiles},
        touched={shopper: touched[shopper] for shopper in profiles},
        order=np.argsort(-demand.recent, kind="stable").astype(np.int32),
        newcomers=len(truth) - len(profiles),
        past_events=len(past),
    )
