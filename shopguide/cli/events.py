"""`shopguide import events FILE` and `shopguide import shoppers FILE`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from shopguide.errors import UnreadableFile

SHOWN_ERRORS = 20

JsonOption = Annotated[bool, typer.Option("--json", help="Report in JSON.")]


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    imports.command("events")(import_events)
    imports.command("shoppers")(import_shoppers)


def import_events(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or JSON Lines (.jsonl), also with .gz.")],
    mapping: Annotated[Path | None, typer.Option(help="Which column is what (YAML).")] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if any row was bad.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read feedback events: views, clicks, likes, purchases. Reading a file again adds nothing twice."""
    from shopguide.bootstrap import get_shop
    from shopguide.feedback.importer import import_events as run
    from shopguide.feedback.mapping import EventMapping, load_mapping

    recorder = get_shop().recorder
    how = load_mapping(mapping) if mapping else EventMapping()
    with _progress("events") as (bar, task):
        # Years of events at once: histories and training have them; a taste is of what happens from now on.
        report = run(
            file,
            lambda events: recorder.take(events, teach=False, may_wait=False),
            how,
            lambda so_far: bar.update(task, completed=so_far.read),
        )
    _finish(asdict(report) | {"updated": 0}, strict, as_json)


def import_shoppers(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines (.jsonl), also with .gz: a shopper with preferences a line.")
    ],
    strict: Annotated[bool, typer.Option(help="Exit with 1 if any row was bad.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read shoppers and what the shop knows of their tastes; replaces what earlier imports said about them."""
    from shopguide.bootstrap import get_shop
    from shopguide.profiles.importer import import_shoppers as run

    shop = get_shop()
    with _progress("shoppers") as (bar, task):
        report = run(file, shop.profiles, lambda so_far: bar.update(task, completed=so_far.read))
    _finish(asdict(report) | {"updated": 0}, strict, as_json)


@contextmanager
def _progress(what: str) -> Iterator[tuple[Progress, TaskID]]:
    # On stderr, so that the report on stdout can be piped; silent where nobody watches.
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar, bar.add_task(f"rows of {what} read", total=None)


def _finish(report: dict[str, Any], strict: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.items() if name != "errors")
        typer.echo(counts)
        for error in report["errors"][:SHOWN_ERRORS]:
            name = f"{error['field']}: " if error["field"] else ""
            typer.secho(f"line {error['line']}: {name}{error['why']}", err=True, fg=typer.colors.YELLOW)
        if (more := report["skipped"] - min(SHOWN_ERRORS, len(report["errors"]))) > 0:
            typer.secho(f"and {more:,} more bad rows (--json lists the first 1,000)", err=True, fg=typer.colors.YELLOW)
    if strict and report["skipped"]:
        raise UnreadableFile(f"{report['skipped']:,} bad rows")
