"""What the dialogue server is asked, over HTTP and of the stand-in that other tests use: both behave the same."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import jwt
import pytest

from shopguide.errors import DialogueServerUnavailable
from shopguide.ids import ConversationId
from shopguide.privacy.conversations import MOST_AT_ONCE, Conversations, DialogueServer, Said
from tests.support.dialogue import FakeConversations

SECRET = "the secret that both servers share, long enough"
NOW = datetime.now(UTC).replace(microsecond=0)
ODD = [ConversationId(one) for one in ("plain", "with/slash", "..", "käufer 1", '"quoted"', "a?b=c#d", "per%2Fcent")]


class Dialogue:
    """The routes under /webhooks/privacy/ as `rasa_addons/privacy.py` documents them, over a stand-in's dictionary."""

    def __init__(self) -> None:
        self.kept = FakeConversations()
        self.seen: list[str] = []
        self.answer: tuple[int, bytes] | None = None
        dialogue = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, _, name = self.path.removeprefix("/webhooks/privacy/").partition("/")
                answers = {"conversations": dialogue.count, "said": dialogue.said}
                dialogue.serve(self, lambda _: answers[kind](ConversationId(unquote(name))))

            def do_POST(self) -> None:
                answers = {"/webhooks/privacy/erase": dialogue.erase, "/webhooks/privacy/expire": dialogue.expire}
                dialogue.serve(self, answers[self.path])

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def erase(self, body: dict[str, Any]) -> dict[str, Any]:
        assert len(body["conversations"]) <= 1_000
        until = datetime.fromtimestamp(body["until"], UTC)
        return {"events": 1, "failed": self.kept.erase([ConversationId(one) for one in body["conversations"]], until)}

    def count(self, name: ConversationId) -> dict[str, Any]:
        return {"events": self.kept.held(name)}

    def said(self, name: ConversationId) -> dict[str, Any]:
        said = self.kept.said_in(name)
        return {"said": [{"at": one.at.timestamp(), "by": one.by, "text": one.text} for one in said]}

    def expire(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"conversations": self.kept.expire(datetime.fromtimestamp(body["before"], UTC))}

    def serve(self, call: BaseHTTPRequestHandler, answer: Any) -> None:
        claims = jwt.decode(
            call.headers["Authorization"].removeprefix("Bearer "), SECRET, ["HS256"], audience="privacy",
            options={"require": ["exp", "aud"]},
        )  # fmt: skip
        assert claims["exp"] <= datetime.now(UTC).timestamp() + 300
        self.seen.append(call.path)
        length = int(call.headers.get("Content-Length") or 0)
        body = json.loads(call.rfile.read(length)) if length else {}
        status, content = self.answer or (200, json.dumps(answer(body)).encode())
        call.send_response(status)
        call.send_header("Content-Type", "application/json")
        call.send_header("Content-Length", str(len(content)))
        call.end_headers()
        call.wfile.write(content)


@pytest.fixture
def dialogue() -> Iterator[Dialogue]:
    dialogue = Dialogue()
    yield dialogue
    dialogue.server.shutdown()
    dialogue.server.server_close()


@pytest.fixture(params=["over HTTP", "stand-in"])
def both(request: pytest.FixtureRequest, dialogue: Dialogue) -> tuple[Conversations, FakeConversations]:
    """The conversations to ask, and the dictionary behind them."""
    if request.param == "stand-in":
        return dialogue.kept, dialogue.kept
    return DialogueServer(f"{dialogue.url}/", SECRET, timeout=5), dialogue.kept


Both = tuple[Conversations, FakeConversations]


@pytest.mark.parametrize("name", ODD)
def test_a_conversation_is_counted_and_deleted_whatever_its_id(both: Both, name: ConversationId) -> None:
    conversations, kept = both
    kept.said(name, NOW)
    kept.said(ConversationId("other"), NOW)
    assert conversations.held(name) == 1
    assert conversations.erase([name], NOW) == []
    assert conversations.held(name) == 0
    assert conversations.held(ConversationId("other")) == 1


def test_what_was_said_later_stays(both: Both) -> None:
    conversations, kept = both
    for seconds in (-1, 0, 1):
        kept.said(ODD[0], NOW + timedelta(seconds=seconds))
    conversations.erase([ODD[0]], NOW)
    assert conversations.held(ODD[0]) == 1


def test_those_that_fail_are_named_and_keep_no_other(both: Both) -> None:
    conversations, kept = both
    names = [ConversationId(f"c{n}") for n in range(2 * MOST_AT_ONCE + 1)]
    for name in names:
        kept.said(name, NOW)
    kept.stubborn = {names[3], names[-1]}
    assert conversations.erase(names, NOW) == [names[3], names[-1]]
    assert conversations.held(names[4]) == 0
    assert conversations.erase([], NOW) == []


@pytest.mark.parametrize("name", ODD)
def test_what_was_said_can_be_read(both: Both, name: ConversationId) -> None:
    conversations, kept = both
    kept.said(name, NOW)
    assert conversations.said_in(name) == [Said(NOW, "shopper", "hello")]
    assert conversations.said_in(ConversationId("nobody")) == []


def test_old_ones_expire(both: Both) -> None:
    conversations, kept = both
    kept.said(ODD[0], NOW - timedelta(days=2))
    kept.said(ODD[1], NOW)
    assert conversations.expire(NOW - timedelta(days=1)) == 1
    assert (conversations.held(ODD[0]), conversations.held(ODD[1])) == (0, 1)


def ask_everything(conversations: Conversations) -> Iterator[Any]:
    yield lambda: conversations.erase([ODD[0]], NOW)
    yield lambda: conversations.held(ConversationId("sender-zqx"))
    yield lambda: conversations.said_in(ConversationId("sender-zqx"))
    yield lambda: conversations.expire(NOW)


@pytest.mark.parametrize(
    "answer", [(503, b"{}"), (404, b"<html>"), (401, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (302, b"")]
)
def test_whatever_else_answers_is_no_dialogue_server(dialogue: Dialogue, answer: tuple[int, bytes]) -> None:
    dialogue.answer = answer
    for ask in ask_everything(DialogueServer(dialogue.url, SECRET, timeout=5)):
        with pytest.raises(DialogueServerUnavailable) as caught:
            ask()
        assert "zqx" not in str(caught.value), "an error is logged, an id is not"


def test_nobody_there(dialogue: Dialogue) -> None:
    dialogue.server.shutdown()
    dialogue.server.server_close()
    for ask in ask_everything(DialogueServer(dialogue.url, SECRET, timeout=1)):
        with pytest.raises(DialogueServerUnavailable) as caught:
            ask()
        assert "zqx" not in str(caught.value)


def test_the_stand_in_can_be_down() -> None:
    conversations = FakeConversations()
    conversations.down = True
    for ask in ask_everything(conversations):
        with pytest.raises(DialogueServerUnavailable):
            ask()
