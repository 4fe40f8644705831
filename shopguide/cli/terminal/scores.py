"""Evaluations as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

CONFUSIONS = 15
CURVES = {
    ("shifts", "shift"): "Refusing by nats added to out of scope; 0 is the model as it is",
    ("thresholds", "threshold"): "Refusing below a confidence, in place of the model's own threshold",
}
FIGURES = {
    "intent_accuracy": "intent accuracy",
    "macro_accuracy": "macro average",
    "macro_f1": "macro-F1",
    "oos_recall": "out-of-scope recall",
    "oos_recall_far": "  far from the shop",
    "oos_recall_near": "  near the shop",
    "false_rejection": "false rejection",
    "ece": "calibration (ECE)",
    "entity_precision": "entity precision",
    "entity_recall": "entity recall",
    "entity_f1": "entity F1",
    "excluded_f1": "  excluded alone",
    "price_f1": "  prices alone",
    "span_f1": "  place alone (span F1)",
}


def show_understanding(
    report: Mapping[str, Any], worst: int, console: Console | None = None, *, curve: bool = False
) -> None:
    """Print the report of `shopguide.evaluation.nlu`, with the `worst` mistakes of each kind and perhaps the curve."""
    console = console or Console(highlight=False)
    console.print(Text(f"{report['dataset']} · lines of {report['split']} · in percent, with 95 % intervals", "dim"))
    for part in ("intents", "entities"):
        console.print(_figures([row for row in report["models"] if row["model"].startswith(part)]))
    if report["noise"]:
        console.print(_costs(report["paired"]))
    console.print(_entities(report["entities"]))
    console.print(_calibration(report["calibration"]))
    if curve:
        for (points, step), title in CURVES.items():
            console.print(_rejection(report["rejection"][points], step, title))
    console.print(_confusions(report["confusion"]))
    if report["mistakes"]["intents"][:worst]:
        console.print(_intent_mistakes(report["mistakes"]["intents"], worst))
    if report["mistakes"]["entities"][:worst]:
        console.print(_entity_mistakes(report["mistakes"]["entities"], worst))
    latency = report["latency_ms"]
    console.print(f"/model/parse: p50 {latency['p50']} ms, p95 {latency['p95']} ms, one at a time.")


def _figures(rows: list[Mapping[str, Any]]) -> Table:
    table = Table()
    table.add_column(no_wrap=True)
    for row in rows:
        table.add_column(f"{row['model']}\n{row['lines']} lines")
    names = [name for row in rows for name in row["ci"]]
    for name in sorted(set(names), key=names.index):
        if any(name in row["ci"] for row in rows):
            table.add_row(_name(name), *(_with_interval(row, name) for row in rows))
    return table


def _costs(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("noise", "figure", "points", "", title="What noise costs, over the same lines", title_justify="left")
    for row in rows:
        name = "intent_accuracy" if "intent_accuracy" in row else "entity_f1"
        if row["ci"].get(name):
            low, high = row["ci"][name]
            kind = row["model"].partition(", ")[2]
            table.add_row(kind, _name(name), f"{100 * row[name]:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}")
    return table


def _name(figure: str) -> str:
    if figure in FIGURES:
        return FIGURES[figure]
    return f"  catalogue {figure.rpartition('_')[2]}"


def _with_interval(row: Mapping[str, Any], name: str) -> str:
    if name not in row["ci"]:
        return ""
    low, high = row["ci"][name] or (None, None)
    return f"{_percent(row[name])} ({_percent(low)}–{_percent(high)})"


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    return "100" if value == 1 else f"{100 * value:.1f}"


def _entities(rows: list[Mapping[str, Any]]) -> Table:
    table = Table("entity", "mentions", "precision", "recall", "F1", "", title_justify="left")
    for row in rows:
        low, high = row["ci"]["f1"] or (None, None)
        ends = f"{_percent(low)}–{_percent(high)}"
        table.add_row(
            Text(row["entity"]),
            str(row["mentions"]),
            *(_percent(row[name]) for name in ("precision", "recall", "f1")),
            ends,
        )
    return table


def _calibration(bins: list[Mapping[str, Any]]) -> Table:
    table = Table("confidence", "lines", "mean", "right", title="Calibration", title_justify="left")
    for row in bins:
        table.add_row(
            f"{row['from']:.1f} to {row['to']:.1f}",
            f"{row['lines']:g}",
            f"{row['confidence']:.3f}",
            f"{row['accuracy']:.3f}",
        )
    return table


def _rejection(points: list[Mapping[str, Any]], step: str, title: str) -> Table:
    names = ("oos_recall", "false_rejection", "intent_accuracy")
    table = Table(step, *map(_name, names), title=title, title_justify="left")
    for point in points:
        at = f"{point[step]:+.2f}" if step == "shift" and point[step] else f"{point[step]:.2f}"
        table.add_row(at, *(_percent(point[name]) for name in names))
    return table


def _confusions(confusion: Mapping[str, Any]) -> Table:
    labels, counts = confusion["labels"], confusion["counts"]
    pairs = [
        (counts[i][j], labels[i], labels[j])
        for i in range(len(labels))
        for j in range(len(labels))
        if i != j and counts[i][j]
    ]
    table = Table("lines", "meant", "answered", title="Most frequent confusions", title_justify="left")
    for count, meant, answered in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))[:CONFUSIONS]:
        table.add_row(f"{count:g}", Text(meant), Text(answered))
    return table


def _intent_mistakes(mistakes: list[Mapping[str, Any]], worst: int) -> Table:
    title = f"Most confident mistakes ({min(worst, len(mistakes))} of {len(mistakes)})"
    table = Table("", "said", "meant", "answered", title=title, title_justify="left")
    for row in mistakes[:worst]:
        table.add_row(
            f"{row['confidence']:.2f}", Text(row["text"]), Text(" or ".join(row["expected"])), Text(row["got"])
        )
    return table


def _entity_mistakes(mistakes: list[Mapping[str, Any]], worst: int) -> Table:
    title = f"Entities missed or made up ({min(worst, len(mistakes))} of {len(mistakes)} lines)"
    table = Table("said", "missed", "made up", title=title, title_justify="left")
    for row in mistakes[:worst]:
        table.add_row(Text(row["text"]), Text("; ".join(row["missed"])), Text("; ".join(row["extra"])))
    return table
