"""`shopguide chat`: talk to the guide in the terminal."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopguide.settings import get_settings

if TYPE_CHECKING:
    from shopguide.cli.terminal.cards import View
    from shopguide.cli.terminal.transcript import Transcript

CHANNEL = "rest"
PIPE_WIDTH = 100


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("chat")(chat)


def chat(
    *,
    rasa_url: Annotated[str, typer.Option(help="The dialogue server; default: SHOPGUIDE_RASA_URL.")] = "",
    sender: Annotated[str, typer.Option(help="Go on with this conversation; default: a new one.", metavar="ID")] = "",
    shopper: Annotated[
        str, typer.Option(help="Talk as this shopper of the shop, whose tastes are remembered.", metavar="ID")
    ] = "",
    transcript: Annotated[
        Path | None, typer.Option(help="Write the conversation to this file as Markdown.", metavar="FILE")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.", min=1)] = 60.0,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the dialogue server at the start.", min=0)] = 120.0,
) -> None:
    """Talk to the guide; with its input from a pipe it takes each line as a message and prints plain text."""
    from rich.console import Console

    from shopguide.cli.terminal.cards import View
    from shopguide.cli.terminal.dialogue import DialogueServer
    from shopguide.cli.terminal.session import HELP, Session

    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    console = Console(highlight=False) if interactive else Console(highlight=False, width=PIPE_WIDTH, no_color=True)
    view = View(console, decorated=interactive)
    conversation = sender or f"terminal-{secrets.token_hex(6)}"
    with closing(DialogueServer(rasa_url or get_settings().rasa_url, timeout)) as server:
        server.await_ready(wait, on_wait=lambda: _say(f"Waiting for the dialogue server at {server.url} …"))
        if shopper:
            _speak_as(shopper, conversation)
        written = _open(transcript)
        try:
            if interactive:
                view.note(HELP)
            session = Session(server, conversation, view, written, keep_going=interactive)
            session.run(_interactive_lines() if interactive else _piped_lines(view))
        finally:
            if written:
                written.close()


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _speak_as(shopper: str, conversation: str) -> None:
    """Tell the shop whose conversation this is: who can write to its database may speak for anybody."""
    from shopguide.bootstrap import get_shop
    from shopguide.ids import ShopperId

    get_shop().profiles.link(CHANNEL, conversation, ShopperId(shopper))


def _open(path: Path | None) -> "Transcript | None":
    from shopguide.cli.terminal.transcript import Transcript

    if path is None:
        return None
    try:
        return Transcript(path)
    except OSError as error:
        raise typer.BadParameter(f"cannot be written: {error}", param_hint="--transcript") from error


def _interactive_lines() -> Iterator[str]:
    """Read with line editing and history where the platform has them."""
    import contextlib

    from shopguide.cli.terminal.session import typed_lines

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (importing it gives input() editing and history)
    yield from typed_lines(input)
    typer.echo()  # the shell's prompt begins on a line of its own


def _piped_lines(view: "View") -> Iterator[str]:
    for line in sys.stdin:
        if line.strip() and not line.startswith(("/quit", "/exit")):
            view.heard(line.strip())
        yield line
