"""How recommenders compare, as tables in the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

NDCG, AUC = "ndcg@10", "auc"
ACCURACY = {
    NDCG: "NDCG@10", "recall@10": "recall", "precision@10": "precision", "f1@10": "F1", "map@10": "MAP",
    "hit_rate@10": "hit rate", "mrr": "MRR", AUC: "AUC",
}  # fmt: skip
LISTS = {
    "coverage@10": "coverage", "gini@10": "Gini", "novelty@10": "novelty (bits)", "diversity@10": "diversity",
    "diversity_of_texts@10": "of texts", "popularity@10": "popularity", "popularity_bias@10": "less their own",
}  # fmt: skip
SURE = {True: "green", False: "red"}

Row = Mapping[str, Any]


def show_recommenders(report: Row, console: Console | None = None) -> None:
    """Print accuracy, differences, what the lists are like and how groups are served, one setting after the other."""
    console = console or Console(highlight=False)
    console.print(_heading(report))
    if any("evidence" in row for row in report["models"]):
        for part in _by_evidence(report):
            console.print(part)
        return
    for scope in dict.fromkeys(row["candidates"] for row in report["models"]):
        models, pairs = ([row for row in report[name] if row["candidates"] == scope] for name in ("models", "paired"))
        title = f"Among {scope} {'products' if scope != 'rated' else 'products of the test part'}"
        console.print(_accuracy(models, title))
        for metric in (NDCG, AUC) if scope != "all" else (NDCG,):
            if any(row["metric"] == metric for row in pairs):
                console.print(_differences(pairs, [row["model"] for row in _ranked(models)], metric))
        if any("coverage@10" in row for row in models):
            console.print(_lists(models))
    if report["groups"]:
        console.print(_gaps(report["groups"]))
    console.print(_ratios(report["ratios"]))


def _heading(report: Row) -> Text:
    rest = report["shoppers_to_predict"] - report["shoppers"]
    lines = [
        f"{report['dataset']} · {report['products']} products, {report['events']} events, {report['past_events']} known"
        f" · {report['shoppers']} shoppers" + (f" drawn, {rest} left" if rest else ""),
        f"{report['split']}{', validation' if report['validation'] else ''}: {report['protocol']}",
        "95 % intervals over shoppers · bold: the best · green and red: differences whose interval is off 0",
    ]
    if "paper" in report:
        lines.append(f"the paper's {report['paper']['model']} on {report['paper']['data']}: AUC {report['paper'][AUC]}")
    return Text("\n".join(lines), "dim")


def _ranked(models: Iterable[Row]) -> list[Row]:
    return sorted(models, key=lambda row: -row.get(NDCG, row.get(AUC, 0.0)))


def _accuracy(models: Sequence[Row], title: str) -> Table:
    names = [name for name in ACCURACY if any(name in row for row in models)]
    table = Table("model", title=title, title_justify="left")
    for name in names:
        table.add_column(ACCURACY[name], justify="right")
    best = {name: max(row.get(name, 0.0) for row in models) for name in names}
    for row in _ranked(models):
        cells = [_figure(row, name, bold=row.get(name) == best[name]) for name in names]
        table.add_row(Text(row["model"]), *cells)
    return table


def _figure(row: Row, name: str, *, bold: bool = False) -> Text:
    if name not in row:
        return Text("–", "dim")
    text = Text(f"{row[name]:.4f}", "bold" if bold else "")
    if name in (NDCG, AUC) and name in row["ci"]:
        low, high = row["ci"][name]
        text.append(f" {low:.3f}–{high:.3f}", "dim not bold")
    return text


def _differences(pairs: Sequence[Row], order: Sequence[str], metric: str) -> Table:
    own = [row for row in pairs if row["metric"] == metric]
    best = next((row["against"] for row in own if row["model"] != "ensemble"), own[0]["against"])
    to_best = {row["model"]: row for row in own if row["against"] == best}
    of_ensemble = {row["against"]: row for row in own if row["model"] == "ensemble"}
    title = f"Differences in {ACCURACY[metric]}, shopper by shopper"
    table = Table("model", f"less {best}, the best single one", title=title, title_justify="left")
    if of_ensemble:
        table.add_column("ensemble less it")
    for model in order:
        cells = [_difference(to_best.get(model)), *([_difference(of_ensemble.get(model))] if of_ensemble else [])]
        table.add_row(Text(model), *cells)
    return table


def _difference(row: Row | None) -> Text:
    if row is None:
        return Text("–", "dim")
    low, high = row["ci"]
    style = SURE[low > 0] if low > 0 or high < 0 else ""
    return Text(f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})", style)


def _lists(models: Sequence[Row]) -> Table:
    names = [name for name in LISTS if any(name in row for row in models)]
    table = Table("model", title="What the ten best are like", title_justify="left")
    for name in names:
        table.add_column(LISTS[name], justify="right")
    for row in _ranked(models):
        table.add_row(Text(row["model"]), *(_figure(row, name) for name in names))
    return table


def _gaps(rows: Sequence[Row]) -> Table:
    table = Table(
        "model", title="Gaps between groups in NDCG@10, better served less worse served", title_justify="left"
    )
    groupings = list(dict.fromkeys(row["grouping"] for row in rows))
    for grouping in groupings:
        table.add_column(grouping)
    for model in dict.fromkeys(row["model"] for row in rows):
        own = {row["grouping"]: row.get("gap") for row in rows if row["model"] == model}
        table.add_row(Text(model), *(_gap(own.get(grouping)) for grouping in groupings))
    return table


def _gap(gap: Row | None) -> Text:
    return Text("–", "dim") if gap is None else Text(f"{' less '.join(gap['between'])}\n").append(_difference(gap))


def _ratios(rows: Sequence[Row]) -> Text:
    lines = [
        f"{row['model']} / {row['against']}, the best single one, among {row['candidates']}: "
        f"{ACCURACY[row['metric']]} × {row['ratio']:.3f} ({row['ci'][0]:.3f}–{row['ci'][1]:.3f})"
        for row in rows
        if row["ratio"] is not None and row["model"] == "ensemble" and row["metric"] in (NDCG, AUC)
    ]
    return Text("\n".join(lines))


def _by_evidence(report: Row) -> Iterable[Table]:
    """Shoppers held out: models down, what is known of the shopper across."""
    settings = list(dict.fromkeys((row["evidence"], row["count"]) for row in report["models"]))
    table = Table("model", title="NDCG@10 by what is known of a new shopper", title_justify="left")
    against = Table("ensemble less", title="Differences in NDCG@10, shopper by shopper", title_justify="left")
    for kind, count in settings:
        for one in (table, against):
            one.add_column(f"{count} {kind}")
    found = {(row["model"], row["evidence"], row["count"]): row for row in report["models"]}
    best = {setting: max(row[NDCG] for (_, *of), row in found.items() if tuple(of) == setting) for setting in settings}
    for model in dict.fromkeys(row["model"] for row in report["models"]):
        rows = [(found[model, *setting], best[setting]) for setting in settings]
        table.add_row(Text(model), *(_figure(row, NDCG, bold=row[NDCG] == highest) for row, highest in rows))
    pairs = {
        (row["against"], row["evidence"], row["count"]): row
        for row in report["paired"]
        if row["model"] == "ensemble" and row["metric"] == NDCG
    }
    for model in dict.fromkeys(model for model, *_ in pairs):
        against.add_row(Text(model), *(_difference(pairs.get((model, *setting))) for setting in settings))
    yield table
    if pairs:
        yield against
