"""`shopguide train`, `shopguide models …` and `shopguide recommend`."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from shopguide.catalogue.constraints import Constraint

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.types import Recommendation
    from shopguide.training.data import Progress

JsonOption = Annotated[bool, typer.Option("--json", help="Report in JSON.")]

_CONDITION = re.compile(r"^\s*(?P<facet>[^\s<>=!]+)\s*(?P<op><=|>=|!=|=)\s*(?P<value>\S.*?)\s*$")
_SHOWN_REASONS = 2
_SHOWN_PUSHES = 5


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    root.command("train")(train)
    root.command("recommend")(recommend)
    models = typer.Typer(help="Look at trained versions and choose which one serves.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show_model)
    models.command("report")(show_report)
    models.command("promote")(promote)
    models.command("rollback")(rollback)
    root.add_typer(models, name="models")


def train(
    only: Annotated[
        Literal["candidates", "reranker"] | None,
        typer.Option(help="One stage: candidates, enough to serve, or the reranker."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.05, help="Time budget of either stage; without it candidates have none and the reranker 10."
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Train even what is up to date.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the recommender on catalogue and events; what is up to date, by digests, is left alone."""
    from shopguide.bootstrap import get_shop
    from shopguide.training.data import TrainingData
    from shopguide.training.job import train as run

    if only == "reranker":
        # Minutes of work behind a shop that is open: whoever talks to it goes first.
        os.nice(10)
    shop = get_shop()
    data = TrainingData(shop.catalogue.index(), shop.products.digest(), shop.profiles, shop.feedback, shop.settings)
    with progress_bar() as progress:
        report = run(data, only=only, minutes=minutes, force=force, progress=progress).as_json()
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for name, part in report["parts"].items():
        typer.echo(f"{name}: {_in_words(part)}")
        if name == "candidates" and "version" in part:
            typer.echo(f"  more: shopguide models report {part['version']}")
    typer.echo(f"serving {report['version'] or 'nothing yet'}")


def list_models(as_json: JsonOption = False) -> None:
    """List the trained versions, oldest first; the one that serves is marked."""
    registry = _registry()
    current = registry.folder.pointer().get("version")
    rows = [
        {
            "version": version.name,
            "current": version.name == current,
            "created_at": version.manifest["created_at"],
            "parts": list(version.manifest["parts"]),
            "metrics": _headline(version.manifest),
        }
        for version in registry.folder.versions()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        metrics = ", ".join(f"{name} {value}" for name, value in row["metrics"].items())
        typer.echo(f"{'*' if row['current'] else ' '} {row['version']}  {' '.join(row['parts'])}  {metrics}")
    if not rows:
        typer.echo("nothing trained yet: shopguide train")


def show_model(
    version: Annotated[str, typer.Argument(help="A version's name; the one that serves without it.")] = "",
) -> None:
    """Show a version's manifest (JSON): what it was made from, how, how good it is."""
    folder = _registry().folder
    found = folder.version(version) if version else folder.current()
    typer.echo(json.dumps(found.manifest, ensure_ascii=False, indent=1))


def show_report(
    version: Annotated[str, typer.Argument(help="A version's name; the one that serves without it.")] = "",
) -> None:
    """Show a version's report: where it lies, with its pictures, and what it says."""
    from rich.console import Console
    from rich.markdown import Markdown

    from shopguide.errors import ModelNotFound
    from shopguide.training.report import REPORT

    folder = _registry().folder
    found = folder.version(version) if version else folder.current()
    if f"candidates/{REPORT}" not in found.manifest["files"]:
        raise ModelNotFound(
            f"{found.name} has no report: shopguide train --only candidates --force makes a new version"
        )
    path = found.path("candidates", REPORT)
    typer.echo(path)
    Console().print(Markdown(path.read_text(encoding="utf-8"), hyperlinks=False))
    seconds = found.part("candidates").get("seconds", {})
    typer.echo("seconds: " + "; ".join(f"{step} {spent}" for step, spent in seconds.items()))


def promote(version: Annotated[str, typer.Argument(help="A version's name.")], as_json: JsonOption = False) -> None:
    """Let a version serve, after checking its files; running servers take it up by themselves."""
    _serving(_registry().promote(version).name, as_json)


def rollback(as_json: JsonOption = False) -> None:
    """Let the version serve that did so before."""
    _serving(_registry().rollback().name, as_json)


def recommend(
    shopper: Annotated[str, typer.Option(help="Whose history and tastes count; nobody's without it.")] = "",
    query: Annotated[str, typer.Option(help="The need in words.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(help='What must hold: colour=blue, "colour=blue|navy", brand!=sony, "price<=80". Repeatable.'),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Products wanted.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Rank products for a need and say why."""
    from dataclasses import asdict

    from shopguide.bootstrap import get_shop
    from shopguide.ids import ShopperId
    from shopguide.recommender.types import RecommendationRequest

    request = RecommendationRequest(
        constraints=tuple(parse_condition(text) for text in where or ()),
        query=query,
        shopper_id=ShopperId(shopper) if shopper else None,
        k=k,
    )
    shop = get_shop()
    shop.recommender.warm_up()
    answer = shop.recommender.recommend(request)
    if as_json:
        typer.echo(json.dumps(asdict(answer), ensure_ascii=False))
    else:
        _print(answer, shop.catalogue.index())


def parse_condition(text: str) -> Constraint:
    """Return the constraint that `facet=value`, `facet!=value`, `facet<=number` or `facet>=number` states.

    Several values, any of which will do, are joined by `|`.

    Raises:
        typer.BadParameter: it states none.
    """
    from lexicon.text import normalise

    found = _CONDITION.match(text)
    if not found:
        raise typer.BadParameter(f'{text!r} is no condition such as colour=blue or "price<=80"')
    facet, op, value = found["facet"], found["op"], found["value"]
    if op in ("=", "!="):
        values = tuple(filter(None, (normalise(part) for part in value.split("|"))))
        if not values:
            raise typer.BadParameter(f"{text!r} names no value")
        return Constraint(facet, "in" if op == "=" else "not in", values)
    try:
        return Constraint(facet, "<=" if op == "<=" else ">=", value=float(value))
    except ValueError:
        raise typer.BadParameter(f"{text!r}: {value!r} is no number") from None


def _registry() -> Any:
    from shopguide.recommender.artefacts import ModelFolder
    from shopguide.settings import get_settings
    from shopguide.training.registry import Registry

    return Registry(ModelFolder(get_settings().models_dir / "recommender"))


def _serving(version: str, as_json: bool) -> None:
    typer.echo(json.dumps({"version": version}) if as_json else f"serving {version}")


def _headline(manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return the figure by which each part is known."""
    found: dict[str, float] = {}
    kind = manifest["parts"].get("candidates", {}).get("blend", {}).get("kind", "default")
    for part, metric, model in (("candidates", "ndcg@10", f"blend_{kind}"), ("reranker", "mrr", "pipeline")):
        for row in manifest["parts"].get(part, {}).get("metrics", {}).get("models", []):
            if row["model"] == model:
                found[f"{part} {metric}"] = row[metric]
    return found


def _in_words(part: Mapping[str, Any]) -> str:
    status = str(part["status"])
    if "why" in part:
        status += f" ({part['why']})"
    if "seconds" in part:
        status += f" in {part['seconds']['all']} s"
    lines = [status, *(f"  {note}" for note in part.get("notes", []))]
    lines += _cleaned_in_words(part.get("data", {}).get("cleaned", {}))
    for row in part.get("metrics", {}).get("models", []):
        values = ", ".join(f"{name} {row[name]} [{row['ci'][name][0]}, {row['ci'][name][1]}]" for name in row["ci"])
        lines.append(f"  {row['model']}: {values}")
    return "\n".join(lines)


def _cleaned_in_words(report: Mapping[str, Any]) -> list[str]:
    """Say what cleaning left out of the events and what it counted less; nothing if it did neither."""
    if not report.get("reasons"):
        return []
    why = ", ".join(
        f"{reason.replace('_', ' ')} {found['removed'] + found['down_weighted']:,} (shoppers {found['shoppers']:,})"
        for reason, found in report["reasons"].items()
    )
    pushed = (
        f"  pushed: {push['product']} by {push['accounts']} accounts ({push['sign']}), {push['kept']} heard"
        for push in report["pushed"][:_SHOWN_PUSHES]
    )
    return [
        f"  cleaned: {report['removed']:,} of {report['events']:,} events left out,"
        f" {report['down_weighted']:,} counted less: {why}",
        *pushed,
    ]


def _print(answer: "Recommendation", index: "CatalogueIndex") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "product", "price", "score", "because", title_justify="left")
    table.title = f"{answer.total_matches:,} products match · {answer.policy} · {answer.model_version}"
    for place, item in enumerate(answer.items, 1):
        product = index.product(item.sku)
        price = f"{product.price} {product.currency or ''}".strip() if product.price is not None else "–"
        because = "; ".join(
            f"{reason.kind} {json.dumps(reason.data, ensure_ascii=False)}" for reason in item.reasons[:_SHOWN_REASONS]
        )
        table.add_row(str(place), Text(f"{product.title} ({item.sku})"), price, f"{item.score:.3f}", Text(because))
    console = Console()
    console.print(table)
    if answer.degraded:
        console.print(f"degraded: {answer.degraded}")


@contextmanager
def progress_bar() -> "Iterator[Progress]":
    """Show how far a training is, on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    # On stderr, so that the report on stdout can be piped; silent where nobody watches.
    console: Console = Console(stderr=True)
    columns: Sequence[Any] = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=share)

        yield tell
