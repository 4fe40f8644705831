"""The chat page, its headers, and pictures that stay in their folder."""

import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from shopguide.server.app import create_app
from shopguide.server.pages import page_policy
from tests.support.shop import FakeShop

WEB = Path("web")


def test_the_page_runs_its_own_scripts_only(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self' ws://127.0.0.1:5005" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), "the policy would block an inline script"
    assert not re.search(r"\son\w+=|\sstyle=", answer.text)


def test_a_secure_dialogue_server_gets_a_secure_socket() -> None:
    assert "connect-src 'self' wss://chat.example.org https://chat.example.org" in page_policy(
        "https://chat.example.org/x"
    )


def test_everything_that_the_page_names_is_there(client: TestClient) -> None:
    html = client.get("/").text
    named = set(re.findall(r'(?:src|href)="(/web/[^"]+)"', html))
    for module in WEB.glob("*.js"):
        named |= {f"/web/{name}" for name in re.findall(r'from "\./([^"]+)"', module.read_text())}
    assert len(named) >= 8
    for address in named:
        answer = client.get(address)
        assert answer.status_code == 200, address
        if address.endswith(".js"):
            assert "javascript" in answer.headers["content-type"]


def test_no_script_of_the_page_writes_markup() -> None:
    for module in WEB.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", module.read_text()), (
            module
        )


def test_the_vendored_client_is_the_one_on_record(client: TestClient) -> None:
    record = (WEB / "vendor" / "README.md").read_text()
    vendored = WEB / "vendor" / "socket.io.esm.min.js"
    assert hashlib.sha256(vendored.read_bytes()).hexdigest() in record
    assert "4.8.4" in record
    assert "v4.8.4" in vendored.read_text()[:200]
    assert "MIT" in (WEB / "vendor" / "socket.io-client.LICENSE").read_text()


def test_pictures_are_served_as_pictures(client: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "mug.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    answer = client.get("/demo/images/mug.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["../shop.db", "..%2fshop.db", "%2e%2e/shop.db", "link.svg", ".hidden", "folder/.hidden", "", "none.svg"]
)
def test_nothing_outside_the_folder_is_served(client: TestClient, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "images"
    (folder / "folder").mkdir()
    for hidden in (folder / ".hidden", folder / "folder" / ".hidden"):
        hidden.write_text("secret")
    (folder / "link.svg").symlink_to(tmp_path / "shop.db")
    assert (tmp_path / "shop.db").exists()
    assert client.get(f"/demo/images/{path}").status_code == 404


def test_no_pictures_without_a_folder(tmp_path: Path, no_actions: str) -> None:
    shop = FakeShop(tmp_path, web_dir=tmp_path / "nothing", demo_images_dir=tmp_path / "nothing")
    with TestClient(create_app(shop.as_shop, actions=no_actions)) as client:
        assert client.get("/demo/images/mug.svg").status_code == 404
        answer = client.get("/")
        assert answer.status_code == 404
        assert "SHOPGUIDE_WEB_DIR" in answer.json()["detail"]
    shop.database.close()


def test_the_apis_page_needs_nobody_else(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        if not path.startswith("data:"):
            assert client.get(f"/{path}").status_code == 200, path
    assert client.get("/redoc").status_code == 404
