"""`shopguide keys …`: API keys for the shop's clients."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from shopguide.access.keys import ApiKey, IssuedKey, KeyId, Scope

AsJson = Annotated[bool, typer.Option("--json", help="Report in JSON.")]
Id = Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.", metavar="KEY_ID")]

SCOPES = "chat:tokens events:write products:read products:write recommendations:read shoppers:read shoppers:write"


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="API keys for the shop's clients.", no_args_is_help=True)
    keys.command("create")(create)
    keys.command("list")(list_keys)
    keys.command("rotate")(rotate)
    keys.command("revoke")(revoke)
    root.add_typer(keys, name="keys")


def create(
    client: Annotated[str, typer.Option(help="Who will use the key.")],
    scope: Annotated[list[str], typer.Option(help=f"What it allows; may be given several times. One of: {SCOPES}.")],
    expires_days: Annotated[int | None, typer.Option("--expires-days", help="Days that it holds.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It is shown this once: only its hash is kept."""
    from shopguide.bootstrap import get_shop

    lifetime = None if expires_days is None else timedelta(days=expires_days)
    _tell(get_shop().access.create(client, cast("list[Scope]", scope), lifetime), as_json)


def list_keys(as_json: AsJson = False) -> None:
    """List all keys, ended ones among them."""
    from shopguide.bootstrap import get_shop

    now = datetime.now(UTC)
    keys = get_shop().access.all_keys()
    if as_json:
        typer.echo(json.dumps([_as_dict(key, now) for key in keys]))
    elif not keys:
        typer.echo("No keys yet: shopguide keys create --client NAME --scope SCOPE")
    else:
        _print(keys, now)


def rotate(
    key_id: Id,
    overlap_hours: Annotated[float, typer.Option("--overlap-hours", help="Hours that the old key still holds.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Create a key for the same client with the same scopes and lifetime; the old one ends after the overlap."""
    from shopguide.bootstrap import get_shop

    if not 0 <= overlap_hours <= 24 * 365:
        raise typer.BadParameter("between 0 and a year", param_hint="--overlap-hours")
    overlap = timedelta(hours=overlap_hours)
    _tell(get_shop().access.rotate(cast("KeyId", key_id), overlap), as_json)


def revoke(key_id: Id) -> None:
    """End a key; running servers obey within seconds."""
    from shopguide.bootstrap import get_shop

    get_shop().access.revoke(cast("KeyId", key_id))
    typer.echo(f"Key {key_id} is revoked.")


def _tell(issued: "IssuedKey", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"key": issued.text, **_as_dict(issued.key, issued.key.created_at)}))
        return
    typer.echo(issued.text)
    ends = f", until {issued.key.expires_at:%Y-%m-%d %H:%M} UTC" if issued.key.expires_at else ""
    typer.echo(f"For {issued.key.client}: {' '.join(sorted(issued.key.scopes))}{ends}.", err=True)
    typer.echo("Keep it now: it cannot be shown again.", err=True)


def _as_dict(key: "ApiKey", now: datetime) -> dict[str, Any]:
    def iso(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "key_id": key.key_id,
        "client": key.client,
        "scopes": sorted(key.scopes),
        "state": key.state(now),
        "created_at": iso(key.created_at),
        "expires_at": iso(key.expires_at),
        "revoked_at": iso(key.revoked_at),
        "last_used_at": iso(key.last_used_at),
    }


def _print(keys: "list[ApiKey]", now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    table.add_column("key id", no_wrap=True)
    for name in ("client", "scopes", "state", "ends", "last used"):
        table.add_column(name)
    for key in keys:
        days = (f"{at:%Y-%m-%d}" if at else "" for at in (key.revoked_at or key.expires_at, key.last_used_at))
        table.add_row(key.key_id, Text(key.client), "\n".join(sorted(key.scopes)), key.state(now), *days)
    Console().print(table)
