"""What talking is worth beside clicking, as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WITHIN = (3, 5, 10, 15)
SHOWN_VIOLATIONS = 20


def show_dialogues(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print success and actions of each arm, the differences from the facet clicker, and what the checker found."""
    console = console or Console(highlight=False)
    reranked = "with a reranker" if report["reranker"] else "without a reranker"
    heading = f"{report['dataset']} · {report['shoppers']} shoppers · {report['split']} · trained {report['trained']}"
    console.print(Text(f"{heading}, {reranked} · 95 % intervals over shoppers", "dim"))
    console.print(_arms(report["models"]))
    if report["paired"]:
        console.print(_differences(report["paired"]))
    if "guarantee" in report:
        _show_guarantee(report["guarantee"], console)


def _arms(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("arm", "noise", title="How soon the product is seen", title_justify="left")
    for n in WITHIN:
        table.add_column(f"within {n}")
    for name in ("or one like it, 15", "actions", "products", "words"):
        table.add_column(name)
    for row in rows:
        found = [f"{100 * row[f'success@{n}']:.0f} %" for n in (*WITHIN,)]
        low, high = row["ci"]["actions"]
        figures = [f"{100 * row['success_like@15']:.0f} %", f"{row['actions']:.2f} ({low:.2f}–{high:.2f})"]
        seen = [f"{row['inspected']:.1f}", f"{row['words']:.1f}"]
        table.add_row(*map(Text, (row["model"], f"{row['noise']:g}", *found, *figures, *seen)))
    return table


def _differences(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("arm", "noise", "figure", "against the facet clicker", title="Differences", title_justify="left")
    for row in rows:
        if row["metric"] not in ("actions", "success@15") or row["ci"] is None:
            continue
        low, high = row["ci"]
        told = f"{row['difference']:+.2f}" if "difference" in row else f"× {row['ratio']:.2f}"
        cells = (row["model"], f"{row['noise']:g}", row["metric"], f"{told} ({low:.2f} to {high:.2f})")
        table.add_row(*map(Text, cells))
    return table


def _show_guarantee(found: Mapping[str, Any], console: Console) -> None:
    broken = ", ".join(f"{count} {kind}" for kind, count in found["violations"].items())
    checked = f"{found['turns']} turns of {found['conversations']} conversations, {found['facts']} stated facts"
    console.print(Text(f"Guarantee: {broken} violations in {checked}, {found['constraints']} constraints"))
    for one in found["found"][:SHOWN_VIOLATIONS]:
        console.print(Text(f"  [{one['kind']}] {one['what']} · {one['said']!r} → {one['reply'][:200]!r}"))
