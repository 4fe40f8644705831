"""`shopguide shopper …`: what is known about one shopper."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from shopguide.cli import shopper_data
from shopguide.ids import ShopperId

if TYPE_CHECKING:
    from shopguide.profiles.service import ShopperView

SHOWN_EVIDENCE = 20


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    shopper = typer.Typer(help="Look at shoppers, hand out and erase what is kept of them.", no_args_is_help=True)
    shopper.command("show")(show)
    shopper_data.add_commands(shopper)
    root.add_typer(shopper, name="shopper")


def show(
    shopper_id: Annotated[str, typer.Argument(help="The shopper's id.", metavar="ID")],
    as_json: Annotated[bool, typer.Option("--json", help="Report in JSON.")] = False,
) -> None:
    """Show a shopper's accounts, tastes with their weights, and what these rest on."""
    from shopguide.bootstrap import get_shop
    from shopguide.profiles.present import as_dict

    view = get_shop().profiles.show(ShopperId(shopper_id))
    if as_json:
        typer.echo(json.dumps(as_dict(view), ensure_ascii=False))
    else:
        _print(view)


def _print(view: "ShopperView") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(f"Shopper {view.shopper_id}, known since {view.created_at:%Y-%m-%d %H:%M} UTC"))
    for identity in view.identities:
        console.print(Text(f"  {identity.channel}: {identity.sender_id}"))
    if view.taste.is_empty:
        console.print("No tastes known yet.")
        return
    tastes = Table("facet", "value", "weight", title="Tastes", title_justify="left")
    for facet, weights in sorted(view.taste.weights.items()):
        for value, weight in sorted(weights.items(), key=lambda item: -item[1]):
            tastes.add_row(Text(facet), Text(value), f"{weight:+.2f}")
    console.print(tastes)
    rests = Table(
        "when (UTC)", "source", "facet", "value", "says", title="The latest they rest on", title_justify="left"
    )
    for piece in view.evidence[:SHOWN_EVIDENCE]:
        says = {1: "wants", -1: "does not want", 0: "took it back"}[piece.polarity]
        rests.add_row(f"{piece.at:%Y-%m-%d %H:%M}", piece.source, Text(piece.facet), Text(piece.value), says)
    console.print(rests)
