"""Chat tokens and what a browser may report."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from fastapi.testclient import TestClient

from shopguide.feedback.events import Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.server.chat import TOKENS_PER_MINUTE
from shopguide.server.security import RENEWABLE_FOR, TOKEN_LIFETIME, ChatTokens
from tests.support.shop import CHAT_SECRET, FakeShop

TOKENS = ChatTokens(CHAT_SECRET)


def slate_of(conversation: str, slate_id: str = "s1") -> Slate:
    return Slate(
        SlateId(slate_id), None, ConversationId(conversation), datetime.now(UTC), "search", "p", "1", None, 1,
        (SlateItem(Sku("mug/1"), 1),),
    )  # fmt: skip


def event(**change: str) -> dict[str, str]:
    return {"event_id": "event-0001", "kind": "like", "sku": "mug/1", "slate_id": "s1", **change}


def test_a_token_is_what_the_dialogue_server_expects(client: TestClient, shop: FakeShop) -> None:
    body = client.post("/v1/chat/token").json()
    claims = jwt.decode(body["token"], CHAT_SECRET, algorithms=["HS256"])
    assert claims["sub"] == body["conversation_id"]
    assert claims["sub"].startswith("web-")
    assert len(claims["sub"]) >= 24
    assert datetime.fromtimestamp(claims["exp"], UTC) == datetime.fromisoformat(body["expires_at"]).replace(
        microsecond=0
    )
    assert body["socket_url"] == shop.settings.rasa_url
    assert client.post("/v1/chat/token").json()["conversation_id"] != body["conversation_id"]


def test_a_browser_that_comes_back_is_the_same_shopper_and_a_forger_is_not(client: TestClient) -> None:
    ended = datetime.now(UTC) - TOKEN_LIFETIME - timedelta(days=10)
    old, _ = TOKENS.issue(ConversationId("web-me"), now=ended)
    forged, _ = ChatTokens("some-other-secret-of-sufficient-length").issue(ConversationId("web-me"))
    ancient, _ = TOKENS.issue(ConversationId("web-me"), now=ended - RENEWABLE_FOR)
    other_kind, _ = TOKENS.issue(ConversationId("rest-me"))
    unsigned = jwt.encode({"sub": "web-me", "exp": 9e9}, None, algorithm="none")

    def identity(token: str) -> str:
        answer = client.post("/v1/chat/token", json={"token": token})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["conversation_id"])

    assert identity(old) == "web-me"
    for token in (forged, ancient, other_kind, unsigned, "nonsense"):
        assert identity(token) not in ("web-me", "rest-me")


def test_only_the_shop_says_who_a_visitor_is(client: TestClient, shop: FakeShop, key: dict[str, str]) -> None:
    assert client.post("/v1/chat/token", json={"shopper_id": "ann"}).status_code == 401
    body = client.post("/v1/chat/token", json={"shopper_id": "ann"}, headers=key).json()
    assert shop.profiles.shopper_for("socketio", body["conversation_id"]) == "ann"
    assert jwt.decode(body["token"], CHAT_SECRET, algorithms=["HS256"])["shopper"] == "ann"


def test_tokens_have_a_rate_and_the_shop_has_none(client: TestClient, key: dict[str, str]) -> None:
    for _ in range(TOKENS_PER_MINUTE):
        assert client.post("/v1/chat/token").status_code == 200
    # On a slow machine the minute goes on meanwhile, and lets a few more through.
    further = (client.post("/v1/chat/token") for _ in range(TOKENS_PER_MINUTE))
    refused = next(answer for answer in further if answer.status_code != 200)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert client.post("/v1/chat/token", headers=key).status_code == 200


def test_a_like_on_the_page_is_the_shoppers(client: TestClient, shop: FakeShop) -> None:
    body = client.post("/v1/chat/token").json()
    shop.feedback.log_slate(slate_of(body["conversation_id"]))
    bearer = {"Authorization": f"Bearer {body['token']}"}
    for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
        answer = client.post("/v1/chat/events", json={"events": [event()]}, headers=bearer).json()
        assert answer == {**expected, "refused": [], "queued": 0}
    shopper = shop.profiles.shopper_for("socketio", body["conversation_id"])
    assert shop.feedback.history(shopper) == [], "nobody has agreed that it is remembered"
    (kept,) = shop.feedback.history(shopper, conversation_id=body["conversation_id"])
    assert (kept.kind, kept.sku, kept.slate_id, kept.session_only) == ("like", "mug/1", "s1", True)


def test_a_browser_reports_only_what_it_was_shown(client: TestClient, shop: FakeShop) -> None:
    token, _ = TOKENS.issue(ConversationId("web-me"))
    shop.feedback.log_slate(slate_of("web-me", "mine"))
    shop.feedback.log_slate(slate_of("web-other", "theirs"))
    events = [
        event(event_id="event-0001", slate_id="mine", sku="cup"),
        event(event_id="event-0002", slate_id="theirs"),
        event(event_id="event-0003", slate_id="none"),
        event(event_id="event-0004", slate_id="mine"),
    ]
    answer = client.post("/v1/chat/events", json={"events": events}, headers={"Authorization": f"Bearer {token}"})
    assert [refused["event_id"] for refused in answer.json()["refused"]] == [f"event-000{n}" for n in (1, 2, 3)]
    assert answer.json()["accepted"] == 1


def test_a_browser_cannot_take_the_id_of_somebody_elses_event(client: TestClient, shop: FakeShop) -> None:
    for name in ("web-a", "web-b"):
        token, _ = TOKENS.issue(ConversationId(name))
        shop.feedback.log_slate(slate_of(name, f"slate-{name}"))
        headers = {"Authorization": f"Bearer {token}"}
        body = {"events": [event(slate_id=f"slate-{name}")]}
        assert client.post("/v1/chat/events", json=body, headers=headers).json()["accepted"] == 1


@pytest.mark.parametrize("kind", ["purchase", "add_to_cart", "rating", "search"])
def test_what_counts_in_money_does_not_come_from_a_browser(client: TestClient, kind: str) -> None:
    token, _ = TOKENS.issue(ConversationId("web-me"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post("/v1/chat/events", json={"events": [event(kind=kind)]}, headers=headers)
    assert answer.status_code == 422


def test_events_need_a_token_that_holds(client: TestClient) -> None:
    ended, _ = TOKENS.issue(ConversationId("web-me"), now=datetime.now(UTC) - TOKEN_LIFETIME - timedelta(seconds=1))
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {ended}"}):
        assert client.post("/v1/chat/events", json={"events": [event()]}, headers=headers).status_code == 401


def test_events_of_a_conversation_have_a_rate(client: TestClient) -> None:
    token, _ = TOKENS.issue(ConversationId("web-me"))
    headers = {"Authorization": f"Bearer {token}"}
    body = {"events": [event(event_id=f"event-{n:04}") for n in range(50)]}
    answers = [client.post("/v1/chat/events", json=body, headers=headers).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_the_shopper_of_a_token_request_is_kept_on_renewal(
    client: TestClient, shop: FakeShop, key: dict[str, str]
) -> None:
    first = client.post("/v1/chat/token", json={"shopper_id": "ann"}, headers=key).json()
    again = client.post("/v1/chat/token", json={"token": first["token"]}).json()
    assert again["conversation_id"] == first["conversation_id"]
    assert shop.profiles.shopper_for("socketio", again["conversation_id"]) == ShopperId("ann")
