"""The payloads that channels carry in `custom`, and the API in its answers: DESIGN's section on the slate payload."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.product import Product
from shopguide.conversation.answers import PAYLOAD_LIMIT
from shopguide.conversation.outcomes import Details, SlateShown
from shopguide.conversation.reasons import card_reasons
from shopguide.conversation.wording import Wording
from shopguide.recommender.types import Reason

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

Payload = dict[str, Any]

ITEM_FACETS = ("colour", "size", "material", "audience", "occasion", "feature")
"""Facets that a slate shows of every product; those that the need speaks of come besides."""

MANY_FACETS = 40
"""Facets that a product's page shows at most: feeds have hundreds, most of no use to a shopper."""


def constraint_payload(constraint: Constraint, currency: str) -> Payload:
    """Return a constraint as payloads hold it."""
    if constraint.op in ("in", "not in"):
        return {"facet": constraint.facet, "op": constraint.op, "values": list(constraint.values)}
    payload: Payload = {"facet": constraint.facet, "op": constraint.op, "value": constraint.value}
    return payload | ({"currency": currency} if constraint.facet == "price" else {})


def slate_payload(outcome: SlateShown, wording: Wording) -> Payload:
    """Return a slate as channels carry it."""
    constraints = outcome.checked.constraints()
    return {
        "type": "slate",
        "slate_id": outcome.slate_id,
        "reply_to": outcome.reply_to,
        "policy": outcome.policy,
        "model_version": outcome.model_version,
        "degraded": outcome.degraded,
        "constraints": [constraint_payload(constraint, wording.currency) for constraint in constraints],
        "total_matches": outcome.total,
        "items": [
            item_payload(shown.product, wording, position=shown.position, named=[c.facet for c in constraints])
            | {"reasons": reasons_payload(shown.reasons, shown.product, wording)}
            for shown in outcome.items
        ],
        "suggestions": suggestions(outcome, wording),
    }


def item_payload(
    product: Product, wording: Wording, *, position: int | None = None, named: Sequence[str] = ()
) -> Payload:
    """Return a product as slates hold it: data, never markup. `named` are further facets to tell."""
    index = wording.index
    return {
        "sku": product.sku,
        **({"position": position} if position is not None else {}),
        "title": product.title,
        "brand": product.brand,
        "category": product.category[-1] if product.category else None,
        "price": float(product.price) if product.price is not None else None,
        "currency": product.currency or (wording.currency if product.price is not None else None),
        "list_price": float(product.list_price) if product.list_price is not None else None,
        "in_stock": product.in_stock,
        "rating": product.rating,
        "rating_count": product.rating_count,
        "image": product.image,
        "url": product.url,
        "facets": _facets(index, product, (*ITEM_FACETS, *named)),
    }


def details_payload(outcome: Details, wording: Wording) -> Payload:
    """Return everything the catalogue says of a product."""
    product = outcome.product
    units = {facet: unit for facet, unit in product.units.items() if facet in product.facets}
    return {
        "type": "product",
        **item_payload(product, wording, position=outcome.position, named=list(product.facets)[:MANY_FACETS]),
        "category_path": list(product.category),
        "description": product.description,
        "units": units,
        "reasons": reasons_payload(outcome.reasons, product, wording),
        "suggestions": [
            {"title": wording.say("suggestion.like"), "payload": "/like_product"},
            {"title": wording.say("suggestion.dislike"), "payload": "/dislike_product"},
            {"title": wording.say("suggestion.more"), "payload": "/show_more"},
        ],
    }


def reasons_payload(reasons: Sequence[Reason], product: Product, wording: Wording) -> list[Payload]:
    """Return the reasons for a product with their words; one that has none to say is left out."""
    return [{"kind": reason.kind, "text": text} for reason, text in card_reasons(reasons, product.title, wording)]


def suggestions(outcome: SlateShown, wording: Wording) -> list[Payload]:
    """Return what a shopper may say next, each with its payload."""
    prices = {shown.product.price for shown in outcome.items if shown.product.price is not None}
    found = []
    if len(prices) > 1:
        found.append(_suggestion(wording.say("suggestion.cheaper"), "critique_slate", {"critique": "price:down"}))
    if outcome.remaining:
        found.append(_suggestion(wording.say("suggestion.more"), "show_more"))
    if any(shown.reasons for shown in outcome.items[:1]):
        found.append(_suggestion(wording.say("suggestion.why"), "explain_recommendation", {"ordinal": 1}))
    found.append(_suggestion(wording.say("suggestion.restart"), "start_over"))
    return found


def _suggestion(title: str, intent: str, entities: Mapping[str, Any] | None = None) -> Payload:
    payload = f"/{intent}" + (json.dumps(entities, separators=(",", ":")) if entities else "")
    if len(payload.encode()) > PAYLOAD_LIMIT:
        raise ValueError(f"{payload} is longer than {PAYLOAD_LIMIT} bytes")
    return {"title": title, "payload": payload}


def _facets(index: "CatalogueIndex", product: Product, names: Sequence[str]) -> dict[str, Any]:
    """Return facets of a product: one text or number as it is, several as a list, folded as constraints hold them."""
    if product.sku not in index:
        return {}
    row = index.row(product.sku)
    found: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        if name in ("category", "brand", "price", "rating") or name not in index.facets:
            continue
        values = index.values(name, row)
        if values:
            kind = index.facets[name].kind
            numbers: list[Any] = [float(value) if kind == "number" else value for value in values]
            found[name] = numbers[0] if len(numbers) == 1 else numbers
    return found
