"""Shoppers of whom the models of a rehearsal know nothing, asked about as they would be when they come to the shop."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from shopguide.profiles.preferences import TasteProfile
from shopguide.profiles.taste import derive_taste
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import ItemFeatures, Rows
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.families import Fit
from shopguide.training.frames import Case
from shopguide.training.interactions import EventLog, TemporalSplit, temporal_split

SHARE = 0.1
MAX_NEWCOMERS = 400
"""Shoppers who are held out: this share of those whom the past knows, but no more than so many."""
CLICKS = (0, 1, 3)
"""Products after whose choice a newcomer is asked about: the first ones they chose."""
TASTES = (1, 3)
"""Facet values that a newcomer is taken to have told before they did anything: those their first products share."""
FIRST = max(*CLICKS, *TASTES)
NOT_TOLD = frozenset({"price_band"})
"""Features that nobody states as a facet value."""


@dataclass(frozen=True, order=True)
class Told:
    """How much is known of a newcomer: so many `clicks`, or so many facet values of their `taste`."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"{'products chosen' if self.kind == 'clicks' else 'values of taste told'}: {self.count}"


ALL_TOLD = (*(Told("clicks", n) for n in CLICKS), *(Told("taste", n) for n in TASTES))


def split_for_training(log: EventLog) -> TemporalSplit | None:
    """Cut off the latest events, and hold out those who came last, first of all who chose nothing new in them."""
    split = temporal_split(log)
    if split is None:
        return None
    came, first = np.unique(split.past.shopper, return_index=True)
    return hold_out(split, came[np.lexsort((-first, np.isin(came, list(split.truth))))])


def hold_out(
    split: TemporalSplit, order: NDArray[np.int32], share: float = SHARE, most: int = MAX_NEWCOMERS
) -> TemporalSplit:
    """Take shoppers out of the past and of what is predicted from it; all that they did becomes `newcomers`.

    Who first came in the window is a newcomer anyway, and goes on being predicted as well: the past does not know them.

    Args:
        split: past and window.
        order: positions of shoppers whom the past knows, those first that are to be held out first.
        share: newcomers wanted, as a share of the shoppers whom the past knows.
        most: newcomers wanted at most.
    """
    known = np.unique(split.past.shopper)
    came = np.setdiff1d(np.fromiter(split.truth, dtype=np.int32), known)[:most]
    held = order[: max(min(round(share * len(known)), most) - len(came), 0)]
    gone, taken = set(held.tolist()), np.isin(split.past.shopper, held)
    events = split.past.where(taken).then(split.window)
    return replace(
        split,
        past=split.past.where(~taken),
        truth={shopper: rows for shopper, rows in split.truth.items() if shopper not in gone},
        newcomers=events.where(np.isin(events.shopper, np.concatenate([held, came]))),
    )


def newcomer_cases(events: EventLog, fit: Fit, told: Told) -> Iterator[Case]:
    """Yield the newcomers with what is known of them and what they chose after it; who chose only one product is none.

    Args:
        events: all that they did.
        fit: the features, and what profiles hold.
        told: how much is known; of shoppers who chose less, one product stays to be predicted.
    """
    for shopper in np.unique(events.shopper).tolist():
        chosen = sorted((i for i in events.history(shopper) if i.weight > 0), key=lambda item: item.at)
        first = chosen[: min(FIRST, len(chosen) - 1)]
        if not first:
            continue
        rows = [item.row for item in chosen]
        if told.kind == "clicks":
            clicked = tuple(first[: told.count])
            taste = _taste_before(events, fit, shopper, chosen[len(clicked)].at)
            context = Context(RecommendationRequest(), fit.features, taste, clicked)
        else:
            weights = characteristic(fit.features, np.asarray([item.row for item in first], dtype=np.int32), told.count)
            if not weights:
                continue
            clicked = tuple(first)
            context = Context(RecommendationRequest(), fit.features, TasteProfile(weights=weights))
        met = [item.row for item in clicked]
        yield Case(shopper, context, met, np.setdiff1d(rows, met).astype(np.int32))


def _taste_before(events: EventLog, fit: Fit, shopper: int, now: datetime) -> TasteProfile:
    """Return what the profile held before a moment: nothing yet of what was chosen in it, in one basket perhaps."""
    pieces = [piece for piece in fit.evidence.get(shopper, ()) if piece.at < now]
    return derive_taste(events.shoppers[shopper], pieces, now, rules=fit.rules)


def characteristic(features: ItemFeatures, rows: Rows, count: int) -> dict[str, dict[str, float]]:
    """Return the facet values that products have most more often than the catalogue, each with the weight 1.

    Args:
        features: which product has which value.
        rows: the products.
        count: values wanted; there are fewer if fewer stand out, and of equal ones the first in the catalogue come.
    """
    lean = features.lean(rows, np.ones(len(rows), dtype=np.float32))
    found: dict[str, dict[str, float]] = {}
    for column in np.argsort(-lean, kind="stable").tolist():
        facet, _, value = features.names[column].partition("=")
        if sum(map(len, found.values())) == count or not lean[column]:
            break
        if facet not in NOT_TOLD:
            found.setdefault(facet, {})[value] = 1.0
    return found
