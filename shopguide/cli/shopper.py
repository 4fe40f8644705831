"""`shopguide shopper …`: what is known about one shopper."""

import json
from typing import Annotated

import typer

from shopguide.cli import shopper_data
from shopguide.ids import ShopperId


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
    """Show a shopper's accounts, consents, tastes with what they rest on, facts, habits and whom they shop for."""
    from shopguide.bootstrap import get_shop
    from shopguide.guide.habits import habits_for
    from shopguide.profiles.present import as_dict

    shop, known = get_shop(), ShopperId(shopper_id)
    view = shop.profiles.show(known)
    habits = habits_for(known, profiles=shop.profiles, feedback=shop.feedback, index=shop.catalogue.index())
    if as_json:
        typer.echo(json.dumps(as_dict(view, habits=habits), ensure_ascii=False))
    else:
        from shopguide.cli.terminal.profile import print_profile

        print_profile(view, habits, shop.settings.currency)
