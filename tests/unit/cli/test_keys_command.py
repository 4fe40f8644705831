"""`shopguide keys …`, as an operator sees it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from shopguide.access.keys import ALL_SCOPES
from shopguide.bootstrap import get_shop
from shopguide.cli import build_app
from shopguide.cli.keys import SCOPES
from shopguide.errors import BadKey
from shopguide.settings import get_settings

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHOPGUIDE_DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    get_settings.cache_clear()
    get_shop.cache_clear()
    yield
    get_shop().database.close()
    get_settings.cache_clear()
    get_shop.cache_clear()


def run(*arguments: str) -> Result:
    return runner.invoke(build_app(), ["keys", *arguments])


def listed() -> list[dict[str, object]]:
    keys: list[dict[str, object]] = json.loads(run("list", "--json").stdout)
    return keys


def test_a_key_from_its_making_to_its_end() -> None:
    assert "create" in run("list").stdout
    made = run("create", "--client", "[bold]shop", "--scope", "events:write", "--scope", "products:read")
    assert made.exit_code == 0
    text = made.stdout.strip()
    assert get_shop().access.caller(text).client == "[bold]shop"
    assert "cannot be shown again" in made.stderr
    (key,) = listed()
    assert (key["state"], key["scopes"], key["expires_at"]) == ("active", ["events:write", "products:read"], None)
    assert text not in json.dumps(key)
    table = run("list").stdout
    assert "[bold]shop" in table
    assert text not in table

    successor = json.loads(run("rotate", str(key["key_id"]), "--overlap-hours", "0", "--json").stdout)
    assert get_shop().access.caller(successor["key"]).client == "[bold]shop"
    assert [key["state"] for key in listed()] == ["expired", "active"]
    assert run("revoke", successor["key_id"]).exit_code == 0
    assert [key["state"] for key in listed()] == ["expired", "revoked"]


def test_a_key_can_be_made_to_end() -> None:
    made = json.loads(
        run("create", "--client", "a", "--scope", "events:write", "--expires-days", "30", "--json").stdout
    )
    assert made["expires_at"] > made["created_at"]
    assert get_shop().access.caller(made["key"])


def test_wrong_wishes_are_refused() -> None:
    refused = run("create", "--client", "a", "--scope", "everything")
    assert isinstance(refused.exception, BadKey)
    assert "events:write" in str(refused.exception)
    assert run("create", "--client", "a").exit_code == 2
    assert run("rotate", "0123456789ab", "--overlap-hours", "-1").exit_code == 2
    assert listed() == []


def test_the_help_names_every_scope() -> None:
    assert set(SCOPES.split()) == ALL_SCOPES
