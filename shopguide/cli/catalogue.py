"""`shopguide import catalogue`, `shopguide catalogue …` and `shopguide lexicon …`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from shopguide.settings import get_settings

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

ERRORS_SHOWN = 20

AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    catalogue = typer.Typer(help="Look at the catalogue.", no_args_is_help=True)
    lexicon = typer.Typer(help="The words of the catalogue, for the dialogue server.", no_args_is_help=True)
    imports.command("catalogue")(import_catalogue)
    catalogue.command("report")(report)
    lexicon.command("export")(export)
    root.add_typer(catalogue, name="catalogue")
    root.add_typer(lexicon, name="lexicon")

    @catalogue.callback()
    def _catalogue() -> None:
        """Look at the catalogue."""

    @lexicon.callback()
    def _lexicon() -> None:
        """The words of the catalogue, for the dialogue server."""


def import_catalogue(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON or JSON Lines; .gz as well.")],
    mapping: Annotated[Path, typer.Option(help="The mapping file: which column is what (docs/catalogue.md).")] = Path(
        "demo/mapping.yml"
    ),
    replace: Annotated[bool, typer.Option("--replace", help="Retire products that the file does not name.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let the first bad row end the import.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a catalogue file, update what is there, and write the lexicon anew.

    Bad rows are reported and left out. The catalogue changes in one step at the end: whatever happens before, it stays
    as it was. Exit code 0 also with bad rows; 1 with --strict or when the file or the mapping cannot be read.
    """
    from shopguide.bootstrap import get_shop
    from shopguide.catalogue.feed.importer import import_catalogue as run
    from shopguide.catalogue.feed.mapping import load_mapping

    shop = get_shop()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(file.name, total=None)
        result = run(
            shop.products,
            file,
            load_mapping(mapping),
            replace=replace,
            strict=strict,
            language=shop.settings.language,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    digest = shop.lexicon.write()
    if as_json:
        sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False) + "\n")
        return
    for error in result.errors[:ERRORS_SHOWN]:
        typer.echo(f"line {error.line}: {error.field}: {error.why}")
    if len(result.errors) > ERRORS_SHOWN:
        typer.echo(f"… and {len(result.errors) - ERRORS_SHOWN} more (--json lists all)")
    typer.echo(
        f"{result.read:,} rows read: {result.imported:,} imported, {result.updated:,} updated "
        f"({result.unchanged:,} of them without a change), {result.skipped:,} skipped; {result.retired:,} retired"
    )
    typer.echo(f"lexicon {get_settings().lexicon_path}: {digest[:12]}")


def report(
    as_json: AsJson = False,
    values: Annotated[int, typer.Option(help="How many of the commonest values to show for a facet.", min=1)] = 5,
    facets: Annotated[int, typer.Option(help="How many facets to show, those with the widest coverage first.")] = 40,
) -> None:
    """Show how many products have each facet, the commonest values, and what looks wrong."""
    from shopguide.catalogue.report import report_of

    found = report_of(_index(), values=values)
    if as_json:
        sys.stdout.write(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
        return
    console = Console()
    console.print(f"{found.products:,} products, {found.in_stock:,} in stock, {len(found.facets):,} facets")
    table = Table("facet", "kind", "coverage", "values", "commonest, or range")
    for facet in found.facets[:facets]:
        name = f"{facet.name} ({facet.unit})" if facet.unit else facet.name
        table.add_row(name, facet.kind, f"{facet.coverage:.1%}", f"{facet.distinct:,}", facet.summary())
    console.print(table)
    if len(found.facets) > facets:
        console.print(f"… and {len(found.facets) - facets:,} facets more (--facets, --json)")
    for concern in found.concerns:
        console.print(f"[yellow]looks wrong:[/] {concern.what} ({concern.count:,}), e.g. {', '.join(concern.examples)}")
    if not found.concerns:
        console.print("nothing looks wrong")


def export(
    output: Annotated[Path | None, typer.Option(help="Where to write it; the setting lexicon_path by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the lexicon: every word that names a value here. The dialogue server takes it over by itself."""
    from shopguide.bootstrap import get_shop

    path = output or get_settings().lexicon_path
    digest = get_shop().lexicon.write(path)
    if as_json:
        sys.stdout.write(json.dumps({"path": str(path), "digest": digest}) + "\n")
    else:
        typer.echo(f"{path}: {digest[:12]}")


def _index() -> "CatalogueIndex":
    from shopguide.bootstrap import get_shop
    from shopguide.catalogue.index import CatalogueIndex

    revision, digest, products = get_shop().products.snapshot()
    return CatalogueIndex(products, revision, digest=digest)
