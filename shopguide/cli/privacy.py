"""`shopguide privacy …`: what shoppers are told."""

import typer


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    privacy = typer.Typer(help="What shoppers are told about their data.", no_args_is_help=True)
    privacy.command("notice")(print_notice)
    # A group of one command would lose its name without a callback.
    privacy.callback()(lambda: None)
    root.add_typer(privacy, name="privacy")


def print_notice() -> None:
    """Print the privacy notice, as the settings in force make it, in Markdown. The guide server has it at /privacy."""
    from shopguide.privacy.notice import as_markdown, notice
    from shopguide.settings import get_settings

    typer.echo(as_markdown(notice(get_settings())), nl=False)
