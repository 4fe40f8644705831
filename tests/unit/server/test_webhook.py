"""The webhook answers as rasa-sdk's own endpoint does, and its 500 keeps quiet."""

import json
import logging
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rasa_sdk import Action
from rasa_sdk.interfaces import ActionExecutionRejection

from shopguide.errors import SettingsError
from shopguide.server.app import create_app
from shopguide.server.webhook import MAX_BODY, load_actions
from tests.support.shop import FakeShop

PACKAGE = "tests_webhook_actions"


class Hello(Action):
    def name(self) -> str:
        return "action_hello"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        dispatcher.utter_message(text=f"Hello {tracker.get_slot('who')}", json_message={"type": "slate"})
        return [{"event": "slot", "name": "who", "value": "you"}]


class Reject(Action):
    def name(self) -> str:
        return "action_reject"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        raise ActionExecutionRejection("action_reject", "not now")


class Fail(Action):
    def name(self) -> str:
        return "action_fail"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        raise RuntimeError("broken")


@pytest.fixture(scope="module")
def actions() -> Iterator[str]:
    package = ModuleType(PACKAGE)
    package.__path__ = []
    sys.modules[PACKAGE] = package
    for action in (Hello, Reject, Fail):
        action.__module__ = PACKAGE
    yield PACKAGE
    del sys.modules[PACKAGE]


@pytest.fixture
def webhook(tmp_path: Path, actions: str) -> Iterator[TestClient]:
    shop = FakeShop(tmp_path)
    with TestClient(create_app(shop.as_shop, actions=actions)) as client:
        yield client
    shop.database.close()


def call(action: str | None, **more: Any) -> dict[str, Any]:
    tracker = {
        "sender_id": "web-1",
        "slots": {"who": "secret-words"},
        "latest_message": {},
        "events": [],
        "paused": False,
    }
    domain = {"slots": {}, "responses": {}}
    return {
        "next_action": action,
        "sender_id": "web-1",
        "tracker": tracker,
        "domain": domain,
        "version": "3.6.21",
    } | more


def test_an_action_runs_and_its_answer_comes_whole(webhook: TestClient) -> None:
    answer = webhook.post("/webhook", json=call("action_hello"))
    assert answer.status_code == 200
    body = answer.json()
    assert body["events"] == [{"event": "slot", "name": "who", "value": "you"}]
    assert body["responses"][0]["text"] == "Hello secret-words"
    assert body["responses"][0]["custom"] == {"type": "slate"}


def test_a_deflated_call_is_read(webhook: TestClient) -> None:
    body = zlib.compress(json.dumps(call("action_hello")).encode())
    answer = webhook.post("/webhook", content=body, headers={"Content-Encoding": "deflate"})
    assert answer.json()["responses"][0]["text"] == "Hello secret-words"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"null", ""),
        (b"", ""),
        (b"[]", ""),
        (b"{", ""),
        (b"\xff\xfe{", ""),
        (b"[" * 100_000, ""),
        (b"not deflated", "deflate"),
        (zlib.compress(b"{}")[:-3], "deflate"),
        (zlib.compress(b" " * (MAX_BODY + 1)), "deflate"),
    ],
)
def test_a_body_that_is_no_call_is_a_400(webhook: TestClient, body: bytes, encoding: str) -> None:
    answer = webhook.post("/webhook", content=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code == 400
    assert "Invalid body request" in answer.json()["error"]


def test_a_rejection_is_a_400_with_the_actions_name(webhook: TestClient) -> None:
    answer = webhook.post("/webhook", json=call("action_reject"))
    assert answer.status_code == 400
    assert answer.json() == {"error": "not now", "action_name": "action_reject"}


def test_an_unknown_action_is_a_404(webhook: TestClient) -> None:
    answer = webhook.post("/webhook", json=call("action_none"))
    assert answer.status_code == 404
    assert answer.json()["action_name"] == "action_none"


def test_a_missing_domain_is_a_449(webhook: TestClient) -> None:
    body = call("action_hello", domain_digest="unknown")
    del body["domain"]
    assert webhook.post("/webhook", json=body).status_code == 449


def test_no_action_to_run_is_null(webhook: TestClient) -> None:
    answer = webhook.post("/webhook", json=call(None))
    assert (answer.status_code, answer.json()) == (200, None)


def test_a_failing_action_is_a_500_that_repeats_nothing(webhook: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = webhook.post("/webhook", json=call("action_fail"))
    assert answer.status_code == 500
    assert answer.json() == {"error": "the action failed; the log says why", "action_name": "action_fail"}
    assert "secret-words" not in answer.text + caplog.text
    assert "broken" in caplog.text


def test_the_actions_are_listed(webhook: TestClient) -> None:
    names = {entry["name"] for entry in webhook.get("/actions").json()}
    assert {"action_hello", "action_reject"} <= names


def test_a_token_is_asked_for_when_one_is_set(tmp_path: Path, actions: str) -> None:
    shop = FakeShop(tmp_path, webhook_token="open sesame")
    with TestClient(create_app(shop.as_shop, actions=actions)) as client:
        for path in ("/webhook", "/webhook?token=", "/webhook?token=wrong", "/webhook?token=ö"):
            assert client.post(path, json=call("action_hello")).status_code == 401
        assert client.post("/webhook?token=open%20sesame", json=call("action_hello")).status_code == 200
        assert client.get("/actions").status_code == 401
    shop.database.close()


def test_a_package_that_cannot_be_imported_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="no_such_package"):
        load_actions("no_such_package")
