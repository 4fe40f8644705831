"""Both servers, real: logs hold nothing of a conversation, and a conversation that is deleted is gone from the disk."""

import json
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jwt
import pytest

from tests.support.live_shop import TOKEN, LiveShop

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SENDER = "sender-zqxmarker"
WORDS = "zqxlavender"
MARKERS = ("zqxmarker", WORDS, "zqxmail", "901820", "4111 1111")
MESSAGES = (
    f"hello, I am {WORDS}",
    f"a red dress by {WORDS}",
    "mail me at zqxmail@example.org or call +49 30 901820, my card is 4111 1111 1111 1111",
    f'/inform_preference{{"answer":"colour={WORDS}"}}',
    f"cheaper\x00{WORDS}\ud83d",
    f"what do you know about {WORDS}?",
)


def say(shop: LiveShop, text: str, sender: str = SENDER) -> int:
    body = json.dumps({"sender": sender, "message": text})
    return httpx.post(f"{shop.rasa_url}/webhooks/rest/webhook", content=body, timeout=60).status_code


@contextmanager
def broken_guide(shop: LiveShop, status: int, answer: bytes | None) -> Iterator[None]:
    """Stand in for the guide server with an answer that makes Rasa complain; without one it sends the call back."""

    class Broken(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "deflate":
                body = zlib.decompress(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body if answer is None else answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", urlsplit(shop.guide_url).port or 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def test_no_log_holds_words_or_identities(shop: LiveShop) -> None:
    for message in MESSAGES:
        assert say(shop, message) == 200
    for path in (f"tracker/events?token={TOKEN}", f"messages?token={TOKEN}", f"execute?token={TOKEN}"):
        httpx.post(
            f"{shop.rasa_url}/conversations/{SENDER}/{path}", json={"event": WORDS, "text": WORDS, "name": WORDS}
        )
    httpx.post(
        f"{shop.guide_url}/webhook", json={"next_action": "action_search", "sender_id": SENDER, "tracker": WORDS}
    )
    httpx.get(f"{shop.guide_url}/v1/shoppers/{SENDER}/profile")
    shop.stop("guide")
    try:
        say(shop, f"is {WORDS} there?")
        wrong = {"events": [{"event": WORDS}], "responses": WORDS}
        for status, answer in (
            (500, None),
            (400, json.dumps({"error": "refused", "action_name": "action_search"}).encode()),
            (200, f"<html>{WORDS}</html>".encode()),
            (200, json.dumps(wrong).encode()),
            (200, None),
        ):
            with broken_guide(shop, status, answer):
                assert say(shop, f"and a blue bag by {WORDS}") == 200
    finally:
        shop.start_guide()
    logs = {file.name: file.read_text("utf-8", "replace") for file in shop.folder.glob("*.log")}
    for expected in ("Encountered an exception", "ClientResponseError", "ValidationError", "Couldn't connect"):
        assert expected in logs["dialogue.log"], "otherwise nothing went wrong, and this test proves nothing"
    for name, text in logs.items():
        found = [line[:300] for line in text.splitlines() if any(marker in line for marker in MARKERS)]
        assert not found, name
        assert TOKEN not in text, name


def ask(shop: LiveShop, method: str, path: str, body: Any = None) -> httpx.Response:
    """Call a privacy route as the guide server does."""
    claims = {"aud": "privacy", "exp": int(time.time()) + 60}
    token = jwt.encode(claims, shop.settings.chat_secret.get_secret_value(), "HS256")
    address = f"{shop.rasa_url}/webhooks/privacy/{path}"
    return httpx.request(method, address, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def on_disk(shop: LiveShop, words: str) -> bool:
    return any(words.encode() in file.read_bytes() for file in shop.folder.glob("tracker.db*"))


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_a_deleted_conversation_is_gone_from_the_disk(shop: LiveShop) -> None:
    sender, words = "to be/erased ü", "zqxjasmine"
    say(shop, f"a green bag by {words}", sender)
    path = f"conversations/{quote(sender, safe='')}"
    assert ask(shop, "GET", path).json()["events"] > 0
    assert on_disk(shop, words)
    assert ask(shop, "DELETE", path).status_code == 204
    assert ask(shop, "GET", path).json() == {"events": 0}
    assert not on_disk(shop, words)


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_the_slot_that_forgets_deletes_the_conversation_when_it_is_saved(shop: LiveShop) -> None:
    sender, words = "forgetful", "zqxthyme"
    say(shop, f"a green bag by {words}", sender)
    assert on_disk(shop, words)
    forget = {"event": "slot", "name": "erase_conversation", "value": True}
    answer = httpx.post(f"{shop.rasa_url}/conversations/{sender}/tracker/events?token={TOKEN}", json=forget, timeout=60)
    assert answer.status_code == 200
    assert ask(shop, "GET", f"conversations/{sender}").json() == {"events": 0}
    assert not on_disk(shop, words)
    assert shop.say(sender, "hello there").slots["erase_conversation"] is None


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_old_conversations_expire(shop: LiveShop) -> None:
    say(shop, "hello there", "long-ago")
    time.sleep(0.05)
    now = time.time()
    assert ask(shop, "POST", "expire", {"before": now - 3600}).json() == {"conversations": 0}
    say(shop, "hello there", "just-now")
    assert ask(shop, "POST", "expire", {"before": now}).json()["conversations"] >= 1
    assert ask(shop, "GET", "conversations/long-ago").json() == {"events": 0}
    assert ask(shop, "GET", "conversations/just-now").json()["events"] > 0
