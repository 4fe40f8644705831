"""`shopguide doctor`: each thing missing, stale, broken and in order."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lexicon import entries
from shopguide.bootstrap import Shop
from shopguide.catalogue.product import Product
from shopguide.cli import build_app, doctor
from shopguide.cli.doctor import Check, Doctor
from shopguide.ids import Sku
from shopguide.outbox.box import TRIES, Entry, Outbox
from shopguide.recommender.artefacts import ModelFolder
from shopguide.settings import Settings
from shopguide.training.registry import Registry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path}/shop.db",
        models_dir=tmp_path / "models",
        lexicon_path=tmp_path / "models" / "lexicon.jsonl",
        text_index_dir=tmp_path / "text",
        outbox_path=tmp_path / "outbox.db",
        port=9,
        rasa_url="http://127.0.0.1:9",
    )


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    shop = Shop(settings)
    product = Product(sku=Sku("1"), title="Blue bag", price=Decimal("49.90"), currency="EUR", category=("bags",))
    shop.products.put([product])
    yield shop
    shop.database.close()


def looked(settings: Settings, root: Path) -> dict[str, Check]:
    return {check.name: check for check in Doctor(settings, root).checks()}


def publish(shop: Shop, parts: tuple[str, ...]) -> None:
    data = {"catalogue": shop.products.digest(), "events": shop.feedback.digest()}
    with (registry := Registry(ModelFolder(shop.settings.models_dir / "recommender"))).draft() as draft:
        for part in parts:
            draft.part(part, {"digest": "d", "data": data})
            draft.save(part, "numbers.npy", np.arange(3))
        registry.publish(draft)


def test_on_an_empty_machine_everything_is_missing_and_nothing_is_made(settings: Settings, tmp_path: Path) -> None:
    found = looked(settings, tmp_path)
    states = {name: check.state for name, check in found.items()}
    assert states == {
        "guide environment": "ok",
        "dialogue environment": "missing",
        "catalogue": "missing",
        "lexicon": "missing",
        "policies": "ok",
        "outbox": "ok",
        "recommender": "missing",
        "reranker": "missing",
        "dialogue model": "missing",
        "guide server": "down",
        "dialogue server": "down",
    }
    assert all(check.remedy for check in found.values() if check.state != "ok")
    assert list(tmp_path.iterdir()) == []


def test_the_lexicon_is_stale_when_the_catalogue_moves_on(settings: Settings, shop: Shop, tmp_path: Path) -> None:
    lexicon = entries.Lexicon("EUR", "en", source=shop.products.digest())
    entries.write(lexicon, settings.lexicon_path)
    assert looked(settings, tmp_path)["lexicon"].state == "ok"
    shop.products.put([Product(sku=Sku("2"), title="Red bag")])
    assert looked(settings, tmp_path)["lexicon"].state == "stale"
    settings.lexicon_path.write_text("{")
    check = looked(settings, tmp_path)["lexicon"]
    assert (check.state, check.remedy) == ("broken", "shopguide lexicon export")
    assert f"{settings.lexicon_path}, line 1: not JSON" in check.detail
    settings.lexicon_path.unlink()
    settings.lexicon_path.mkdir()
    assert looked(settings, tmp_path)["lexicon"].state == "broken"


def test_what_waits_and_what_cannot_be_written_is_told(settings: Settings, tmp_path: Path) -> None:
    outbox, entry = Outbox(settings.outbox_path), Entry("k", "event", "{}")
    outbox.put([entry, Entry("l", "event", "{}")])
    check = looked(settings, tmp_path)["outbox"]
    assert (check.state, check.detail) == ("stale", "2 writes wait for the database")
    for _ in range(TRIES):
        outbox.failed([entry])
    check = looked(settings, tmp_path)["outbox"]
    assert (check.state, check.detail) == ("broken", "1 of 2 writes cannot be written")


def test_models_are_compared_with_catalogue_events_and_their_own_digests(
    settings: Settings, shop: Shop, tmp_path: Path
) -> None:
    publish(shop, ("candidates",))
    found = looked(settings, tmp_path)
    assert (found["recommender"].state, found["reranker"].state) == ("ok", "missing")
    publish(shop, ("vectors", "reranker"))
    assert looked(settings, tmp_path)["reranker"].state == "ok"

    shop.products.put([Product(sku=Sku("2"), title="Red bag")])
    found = looked(settings, tmp_path)
    assert (found["recommender"].state, found["reranker"].state) == ("stale", "stale")

    current = ModelFolder(settings.models_dir / "recommender").current()
    (current.folder / "candidates" / "numbers.npy").write_bytes(b"torn")
    assert looked(settings, tmp_path)["recommender"].state == "broken"


def test_the_dialogue_model_is_stale_when_a_file_changed_or_came(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "models" / "dialogue.tar.gz").touch()
    assert looked(settings, tmp_path)["dialogue model"].state == "ok"  # trained by hand: nothing is known of it

    (tmp_path / "domain.yml").write_text("intents: []")
    digest = hashlib.sha256(b"intents: []").hexdigest()
    (tmp_path / "models" / "dialogue.json").write_text(json.dumps({"files": {"domain.yml": digest}}))
    assert looked(settings, tmp_path)["dialogue model"].state == "ok"
    (tmp_path / "data" / "rules.yml").write_text("rules: []")
    assert "data/rules.yml" in looked(settings, tmp_path)["dialogue model"].detail
    (tmp_path / "data" / "rules.yml").unlink()
    (tmp_path / "domain.yml").write_text("intents: [greet]")
    assert looked(settings, tmp_path)["dialogue model"].state == "stale"


def test_servers_are_asked(settings: Settings, tmp_path: Path) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 503)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        up = settings.model_copy(
            update={"port": server.server_port, "rasa_url": f"http://127.0.0.1:{server.server_port}"}
        )
        found = looked(up, tmp_path)
        server.shutdown()
    assert found["guide server"].state == "ok"
    assert (found["dialogue server"].state, "503" in found["dialogue server"].detail) == ("down", True)


def test_the_command_reports_and_fails_unless_told_not_to(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "get_settings", lambda: settings)
    runner, app = CliRunner(), build_app()
    plain = runner.invoke(app, ["doctor"])
    assert plain.exit_code == 1
    assert "catalogue             missing: no products  → shopguide import catalogue" in plain.output
    reported = runner.invoke(app, ["doctor", "--json", "--no-fail"])
    assert reported.exit_code == 0
    report = json.loads(reported.output)
    assert report["settings"]["port"] == 9
    assert "chat_secret" not in report["settings"]
    assert report["catalogue_digest"] == ""
