"""The shop's calls."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from shopguide.catalogue.constraints import Constraint
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence
from tests.support.shop import FakeShop

NOW = datetime.now(UTC)
EVENT = {"event_id": "e1", "kind": "click", "shopper_id": "ann", "sku": "mug/1", "at": NOW.isoformat()}

CALLS = [
    ("POST", "/v1/events"),
    ("POST", "/v1/recommendations"),
    ("GET", "/v1/products/mug/1"),
    ("GET", "/v1/products/mug/1/similar"),
    ("PUT", "/v1/products/mug/1"),
    ("PATCH", "/v1/products/mug/1"),
    ("DELETE", "/v1/products/mug/1"),
    ("PUT", "/v1/products"),
    ("PATCH", "/v1/products"),
    ("DELETE", "/v1/products?sku=mug/1"),
    ("GET", "/v1/shoppers/ann/profile"),
    ("GET", "/v1/shoppers/ann/export"),
    ("GET", "/v1/shoppers/ann/consents"),
    ("PUT", "/v1/shoppers/ann/consents"),
    ("POST", "/v1/shoppers/ann/copy-link"),
    ("DELETE", "/v1/shoppers/ann"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-API-Key": "schlüssel".encode("latin-1")}])
def test_every_call_needs_a_key(client: TestClient, method: str, path: str, headers: dict[str, str | bytes]) -> None:
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_list_of_calls_is_complete(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    documented = {(method.upper(), path) for path, item in paths.items() for method in item if path.startswith("/v1")}
    shops = {(m, p) for m, p in documented if "/chat/" not in p}
    ids = {"/{sku}": "/mug/1", "/{shopper_id}": "/ann", "?sku=mug/1": ""}
    called = {(method, path.replace("?sku=mug/1", "")) for method, path in CALLS}
    for placeholder, value in ids.items():
        shops = {(method, path.replace(placeholder, value)) for method, path in shops}
    assert shops == called


def test_one_event_and_many(client: TestClient, shop: FakeShop, key: dict[str, str]) -> None:
    kept = {"accepted": 1, "duplicates": 0, "refused": [], "queued": 0}
    assert client.post("/v1/events", json=EVENT, headers=key).json() == kept
    late = EVENT | {"event_id": "e2", "at": (NOW + timedelta(days=1)).isoformat(), "shopper_id": "bea"}
    answer = client.post("/v1/events", json={"events": [EVENT, EVENT | {"event_id": "e3"}, late]}, headers=key)
    body = answer.json()
    assert (body["accepted"], body["duplicates"]) == (1, 1)
    assert body["refused"][0]["event_id"] == "e2"
    assert "future" in body["refused"][0]["why"]
    assert [event.event_id for event in shop.feedback.history(ShopperId("ann"))] == ["e3", "e1"]
    assert shop.profiles.show(ShopperId("ann"))
    assert shop.profiles.count() == 1, "a refused event makes no shopper"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2026-01-01T10:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"kind": "stare"}, "kind"),
        ({"event_id": ""}, "event_id"),
        ({"shopper_id": "a\0b"}, "shopper_id"),
        ({"value": "NaN"}, "value"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_malformed_event_names_the_field(
    client: TestClient, shop: FakeShop, key: dict[str, str], change: dict[str, str], field: str
) -> None:
    for body, place in ((EVENT | change, field), ({"events": [EVENT, EVENT | change]}, f"events.1.{field}")):
        answer = client.post("/v1/events", json=body, headers=key)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [place]
    assert shop.feedback.count() == 0


def test_a_recommendation_reaches_the_guide_folded(client: TestClient, shop: FakeShop, key: dict[str, str]) -> None:
    need = {
        "shopper_id": "ann",
        "query": " a mug ",
        "k": 3,
        "exclude": ["x"],
        "constraints": [
            {"facet": "colour", "values": ["Navy  Blue"]},
            {"facet": "price", "op": "<=", "value": 20},
        ],
    }
    answer = client.post("/v1/recommendations", json=need, headers=key)
    assert answer.json()["type"] == "slate"
    (asked,) = shop.guide.asked
    assert asked == {
        "constraints": [Constraint("colour", "in", ("navy blue",)), Constraint("price", "<=", value=20.0)],
        "query": "a mug",
        "shopper_id": "ann",
        "k": 3,
        "exclude": ["x"],
        "anchor": None,
    }


def test_a_product_and_those_that_resemble_it(client: TestClient, shop: FakeShop, key: dict[str, str]) -> None:
    body = client.get("/v1/products/mug/1", headers=key).json()
    assert body["title"] == "Mug <b>bold</b>"
    assert (body["price"], body["currency"], body["list_price"]) == (7.5, "EUR", None)
    assert body["facets"] == {"colour": ["Blue", "White"], "volume": 0.3, "dishwasher": True}
    assert body["reviews"][0]["text"] == "Warm."
    assert client.get("/v1/products/mug/1/similar?k=2", headers=key).status_code == 200
    assert shop.guide.asked == [{"anchor": "mug/1", "k": 2}]
    for path in ("/v1/products/cup", "/v1/products/cup/similar"):
        answer = client.get(path, headers=key)
        assert answer.status_code == 404
        assert "cup" in answer.json()["detail"]


def test_a_profile(client: TestClient, shop: FakeShop, key: dict[str, str]) -> None:
    ann = ShopperId("ann@example.org/1")
    shop.profiles.record([PreferenceEvidence(ann, "colour", "blue", 1, "slot", datetime.now(UTC), slot="colour")])
    body = client.get(f"/v1/shoppers/{ann}/profile", headers=key).json()
    assert body["tastes"]["colour"]["blue"] == pytest.approx(0.6, abs=0.01)
    assert body["evidence"][0]["source"] == "slot"
    assert client.get("/v1/shoppers/nobody/profile", headers=key).status_code == 404
