"""How much and how often: bodies have a size, callers a rate."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopguide.server.problems import Problem


class BodyLimit:
    """ASGI middleware that answers 413 to bodies that are too large, announced or not.

    Args:
        app: what it protects.
        default: bytes that a body may have.
        by_path: other limits, for exact paths.
    """

    def __init__(self, app: ASGIApp, default: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._default = default
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._by_path.get(scope["path"], self._default)
        length = dict(scope["headers"]).get(b"content-length")
        if length is not None:
            # The HTTP server sees to it that the body is no longer than announced.
            fits = length.isdigit() and int(length) <= limit
        else:
            body = await _read(receive, limit)
            fits = body is not None
            receive = _replay(body or b"", receive)
        if fits:
            await self._app(scope, receive, send)
        else:
            await Problem(413, f"The body may have {limit:,} bytes at most.").response()(scope, receive, send)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return a body that came without its length, `None` as soon as it is too large."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def json_only(request: Request) -> None:
    """Refuse a body that does not say that it is JSON.

    Raises:
        Problem: it says something else, or nothing (415).
    """
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem(415, "The body has to be JSON, and Content-Type to say so.", {"Accept-Post": "application/json"})


class RateLimit:
    """A token bucket for each key, in this process's memory.

    Args:
        per_minute: calls that a key may make in a minute, on average and at once.
        clock: seconds; tests bring their own.
        keys: keys remembered at most; the one not seen for longest is forgotten first.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic, keys: int = 10_000) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._keys = keys
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, key: str, cost: int = 1) -> None:
        """Count a call.

        Raises:
            Problem: the key has called too often (429).
        """
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(key, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - since) * self._per_minute / 60)
            allowed = left >= cost
            self._buckets[key] = (left - cost if allowed else left, now)
            if len(self._buckets) > self._keys:
                self._buckets.popitem(last=False)
        if not allowed:
            seconds = int((cost - left) * 60 / self._per_minute) + 1
            raise Problem(429, "Too many calls; try again later.", {"Retry-After": str(seconds)})
