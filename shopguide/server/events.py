"""Feedback events, whoever reports them, into the database and the numbers."""

from collections.abc import Sequence

from fastapi import Request

from shopguide.bootstrap import Shop
from shopguide.feedback.events import FeedbackEvent
from shopguide.server.metrics import Metrics
from shopguide.server.models import Recorded


def record(request: Request, events: Sequence[FeedbackEvent]) -> Recorded:
    """Keep events and the shoppers they are about, and learn tastes from them, now or when the database is back.

    Raises:
        DatabaseError: neither the database nor the outbox can take them; sending the same events again is right.
    """
    shop: Shop = request.app.state.shop
    metrics: Metrics = request.app.state.metrics
    result = shop.recorder.take(events)
    for outcome, count in (
        ("accepted", result.accepted),
        ("duplicate", result.duplicates),
        ("refused", len(result.refused)),
        ("queued", result.queued),
    ):
        metrics.events.labels(outcome).inc(count)
    return Recorded.of(result)
