"""`import events`, `import shoppers` and `shopper show`, as an operator sees them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopguide.bootstrap import get_shop
from shopguide.cli import build_app
from shopguide.settings import get_settings

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHOPGUIDE_DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")
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
