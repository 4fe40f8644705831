"""Which feedback events make no sense, and what the sender is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import CLOCK_SKEW, MAX_ID, why_refused
from shopguide.ids import ShopperId, Sku, SlateId

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOOD = FeedbackEvent("e1", "click", ShopperId("ann"), NOW, sku=Sku("A"))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"at": NOW + CLOCK_SKEW},
        {"at": datetime(1995, 1, 1, tzinfo=UTC)},
        {"kind": "search", "sku": None, "text": "blue shirt"},
        {"kind": "rating", "value": 4.0},
        {"event_id": "x" * MAX_ID},
    ],
)
def test_sensible_events_pass(change: dict[str, object]) -> None:
    assert why_refused(replace(GOOD, **change), NOW) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "stare"}, "kind: 'stare' is none of add_to_cart"),
        ({"event_id": ""}, "event_id: "),
        ({"event_id": "x" * (MAX_ID + 1)}, "event_id: "),
        ({"shopper_id": ShopperId(" ")}, "shopper_id: "),
        ({"sku": Sku("a\0b")}, "sku: "),
        ({"slate_id": SlateId("")}, "slate_id: "),
        ({"text": "a\0b"}, "text: "),
        ({"text": "x" * 20_000}, "text: "),
        ({"at": datetime(2026, 1, 1)}, "at: has no time zone"),  # noqa: DTZ001
        ({"at": NOW + CLOCK_SKEW + timedelta(seconds=1)}, "in the future"),
        ({"at": datetime(1970, 1, 1, tzinfo=UTC)}, "before 1995"),
        ({"sku": None}, "sku: a click needs a product"),
        ({"value": float("nan")}, "value: is not a number"),
        ({"kind": "rating"}, "value: a rating needs one"),
    ],
)
def test_senseless_events_are_refused_with_the_field_and_the_reason(change: dict[str, object], reason: str) -> None:
    why = why_refused(replace(GOOD, **change), NOW)  # type: ignore[arg-type]
    assert why is not None
    assert reason in why
