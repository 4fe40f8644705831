"""The command line `shopguide …`: puts the commands together and maps errors to one line and an exit code.

Every module of this package that holds commands offers `register(root, imports)`, which adds them to the root command
or, for what is read from files, below `shopguide import`.
"""

import pkgutil
from importlib import import_module

import typer

from shopguide.errors import ShopGuideError


def build_app() -> typer.Typer:
    """Return the whole command line."""
    root = typer.Typer(
        name="shopguide",
        help="A self-hosted shopping guide for your own catalogue: it asks, recommends, explains and remembers.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # what is not foreseen shows as Python shows it: in logs, without locals
    )
    imports = typer.Typer(help="Read a catalogue or events from files.", no_args_is_help=True)
    root.add_typer(imports, name="import")
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(root, imports)
    return root


def main() -> None:
    """Run the command line: exit code 1 and one line on stderr for what went wrong, 2 for wrong usage."""
    try:
        build_app()()
    except ShopGuideError as error:
        typer.secho(f"shopguide: {error}", err=True, fg=typer.colors.RED)
        raise SystemExit(1) from error
