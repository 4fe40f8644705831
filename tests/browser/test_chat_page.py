"""The chat page in a real Chromium, against the real guide server and a dialogue server of forty lines."""

import asyncio
import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import uvicorn
from starlette.websockets import WebSocket, WebSocketDisconnect

from shopguide.catalogue.product import Product
from shopguide.feedback.events import Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.server.app import create_app
from tests.support.shop import CHAT_SECRET, FakeShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 3'><rect width='4' height='3' fill='#7aa'/></svg>"


def slate() -> dict[str, Any]:
    """A slate as the guide sends it; the second product wants to do harm."""
    items = [
        {
            "sku": "A",
            "position": 1,
            "title": "Strider trail running shoe",
            "brand": "Kestrel",
            "category": "shoes",
            "price": 74.9,
            "currency": "EUR",
            "list_price": 99.0,
            "in_stock": True,
            "rating": 4.4,
            "rating_count": 210,
            "image": "/demo/images/shoe.svg",
            "url": "https://shop.test/a",
            "facets": {"colour": "blue"},
            "reasons": [{"kind": "matches", "text": "blue, under €80"}, {"kind": "taste", "text": "you like Kestrel"}],
        },
        {
            "sku": "B",
            "position": 2,
            "title": HOSTILE,
            "brand": HOSTILE,
            "price": 10.0,
            "currency": HOSTILE,
            "list_price": 5.0,
            "in_stock": False,
            "rating": None,
            "rating_count": 0,
            "image": "javascript:window.hacked=1",
            "url": "javascript:window.hacked=1",
            "reasons": [{"kind": "matches", "text": HOSTILE}],
        },
        {
            "sku": "C",
            "position": 3,
            "title": "Plain",
            "price": None,
            "image": "/demo/images/missing.svg",
            "url": "data:text/html,x",
        },
    ]
    suggestions = [{"title": "Cheaper", "payload": '/critique_slate{"critique":"price:down"}'}]
    return {"type": "slate", "slate_id": "s1", "items": items, "suggestions": suggestions}


