"""Stretches of time to predict: what each shopper's profile is before one, and what the models know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import UnreadableFile
from shopguide.evaluation.personalisation.datasets import Behaviour
from shopguide.guide.learning import evidence_of
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.taste import derive_taste
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.features import item_features
from shopguide.recommender.snapshot import Snapshot, assemble
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.candidates import Fit, fit_candidates, popularity_counts
from shopguide.training.data import Progress
from shopguide.training.factors import FactorParameters
from shopguide.training.interactions import EventLog, TemporalSplit, temporal_split

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
    """One window to predict, and everything that was known before it.

    Args:
        since: its first moment.
        trained: popularity and the models of behaviour, fitted on the past.
        modelless: popularity without models of behaviour.
        weights: the blend's weights that training would let serve: fitted on the latest part of the past if they are
            better there, the default ones otherwise.
        fitted: whether they are the fitted ones.
        profiles: shopper → profile; those with a taste and something new to predict.
        truth: the same shoppers → rows chosen in the window and never touched before.
        order: all products, the most popular of the past first, [n_products].
        newcomers: shoppers with something to predict of whom nothing was known.
        past_events: events before it.
    """

    since: datetime
    trained: Snapshot
    modelless: Snapshot
    weights: Mapping[str, float]
    fitted: bool
    profiles: Mapping[int, Profile]
    truth: Mapping[int, NDArray[np.int32]]
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
        seen = np.asarray([item.row for item in self.profiles[shopper].history], dtype=np.int32)
        return np.sort(self.order[~np.isin(self.order, seen)][:top])


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
    log = EventLog.read(behaviour.events, behaviour.index)
    evidence = _Evidence(behaviour, log)
    for number in range(count + skip, skip, -1):
        start, end = (round(len(log) * (1 - WINDOW * n)) for n in (number, number - 1))
        until = log.slice(0, end)
        split = temporal_split(until, (end - start) / end) if 0 < start < end else None
        if split is None:
            raise UnreadableFile(f"{behaviour.name}: too few events or shoppers for {count} windows of {WINDOW:.0%}")
        yield _window(behaviour, evidence, split, progress)


def _window(behaviour: Behaviour, evidence: "_Evidence", split: TemporalSplit, progress: Progress) -> Window:
    past, index = split.past, behaviour.index
    now = datetime.fromtimestamp(past.until, UTC)
    features = item_features(index)
    known = evidence.before(len(past))
    tastes = {shopper: derive_taste(past.shoppers[shopper], pieces, now) for shopper, pieces in known.items()}
    fitted = fit_candidates(Fit(index, features, known, FactorParameters(), progress), past)
    counts = popularity_counts(past)
    profiles = {
        shopper: Profile(
            RecommendationRequest(shopper_id=past.shoppers[shopper]), tastes[shopper], past.history(shopper)
        )
        for shopper in split.shoppers
        if shopper in tastes and not tastes[shopper].is_empty
    }
    return Window(
        since=now,
        trained=assemble(index, features=features, counts=counts, factors=fitted.factors, neighbours=fitted.neighbours),
        modelless=assemble(index, features=features, counts=counts),
        weights=fitted.weights,
        fitted=fitted.fitted,
        profiles=profiles,
        truth={shopper: split.truth[shopper] for shopper in profiles},
        order=np.argsort(-counts, kind="stable").astype(np.int32),
        newcomers=len(split.truth) - len(profiles),
        past_events=len(past),
    )


class _Evidence:
    """What the guide would have learnt from the events, each shopper's by position in the log."""

    def __init__(self, behaviour: Behaviour, log: EventLog) -> None:
        self._behaviour = behaviour
        self._position = {shopper: position for position, shopper in enumerate(log.shoppers)}

    def before(self, events: int) -> dict[int, tuple[PreferenceEvidence, ...]]:
        """Return the evidence of the first `events` events."""
        found: dict[int, list[PreferenceEvidence]] = {}
        for event in self._behaviour.events[:events]:
            pieces = evidence_of(event, self._behaviour.index)
            found.setdefault(self._position[event.shopper_id], []).extend(pieces)
        return {position: tuple(pieces) for position, pieces in found.items() if pieces}
