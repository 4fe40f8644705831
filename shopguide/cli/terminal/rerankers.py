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
    "needs": "Need sentences, among the full catalogue",
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


def _heading(report: Row) -> Text:
    lines = [
        f"{report['dataset']} · {report['products']} products · {report['model']}: {report['split']}",
        "95 % intervals over cases · bold: the best · green and red: differences whose interval is off 0",
    ]
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


def _difference(row: Row) -> Text:
    low, high = row["ci"]
    style = SURE[low > 0] if low > 0 or high < 0 else ""
    return Text(f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})", style)