class FakeDialogue:
    """A dialogue server: enough of Socket.IO 5 over a websocket to answer every message with a slate."""

    def __init__(self, shop: FakeShop) -> None:
        self.shop = shop
        self.heard: list[str] = []
        self.refuse = 0
        self.deaf = False
        self._open: list[tuple[asyncio.AbstractEventLoop, WebSocket]] = []

    def drop(self) -> None:
        """Cut every connection."""
        for loop, connection in self._open:
            asyncio.run_coroutine_threadsafe(connection.close(), loop).result(5)
        self._open.clear()

    async def serve(self, connection: WebSocket) -> None:
        if self.deaf:
            await connection.close()
            return
        await connection.accept()
        opening = {"sid": "x", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
        await connection.send_text("0" + json.dumps(opening))
        self._open.append((asyncio.get_running_loop(), connection))
        sender = ""
        try:
            while True:
                message = await connection.receive_text()
                if message.startswith("40"):
                    if self.refuse:
                        self.refuse -= 1
                        await connection.send_text('44{"message":"The chat token has expired"}')
                        continue
                    claims = jwt.decode(json.loads(message[2:])["token"], CHAT_SECRET, algorithms=["HS256"])
                    sender = claims["sub"]
                    await connection.send_text('40{"sid":"y"}')
                elif message.startswith("42"):
                    name, data = json.loads(message[2:])
                    assert name == "user_uttered"
                    self.heard.append(data["message"])
                    await connection.send_text("42" + json.dumps(["bot_uttered", self._reply(sender)]))
        except WebSocketDisconnect:
            pass

    def _reply(self, sender: str) -> dict[str, Any]:
        shown = tuple(SlateItem(Sku(item["sku"]), item["position"]) for item in slate()["items"])
        conversation = ConversationId(sender)
        self.shop.feedback.log_slate(
            Slate(SlateId("s1"), None, conversation, datetime.now(UTC), "search", "p", "1", None, 3, shown)
        )
        text = "Here are 3 of 37 running shoes.\n1. Strider, €74.90\n2. Other, €10.00"
        return {"text": text, "custom": slate(), "buttons": [{"title": "Any brand", "payload": "/no_preference"}]}


class Served:
    """The guide server, listening."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        images = folder / "images"
        images.mkdir()
        (images / "shoe.svg").write_text(PICTURE)
        shoe = Product(Sku("A"), "Strider", brand="Kestrel", category=("Shoes",), price=Decimal("74.9"), currency="EUR")
        self.shop = FakeShop(folder, [shoe], rasa_url=self.url, demo_images_dir=images, port=self.port)
        self.dialogue = FakeDialogue(self.shop)
        package = ModuleType("tests_browser_actions")
        package.__path__ = []
        sys.modules[package.__name__] = package
        app = create_app(self.shop.as_shop, actions=package.__name__)
        app.add_api_websocket_route("/socket.io/", self.dialogue.serve)
        config = uvicorn.Config(
            app, port=self.port, log_config=None, ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> "Served":
        self.thread.start()
        deadline = time.monotonic() + 20
        while not self.server.started:
            assert self.thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.shop.database.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", served: Served) -> Iterator["Page"]:
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    page.goto(served.url)
    page.locator('#connection[data-state="online"]').wait_for()
    yield page
    context.close()


def say(page: "Page", text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    page.locator("article.card").first.wait_for()


def events_of(served: Served, page: "Page") -> list[tuple[str, str | None]]:
    token = page.evaluate("localStorage.getItem('shopguide.token')")
    sender = jwt.decode(token, CHAT_SECRET, algorithms=["HS256"])["sub"]
    shopper: ShopperId = served.shop.profiles.shopper_for("socketio", sender)
    history = served.shop.feedback.history(shopper, conversation_id=ConversationId(sender))
    return [(event.kind, event.sku) for event in reversed(history)]


def wait_for(what: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def screenshot(page: "Page", name: str) -> None:
    if folder := os.environ.get("SHOPGUIDE_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_message_is_answered_with_cards(page: "Page", served: Served) -> None:
    say(page, "running shoes under 80")
    assert served.dialogue.heard == ["running shoes under 80"]
    card = page.locator("article.card").first
    assert card.locator("h2").inner_text() == "Strider trail running shoe"
    assert card.locator(".number").inner_text().endswith("1")
    assert card.locator(".price").inner_text().startswith("€74.90")
    assert "€99.00" in card.locator(".price s").inner_text()
    assert "4.4 (210)" in card.locator(".rating").inner_text()
    assert card.locator(".reasons li").all_inner_texts() == ["blue, under €80", "you like Kestrel"]
    assert card.locator("h2 a").get_attribute("href") == "https://shop.test/a"
    wait_for(lambda: card.locator("img").evaluate("image => image.complete && image.naturalWidth > 0"))
    message = page.locator(".reply .message").last.inner_text()
    assert "3 of 37" in message
    assert "1. Strider" not in message, "the cards are the list"
    assert page.locator("#typing").is_hidden()
    screenshot(page, "slate")


def test_hostile_titles_stay_text_and_nothing_runs(page: "Page") -> None:
    say(page, HOSTILE)
    assert page.locator(".said").inner_text().endswith(HOSTILE)
    card = page.locator("article.card").nth(1)
    assert card.locator("h2").inner_text() == HOSTILE
    assert card.locator("h2 a").count() == 0, "a script is no address"
    assert card.locator("img").count() == 0
    assert page.locator("script").count() == 1
    page.locator("article.card").nth(2).locator(".missing").wait_for()  # the picture that is not there
    assert page.locator("article.card").nth(2).locator("h2 a").count() == 0
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None


def test_the_pages_own_rendering_is_safe_for_any_text(page: "Page") -> None:
    result = page.evaluate(
        """async (hostile) => {
            const { renderReply, safeUrl } = await import("/web/render.js");
            const reply = {
              text: hostile, image: "javascript:1", buttons: [{ title: hostile, payload: hostile }, null, {}],
              custom: { type: "product", title: hostile, sku: hostile, image: hostile, url: " java\\nscript:1",
                        price: "1", rating: "x", reasons: "none", suggestions: "none" },
            };
            const element = renderReply(reply, { say() {}, react() {} });
            document.body.append(element);
            await new Promise((done) => setTimeout(done, 100));
            const nothing = [{}, { custom: {} }, { text: "  " }, { custom: { type: "slate", items: "x" } }]
              .map((reply) => renderReply(reply, {}));
            const urls = ["javascript:1", "JAVASCRIPT:1", "data:text/html,x", "vbscript:x", "blob:x", "", null, 7, "http://["]
              .map(safeUrl);
            return { hacked: window.hacked ?? null, scripts: element.querySelectorAll("script, img[onerror]").length,
                     heading: element.querySelector("h2").textContent, nothing, urls };
        }""",
        HOSTILE,
    )
    assert result["hacked"] is None
    assert result["scripts"] == 0
    assert result["heading"] == HOSTILE
    assert result["nothing"] == [None] * 4
    assert set(result["urls"]) == {""}


def test_the_policy_stops_what_slips_through(page: "Page") -> None:
    page.evaluate(
        "html => { const div = document.createElement('div'); div.innerHTML = html; document.body.append(div); }",
        HOSTILE,
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in text for text in page.complaints)  # type: ignore[attr-defined]


def test_nothing_is_blocked_or_broken_in_ordinary_use(page: "Page") -> None:
    say(page, "shoes")
    page.get_by_label("Like Strider trail running shoe", exact=True).click()
    page.wait_for_timeout(200)
    complaints = [text for text in page.complaints if "missing.svg" not in text and "404" not in text]  # type: ignore[attr-defined]
    assert complaints == []


def test_thumbs_and_details_reach_the_database(page: "Page", served: Served) -> None:
    say(page, "shoes")
    like = page.get_by_label("Like Strider trail running shoe", exact=True)
    dislike = page.get_by_label("Dislike Strider trail running shoe", exact=True)
    like.click()
    like.click()
    assert like.get_attribute("aria-pressed") == "true"
    wait_for(lambda: events_of(served, page) == [("like", "A")])
    dislike.click()
    assert like.get_attribute("aria-pressed") == "false"
    wait_for(lambda: events_of(served, page) == [("like", "A"), ("dislike", "A")])
    page.get_by_label("Details of Strider trail running shoe").click()
    wait_for(lambda: events_of(served, page)[2:] == [("click", "A")])
    wait_for(lambda: served.dialogue.heard[1:] == ["Tell me more about number 1"])


def test_choices_send_their_payload_say_their_title_and_go(page: "Page", served: Served) -> None:
    say(page, "shoes")
    assert page.locator(".choice").all_inner_texts() == ["Any brand", "Cheaper"]
    assert page.locator(".details").count() == 3
    page.get_by_role("button", name="Cheaper").focus()
    page.keyboard.press("Enter")
    wait_for(lambda: served.dialogue.heard[1:] == ['/critique_slate{"critique":"price:down"}'])
    assert page.locator(".said").last.inner_text().endswith("Cheaper")
    page.locator("ol.slate").nth(1).wait_for()
    assert page.locator(".choices").count() == 1
    assert page.locator(".details").count() == 3, "only the newest slate has numbers"
    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight"), "the header stays in sight"


def test_a_lost_connection_is_said_and_what_was_written_meanwhile_arrives(page: "Page", served: Served) -> None:
    served.dialogue.deaf = True
    served.dialogue.drop()
    page.locator('#connection[data-state="lost"]').wait_for()
    assert "Connection lost" in page.locator("#connection").inner_text()
    page.get_by_label("Your message").fill("are you there?")
    page.keyboard.press("Enter")
    assert served.dialogue.heard == []
    served.dialogue.deaf = False
    page.locator('#connection[data-state="online"]').wait_for()
    wait_for(lambda: served.dialogue.heard == ["are you there?"])


def test_a_refused_token_is_renewed(page: "Page", served: Served) -> None:
    before = page.evaluate("localStorage.getItem('shopguide.token')")
    page.wait_for_timeout(1100)  # tokens of the same second are the same
    served.dialogue.refuse = 1
    served.dialogue.drop()
    page.locator('#connection[data-state="lost"]').wait_for()
    page.locator('#connection[data-state="online"]').wait_for()
    after = page.evaluate("localStorage.getItem('shopguide.token')")
    assert after != before
    subjects = {jwt.decode(token, CHAT_SECRET, algorithms=["HS256"])["sub"] for token in (before, after)}
    assert len(subjects) == 1


def test_a_returning_browser_is_the_same_shopper(page: "Page") -> None:
    def subject() -> str:
        token = page.evaluate("localStorage.getItem('shopguide.token')")
        return str(jwt.decode(token, CHAT_SECRET, algorithms=["HS256"])["sub"])

    first = subject()
    page.reload()
    page.locator('#connection[data-state="online"]').wait_for()
    assert subject() == first


def test_it_fits_a_phone_and_the_dark(browser: "Browser", served: Served) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    page = context.new_page()
    page.goto(served.url)
    say(page, "shoes")
    for area in ("document.documentElement", "document.querySelector('main')"):
        assert page.evaluate(f"{area}.scrollWidth <= {area}.clientWidth")
    too_wide = page.evaluate(
        """[...document.querySelectorAll(".card *:not(.sr-only)")]
             .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline").length"""
    )
    assert too_wide == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 23, 22)"
    screenshot(page, "phone")
    context.close()


def test_a_screen_reader_is_told_who_speaks_and_what_is_new(page: "Page") -> None:
    say(page, "shoes")
    log = page.get_by_role("log", name="Conversation")
    assert log.get_attribute("aria-live") == "polite"
    assert "You: " in log.text_content()  # type: ignore[operator]
    assert page.get_by_role("list", name="Products").get_by_role("listitem").count() >= 3
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => !(b.textContent.trim() || b.ariaLabel)).length"
    )
    assert unnamed == 0
