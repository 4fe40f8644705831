"""What `/openapi.json` says beyond what FastAPI finds out by itself: that errors are problems, and which ones."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from shopguide.server.problems import MEDIA_TYPE

READING = (401, 403, 422, 429, 500, 503)
"""Errors of every call with a key."""

WRITING = (400, *READING, 413, 415)
"""Errors of every call with a key and a body."""


class FieldProblem(BaseModel):
    """One field of a request, and why it is refused."""

    field: str
    why: str


class ProblemModel(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field([], description="of a malformed request: what is wrong with which field")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route as FastAPI's `responses` takes them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted(statuses)}


class GuideApp(FastAPI):
    """A FastAPI application whose schema knows what a problem is."""

    def openapi(self) -> dict[str, Any]:
        """Return the schema; it is made once."""
        if self.openapi_schema is None:
            schemas = super().openapi().setdefault("components", {}).setdefault("schemas", {})
            problem = ProblemModel.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
            schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        return super().openapi()
