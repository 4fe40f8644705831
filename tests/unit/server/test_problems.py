"""Every error is a problem, names what is wrong, and repeats nothing."""

import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shopguide.errors import ShopGuideError
from shopguide.server.app import MAX_BODY
from tests.support.shop import FakeShop

PROBLEM = "application/problem+json"


def assert_problem(response: object, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text  # type: ignore[attr-defined]
    assert response.headers["content-type"] == PROBLEM  # type: ignore[attr-defined]
    body: dict[str, object] = response.json()  # type: ignore[attr-defined]
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    return body


def test_no_such_page_and_no_such_method(client: TestClient) -> None:
    assert_problem(client.get("/nowhere"), 404)
    assert_problem(client.delete("/healthz"), 405)


def test_a_malformed_request_names_its_fields_and_not_their_values(client: TestClient, key: dict[str, str]) -> None:
    body = {
        "query": "secret words",
        "k": 0,
        "constraints": [{"facet": "price", "op": "<=", "values": ["secret"]}],
        "kk": 1,
    }
    problem = assert_problem(client.post("/v1/recommendations", json=body, headers=key), 422)
    assert isinstance(problem["errors"], list)
    assert {error["field"] for error in problem["errors"]} == {"k", "constraints.0", "kk"}
    assert "secret" not in str(problem)


def test_a_body_that_is_not_json_is_a_problem(client: TestClient, key: dict[str, str]) -> None:
    response = client.post("/v1/recommendations", content=b"{", headers={**key, "Content-Type": "application/json"})
    assert_problem(response, 422)


@pytest.mark.parametrize(
    "body", ["null", "[]", "3", '"events"', "[" * 5_000, '{"query": 1e999}', '{"k": 1' + "0" * 5_000 + "}"]
)
def test_a_body_of_any_other_shape_is_the_callers_mistake(client: TestClient, key: dict[str, str], body: str) -> None:
    headers = {**key, "Content-Type": "application/json"}
    for method, path in (
        ("POST", "/v1/events"),
        ("POST", "/v1/recommendations"),
        ("PUT", "/v1/products"),
        ("PUT", "/v1/products/mug"),
        ("PATCH", "/v1/products/mug"),
        ("POST", "/v1/chat/token"),
    ):
        answer = client.request(method, path, content=body, headers=headers)
        if (path, body) != ("/v1/chat/token", "null"):
            assert_problem(answer, answer.status_code)
            assert answer.status_code in (400, 422), (method, path, answer.text)


def test_halves_of_characters_do_no_harm(client: TestClient, key: dict[str, str]) -> None:
    headers = {**key, "Content-Type": "application/json"}
    for body in ('{"query": "\\ud800"}', '{"\\ud800": 1}', '{"constraints": [{"facet": "\\udfff", "values": ["a"]}]}'):
        problem = assert_problem(client.post("/v1/recommendations", content=body, headers=headers), 422)
        assert problem["errors"]


def test_a_time_is_no_number(client: TestClient, key: dict[str, str]) -> None:
    event = {"event_id": "e1", "kind": "rating", "shopper_id": "ann", "sku": "mug/1", "at": "2026-01-01T10:00:00Z"}
    for change in ({"at": 1767261600}, {"at": "1767261600"}, {"value": True}, {"value": "5"}):
        problem = assert_problem(client.post("/v1/events", json=event | change, headers=key), 422)
        assert problem["errors"] == [{"field": next(iter(change)), "why": problem["errors"][0]["why"]}]  # type: ignore[index]


def test_the_database_down_is_a_503_that_says_no_more(
    shop: FakeShop, client: TestClient, key: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    shop.products.down = True
    with caplog.at_level(logging.ERROR):
        problem = assert_problem(client.get("/v1/products/mug/1", headers=key), 503)
    assert "refused" not in str(problem)
    assert "connection refused" in caplog.text
    assert "mug/1" not in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("secret"), ShopGuideError("secret")])
def test_a_fault_of_ours_tells_the_caller_nothing(app: FastAPI, client: TestClient, error: Exception) -> None:
    def fail() -> None:
        raise error

    app.router.add_api_route("/fail", fail)
    assert "secret" not in str(assert_problem(client.get("/fail"), 500))


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient, key: dict[str, str]) -> None:
    assert_problem(client.post("/v1/events", content=b"x" * (MAX_BODY + 1), headers=key), 413)


def test_a_body_without_its_length_is_measured(client: TestClient, key: dict[str, str]) -> None:
    chunk = b"x" * 65_536
    pieces = (chunk for _ in range(MAX_BODY // len(chunk) + 1))
    assert_problem(client.post("/v1/events", content=pieces, headers=key), 413)
    json_key = {**key, "Content-Type": "application/json"}
    small = client.post("/v1/recommendations", content=iter([b'{"quer', b'y":"a"}']), headers=json_key)
    assert small.status_code == 200, small.text


def test_cors_is_off_unless_it_is_asked_for(client: TestClient) -> None:
    answer = client.options(
        "/v1/events", headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    )
    assert "access-control-allow-origin" not in answer.headers
