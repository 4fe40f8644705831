"""Feedback events, whoever reports them, into the database and the numbers."""

from collections.abc import Sequence

from fastapi import Request

from shopguide.bootstrap import Shop
from shopguide.feedback.events import FeedbackEvent
from shopguide.guide.learning import take_events
from shopguide.server.metrics import Metrics
from shopguide.server.models import Recorded


def record(request: Request, events: Sequence[FeedbackEvent]) -> Recorded:
    """Keep events and the shoppers they are about, and learn tastes from them.

    Raises:
        DatabaseError: the database cannot be reached; sending the same events again is right.
    """
    shop: Shop = request.app.state.shop
    metrics: Metrics = request.app.state.metrics
    result = take_events(events, feedback=shop.feedback, profiles=shop.profiles, catalogue=shop.catalogue)
    for outcome, count in (
        ("accepted", result.accepted),
        ("duplicate", result.duplicates),
        ("refused", len(result.refused)),
    ):
        metrics.events.labels(outcome).inc(count)
    return Recorded.of(result)
