"""`shopguide rewards`: what came of what was shown."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shopguide.feedback.rewards import ItemReward, PolicyReward


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("rewards")(rewards)


def rewards(
    since: Annotated[datetime | None, typer.Option(help="Slates shown then or later (UTC).")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write one JSON line for each product of each slate, with its propensity.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report in JSON.")] = False,
) -> None:
    """Tell for each policy what came of its slates: clicks, likes, baskets and purchases, weighed."""
    from shopguide.bootstrap import get_shop
    from shopguide.feedback.rewards import RewardRules, by_policy

    shop = get_shop()
    rules = RewardRules.from_settings(shop.settings.reward_weights, shop.settings.reward_window_days)
    found = shop.feedback.rewards(rules, since.replace(tzinfo=UTC) if since is not None else None)
    report = by_policy(_written(found, out) if out is not None else found)
    if as_json:
        typer.echo(json.dumps([asdict(policy) for policy in report], ensure_ascii=False))
    else:
        _print(report)


def _written(rewards: "Iterable[ItemReward]", out: Path) -> "Iterator[ItemReward]":
    with out.open("w", encoding="utf-8") as file:
        for item in rewards:
            line = asdict(item) | {"shown_at": item.shown_at.isoformat()}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            yield item


def _print(report: "list[PolicyReward]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not report:
        typer.echo("No slates yet.")
        return
    table = Table("policy", "slates", "items", "with feedback", "reward/slate", "reward/item")
    table.columns[0].no_wrap = True
    for policy in report:
        table.add_row(
            Text(policy.policy),
            f"{policy.slates:,}",
            f"{policy.items:,}",
            f"{policy.rewarded:,}",
            f"{policy.mean_per_slate:.3f}",
            f"{policy.mean_per_item:.4f}",
        )
    Console().print(table)
