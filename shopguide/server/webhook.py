"""Rasa's action server inside the guide server: the `actions` package behind `POST /webhook`.

Answers as rasa-sdk's own endpoint does (rasa_sdk/endpoint.py), but for its 500, which sends the whole request back: the
request holds the conversation.
"""

import json
import logging
import secrets
import warnings
import zlib
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from rasa_sdk import utils
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionMissingDomainException, ActionNotFoundException

from shopguide.errors import SettingsError
from shopguide.server.logs import in_call_of

log = logging.getLogger(__name__)

MAX_BODY = 8 * 2**20
"""Bytes of an action call, also when it was deflated: the whole tracker travels with it."""


def load_actions(package: str = "actions") -> ActionExecutor:
    """Return an executor with all actions of a package.

    Raises:
        SettingsError: the package cannot be imported (rasa-sdk would end the process).
    """
    executor = ActionExecutor()
    try:
        executor.register_package(package)
    except SystemExit as error:
        raise SettingsError(f"the package {package!r} cannot be imported; the log says why") from error
    return executor


def webhook_router(executor: ActionExecutor, token: str) -> APIRouter:
    """Return the routes that the dialogue server calls.

    Args:
        executor: the actions.
        token: what the caller must send as `?token=`; empty: nothing is asked.
    """
    router = APIRouter(include_in_schema=False)

    def refused(request: Request) -> JSONResponse | None:
        sent = request.query_params.get("token", "")
        if token and not secrets.compare_digest(sent.encode(), token.encode()):
            return JSONResponse({"error": "wrong token"}, 401)
        return None

    @router.post("/webhook")
    async def webhook(request: Request) -> JSONResponse:
        """Run one action."""
        if (refusal := refused(request)) is not None:
            return refusal
        try:
            call = _read(await request.body(), request.headers.get("content-encoding", ""))
        except ValueError as error:
            return JSONResponse({"error": f"Invalid body request: {error}"}, 400)
        _check_version(str(call["version"]) if "version" in call else None)
        with in_call_of(*_said_in(call)):
            return await _answer(executor, call)

    @router.get("/actions")
    async def actions(request: Request) -> JSONResponse:
        """List the actions."""
        return refused(request) or JSONResponse([name.model_dump() for name in executor.list_actions()])

    return router


async def _answer(executor: ActionExecutor, call: dict[str, Any]) -> JSONResponse:
    try:
        result = await executor.run(call)
    except (ActionExecutionRejection, ActionNotFoundException, ActionMissingDomainException) as error:
        log.info("%s", error)
        return JSONResponse({"error": error.message, "action_name": error.action_name}, _status(error))
    except Exception:
        name = str(call.get("next_action"))
        log.exception("action %s failed", name)
        return JSONResponse({"error": "the action failed; the log says why", "action_name": name}, 500)
    return JSONResponse(result.model_dump() if result else None)


def _said_in(call: dict[str, Any]) -> list[str]:
    """Return whose turn it is and what they said last."""
    tracker = call.get("tracker")
    latest = tracker.get("latest_message") if isinstance(tracker, dict) else None
    text = latest.get("text") if isinstance(latest, dict) else None
    return [str(call.get("sender_id") or ""), str(text or "")]


def _status(error: Exception) -> int:
    if isinstance(error, ActionNotFoundException):
        return 404
    # 449 makes Rasa send the call again, with the domain.
    return 449 if isinstance(error, ActionMissingDomainException) else 400


def _read(body: bytes, encoding: str) -> dict[str, Any]:
    """Parse a body, deflated or not.

    Raises:
        ValueError: it is not a JSON object, not deflated as it says, or too large.
    """
    if encoding.strip().lower() == "deflate":
        # Not zlib.decompress: a small body could unfold to fill the memory.
        inflater = zlib.decompressobj()
        try:
            body = inflater.decompress(body, MAX_BODY)
        except zlib.error as error:
            raise ValueError("not deflated") from error
        if inflater.unconsumed_tail:
            raise ValueError("too large")
        if not inflater.eof:
            raise ValueError("not deflated to its end")
    try:
        call = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(call, dict):
        raise ValueError("not an object")
    return call


@lru_cache(maxsize=8)
def _check_version(version: str | None) -> None:
    # rasa-sdk 3.21 serves Rasa 3.6.21 well and warns about it at every call: once is enough.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        utils.check_version_compatibility(version)
    for warning in caught:
        log.info("%s", str(warning.message).replace("\n", " "))
