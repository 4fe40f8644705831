"""The report of `shopguide evaluate dialogue`: rows for the arms, and differences shopper by shopper."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shopguide.evaluation.dialogue.outcome import LIMIT, Outcome
from shopguide.training.metrics import Values, paired, ratio, summary

WITHIN = (3, 5, 10, 15)
BASELINE = "facet_clicker"
ACTIONS = "actions"


def figures(outcomes: Sequence[Outcome]) -> dict[str, Values]:
    """Return every figure, one value for each shopper, [n_shoppers]; who fails has spent `LIMIT` actions."""
    spent = np.asarray([one.found or LIMIT + 1 for one in outcomes], dtype=np.float64)
    like = np.asarray([one.found_like or LIMIT + 1 for one in outcomes], dtype=np.float64)
    return {
        **{f"success@{n}": (spent <= n).astype(np.float64) for n in WITHIN},
        **{f"success_like@{n}": (like <= n).astype(np.float64) for n in WITHIN},
        ACTIONS: np.minimum(spent, LIMIT),
        "actions_like": np.minimum(like, LIMIT),
        "inspected": np.asarray([one.inspected for one in outcomes], dtype=np.float64),
        "words": np.asarray([one.words for one in outcomes], dtype=np.float64),
    }


def rows(arms: Mapping[str, Sequence[Outcome]], noise: float) -> list[dict[str, Any]]:
    """Return a row for each arm: means over shoppers, and their intervals under `ci`."""
    return [
        {**summary(name, figures(outcomes)), "noise": noise, "shoppers": len(outcomes)}
        for name, outcomes in arms.items()
    ]


def pairs(arms: Mapping[str, Sequence[Outcome]], noise: float) -> list[dict[str, Any]]:
    """Return by how much each arm differs from the facet clicker on the same shoppers; actions as a ratio as well."""
    if BASELINE not in arms:
        return []
    base = figures(arms[BASELINE])
    found: list[dict[str, Any]] = []
    for name, outcomes in arms.items():
        if name == BASELINE:
            continue
        own = figures(outcomes)
        found += [paired(name, BASELINE, own[metric], base[metric], metric) | {"noise": noise} for metric in own]
        found += [
            ratio(name, BASELINE, own[metric], base[metric], metric) | {"noise": noise}
            for metric in (ACTIONS, "actions_like")
        ]
    return found
