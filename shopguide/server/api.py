"""The shop's API, `/v1/…`: events in, recommendations and profiles out. Every call carries a key with a scope."""

from typing import Any

from fastapi import APIRouter, Request, Response

from shopguide.bootstrap import Shop
from shopguide.guide.habits import habits_for
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.present import as_dict
from shopguide.server.events import record
from shopguide.server.models import Events, Id, OneOrManyEvents, RecommendationModel, Recorded
from shopguide.server.openapi import READING, WRITING, problems
from shopguide.server.problems import close_path
from shopguide.server.security import needs

router = APIRouter(prefix="/v1", tags=["shop"])


@router.post(
    "/events",
    dependencies=[needs("events:write")],
    responses={**problems(*WRITING), 202: {"model": Recorded, "description": "some wait for the database"}},
)
def post_events(request: Request, response: Response, body: OneOrManyEvents) -> Recorded:
    """Report what shoppers did: one event, or up to 1,000 in `events`.

    An event sent twice counts once, in whatever order they come. Events that make no sense are refused one by one, with
    the reason; the others are kept. While the database is away they wait on this server's disk: the status is 202, and
    `queued` says how many.
    """
    events = body.events if isinstance(body, Events) else [body]
    recorded = record(request, [event.to_event() for event in events])
    if recorded.queued:
        response.status_code = 202
    return recorded


@router.post("/recommendations", dependencies=[needs("recommendations:read")], responses=problems(*WRITING, 404))
def post_recommendations(request: Request, body: RecommendationModel) -> dict[str, Any]:
    """Recommend products for a need and, if it is known, a shopper; the answer is a slate, logged as shown."""
    return _shop(request).guide.recommend(
        shopper_id=ShopperId(body.shopper_id) if body.shopper_id else None,
        constraints=[constraint.to_constraint() for constraint in body.constraints],
        query=body.query.strip(),
        k=body.k,
        exclude=[Sku(sku) for sku in body.exclude],
        anchor=Sku(body.anchor) if body.anchor else None,
    )


@router.get(
    "/shoppers/{shopper_id:path}/profile", dependencies=[needs("shoppers:read")], responses=problems(*READING, 404)
)
def get_profile(request: Request, shopper_id: Id) -> dict[str, Any]:
    """Return a shopper's accounts, tastes and the evidence that they rest on."""
    shop, known = _shop(request), ShopperId(shopper_id)
    view = shop.profiles.show(known)
    habits = habits_for(known, profiles=shop.profiles, feedback=shop.feedback, index=shop.catalogue.index())
    return as_dict(view, habits=habits)


close_path(router, "/shoppers/{shopper_id:path}/profile", "GET")


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop
