"""How rerankers compare, as tables in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

FIGURES = {
    "ndcg@10": "NDCG@10", "ndcg_linear@10": "linear gain", "mrr": "MRR", "recall@10": "recall@10",
}  # fmt: skip
TITLES = {
    "judgments": "Judged products of each query (gain 2^rating - 1)",
    "judgments, typos": "The same, mistyped",
    "needs": "Need sentences, among the full catalogue",
    "needs, typos": "The same, mistyped",
    "pooled": "Queries and sentences together",
    "events": "What shoppers chose after they said what they need, among the full catalogue",
}
SURE = {True: "green", False: "red"}

Row = Mapping[str, Any]


def show_rerankers(report: Row, console: Console | None = None) -> None:
    """Print what was measured: figures with intervals, then differences case by case."""
    console = console or Console(highlight=False)
    console.print(_heading(report))
    for on in dict.fromkeys(row["on"] for row in report["models"]):
        models, pairs = ([row for row in report[name] if row["on"] == on] for name in ("models", "paired"))
        console.print(_figures(models, TITLES.get(on, on)))
        console.print(_differences(pairs))
    if report["typos"]:
        for on in dict.fromkeys(row["on"] for row in report["typos"]):
            console.print(_typos([row for row in report["typos"] if row["on"] == on], on))
    if report.get("attacks"):
        console.print(_attacks(report["attacks"]))
    if report.get("words"):
        console.print(_words(report["words"]))


def _heading(report: Row) -> Text:
    lines = [
        f"{report['dataset']} · {report['products']} products · {report['model']}: {report['split']}",
        "95 % intervals over cases · bold: the best · green and red: differences whose interval is off 0",
    ]
    if report.get("events", {}).get("made"):
        lines.append("the shoppers' needs are made of words of what they bought next: nobody said them")
    return Text("\n".join(lines), "dim")


def _figures(models: Sequence[Row], title: str) -> Table:
    names = [name for name in FIGURES if any(name in row for row in models)]
    table = Table("model", title=f"{title}, {models[0]['cases']} cases", title_justify="left")
    for name in names:
        table.add_column(FIGURES[name], justify="right")
    best = {name: max(row[name] for row in models) for name in names}
    for row in models:
        table.add_row(row["model"], *(_figure(row, name, bold=row[name] == best[name]) for name in names))
    return table


def _figure(row: Row, name: str, *, bold: bool) -> Text:
    low, high = row["ci"][name]
    return Text(f"{row[name]:.4f}", "bold" if bold else "").append(f" {low:.3f}–{high:.3f}", "dim not bold")


def _differences(pairs: Sequence[Row]) -> Table:
    names = [name for name in FIGURES if any(row["metric"] == name for row in pairs)]
    table = Table("difference", title="Differences, case by case", title_justify="left")
    for name in names:
        table.add_column(FIGURES[name], justify="right")
    for one, two in dict.fromkeys((row["model"], row["against"]) for row in pairs):
        own = {row["metric"]: row for row in pairs if (row["model"], row["against"]) == (one, two)}
        table.add_row(f"{one} less {two}", *(_difference(own[name]) for name in names))
    return table


def _typos(rows: Sequence[Row], on: str) -> Table:
    names = [name for name in FIGURES if any(row["metric"] == name for row in rows)]
    table = Table("model", title=f"What typos cost ({on})", title_justify="left")
    for name in names:
        table.add_column(FIGURES[name], justify="right")
    for model in dict.fromkeys(row["model"] for row in rows):
        own = {row["metric"]: row for row in rows if row["model"] == model}
        table.add_row(model, *(_difference(own[name]) for name in names))
    return table


def _attacks(rows: Sequence[Row]) -> Table:
    attacks = list(dict.fromkeys(row["attack"] for row in rows))
    title = f"Places that a stuffed product gains, mean of {rows[0]['cases']} (and how many gained more than five)"
    table = Table("model", *attacks, title=title, title_justify="left")
    for model in dict.fromkeys(row["model"] for row in rows):
        own = {row["attack"]: row for row in rows if row["model"] == model}
        table.add_row(model, *(_gained(own[attack]) for attack in attacks))
    return table


def _gained(row: Row) -> str:
    low, high = row["ci"]
    return "–" if row["gained"] is None else f"{row['gained']:+.2f} ({low:+.2f} to {high:+.2f}), {row['gained_many']}"


def _words(found: Row) -> Text:
    return Text(
        f"Deletion test: without the {found['words']} words that speak most for it, the student's logit falls by "
        f"{found['drop_top']:.2f}, without {found['words']} random ones by {found['drop_random']:.2f}; more in "
        f"{found['share']:.0%} of {found['pairs']} pairs (difference {found['ci'][0]:.2f} to {found['ci'][1]:.2f})"
    )


def _difference(row: Row) -> Text:
    low, high = row["ci"]
    style = SURE[low > 0] if low > 0 or high < 0 else ""
    return Text(f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})", style)
