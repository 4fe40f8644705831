"""Who may do what: keys with scopes, how they end, and how often they may call."""

import threading
import time
from collections import OrderedDict
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shopguide.access.keys import ALL_SCOPES, Scope
from shopguide.server.limits import RateLimit
from shopguide.server.problems import Problem
from tests.support.shop import FakeShop

EVENT = {"event_id": "e1", "kind": "click", "shopper_id": "ann", "sku": "mug/1", "at": "2026-03-01T12:00:00Z"}


def call(client: TestClient, scope: Scope, key: str) -> int:
    """Make a call that needs a scope and return its status."""
    method, path, body = {
        "chat:tokens": ("POST", "/v1/chat/token", {}),
        "events:write": ("POST", "/v1/events", EVENT),
        "products:read": ("GET", "/v1/products/mug/1", None),
        "products:write": ("PATCH", "/v1/products", {"products": []}),
        "recommendations:read": ("POST", "/v1/recommendations", {}),
        "shoppers:read": ("GET", "/v1/shoppers/ann/profile", None),
        "shoppers:write": ("DELETE", "/v1/shoppers/nobody", None),
    }[scope]
    return client.request(method, path, json=body, headers={"X-API-Key": key}).status_code


READY = sorted(ALL_SCOPES)


@pytest.mark.parametrize("scope", READY)
def test_a_key_does_what_its_scopes_allow_and_nothing_else(client: TestClient, shop: FakeShop, scope: Scope) -> None:
    fit = shop.access.create("fit", [scope]).text
    unfit = shop.access.create("unfit", ALL_SCOPES - {scope}).text
    assert call(client, scope, unfit) == 403
    assert call(client, scope, fit) in (200, 404, 422)
    assert call(client, scope, "wrong") == 401


def test_the_missing_scope_is_named(client: TestClient, shop: FakeShop) -> None:
    key = shop.access.create("shop", ["events:write"]).text
    problem = client.get("/v1/products/mug/1", headers={"X-API-Key": key})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["missing"] == "products:read"
    assert "products:read" in problem.json()["detail"]


def test_a_key_that_has_ended_says_so_to_its_holder_only(client: TestClient, shop: FakeShop) -> None:
    revoked = shop.access.create("shop", ["products:read"])
    shop.access.revoke(revoked.key.key_id)
    answers = [
        client.get("/v1/products/mug/1", headers={"X-API-Key": key})
        for key in (revoked.text, revoked.text[:-3] + "abc", "sg_0123456789ab_" + "x" * 43)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert ["revoked" in answer.json()["detail"] for answer in answers] == [True, False, False]
    assert all(answer.headers["www-authenticate"] == "ApiKey" for answer in answers)


def test_no_call_fails_while_a_key_is_rotated(client: TestClient, shop: FakeShop) -> None:
    old = shop.access.create("shop", ["products:read"])
    new = shop.access.rotate(old.key.key_id, timedelta(hours=1))
    for key in (old.text, new.text):
        assert call(client, "products:read", key) == 200


def test_the_operators_key_has_all_scopes(client: TestClient, key: dict[str, str]) -> None:
    for scope in READY:
        assert call(client, scope, key["X-API-Key"]) in (200, 404, 422)


def test_the_schema_names_the_scopes(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    named = {
        scope
        for item in paths.values()
        for operation in item.values()
        for security in operation.get("security", [])
        for scopes in security.values()
        for scope in scopes
    }
    assert named >= ALL_SCOPES - {"chat:tokens"}


class _SlowBuckets(OrderedDict[str, tuple[float, float]]):
    """Buckets that let another thread in at the worst moment."""

    def pop(self, key: str, default: tuple[float, float]) -> tuple[float, float]:  # type: ignore[override]
        found = super().pop(key, default)
        time.sleep(0)
        return found


def test_each_client_has_a_rate_for_each_group_of_routes(app: FastAPI, client: TestClient, shop: FakeShop) -> None:
    app.state.api_limits = RateLimit(3, clock=lambda: 0.0)
    one, other = (shop.access.create(name, ALL_SCOPES).text for name in ("one", "other"))
    same = shop.access.create("one", ALL_SCOPES).text
    assert [call(client, "products:read", one) for _ in range(3)] == [200] * 3
    refused = client.get("/v1/products/mug/1", headers={"X-API-Key": same})
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    assert call(client, "products:write", one) == 429
    assert call(client, "events:write", one) == 200
    assert call(client, "products:read", other) == 200


def test_a_rate_holds_when_many_call_at_once() -> None:
    limit = RateLimit(500, clock=lambda: 0.0)
    limit._buckets = _SlowBuckets()
    allowed: list[int] = []

    def hammer() -> None:
        for _ in range(200):
            try:
                limit.check("one")
            except Problem:
                continue
            allowed.append(1)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 500


def test_a_body_that_does_not_say_that_it_is_json_is_refused(client: TestClient, key: dict[str, str]) -> None:
    for kind in ("text/plain", "application/xml", "application/jsonx", "multipart/form-data; boundary=x"):
        answer = client.post("/v1/recommendations", content=b"{}", headers={**key, "Content-Type": kind})
        assert answer.status_code == 415, kind
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/v1/recommendations", content=b"{}", headers=key).status_code == 415
    for kind in ("application/json; charset=utf-8", "Application/Merge-Patch+JSON"):
        answer = client.post("/v1/recommendations", content=b"{}", headers={**key, "Content-Type": kind})
        assert answer.status_code == 200, kind


def test_a_wrong_method_is_told_the_right_ones(client: TestClient, key: dict[str, str]) -> None:
    answer = client.post("/v1/products/mug/1", json={}, headers=key)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, PATCH, PUT"
    for method, path, allowed in (
        ("PUT", "/v1/products/mug/1/similar", "GET"),
        ("DELETE", "/v1/shoppers/ann/profile", "GET"),
        ("DELETE", "/v1/shoppers/ann/export", "GET"),
        ("DELETE", "/v1/shoppers/ann/consents", "GET, PUT"),
        ("OPTIONS", "/v1/shoppers/ann/copy-link", "POST"),
    ):
        answer = client.request(method, path, headers=key)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_consent_is_a_yes_or_a_no(client: TestClient, key: dict[str, str]) -> None:
    for value in ("yes", 1, "true"):
        answer = client.put("/v1/shoppers/ann/consents", json={"analytics": value}, headers=key)
        assert answer.status_code == 422, value
