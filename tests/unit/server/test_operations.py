"""Health, readiness, metrics, and the limits."""

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shopguide.server.app import create_app
from shopguide.server.limits import RateLimit
from shopguide.server.problems import Problem
from tests.support.shop import FakeShop


def ready(client: TestClient) -> dict[str, Any]:
    for _ in range(200):
        answer = client.get("/readyz")
        if answer.status_code == 200 and answer.json()["checks"]["models"]["version"]:
            break
        time.sleep(0.01)
    body: dict[str, Any] = answer.json()
    return body


def test_alive_before_anything_is_loaded(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_when_database_and_catalogue_are(client: TestClient) -> None:
    body = ready(client)
    assert body["ready"] is True
    assert body["checks"]["catalogue"] == {"ok": True, "products": 1, "revision": 7}
    assert body["checks"]["models"] == {"ok": True, "version": "3"}


def test_new_catalogues_and_models_are_taken_up_without_a_request(tmp_path: Path, no_actions: str) -> None:
    shop = FakeShop(tmp_path, catalogue_poll_seconds=0.01)
    with TestClient(create_app(shop.as_shop, actions=no_actions)):
        deadline = time.monotonic() + 5
        while shop.recommender.followed < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    shop.database.close()


def test_not_ready_without_products(tmp_path: Path, no_actions: str) -> None:
    shop = FakeShop(tmp_path)
    with TestClient(create_app(shop.as_shop, actions=no_actions)) as client:
        deadline = time.monotonic() + 5
        while "products" not in (check := client.get("/readyz").json()["checks"]["catalogue"]):
            assert time.monotonic() < deadline
        assert check["ok"] is False
        assert "import catalogue" in check["why"]
        assert client.get("/readyz").status_code == 503
    shop.database.close()


def test_not_ready_while_the_database_is_down_and_ready_when_it_is_back(shop: FakeShop, client: TestClient) -> None:
    assert ready(client)["ready"]
    shop.products.down = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == {"ok": False, "why": "cannot be reached"}
    assert client.get("/healthz").status_code == 200
    shop.products.down = False
    assert ready(client)["ready"]


def test_metrics_count_by_route_and_never_by_path(client: TestClient, key: dict[str, str]) -> None:
    client.get("/v1/shoppers/ann-secret/profile", headers=key)
    client.get("/nowhere/ann-secret")
    client.request("INVENTED", "/healthz")
    text = client.get("/metrics").text
    assert 'route="/v1/shoppers/{shopper_id:path}/profile",status="404"} 1.0' in text
    assert 'method="GET",route="other",status="404"} 1.0' in text
    assert "INVENTED" not in text
    assert "ann-secret" not in text


def test_a_rate_limit_refills_with_time_and_forgets_the_oldest() -> None:
    now = [0.0]
    limit = RateLimit(60, clock=lambda: now[0], keys=2)
    limit.check("a", 60)
    with pytest.raises(Problem) as refused:
        limit.check("a")
    assert refused.value.status == 429
    limit.check("b")
    now[0] = 2.0
    limit.check("a", 2)
    with pytest.raises(Problem):
        limit.check("a")
    limit.check("c")
    assert set(limit._buckets) == {"a", "c"}
