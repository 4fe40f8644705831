"""A shopper's own data over HTTP: for the shop with a key, for the shopper with a link; and the privacy notice."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.privacy.service import Privacy
from shopguide.privacy.tokens import Tokens
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.server.app import create_app
from tests.support.shop import CHAT_SECRET, FakeShop

NOW = datetime.now(UTC)
ANN, PHONE = ShopperId("ann/of <b>"), ConversationId("phone-4711")
PATH = "/v1/shoppers/ann%2Fof%20%3Cb%3E"


@pytest.fixture
def ann(shop: FakeShop) -> ShopperId:
    """Somebody who said and did a little of everything."""
    shop.profiles.link("telegram", PHONE, ANN)
    shop.profiles.set_consent(ANN, "personalisation", True, source="chat", conversation_id=PHONE)
    shop.profiles.record(
        [
            PreferenceEvidence(ANN, "brand", "<script>alert(1)</script>", 1, "correction", NOW, conversation_id=PHONE),
            PreferenceEvidence(ANN, "colour", "green", 1, "slot", NOW, conversation_id=PHONE, recipient="dad"),
        ]
    )
    shop.feedback.log_slate(
        Slate(SlateId("s1"), ANN, PHONE, NOW, "search", "p", "m", None, 1, (SlateItem(Sku("mug/1"), 1),))
    )
    shop.feedback.record([FeedbackEvent("e1", "click", ANN, NOW, Sku("mug/1"), SlateId("s1"))])
    shop.conversations.said(PHONE, NOW)
    return ANN


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def test_the_export_holds_everything(client: TestClient, ann: ShopperId, key: dict[str, str]) -> None:
    copy = client.get(f"{PATH}/export", headers=key).json()
    assert copy["schema"] == "shopguide-copy/1"
    assert copy["shopper_id"] == ann
    assert copy["accounts"][0]["sender_id"] == PHONE
    assert copy["consent"] == {"personalisation": True, "analytics": None}
    assert [decision["source"] for decision in copy["decisions"]] == ["chat"]
    assert copy["tastes"][0]["origins"][0] | {"latest": ""} == {
        "source": "correction", "count": 1, "latest": "", "channel": "telegram",
    }  # fmt: skip
    assert [value["value"] for value in copy["recipients"]["dad"]] == ["green"]
    assert [said["text"] for said in copy["conversations"][0]["said"]] == ["hello"]
    assert [event["title"] for event in copy["events"]] == ["Mug <b>bold</b>"]
    assert copy["shown"][0]["products"][0]["title"] == "Mug <b>bold</b>"
    assert set(copy["rows"]) == {
        "shoppers", "identities", "consents", "preferences", "feedback_events", "slates", "slate_items",
    }  # fmt: skip


def test_a_copy_does_not_wait_for_the_dialogue_server(
    client: TestClient, shop: FakeShop, ann: ShopperId, key: dict[str, str]
) -> None:
    shop.conversations.down = True
    assert client.get(f"{PATH}/export", headers=key).json()["conversations"] == [{"id": PHONE, "said": None}]
    page = client.get("/privacy/copy", params={"token": shop.privacy.copy_token(ann)}).text
    assert "cannot be read just now" in page


def test_a_shopper_is_erased_everywhere(
    client: TestClient, shop: FakeShop, ann: ShopperId, key: dict[str, str]
) -> None:
    answer = client.delete(PATH, headers=key).json()
    assert answer["complete"]
    assert answer["erased"]["preferences"] == 2
    assert set(shop.forgotten_by_models) == {ann}
    assert shop.conversations.held(PHONE) == 0
    assert client.get(f"{PATH}/export", headers=key).status_code == 404
    assert client.delete(PATH, headers=key).json() == {"erased": {}, "complete": True}
    event = {"event_id": "e2", "kind": "click", "shopper_id": ann, "sku": "mug/1", "at": NOW.isoformat()}
    refused = client.post("/v1/events", json=event, headers=key).json()["refused"]
    assert [one["event_id"] for one in refused] == ["e2"], "what is from before the erasure comes too late"


def test_an_erasure_waits_for_the_dialogue_server(
    client: TestClient, shop: FakeShop, ann: ShopperId, key: dict[str, str]
) -> None:
    shop.conversations.down = True
    assert not client.delete(PATH, headers=key).json()["complete"]
    shop.conversations.down = False
    assert shop.privacy.finish()
    assert shop.conversations.held(PHONE) == 0


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/export"), ("GET", "/consents"), ("POST", "/copy-link"), ("DELETE", "")]
)
def test_nobody_is_404(client: TestClient, key: dict[str, str], method: str, path: str) -> None:
    answer = client.request(method, f"/v1/shoppers/nobody{path}", headers=key)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_consents_are_changed_one_by_one(client: TestClient, ann: ShopperId, key: dict[str, str]) -> None:
    assert client.get(f"{PATH}/consents", headers=key).json() == {"personalisation": True, "analytics": None}
    both = {"personalisation": False, "analytics": True}
    assert client.put(f"{PATH}/consents", json=both, headers=key).json() == both
    assert client.put(f"{PATH}/consents", json={"analytics": False}, headers=key).json() == both | {"analytics": False}
    assert client.put(f"{PATH}/consents", json={}, headers=key).json() == both | {"analytics": False}
    assert client.put(f"{PATH}/consents", json={"marketing": True}, headers=key).status_code == 422
    assert client.put(f"{PATH}/consents", json={"analytics": "maybe"}, headers=key).status_code == 422


def test_both_refused_the_shops_events_are_refused(client: TestClient, ann: ShopperId, key: dict[str, str]) -> None:
    client.put(f"{PATH}/consents", json={"personalisation": False, "analytics": False}, headers=key)
    event = {"event_id": "e2", "kind": "click", "shopper_id": ann, "sku": "mug/1", "at": NOW.isoformat()}
    assert "consent" in client.post("/v1/events", json=event, headers=key).json()["refused"][0]["why"]


def test_the_link_opens_the_copy_as_a_page_and_as_json(client: TestClient, ann: ShopperId, key: dict[str, str]) -> None:
    link = client.post(f"{PATH}/copy-link", headers=key).json()
    assert NOW < datetime.fromisoformat(link["expires_at"]) < NOW + timedelta(hours=2)
    parts = urlsplit(link["url"])
    page = client.get(f"{parts.path}?{parts.query}")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text and "&lt;script&gt;alert(1)" in page.text
    assert "Mug &lt;b&gt;bold&lt;/b&gt;" in page.text and "For dad" in page.text
    assert client.get(f"{parts.path}?{parts.query}&format=json").json()["shopper_id"] == ann
    asked = client.get(f"{parts.path}?{parts.query}", headers={"Accept": "application/json"})
    assert asked.json()["shopper_id"] == ann


def test_the_page_allows_its_own_style_and_nothing_else(client: TestClient, ann: ShopperId, shop: FakeShop) -> None:
    import base64
    import hashlib

    page = client.get("/privacy/copy", params={"token": shop.privacy.copy_token(ann)})
    style = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"(src|href)=", page.text), "nothing is loaded from anywhere"


def test_a_link_that_does_not_hold_opens_nothing(client: TestClient, ann: ShopperId, shop: FakeShop) -> None:
    late = Privacy(shop.database, shop.conversations, CHAT_SECRET, clock=lambda: NOW - timedelta(hours=2))
    forged = Privacy(shop.database, shop.conversations, "another secret, as long as the right one")
    between_servers = Tokens(CHAT_SECRET, "privacy").issue(NOW + timedelta(minutes=2), {"shopper": ann})
    chat, _ = client.app.state.chat_tokens.issue(ConversationId("web-1"), ann)  # type: ignore[attr-defined]
    for token in ("", "nonsense", late.copy_token(ann), forged.copy_token(ann), chat, between_servers):
        assert client.get("/privacy/copy", params={"token": token}).status_code == 401
    assert client.app.state.chat_tokens.conversation_of(shop.privacy.copy_token(ann)) is None  # type: ignore[attr-defined]


def test_a_copy_of_whom_was_erased_is_gone_though_the_link_holds(
    client: TestClient, ann: ShopperId, shop: FakeShop
) -> None:
    token = shop.privacy.copy_token(ann)
    shop.erasing.erase(ann)
    assert client.get("/privacy/copy", params={"token": token}).status_code == 404


def test_copies_are_not_for_trying_out_links(client: TestClient) -> None:
    answers = {client.get("/privacy/copy?token=x").status_code for _ in range(12)}
    assert answers == {401, 429}


def test_the_notice_is_a_page_without_scripts(client: TestClient) -> None:
    answer = client.get("/privacy")
    assert answer.headers["content-type"].startswith("text/html")
    assert "script" not in answer.text and "default-src 'none'" in answer.headers["content-security-policy"]
    stylesheet = re.search(r'href="(/web/[^"]+)"', answer.text)
    assert stylesheet is not None and client.get(stylesheet.group(1)).status_code == 200


def test_the_notice_says_what_is_set(tmp_path: Any, no_actions: str) -> None:
    shop = FakeShop(tmp_path, shop_name="Kestrel & Sons", keep_events_days=17)
    with TestClient(create_app(shop.as_shop, actions=no_actions)) as client:
        page = client.get("/privacy").text
    shop.database.close()
    assert "Kestrel &amp; Sons" in page and "17 days" in page
