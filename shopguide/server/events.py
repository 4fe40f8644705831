"""Feedback events, whoever reports them, into the database and the numbers."""

from collections.abc import Sequence

from fastapi import Request

from shopguide.bootstrap import Shop
from shopguide.feedback.events import FeedbackEvent
from shopguide.server.metrics import Metrics
from shopguide.server.models import Recorded


def record(request: Request, events: Sequence[FeedbackEvent]) -> Recorded:
    """Keep events and the shoppers they are about.

    Raises:
        DatabaseError: the database cannot be reached; sending the same events again is right.
    """
    shop: Shop = request.app.state.shop
    metrics: Metrics = request.app.state.metrics
    result = shop.feedback.record(events)
    refused = {event_id for event_id, _ in result.refused}
    shop.profiles.ensure_all(event.shopper_id for event in events if event.event_id not in refused)
    for outcome, count in (
        ("accepted", result.accepted),
        ("duplicate", result.duplicates),
        ("refused", len(result.refused)),
    ):
        metrics.events.labels(outcome).inc(count)
    return Recorded.of(result)
