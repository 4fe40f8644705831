"""Numbers for Prometheus: requests by route, and how long they took."""

import time
from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopguide.errors import OutboxError
from shopguide.outbox.box import Outbox
from shopguide.server.problems import METHODS


class Metrics:
    """The numbers of one application; a registry of its own, so that two applications in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "shopguide_http_requests_total", "Requests served.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "shopguide_http_request_seconds",
            "Time to serve a request.",
            ["method", "route"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10),
        )
        self.events = Counter(
            "shopguide_feedback_events_total",
            "Feedback events by what became of them.",
            ["outcome"],
            registry=self.registry,
        )

    def watch_outbox(self, outbox: Outbox) -> None:
        """Count what waits for the database, whenever Prometheus asks; -1 while the file cannot be read."""
        entries = Gauge(
            "shopguide_outbox_entries", "Writes that wait for the database.", ["state"], registry=self.registry
        )
        entries.labels("all").set_function(lambda: _counted(outbox.waiting))
        entries.labels("set_aside").set_function(lambda: _counted(outbox.set_aside))

    def router(self) -> APIRouter:
        """Return the route that Prometheus reads."""
        router = APIRouter()

        @router.get("/metrics", include_in_schema=False)
        def metrics() -> Response:
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

        return router


def _counted(count: Callable[[], int]) -> int:
    try:
        return count()
    except OutboxError:
        return -1


class MetricsMiddleware:
    """ASGI middleware that counts and times requests under their route's pattern, never under the path itself.

    Args:
        app: what it measures.
        metrics: where the numbers go.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            # Anybody can invent a method; each would be a time series of its own.
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(time.perf_counter() - started)
