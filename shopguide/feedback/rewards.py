"""Rewards: what came of each product on each slate.

An event that names its slate is credited to its product there, whenever it came. One that does not is credited to the
latest slate before it that showed the product to the same shopper, if that was within the window of its kind: a
purchase three days later counts for the slate that led to it. Every event counts at most once. Together with the logged
propensities, rewards let any other policy be judged by what was shown (inverse propensity scoring: D. Horvitz and
D. Thompson, 1952).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType

from shopguide.errors import SettingsError
from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.ids import ShopperId, Sku, SlateId

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "view": 0.0,  # to be looked at is what every item of a slate is
        "click": 0.2,
        "like": 0.5,
        "add_to_cart": 1.0,
        "purchase": 3.0,
        "rating": 1.0,  # times how far from the middle it is: 1 for five stars, -1 for one
        "dislike": -0.5,
        "dismiss": -0.2,
    }
)
"""What one event is worth."""

WINDOW_DAYS: Mapping[str, float] = MappingProxyType(
    {
        "view": 1.0,
        "click": 1.0,
        "like": 1.0,
        "add_to_cart": 1.0,
        "purchase": 7.0,
        "rating": 30.0,
        "dislike": 1.0,
        "dismiss": 1.0,
    }
)
"""For how many days after a slate an event that names none is credited to it."""

RATING_MIDDLE = 3.0


@dataclass(frozen=True, slots=True)
class RewardRules:
    """What events are worth, and for how long a slate is credited with them."""

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    window_days: Mapping[str, float] = field(default_factory=lambda: WINDOW_DAYS)

    @classmethod
    def from_settings(cls, weights: Mapping[str, float], window_days: Mapping[str, float]) -> "RewardRules":
        """Return the defaults with what a shop sets otherwise.

        Raises:
            SettingsError: a kind of event that there is not, a weight that is no number, or a window below 0.
        """
        for name, given, least in (("WEIGHTS", weights, float("-inf")), ("WINDOW_DAYS", window_days, 0.0)):
            for kind, value in given.items():
                if kind not in WEIGHTS:
                    raise SettingsError(f"SHOPGUIDE_REWARD_{name}: no kind {kind!r}; there are {', '.join(WEIGHTS)}")
                if not least <= value < float("inf") or value == float("-inf"):
                    raise SettingsError(f"SHOPGUIDE_REWARD_{name}: {value:g} of {kind!r} is out of range")
        return cls({**WEIGHTS, **weights}, {**WINDOW_DAYS, **window_days})

    def of(self, event: FeedbackEvent) -> float:
        """Return what an event is worth."""
        weight = self.weights.get(event.kind, 0.0)
        if event.kind == "rating":
            return weight * max(-1.0, min(1.0, ((event.value or RATING_MIDDLE) - RATING_MIDDLE) / 2.0))
        return weight

    def within(self, event: FeedbackEvent, shown_at: datetime) -> bool:
        """Whether an event comes after a slate and within the window of its kind."""
        return timedelta(0) <= event.at - shown_at <= timedelta(days=self.window_days.get(event.kind, 0.0))


@dataclass(frozen=True, slots=True)
class ItemReward:
    """One product on one slate, and what came of it.

    Args:
        propensity: the logged probability of its choice, given what stands above it.
        reward: the sum of `parts`.
        parts: for each kind of event that it is credited with, what these are worth together.
    """

    slate_id: SlateId
    position: int
    sku: Sku
    shown_at: datetime
    policy: str
    model_version: str
    propensity: float
    reward: float
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PolicyReward:
    """What came of a policy: how often it showed what, and the mean reward of a slate and of an item."""

    policy: str
    slates: int
    items: int
    rewarded: int
    mean_per_slate: float
    mean_per_item: float


def credit(slates: Sequence[Slate], events: Iterable[FeedbackEvent], rules: RewardRules) -> Iterator[ItemReward]:
    """Credit one shopper's events to the slates that they saw.

    Args:
        slates: oldest first.
        events: in any order, each once.
        rules: what they are worth.
    """
    by_id = {slate.slate_id: slate for slate in slates}
    showing: defaultdict[Sku, list[Slate]] = defaultdict(list)
    for slate in slates:
        for item in slate.items:
            showing[item.sku].append(slate)
    earned: defaultdict[tuple[SlateId, Sku], list[FeedbackEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.at, event.event_id)):
        credited = _slate_of(event, by_id, showing, rules)
        if credited is not None and event.sku is not None:
            earned[credited.slate_id, event.sku].append(event)
    for slate in slates:
        yield from _rewards(slate, earned, rules)


def rewards_by_shopper(
    slates: Iterable[Slate], events: Iterable[FeedbackEvent], rules: RewardRules
) -> Iterator[ItemReward]:
    """Credit many shoppers' events, holding those of one shopper at a time.

    Args:
        slates: of known shoppers, sorted by shopper, then oldest first.
        events: sorted by shopper.
        rules: what they are worth.
    """
    done_by = groupby(events, key=lambda event: event.shopper_id)
    doing = next(done_by, None)
    for shopper, seen in groupby(slates, key=_shopper):
        while doing is not None and doing[0] < shopper:
            doing = next(done_by, None)
        own = list(doing[1]) if doing is not None and doing[0] == shopper else []
        yield from credit(list(seen), own, rules)


def by_policy(rewards: Iterable[ItemReward]) -> list[PolicyReward]:
    """Sum up rewards for each policy, those shown most first; the items of a slate come one after the other."""
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for _, items in groupby(rewards, key=lambda item: item.slate_id):
        shown = list(items)
        total = totals[shown[0].policy]
        total[0] += 1
        total[1] += len(shown)
        total[2] += sum(bool(item.parts) for item in shown)
        total[3] += sum(item.reward for item in shown)
    found = [
        PolicyReward(policy, int(slates), int(items), int(rewarded), reward / slates, reward / items)
        for policy, (slates, items, rewarded, reward) in totals.items()
    ]
    return sorted(found, key=lambda one: (-one.slates, one.policy))


def _slate_of(
    event: FeedbackEvent, by_id: Mapping[SlateId, Slate], showing: Mapping[Sku, Sequence[Slate]], rules: RewardRules
) -> Slate | None:
    if event.sku is None:
        return None
    shown = showing.get(event.sku, ())
    named = by_id.get(event.slate_id) if event.slate_id is not None else None
    if named is not None and named in shown:
        return named
    before = [slate for slate in shown if slate.created_at <= event.at]
    return before[-1] if before and rules.within(event, before[-1].created_at) else None


def _rewards(
    slate: Slate, earned: Mapping[tuple[SlateId, Sku], Sequence[FeedbackEvent]], rules: RewardRules
) -> Iterator[ItemReward]:
    for item in slate.items:
        parts: defaultdict[str, float] = defaultdict(float)
        for event in earned.get((slate.slate_id, item.sku), ()):
            parts[event.kind] += rules.of(event)
        yield ItemReward(
            slate_id=slate.slate_id,
            position=item.position,
            sku=item.sku,
            shown_at=slate.created_at,
            policy=slate.policy,
            model_version=slate.model_version,
            propensity=item.propensity,
            reward=sum(parts.values(), 0.0),
            parts=dict(parts),
        )


def _shopper(slate: Slate) -> ShopperId:
    return slate.shopper_id or ShopperId("")
