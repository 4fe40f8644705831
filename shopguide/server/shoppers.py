"""What is kept of a shopper: copy, erasure and consents for the shop; the shopper's own link and the privacy notice."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field, StrictBool

from shopguide.bootstrap import Shop
from shopguide.errors import UnknownShopper
from shopguide.guide.copypage import STYLE, page
from shopguide.guide.owndata import COPY_PATH
from shopguide.ids import ShopperId
from shopguide.privacy.notice import as_html, notice
from shopguide.privacy.service import COPY_OPENS_FOR
from shopguide.profiles.consent import Consents, Purpose
from shopguide.server.limits import RateLimit
from shopguide.server.models import Id, Strict
from shopguide.server.openapi import READING, WRITING, problems
from shopguide.server.problems import Problem, close_path
from shopguide.server.security import needs

COPIES_PER_MINUTE = 10
"""For one address: a copy reads everything there is of somebody."""

_QUIET = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_PRIVATE = {**_QUIET, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

router = APIRouter(prefix="/v1/shoppers", tags=["shoppers"])
pages = APIRouter(tags=["privacy"])


class ConsentModel(BaseModel):
    """What a shopper agreed to: yes, no, or null while nobody has asked."""

    personalisation: bool | None = Field(description="remember tastes and behaviour, and use them for this shopper")
    analytics: bool | None = Field(description="use what they see and do for reports and the training of models")

    @classmethod
    def of(cls, consents: Consents) -> "ConsentModel":
        """Return consents, ready for JSON."""
        return cls(personalisation=consents.personalisation, analytics=consents.analytics)


class ConsentChange(Strict):
    """Decisions that the shopper made at the shop; what is left out stays as it is."""

    personalisation: StrictBool | None = Field(None, description="yes or no; absent or null: as it is")
    analytics: StrictBool | None = Field(None, description="yes or no; absent or null: as it is")


class ErasureModel(BaseModel):
    """What an erasure did."""

    erased: dict[str, int] = Field(description="rows that were deleted, by table")
    complete: bool = Field(
        description="whether the conversations are gone from the dialogue server; if not, they will be"
    )


class CopyLink(BaseModel):
    """An address for the shopper."""

    url: str = Field(description="opens the shopper's copy, for whoever has it; hand it to them alone")
    expires_at: datetime


@router.get("/{shopper_id:path}/export", dependencies=[needs("shoppers:read")], responses=problems(*READING, 404))
def get_export(request: Request, shopper_id: Id) -> dict[str, Any]:
    """Return everything that is kept of a shopper."""
    return _shop(request).copying.copy(ShopperId(shopper_id))


@router.get("/{shopper_id:path}/consents", dependencies=[needs("shoppers:read")], responses=problems(*READING, 404))
def get_consents(request: Request, shopper_id: Id) -> ConsentModel:
    """Return what a shopper agreed to."""
    shop = _shop(request)
    shop.privacy.trace(ShopperId(shopper_id))
    return ConsentModel.of(shop.profiles.consents(ShopperId(shopper_id)))


@router.put("/{shopper_id:path}/consents", dependencies=[needs("shoppers:write")], responses=problems(*WRITING, 404))
def put_consents(request: Request, shopper_id: Id, body: ConsentChange) -> ConsentModel:
    """Keep decisions that a shopper made at the shop, and return what holds now. They hold at once.

    A shopper who is not known yet is from now on.
    """
    shop, who = _shop(request), ShopperId(shopper_id)
    decisions: dict[bool, list[Purpose]] = {True: [], False: []}
    for purpose, granted in (("personalisation", body.personalisation), ("analytics", body.analytics)):
        if granted is not None:
            decisions[granted].append(purpose)  # type: ignore[arg-type]
    with shop.database.together():
        for granted, purposes in decisions.items():
            if purposes:
                shop.consenting.decide(who, purposes, granted, source="api")
        return ConsentModel.of(shop.profiles.consents(who))


@router.post("/{shopper_id:path}/copy-link", dependencies=[needs("shoppers:read")], responses=problems(*READING, 404))
def post_copy_link(request: Request, shopper_id: Id) -> CopyLink:
    """Make a link that shows a shopper their own copy, for their page at the shop. It works for an hour."""
    shop, who = _shop(request), ShopperId(shopper_id)
    shop.privacy.trace(who)
    return CopyLink(url=shop.own_data.copy_link(who), expires_at=datetime.now(UTC) + COPY_OPENS_FOR)


close_path(router, "/{shopper_id:path}/export", "GET")
close_path(router, "/{shopper_id:path}/consents", "GET", "PUT")
close_path(router, "/{shopper_id:path}/copy-link", "POST")


@router.delete("/{shopper_id:path}", dependencies=[needs("shoppers:write")], responses=problems(*READING, 404))
def delete_shopper(request: Request, shopper_id: Id) -> ErasureModel:
    """Erase a shopper everywhere. Doing it again is well; events from before are refused from now on."""
    report = _shop(request).erasing.erase(ShopperId(shopper_id))
    return ErasureModel(erased=dict(report.counts), complete=report.complete)


@pages.get(
    COPY_PATH,
    response_class=HTMLResponse,
    responses={**problems(401, 404, 422, 429, 500, 503), 200: {"content": {"application/json": {}}}},
)
def get_copy(
    request: Request,
    token: Annotated[str, Query(max_length=2_000, description="from the link")],
    format: Annotated[Literal["html", "json"] | None, Query(description="otherwise by the Accept header")] = None,
) -> Response:
    """Return a shopper's own copy to whoever has the link, as a page or as JSON to keep."""
    limit: RateLimit = request.app.state.copy_limit
    limit.check(request.client.host if request.client else "")
    shop = _shop(request)
    shopper_id = shop.privacy.shopper_of_copy(token)
    if shopper_id is None:
        raise Problem(401, "This link does not hold, or not any more: ask for a new one in the chat.")
    try:
        copy = shop.copying.copy(shopper_id)
    except UnknownShopper:
        raise Problem(404, "Nothing is kept any more.") from None
    accepted = request.headers.get("accept", "")
    if format == "json" or (format is None and "application/json" in accepted and "text/html" not in accepted):
        return JSONResponse(copy, headers={**_PRIVATE, "Content-Disposition": 'attachment; filename="my-data.json"'})
    return HTMLResponse(page(copy), headers={**_PRIVATE, "Content-Security-Policy": _policy(f"'{_STYLE_DIGEST}'")})


@pages.get("/privacy", response_class=HTMLResponse)
def get_notice(request: Request) -> HTMLResponse:
    """Return the privacy notice, as the settings in force make it."""
    content = as_html(notice(_shop(request).settings), "/web/notice.css")
    headers = {**_QUIET, "Cache-Control": "no-cache", "Content-Security-Policy": _policy("'self'")}
    return HTMLResponse(content, headers=headers)


def _policy(style: str) -> str:
    """Return a Content-Security-Policy that allows a style and nothing else."""
    return f"default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


_STYLE_DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop
