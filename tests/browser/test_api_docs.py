"""`/docs` in a real Chromium: Swagger UI from the server itself, within the page's Content-Security-Policy."""

import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import uvicorn

from shopguide.server.app import create_app
from tests.support.shop import API_KEY, FakeShop

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shop = FakeShop(tmp_path, demo_images_dir=tmp_path)
    package = ModuleType("tests_docs_no_actions")
    package.__path__ = []
    sys.modules[package.__name__] = package
    app = create_app(shop.as_shop, actions=package.__name__)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    shop.database.close()


def test_the_schema_can_be_read_and_tried_out_without_the_internet(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        elsewhere: list[str] = []
        complaints: list[str] = []
        page.on(
            "request",
            lambda request: None if request.url.startswith((address, "data:")) else elsewhere.append(request.url),
        )
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/docs")
        page.locator("#operations-products-put_product_v1_products__sku__put").wait_for()
        page.get_by_role("button", name="Authorize").first.click()
        page.locator("input[type=text]").last.fill(API_KEY)
        assert elsewhere == []
        assert complaints == []
        browser.close()
