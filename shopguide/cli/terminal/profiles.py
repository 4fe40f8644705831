"""What profiles are worth, as a table in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

METRIC = "ndcg@10"
OF_ARM = {"own": "own", "none": "none", "other": "somebody else's"}


def show_personalisation(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print NDCG@10 of the three arms in every setting and the differences between them, with their intervals."""
    console = console or Console(highlight=False)
    for part in (_heading(report), _arms(report["models"]), _differences(report["paired"])):
        console.print(part)


def _heading(report: Mapping[str, Any]) -> Text:
    newcomers = sum(window["newcomers"] for window in report["windows"])
    return Text(
        f"{report['dataset']} · {report['products']} products, {report['events']} events · {report['split']} · "
        f"{METRIC} × 100 with 95 % intervals over shoppers · {newcomers} newcomers without a profile left out",
        "dim",
    )


def _arms(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("profile", "weights", "candidates", "shoppers", title="With whose profile", title_justify="left")
    for arm in OF_ARM.values():
        table.add_column(arm)
    settings: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        settings.setdefault((*_setting(row), str(row["shoppers"])), []).append(_with_interval(row))
    for setting, figures in settings.items():
        table.add_row(*map(Text, (*setting, *figures)))
    return table


def _differences(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("profile", "weights", "candidates", title="Differences, shopper by shopper", title_justify="left")
    settings: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        if row["metric"] == METRIC:
            low, high = row["ci"]
            shown = f"{100 * row['difference']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
            pair = f"{OF_ARM[row['model']]} less {OF_ARM[row['against']]}"
            settings.setdefault(_setting(row), {})[pair] = shown
    for pair in next(iter(settings.values()), {}):
        table.add_column(pair)
    for setting, figures in settings.items():
        table.add_row(*map(Text, (*setting, *figures.values())))
    return table


def _setting(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["profile"], row["weights"], str(row["candidates"]))


def _with_interval(row: Mapping[str, Any]) -> str:
    low, high = row["ci"][METRIC]
    return f"{100 * row[METRIC]:.2f} ({100 * low:.2f}–{100 * high:.2f})"
