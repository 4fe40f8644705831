"""What the guide server needs of the tracker store to keep a promise: `/webhooks/privacy/`.

    GET    conversations/<id>   {"events": 12}: how much is kept of a conversation
    GET    said/<id>            {"said": [{"at": <seconds since 1970>, "by": "shopper", "text": "…"}]}; also by "guide"
    DELETE conversations/<id>   204, also when nothing was kept; `?until=<seconds since 1970>` spares what came later
    POST   erase                {"conversations": ["…"], "until": …} answers {"events": 40, "failed": ["…"]}
    POST   expire               {"before": <seconds since 1970>} answers {"conversations": 3}

Ids in paths are percent-encoded. Each call carries `Authorization: Bearer <JWT>`, signed with the chat secret (HS256)
for the audience "privacy" and five minutes at most; chat tokens have no audience and are refused. Errors are
`application/problem+json`. Nothing here is for browsers: a proxy need not let it through.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

import jwt
from sanic import Blueprint
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, empty, json

from rasa_addons.channels import AttachedInput
from rasa_addons.erasure import Conversations, UnsupportedStore
from rasa_addons.replies import OnMessage
from rasa_addons.settings import Settings, read_settings

logger = logging.getLogger(__name__)

AUDIENCE = "privacy"
LONGEST_TOKEN_SECONDS = 300
MOST_CONVERSATIONS = 1000
"""In one call of `erase`."""

_CLOCK_SECONDS = 30  # by which the clocks of two servers may differ

Route = Callable[..., Awaitable[HTTPResponse]]


class Refused(Exception):
    """A call that is not answered; the message is for whoever operates the guide server."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


def require_privacy_token(header: str | None, settings: Settings, now: float | None = None) -> None:
    """Let only the guide server in.

    Raises:
        Refused: there is no token, or it is forged, expired, meant for something else or valid for too long.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "Unauthorized", "This call needs a token of the guide server as Authorization: Bearer …")
    try:
        claims = jwt.decode(
            token.strip(),
            settings.chat_secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            leeway=_CLOCK_SECONDS,
            options={"require": ["exp", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise Refused(401, "Unauthorized", "The token is not valid here") from error
    if int(claims["exp"]) > (time.time() if now is None else now) + LONGEST_TOKEN_SECONDS + _CLOCK_SECONDS:
        raise Refused(401, "Unauthorized", f"A token may be valid for {LONGEST_TOKEN_SECONDS} seconds at most")


def _problem(status: int, title: str, detail: str) -> HTTPResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return json(body, status, content_type="application/problem+json")


def _time(value: Any, name: str) -> float:
    """Return a time in seconds.

    Raises:
        Refused: it is none.
    """
    try:
        seconds = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = float("nan")
    if not abs(seconds) < float("inf"):
        raise Refused(400, "Bad Request", f"'{name}' is a number of seconds since 1970")
    return seconds


def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent.

    Raises:
        Refused: it is none.
    """
    body = request.json
    if not isinstance(body, dict):
        raise Refused(400, "Bad Request", "The body is a JSON object")
    return body


def _names(body: dict[str, Any]) -> list[str]:
    """Return the conversations that a body lists.

    Raises:
        Refused: it lists none, too many, or something else than ids.
    """
    names = body.get("conversations")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Refused(400, "Bad Request", "'conversations' is a list of ids")
    if len(names) > MOST_CONVERSATIONS:
        raise Refused(413, "Payload Too Large", f"At most {MOST_CONVERSATIONS} conversations in one call")
    return names


class PrivacyRoutes(AttachedInput):
    """Enabled in credentials.yml like a channel, though nobody talks through it."""

    @classmethod
    def name(cls) -> str:
        """Return the name, which is a part of the routes' addresses."""
        return "privacy"

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings from the environment unless they are given."""
        self._settings = settings or read_settings()

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("privacy_routes")

        @blueprint.get("/conversations/<conversation:path>")
        @self._guarded
        async def count(request: Request, conversation: str) -> HTTPResponse:
            return json({"events": await self._conversations().count(unquote(conversation))})

        @blueprint.get("/said/<conversation:path>")
        @self._guarded
        async def said(request: Request, conversation: str) -> HTTPResponse:
            return json({"said": await self._conversations().said(unquote(conversation))})

        @blueprint.delete("/conversations/<conversation:path>")
        @self._guarded
        async def delete(request: Request, conversation: str) -> HTTPResponse:
            until = _time(request.args["until"][0], "until") if "until" in request.args else None
            await self._conversations().erase(unquote(conversation), until)
            return empty()

        @blueprint.post("/erase")
        @self._guarded
        async def erase(request: Request) -> HTTPResponse:
            body = _body(request)
            until = None if body.get("until") is None else _time(body["until"], "until")
            names, conversations = _names(body), self._conversations()
            events, failed = 0, []
            for name in dict.fromkeys(names):
                try:
                    events += await conversations.erase(name, until)
                except Exception as error:  # the others are deleted all the same
                    logger.error("A conversation could not be deleted: %s", type(error).__name__)
                    failed.append(name)
            return json({"events": events, "failed": failed})

        @blueprint.post("/expire")
        @self._guarded
        async def expire(request: Request) -> HTTPResponse:
            before = _time(_body(request).get("before"), "before")
            return json({"conversations": await self._conversations().expire(before)})

        return self._attach(blueprint, self._settings)

    def _guarded(self, route: Route) -> Route:
        """Return a route that asks for the token first and says what is wrong as a problem."""

        @wraps(route)
        async def answer(request: Request, **parts: str) -> HTTPResponse:
            try:
                require_privacy_token(request.headers.get("authorization"), self._settings)
                return await route(request, **parts)
            except Refused as refusal:
                return _problem(refusal.status, refusal.title, str(refusal))
            except UnsupportedStore as error:
                return _problem(501, "Not Implemented", str(error))
            except SanicException as error:  # a body that is no JSON
                return _problem(error.status_code or 400, "Bad Request", "The body is not JSON")
            except Exception as error:
                # Only the kind: the rest may quote what was asked for.
                logger.error("A call about privacy failed: %s", type(error).__name__)
                return _problem(503, "Service Unavailable", "The tracker store or the lock store does not answer")

        return answer

    def _conversations(self) -> Conversations:
        agent = self._agent()
        if agent is None:
            raise Refused(503, "Service Unavailable", "The dialogue server is still starting")
        return Conversations(agent)
