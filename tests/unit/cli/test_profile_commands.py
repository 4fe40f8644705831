"""`import events`, `import shoppers` and `shopper show`, as an operator sees them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopguide.bootstrap import get_shop
from shopguide.catalogue.product import Product
from shopguide.cli import build_app
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.settings import get_settings

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHOPGUIDE_DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    monkeypatch.setenv("SHOPGUIDE_TEXT_INDEX_DIR", str(tmp_path / "text_index"))
    monkeypatch.setenv("SHOPGUIDE_OUTBOX_PATH", str(tmp_path / "outbox.db"))
    get_settings.cache_clear()
    get_shop.cache_clear()
    yield
    get_settings.cache_clear()
    get_shop.cache_clear()


def run(*arguments: str) -> tuple[int, str]:
    result = runner.invoke(build_app(), list(arguments))
    return result.exit_code, result.output


def write(folder: Path, name: str, *rows: dict[str, object]) -> str:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def test_events_and_shoppers_in_and_a_shopper_out(tmp_path: Path) -> None:
    event = {"event_id": "e1", "kind": "like", "shopper_id": "ann", "sku": "A", "at": "2026-01-02T10:00:00Z"}
    events = write(tmp_path, "events.jsonl", event, event | {"event_id": "e2", "kind": "stare"})
    code, out = run("import", "events", events, "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["read"], report["imported"], report["updated"], report["skipped"]) == (2, 1, 0, 1)
    assert report["errors"][0]["line"] == 2

    preference = {"facet": "brand", "value": "[bold]Kestrel"}
    shoppers = write(tmp_path, "shoppers.jsonl", {"shopper_id": "ann", "preferences": [preference]})
    assert run("import", "shoppers", shoppers)[0] == 0

    code, out = run("shopper", "show", "ann", "--json")
    assert code == 0
    assert json.loads(out)["tastes"]["brand"]["[bold]kestrel"] == pytest.approx(0.8, abs=0.01)
    code, out = run("shopper", "show", "ann")
    assert code == 0
    assert "[bold]kestrel" in out
    assert "+0.80" in out
    assert "import" in out


def test_a_shopper_is_shown_with_what_everything_rests_on() -> None:
    ann, now = ShopperId("ann"), datetime.now(UTC)
    boots = Product(Sku("B1"), "Boots", category=("Shoes", "Boots"), brand="Kestrel", price=Decimal(80), currency="EUR")
    shop = get_shop()
    shop.products.put([boots])

    def say(facet: str, value: str, polarity: int, source: str, days: int, **more: object) -> PreferenceEvidence:
        at = now - timedelta(days=days)
        return PreferenceEvidence(ann, facet, value, polarity, source, at, **more)  # type: ignore[arg-type]

    shop.profiles.record(
        [
            say("colour", "red", -1, "slot", 40),
            say("colour", "red", 1, "correction", 3),
            say("material", "wool", -1, "fact", 900),
            say("size", "45", 1, "fact", 3, category="shoes", recipient="dad"),
            say("colour", "blue", 1, "slot", 3, recipient="dad"),
        ]
    )
    shop.profiles.set_consent(ann, "personalisation", True, source="test")
    shop.feedback.record(
        FeedbackEvent(f"p{days}", "purchase", ann, now - timedelta(days=days), Sku("B1")) for days in (60, 30, 1)
    )
    code, out = run("shopper", "show", "ann", "--json")
    assert code == 0
    shown = json.loads(out)
    assert shown["consents"] == {"personalisation": True, "analytics": None}
    (red,) = shown["opinions"]
    assert (red["value"], red["sources"], red["overruled"][0]["polarity"]) == ("red", {"correction": 1}, -1)
    assert [(fact["value"], fact["polarity"]) for fact in shown["facts"]] == [("wool", -1)]
    (dad,) = shown["recipients"]
    assert (dad["recipient"], list(dad["tastes"]["colour"]), dad["facts"][0]["value"]) == ("dad", ["blue"], "45")
    habits = shown["habits"]
    assert habits["prices"] == [{"category": "boots", "low": 80.0, "high": 80.0, "usual": 80.0, "n": 3}]
    assert habits["rhythms"][0]["n"] == 3 and habits["brands"] == []
    assert {piece["recipient"] for piece in shown["evidence"]} == {"", "dad"}

    code, out = run("shopper", "show", "ann")
    assert code == 0
    assert "Personalisation: granted, analytics: not asked" in out
    for words in ("Facts", "not wool", "Tastes of dad", "Facts about dad", "Prices (EUR)", "boots", "Buys again"):
        assert words in out


def test_bad_rows_are_shown_and_fatal_under_strict(tmp_path: Path) -> None:
    events = write(tmp_path, "events.jsonl", {"event_id": "e1"})
    code, out = run("import", "events", events)
    assert code == 0
    assert "1 skipped" in out
    assert "line 1: kind: is missing" in out
    assert run("import", "events", events, "--strict")[0] == 1


def test_nobody_is_an_error(tmp_path: Path) -> None:
    assert run("shopper", "show", "nobody")[0] == 1


def test_every_command_has_help() -> None:
    for command in (["import", "events"], ["import", "shoppers"], ["shopper"], ["shopper", "show"], ["serve"]):
        code, out = run(*command, "--help")
        assert code == 0
        assert "Usage" in out
