"""A training's report for people: Markdown and pictures, made from the manifest's section alone.

It leaves out dates and how long anything took: the same data and seed make the same files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shopguide.training.curves import write_curves
from shopguide.training.metrics import CUTOFF
from shopguide.training.pictures import draw_curves, draw_models, draw_often, draw_weights

REPORT = "report/report.md"
"""Where it lies in the part's folder; pictures lie beside it."""
TENSORBOARD = "tensorboard"
_DIGITS = 12
"""Of a digest: enough to tell data apart."""


def write_report(folder: Path, section: Mapping[str, Any]) -> Path:
    """Write the report on a training of the candidates.

    Args:
        folder: of the part; the report gets `report/` in it.
        section: what the manifest says of the part.

    Returns:
        The path of the Markdown.
    """
    path = folder / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    chapters = (_data, _parameters, _models, _validation, _champion, _weights, _coverage, _curves, _notes)
    lines = ["# Training report"]
    for chapter in chapters:
        if written := list(chapter(section, path.parent)):
            lines += ["", *written]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _data(section: Mapping[str, Any], _: Path) -> Iterator[str]:
    data = section["data"]
    yield "## What it was trained from"
    yield ""
    counts = [
        (name.replace("_", " "), f"{value:,}" if isinstance(value, int) else f"`{str(value)[:_DIGITS]}`")
        for name, value in data.items()
        if not isinstance(value, Mapping)
    ]
    yield from _table(("", "number, or beginning of the digest"), counts, right=(1,))
    if cleaned := data.get("cleaned"):
        yield ""
        yield from _cleaned(cleaned)


def _cleaned(cleaned: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Cleaning left out {cleaned['removed']:,} of {cleaned['events']:,} events and let {cleaned['down_weighted']:,}"
        " count less."
    )
    if cleaned["reasons"]:
        yield ""
        rows = [
            (reason.replace("_", " "), *(f"{found[name]:,}" for name in ("removed", "down_weighted", "shoppers")))
            for reason, found in cleaned["reasons"].items()
        ]
        yield from _table(("reason", "events left out", "events that count less", "shoppers"), rows, right=(1, 2, 3))
    if cleaned["pushed"]:
        yield ""
        yield "Products that accounts of one kind pushed:"
        yield ""
        yield from _table(list(cleaned["pushed"][0]), [list(push.values()) for push in cleaned["pushed"]])


def _parameters(section: Mapping[str, Any], _: Path) -> Iterator[str]:
    yield "## Parameters and seeds"
    yield ""
    rows = [
        (model, ", ".join(f"{name} = {value}" for name, value in parameters.items()))
        for model, parameters in section["parameters"].items()
    ]
    yield from _table(("model", "parameters"), rows)


def _models(section: Mapping[str, Any], _: Path) -> Iterator[str]:
    yield "## Which models serve"
    yield ""
    blend = section["blend"]
    if not section["families"]:
        yield "None: popularity, ratings, texts and tastes rank."
        return
    yield f"{', '.join(f'`{family}`' for family in section['families'])}, blended by `blend_{blend['kind']}`."
    if steps := section["metrics"].get("choice"):
        metric = next(name for name in steps[0] if name != "models")
        yield ""
        yield (
            f"Models were chosen one after another: each step takes in the one that lifts the fitted blend's {metric} "
            "most; the last step was not taken if it lifted nothing."
        )
        if blend["kind"] == "default":
            yield "The fitted blend was no better than the default one, so the default models and weights serve."
        yield ""
        rows = [(", ".join(step["models"]) or "none", _figure(step[metric])) for step in steps]
        yield from _table(("models in the blend", metric), rows, right=(1,))


def _validation(section: Mapping[str, Any], target: Path) -> Iterator[str]:
    metrics = section["metrics"]
    yield "## How well they rank"
    yield ""
    if not metrics:
        yield "Nothing could be validated; see what was left out."
        return
    yield (
        f"Measured on the latest events, which the models had not seen: {metrics['shoppers']:,} shoppers, what each of "
        "them chose there for the first time, ranked among the whole catalogue. In brackets 95 % intervals."
    )
    serves = _serves(section)
    draw_models(target / "models.png", metrics["models"], serves)
    yield ""
    yield "![Models and blends with intervals](models.png)"
    yield ""
    yield from _summaries(metrics["models"], serves)
    if metrics["paired"]:
        yield ""
        yield f"`{serves}` against the others, shopper by shopper:"
        yield ""
        rows = [(pair["against"], _difference(pair)) for pair in metrics["paired"]]
        yield from _table(("against", f"difference of {metrics['paired'][0]['metric']}"), rows)
    if metrics["newcomers"]:
        yield ""
        yield (
            "Shoppers who came last and of whom the models had seen nothing, after the first products that they chose "
            "or, before they did anything, with the facet values that these share taken as their taste:"
        )
        yield ""
        anew = [{**row, "model": f"{row['model']}, {row['told']}"} for row in metrics["newcomers"]]
        yield from _summaries(anew, "")


