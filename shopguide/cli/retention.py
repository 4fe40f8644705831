"""`shopguide retention`: delete what has been kept long enough."""

import json
from typing import Annotated

import typer


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("retention")(retention)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, delete nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report in JSON.")] = False,
) -> None:
    """Delete what is older than the settings allow. The guide server does this by itself, every hour."""
    from shopguide.bootstrap import get_shop

    shop = get_shop()
    report = shop.retention.run(dry_run=dry_run)
    if not dry_run:
        shop.privacy.finish()
    if as_json:
        typer.echo(json.dumps(report.as_json()))
        return
    verb = "would be deleted" if dry_run else "deleted"
    for what, count in sorted(report.rows.items()):
        typer.echo(f"{count:>7}  {what}")
    if not report.rows:
        typer.echo(f"Nothing {verb}: the shop database holds nothing older than it may be.")
    if report.conversations is not None:
        typer.echo(f"{report.conversations:>7}  conversations")
    elif not dry_run and shop.settings.keep_conversations_days:
        typer.echo("The dialogue server does not answer: its conversations stay until the next time.")
