"""The pictures of the training report; the same figures always make the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopguide.training.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERVES, OTHER, INK, GRID = "#c2410c", "#5b7083", "#1f2933", "#d9dee3"
LINES = ("#c2410c", "#1d6fa5", "#3f7d4e", "#8a5a9e", "#a07d14", "#5b7083")
"""Colours of curves and groups, told apart by colour-blind people too; line styles change when they begin anew."""
STYLES = ("-", "--", ":")
DPI = 144
ROW = 0.3
"""Height of a row of a chart, in inches."""


def draw_models(path: Path, rows: Sequence[Mapping[str, Any]], serves: str) -> None:
    """Draw every model's metrics with their intervals, the best at the top; a line marks popularity.

    Args:
        path: of the PNG.
        rows: as `metrics.summary` makes them.
        serves: the model to set off.
    """
    metrics = list(rows[0]["ci"])
    ordered = sorted(rows, key=lambda row: float(row[metrics[0]]))
    figure = _figure(9.0, 1.1 + ROW * len(rows))
    for number, metric in enumerate(metrics):
        axes = figure.add_subplot(1, len(metrics), number + 1)
        _plain(axes, f"{metric}, 95 % interval", grid="x")
        for place, row in enumerate(ordered):
            colour = SERVES if row["model"] == serves else OTHER
            axes.plot(row["ci"][metric], [place, place], color=colour, linewidth=2, solid_capstyle="round")
            axes.plot([row[metric]], [place], marker="o", markersize=6, color=colour)
            if row["model"] == "popularity":
                axes.axvline(row[metric], color=OTHER, linewidth=1, linestyle=":")
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_yticks(range(len(rows)), [row["model"] for row in ordered] if number == 0 else [""] * len(rows))
        for label, row in zip(axes.get_yticklabels(), ordered, strict=True):
            label.set_color(SERVES if row["model"] == serves else INK)
    _save(figure, path)


def draw_weights(path: Path, weights: Mapping[str, Mapping[str, float]]) -> None:
    """Draw the blend's weights, the greatest at the top.

    Args:
        path: of the PNG.
        weights: for whom → feature → weight; of groups of shoppers, at most as many as `LINES` has colours.
    """
    names = {name for group in weights.values() for name, weight in group.items() if weight}
    first = next(iter(weights.values()))
    ordered = sorted(names, key=lambda name: (first.get(name, 0.0), name))
    figure = _figure(8.0, 1.2 + 1.1 * ROW * len(ordered))
    axes = figure.add_subplot()
    _plain(axes, "weight of each feature", grid="x")
    thick = 0.8 / len(weights)
    for number, (whom, group) in enumerate(weights.items()):
        places = [place + (0.5 * (len(weights) - 1) - number) * thick for place in range(len(ordered))]
        values = [group.get(name, 0.0) for name in ordered]
        axes.barh(places, values, height=thick, color=LINES[number], label=whom)
    axes.axvline(0.0, color=INK, linewidth=1)
    axes.set_yticks(range(len(ordered)), ordered)
    axes.set_ylim(-0.7, len(ordered) - 0.3)
    if len(weights) > 1:
        axes.legend(frameon=False, loc="lower right")
    _save(figure, path)


def draw_often(path: Path, often: Sequence[int]) -> None:
    """Draw how many products stand on how many of the top lists.

    Args:
        path: of the PNG.
        often: products on 1, 2 to 3, 4 to 7 … lists.
    """
    figure = _figure(7.0, 3.2)
    axes = figure.add_subplot()
    _plain(axes, "products by the number of top lists that show them", grid="y")
    bars = axes.bar(range(len(often)), often, color=SERVES, width=0.8)
    axes.bar_label(bars, labels=[f"{products:,}" for products in often], color=INK, fontsize=8)
    axes.set_xticks(range(len(often)), ["1", *(f"{2**n}–{2 ** (n + 1) - 1}" for n in range(1, len(often)))])
    axes.set_xlabel("top lists", color=INK)
    axes.set_ylabel("products", color=INK)
    axes.margins(y=0.12)
    _save(figure, path)


def draw_curves(path: Path, curves: Curves) -> None:
    """Draw learning curves: a chart for each name (loss, metrics), a line for each family."""
    from matplotlib.ticker import MaxNLocator

    names = list(dict.fromkeys(name for named in curves.values() for name in named))
    figure = _figure(4.5 * len(names), 3.4)
    for number, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), number + 1)
        _plain(axes, name, grid="both")
        axes.set_xlabel("epoch", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for place, (family, named) in enumerate(curves.items()):
            if values := named.get(name):
                style = STYLES[place // len(LINES) % len(STYLES)]
                colour = LINES[place % len(LINES)]
                mark = "o" if len(values) == 1 else ""
                axes.plot(range(1, len(values) + 1), values, style, marker=mark, color=colour, label=family)
        axes.legend(frameon=False)
    _save(figure, path)


def _figure(width: float, height: float) -> "Figure":
    """Return a figure that is drawn without a window and without pyplot, which would keep all figures."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain(axes: "Axes", title: str, *, grid: Any) -> None:
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    axes.grid(visible=True, axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _save(figure: "Figure", path: Path) -> None:
    # Without matplotlib's version in the file, which says nothing about the model.
    figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})