def _summaries(rows: Sequence[Mapping[str, Any]], serves: str) -> Iterator[str]:
    names = list(rows[0]["ci"])
    ordered = sorted(rows, key=lambda row: -float(row[names[0]]))
    yield from _table(
        ("model", *names),
        [
            (
                f"**{row['model']}** (serves)" if row["model"] == serves else row["model"],
                *(f"{_figure(row[name])} {_interval(row['ci'][name])}" for name in names),
            )
            for row in ordered
        ],
    )


def _champion(section: Mapping[str, Any], _: Path) -> Iterator[str]:
    compared = section["champion"]
    if not compared:
        return
    yield "## Against the version that served before"
    yield ""
    yield f"{compared['metric']} {_difference(compared)} against {compared['version']}, judged {compared['judged']}."
    yield ""
    if compared["ci"][1] < 0:
        yield "It ranks worse beyond chance, so it was not made current."
    else:
        yield "It does not rank worse beyond chance, so it was made current."


def _weights(section: Mapping[str, Any], target: Path) -> Iterator[str]:
    blend = section["blend"]
    groups = {"shoppers with a history": blend["weights"]}
    for name in ("newcomer", "stranger"):
        if blend[f"{name}_weights"]:
            groups[f"{name}s"] = blend[f"{name}_weights"]
    draw_weights(target / "weights.png", groups)
    yield "## Weights of the blend"
    yield ""
    if blend["kind"] == "trees":
        yield "Trees then order anew what these weights rank highest."
        yield ""
    yield "![Weights of the blend](weights.png)"
    yield ""
    names = {name for group in groups.values() for name, weight in group.items() if weight}
    ordered = sorted(names, key=lambda name: (-blend["weights"].get(name, 0.0), name))
    rows = [(name, *(_figure(group.get(name, 0.0)) for group in groups.values())) for name in ordered]
    yield from _table(("feature", *groups), rows, right=range(1, len(groups) + 1))


def _coverage(section: Mapping[str, Any], target: Path) -> Iterator[str]:
    rows = section["metrics"].get("coverage")
    if not rows:
        return
    yield "## How much of the catalogue they recommend"
    yield ""
    yield f"The first {CUTOFF} for each of the {section['metrics']['shoppers']:,} shoppers:"
    yield ""
    yield from _table(
        ("model", "products recommended", "of the catalogue", "lists that show the most recommended one"),
        [
            (
                row["model"],
                f"{row['recommended']:,} of {row['products']:,}",
                _percent(row["share"]),
                _percent(row["most"]),
            )
            for row in rows
        ],
        right=(1, 2, 3),
    )
    serves = next(row for row in rows if row["model"] == _serves(section))
    if serves["often"]:
        draw_often(target / "coverage.png", serves["often"])
        yield ""
        yield f"![How often {serves['model']} recommends products](coverage.png)"


def _curves(section: Mapping[str, Any], target: Path) -> Iterator[str]:
    curves = {family: named for family, named in section.get("curves", {}).items() if any(named.values())}
    if not curves:
        return
    draw_curves(target / "curves.png", curves)
    write_curves(target / TENSORBOARD, curves)
    yield "## Learning curves"
    yield ""
    yield "![Learning curves](curves.png)"
    yield ""
    yield f"TensorBoard shows them too: `tensorboard --logdir {TENSORBOARD}` in this folder."


def _notes(section: Mapping[str, Any], _: Path) -> Iterator[str]:
    if section["notes"]:
        yield "## What was left out"
        yield ""
        yield from (f"- {note}" for note in section["notes"])


def _serves(section: Mapping[str, Any]) -> str:
    return f"blend_{section['blend']['kind']}"


def _figure(value: float) -> str:
    return f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(ends: Sequence[float]) -> str:
    return f"[{ends[0]:.4f}, {ends[1]:.4f}]"


def _difference(pair: Mapping[str, Any]) -> str:
    return f"{pair['difference']:+.4f} [{pair['ci'][0]:+.4f}, {pair['ci'][1]:+.4f}]"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()) -> Iterator[str]:
    """Yield the lines of a Markdown table; the columns `right`, from 0, are set flush right."""
    flush = set(right)
    yield _row(header)
    yield _row(["---:" if column in flush else "---" for column in range(len(header))])
    yield from map(_row, rows)


def _row(cells: Sequence[object]) -> str:
    escaped = (" ".join(str(cell).replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(escaped)} |"
