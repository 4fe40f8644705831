"""Which slate is credited with what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopguide.errors import SettingsError
from shopguide.feedback.events import EventKind, FeedbackEvent, Slate, SlateItem
from shopguide.feedback.rewards import RewardRules, by_policy, credit, rewards_by_shopper
from shopguide.ids import ShopperId, Sku, SlateId

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BEA = ShopperId("ann"), ShopperId("bea")
RULES = RewardRules()


def slate(slate_id: str, skus: str, hours: float = 0, shopper: ShopperId = ANN, policy: str = "blend") -> Slate:
    return Slate(
        slate_id=SlateId(slate_id),
        shopper_id=shopper,
        conversation_id=None,
        created_at=START + timedelta(hours=hours),
        reply_to="api",
        policy=policy,
        model_version="1",
        degraded=None,
        total_matches=9,
        items=tuple(SlateItem(Sku(sku), n, 0.5, 1.0) for n, sku in enumerate(skus, 1)),
    )


def did(
    kind: EventKind,
    sku: str,
    hours: float,
    slate_id: str | None = None,
    *,
    shopper: ShopperId = ANN,
    value: float | None = None,
) -> FeedbackEvent:
    at = START + timedelta(hours=hours)
    named = SlateId(slate_id) if slate_id else None
    return FeedbackEvent(f"{kind}-{sku}-{hours}-{slate_id}", kind, shopper, at, Sku(sku), named, value)


def earned(slates: list[Slate], *events: FeedbackEvent) -> dict[tuple[str, str], float]:
    return {(one.slate_id, one.sku): one.reward for one in credit(slates, events, RULES) if one.parts}


def test_a_purchase_three_days_later_is_credited_to_the_slate_that_led_to_it() -> None:
    slates = [slate("s1", "AB"), slate("s2", "BC", hours=1), slate("s3", "CD", hours=2)]
    assert earned(slates, did("purchase", "B", 72)) == {("s2", "B"): 3.0}


def test_an_event_that_names_its_slate_is_credited_there_whenever_it_comes() -> None:
    slates = [slate("s1", "AB"), slate("s2", "AB", hours=1)]
    assert earned(slates, did("click", "A", 500, "s1"), did("click", "B", 2)) == {("s1", "A"): 0.2, ("s2", "B"): 0.2}


@pytest.mark.parametrize(
    "event",
    [
        did("click", "A", 25),
        did("purchase", "A", 24 * 7 + 1),
        did("click", "A", -1),
        did("click", "Z", 1),
        did("click", "Z", 1, "s1"),
    ],
)
def test_what_is_too_late_too_early_or_of_another_product_is_credited_to_nothing(event: FeedbackEvent) -> None:
    assert earned([slate("s1", "AB")], event) == {}


def test_an_event_that_names_a_slate_of_somebody_else_counts_for_ones_own() -> None:
    assert earned([slate("s1", "AB")], did("like", "A", 1, "theirs")) == {("s1", "A"): 0.5}


def test_parts_say_what_a_reward_is_made_of_and_a_rating_counts_by_its_stars() -> None:
    events = [did("click", "A", 1), did("click", "A", 2), did("rating", "A", 3, value=1.0), did("view", "A", 4)]
    (first, second) = credit([slate("s1", "AB")], events, RULES)
    assert first.parts == {"click": pytest.approx(0.4), "rating": -1.0, "view": 0.0}
    assert first.reward == pytest.approx(-0.6)
    assert (second.reward, second.parts) == (0, {})
    assert (first.position, first.propensity, first.policy, first.model_version) == (1, 0.5, "blend", "1")


def test_weights_and_windows_are_the_shops() -> None:
    rules = RewardRules.from_settings({"click": 5.0}, {"click": 30.0})
    (one,) = credit([slate("s1", "A")], [did("click", "A", 24 * 20)], rules)
    assert one.reward == 5.0
    assert rules.weights["purchase"] == 3.0


@pytest.mark.parametrize(
    ("weights", "windows", "why"),
    [
        ({"stare": 1.0}, {}, "REWARD_WEIGHTS: no kind 'stare'"),
        ({"click": float("nan")}, {}, "out of range"),
        ({"click": float("inf")}, {}, "out of range"),
        ({}, {"purchase": -1.0}, "REWARD_WINDOW_DAYS: -1 of 'purchase'"),
        ({}, {"search": 1.0}, "no kind 'search'"),
    ],
)
def test_senseless_rules_are_refused(weights: dict[str, float], windows: dict[str, float], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        RewardRules.from_settings(weights, windows)


def test_shoppers_do_not_mix() -> None:
    slates = [slate("a", "A"), slate("b", "A", shopper=BEA)]
    events = [did("click", "A", 1), did("click", "A", 1, shopper=ShopperId("abe")), did("like", "A", 1, shopper=BEA)]
    events.sort(key=lambda event: event.shopper_id)
    found = {one.slate_id: one.parts for one in rewards_by_shopper(slates, events, RULES)}
    assert found == {"a": {"click": 0.2}, "b": {"like": 0.5}}


def test_policies_are_summed_up() -> None:
    slates = [slate("s1", "AB"), slate("s2", "CD", hours=1, policy="other"), slate("s3", "EF", hours=2)]
    report = by_policy(credit(slates, [did("purchase", "B", 3), did("click", "D", 3)], RULES))
    assert [(p.policy, p.slates, p.items, p.rewarded) for p in report] == [("blend", 2, 4, 1), ("other", 1, 2, 1)]
    assert report[0].mean_per_slate == pytest.approx(1.5)
    assert report[0].mean_per_item == pytest.approx(0.75)


events_of_ann = st.lists(
    st.builds(
        did,
        kind=st.sampled_from(["view", "click", "like", "dislike", "add_to_cart", "purchase", "dismiss"]),
        sku=st.sampled_from("ABCDZ"),
        hours=st.floats(-5, 400),
        slate_id=st.sampled_from([None, "s1", "s2", "theirs"]),
    ),
    max_size=25,
    unique_by=lambda event: event.event_id,
)


@given(events=events_of_ann, order=st.randoms(use_true_random=False))
def test_every_event_counts_at_most_once_in_whatever_order(events: list[FeedbackEvent], order: object) -> None:
    slates = [slate("s1", "AB"), slate("s2", "BC", hours=3), slate("s3", "AD", hours=90)]
    rules = RewardRules(weights=dict.fromkeys(RULES.weights, 1.0))
    shuffled = events[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (list(credit(slates, some, rules)) for some in (events, shuffled))
    assert first == second
    assert sum(one.reward for one in first) <= len(events)
    for one in first:
        for kind in one.parts:
            assert any(event.kind == kind and event.sku == one.sku for event in events)


def test_later_slates_do_not_take_what_came_before_them() -> None:
    slates = [slate("s1", "A"), slate("s2", "A", hours=5)]
    event = did("click", "A", 5)
    assert earned(slates, replace(event, at=event.at - timedelta(seconds=1))) == {("s1", "A"): 0.2}
    assert earned(slates, event) == {("s2", "A"): 0.2}
