"""The payloads that leave the house keep the shape that their JSON Schemas promise."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import shopguide.conversation
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.knowing import known_payload
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Details, SlateShown
from shopguide.conversation.outcomes_privacy import Known, KnownValue, Origin
from shopguide.conversation.outcomes_product import Compared
from shopguide.conversation.presentation import details_payload, slate_payload
from shopguide.conversation.presentation_product import comparison_payload
from shopguide.profiles.consent import Consents
from tests.unit.conversation.shop import NOW, SHOPPER, Shop, mention, products, said

SCHEMAS = Path(shopguide.conversation.__file__).parent / "schemas"


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(CatalogueIndex(products()))


def check(payload: dict[str, Any]) -> dict[str, Any]:
    """Check a payload against the schema of its type, as it comes out of JSON."""
    sent: dict[str, Any] = json.loads(json.dumps(payload))
    schema = json.loads((SCHEMAS / f"{sent['type']}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(sent)
    return sent


def slate(shop: Shop, need: Need) -> SlateShown:
    outcome = shop.guide.search(said("x", "search_products"), need)
    assert isinstance(outcome, SlateShown)
    return outcome


@pytest.mark.parametrize(
    "need",
    [
        Need(),
        Need().want("category", ["shoes"]).want("colour", ["blue", "red"]).exclude("brand", ["kestrel"]),
        Need().want("category", ["bags"]).within("price", Bounds(30, 80)).within("capacity", Bounds(low=15)),
        Need().want("category", ["bags"]).want("waterproof", ["yes"]).within("rating", Bounds(low=4)),
    ],
)
def test_slate(shop: Shop, need: Need) -> None:
    payload = check(slate_payload(slate(shop, need), shop.guide.wording()))
    assert [item["position"] for item in payload["items"]] == [1, 2, 3, 4, 5]
    assert len(payload["constraints"]) == len(need.constraints())
    for constraint in payload["constraints"]:
        assert ("currency" in constraint) == (constraint["facet"] == "price")


def test_facets_of_the_need_are_told_of_every_item(shop: Shop) -> None:
    need = Need().want("category", ["bags"]).within("capacity", Bounds(low=15))
    payload = check(slate_payload(slate(shop, need), shop.guide.wording()))
    assert all(item["facets"]["capacity"] >= 15 for item in payload["items"])


def test_comparison(shop: Shop) -> None:
    shown = slate(shop, Need().want("category", ["bags"]).want("colour", ["blue"]))
    turn = said("compare them", "compare_products", current_slate=shown.slate_id)
    outcome = shop.guide.compare(turn, Need())
    assert isinstance(outcome, Compared)
    payload = check(comparison_payload(outcome, shop.guide.wording()))
    assert len(payload["items"]) == 4
    assert all(len(row["values"]) == 4 for row in payload["rows"])


def test_the_schema_refuses_what_is_wrong(shop: Shop) -> None:
    payload = slate_payload(slate(shop, Need()), shop.guide.wording())
    for change in (
        {"type": "list"},
        {"items": [{**payload["items"][0], "price": "74.90"}]},
        {"items": [{**payload["items"][0], "reasons": [{"kind": "magic", "text": "x"}]}]},
        {"constraints": [{"facet": "price", "op": "in", "value": 5}]},
        {"suggestions": [{"title": "Cheaper", "payload": "cheaper"}]},
        {"more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**payload, **change}, json.loads((SCHEMAS / "slate.json").read_text()))


def test_a_slate_for_the_shops_own_pages(shop: Shop) -> None:
    payload = check(
        shop.guide.recommend(
            constraints=[Constraint("colour", "in", ("blue",)), Constraint("price", "<=", value=60)], k=3
        )
    )
    assert len(payload["items"]) == 3
    assert payload["suggestions"] == []
    assert payload["reply_to"] == "api"
    assert payload["slate_id"] in shop.feedback.slates


def test_product(shop: Shop) -> None:
    outcome = slate(shop, Need().want("category", ["bags"]))
    turn = said("the second", "ask_product_details", mention("ordinal", 2), current_slate=outcome.slate_id)
    details = shop.guide.details(turn)
    assert isinstance(details, Details)
    payload = check(details_payload(details, shop.guide.wording()))
    assert payload["sku"] == outcome.items[1].product.sku
    assert payload["position"] == 2
    assert payload["units"] == {"capacity": "l"}
    assert payload["category_path"][:2] == ["Accessories", "Bags"]


def test_profile(shop: Shop) -> None:
    wording = shop.guide.wording()
    origin = Origin("slot", 2, NOW, "socketio")
    known = Known(
        shopper_id=SHOPPER,
        consents=Consents(personalisation=True),
        tastes=(
            KnownValue("brand", "kestrel", 0.7, NOW, NOW, (origin,)),
            KnownValue("brand", "norwell", -0.9, NOW, NOW, (origin,)),
            KnownValue("colour", "red", 0.001, NOW, NOW, (origin,)),
        ),
        facts=(KnownValue("size", "43", 1.0, NOW, NOW, (origin,), category="shoes"),),
        recipients={"dad": (KnownValue("colour", "blue", 0.5, NOW, NOW, (origin,)),)},
        events={"like": 2},
        slates=3,
    )
    payload = check(known_payload(known, Need().want("colour", ["blue"]), wording, NOW))
    assert [(t["value"], t["weight"]) for t in payload["tastes"]] == [("norwell", -0.9), ("kestrel", 0.7)]
    assert payload["need"] == {"colour": ["blue"]}
    assert payload["consents"] == {"personalisation": True, "analytics": None}
    assert payload["facts"][0]["category"] == "shoes"
    assert payload["suggestions"][0]["payload"] == '/forget_me{"memory":"size=43"}'
    check(known_payload(Known(None, available=False), Need(), wording, NOW))
