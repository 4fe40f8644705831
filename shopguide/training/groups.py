"""How well groups of shoppers are served, and the gaps between them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shopguide.training.metrics import Values, difference, interval

ACTIVITY = "activity"
LEAST, MIDDLE, MOST = "least active third", "middle third", "most active third"
MIN_GROUP = 20
"""Smaller groups are shown, but no gap is said to lie between them and others, and nothing is fitted to them."""

Groupings = Mapping[str, Mapping[int, str]]
"""Grouping ("gender") → shopper position → group; nothing for shoppers of whom it is not known."""


def thirds_by_activity(shoppers: Sequence[int], did: Sequence[int]) -> dict[int, str]:
    """Return the third that each shopper is in.

    Args:
        shoppers: positions.
        did: how much each of them did, [n_shoppers].
    """
    thirds = np.array_split(np.asarray(shoppers)[np.argsort(did, kind="stable")], 3)
    return {int(s): name for name, third in zip((LEAST, MIDDLE, MOST), thirds, strict=True) for s in third}


def gaps(
    model: str, metric: str, values: Values, shoppers: Sequence[int], groupings: Groupings
) -> list[dict[str, Any]]:
    """Return a model's figure in every group, and the gap between the best and the worst served one.

    By activity the gap is always that between the most and the least active third. Elsewhere the two groups are chosen
    by the figures themselves, which makes the gap look somewhat larger than it is where there are more than two.

    Args:
        model: its name.
        metric: what `values` is.
        values: one for each shopper, [n_shoppers].
        shoppers: whose they are.
        groupings: see `Groupings`.
    """
    rows = []
    for grouping, of in groupings.items():
        members: dict[str, list[int]] = {}
        for place, shopper in enumerate(shoppers):
            if shopper in of:
                members.setdefault(of[shopper], []).append(place)
        figures = {group: values[places] for group, places in sorted(members.items())}
        row: dict[str, Any] = {"model": model, "grouping": grouping, "metric": metric, "groups": _rows(figures, metric)}
        pair = _pair(grouping, figures)
        if pair:
            row["gap"] = difference(*pair, figures[pair[0]], figures[pair[1]])
        rows.append(row)
    return rows


def _rows(figures: Mapping[str, Values], metric: str) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "shoppers": len(values),
            metric: round(float(values.mean()), 4),
            "ci": [round(end, 4) for end in interval(values)],
        }
        for group, values in figures.items()
    ]


def _pair(grouping: str, figures: Mapping[str, Values]) -> tuple[str, str] | None:
    large = {group: float(values.mean()) for group, values in figures.items() if len(values) >= MIN_GROUP}
    if grouping == ACTIVITY:
        return (MOST, LEAST) if MOST in large and LEAST in large else None
    best, worst = max(large, key=large.__getitem__, default=None), min(large, key=large.__getitem__, default=None)
    return (best, worst) if best is not None and worst is not None and best != worst else None
