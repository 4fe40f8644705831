"""Every error as `application/problem+json` (RFC 9457), without a word of what the request held."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shopguide.errors import BadProduct, DatabaseError, ShopGuideError, UnknownProduct, UnknownShopper, UnknownSlate

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_NOT_FOUND: tuple[type[ShopGuideError], ...] = (UnknownProduct, UnknownShopper, UnknownSlate)
LONGEST_FIELD = 200
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_WHERE = ("body", "query", "path", "header")


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: the HTTP status.
        detail: one sentence for the caller's developer.
        headers: such as Retry-After.
        more: further members of the problem object.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more

    def response(self) -> JSONResponse:
        """Return the answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return JSONResponse(body, self.status, dict(self.headers or {}), media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ShopGuideError, _ours)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101  (what the handler is registered for)
    return error.response()


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return Problem(error.status_code, str(error.detail), headers).response()


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return malformed(fields_of(error.errors())).response()


async def _ours(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, BadProduct):
        return malformed(error.problems).response()
    if isinstance(error, _NOT_FOUND):
        return Problem(404, str(error)).response()
    log.error("%s %s: %s", request.method, _route(request), error)
    if isinstance(error, DatabaseError):
        return Problem(503, "The shop database cannot be reached.", {"Retry-After": "5"}).response()
    return Problem(500, "Something went wrong here; the log says what.").response()


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, _route(request))  # the HTTP server logs the traceback
    return Problem(500, "Something went wrong here; the log says what.").response()


def close_path(router: APIRouter, path: str, *allowed: str) -> None:
    """Answer 405 to the other methods of a path, before a wider path below it takes them for its own.

    Without this, to delete `/shoppers/ann/export` would be to delete the shopper "ann/export".
    """

    def refuse() -> None:
        raise Problem(405, HTTPStatus(405).phrase, {"Allow": ", ".join(sorted(allowed))})

    refused = sorted({*METHODS, "TRACE"} - set(allowed))
    router.add_api_route(path, refuse, methods=refused, include_in_schema=False)


def malformed(problems: Iterable[tuple[str, str]]) -> Problem:
    """Return the answer to a request that is not as it should be: (field, why)."""
    errors = [{"field": field, "why": why} for field, why in problems]
    return Problem(422, "The request is not as it should be.", errors=errors)


def fields_of(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (field, why) of what pydantic found."""
    return [(_field(error["loc"]), str(error["msg"]).removeprefix("Value error, ")) for error in errors]


def _field(location: tuple[int | str, ...]) -> str:
    parts = location[1:] if location and location[0] in _WHERE else location
    # Tags of what was told apart and the mark of a key that is wrong itself are pydantic's words.
    name = ".".join(str(part) for part in parts if not str(part).startswith(("(", "[key]"))) or "body"
    # A field that is not ours is the caller's word: it may be of any length, with halves of surrogate pairs.
    return name[:LONGEST_FIELD].encode("utf-8", "replace").decode()


def _methods(request: Request) -> list[str]:
    """Return the methods of a path: the framework names those of the first of its routes only."""
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


def _route(request: Request) -> str:
    # The path itself may hold a shopper's id.
    return str(getattr(request.scope.get("route"), "path", "an unknown path"))
