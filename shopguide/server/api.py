"""The shop's API, `/v1/…`: events in, recommendations and profiles out. Every call carries the shop's key."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from shopguide.bootstrap import Shop
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.present import as_dict
from shopguide.server.events import record
from shopguide.server.models import Events, OneOrManyEvents, RecommendationModel, Recorded, product_json
from shopguide.server.security import ShopOnly

router = APIRouter(prefix="/v1", tags=["shop"], dependencies=[ShopOnly])


@router.post("/events")
def post_events(request: Request, body: OneOrManyEvents) -> Recorded:
    """Report what shoppers did: one event, or up to 1,000 in `events`.

    An event sent twice counts once, in whatever order they come. Events that make no sense are refused one by one, with
    the reason; the others are kept.
    """
    events = body.events if isinstance(body, Events) else [body]
    return record(request, [event.to_event() for event in events])


@router.post("/recommendations")
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


@router.get("/products/{sku:path}/similar")
def get_similar(request: Request, sku: str, k: Annotated[int, Query(ge=1, le=50)] = 5) -> dict[str, Any]:
    """Return products that resemble one, as a slate."""
    return _shop(request).guide.recommend(anchor=Sku(sku), k=k)


@router.get("/products/{sku:path}")
def get_product(request: Request, sku: str) -> dict[str, Any]:
    """Return everything that the catalogue says of a product."""
    return product_json(_shop(request).products.get(Sku(sku)))


@router.get("/shoppers/{shopper_id:path}/profile")
def get_profile(request: Request, shopper_id: str) -> dict[str, Any]:
    """Return a shopper's accounts, tastes and the evidence that they rest on."""
    return as_dict(_shop(request).profiles.show(ShopperId(shopper_id)))


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop
