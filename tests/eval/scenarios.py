"""Evaluation scenarios: whole conversations with what must hold after each turn (YAML)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KEYS = (
    "custom_type",
    "all_items",
    "any_item",
    "min_items",
    "changed_from_previous",
    "cheaper_than_previous",
    "not_repeat_previous_skus",
    "text_any",
    "slots",
    "no_error",
)


class BadScenario(ValueError):
    """The file is not in the format; the message names the scenario."""


@dataclass(frozen=True)
class Turn:
    """One message, and what must hold over all messages of the reply to it, in the file's order."""

    user: str
    expect: Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """A conversation; it starts with a new shopper and an empty tracker."""

    id: str
    catalogue: str
    turns: tuple[Turn, ...]
    goal: str = ""
    requires: tuple[str, ...] = ()


def load(path: Path) -> tuple[Scenario, ...]:
    """Read a file of scenarios.

    Raises:
        BadScenario: a scenario lacks something or expects something that the runner does not know.
        OSError: the file cannot be read.
    """
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadScenario(f"{path}: {error}") from error
    if not isinstance(rows, list):
        raise BadScenario(f"{path}: a list of scenarios is needed")
    scenarios = tuple(_scenario(row) for row in rows)
    ids = [scenario.id for scenario in scenarios]
    if len(set(ids)) < len(ids):
        raise BadScenario(f"{path}: the ids are not unique")
    return scenarios


def _scenario(row: Any) -> Scenario:
    if not isinstance(row, Mapping) or not row.get("id") or not row.get("turns"):
        raise BadScenario(f"a scenario needs an id and turns: {row!r:.80}")
    name = str(row["id"])
    if unknown := set(row) - {"id", "catalogue", "goal", "requires", "turns"}:
        raise BadScenario(f"{name}: unknown {sorted(unknown)}")
    turns = []
    for number, turn in enumerate(row["turns"], 1):
        if not isinstance(turn, Mapping) or set(turn) != {"user", "expect"} or not turn["expect"]:
            raise BadScenario(f"{name}, turn {number}: needs user and expect")
        if unknown := set(turn["expect"]) - set(KEYS):
            raise BadScenario(f"{name}, turn {number}: unknown {sorted(unknown)}")
        turns.append(Turn(str(turn["user"]), turn["expect"]))
    return Scenario(
        id=name,
        catalogue=str(row.get("catalogue", "")),
        turns=tuple(turns),
        goal=str(row.get("goal", "")),
        requires=tuple(row.get("requires") or ()),
    )
