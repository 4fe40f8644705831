"""One conversation: reads lines, sends them, shows what comes back."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from shopguide.cli.terminal.cards import View
from shopguide.cli.terminal.dialogue import Choice, DialogueServer, Reply, TurnTimedOut
from shopguide.cli.terminal.transcript import Transcript
from shopguide.errors import DialogueServerUnavailable

PROMPT = "you> "
HELP = (
    "Say what you are looking for in your own words. b1, b2, … choose what is offered; "
    "/quit (or Ctrl-D) ends the conversation, /help shows this."
)
_CHOICE = re.compile(r"b\s?(\d{1,2})", re.IGNORECASE)


class Server(Protocol):
    """What a session needs of the dialogue server; tests have a fake one."""

    def send(self, sender: str, message: str) -> list[Reply]:
        """Send one message and return the replies."""


class Session:
    """A conversation of one sender.

    Args:
        server: the dialogue server.
        sender: the conversation's id.
        view: prints.
        transcript: written along, if there is one.
        keep_going: whether a server that fails in the middle is worth another line; in a script it is not.
    """

    def __init__(
        self,
        server: Server | DialogueServer,
        sender: str,
        view: View,
        transcript: Transcript | None = None,
        *,
        keep_going: bool = True,
    ) -> None:
        self._server = server
        self._sender = sender
        self._view = view
        self._transcript = transcript
        self._keep_going = keep_going
        self._choices: list[Choice] = []

    def run(self, lines: Iterable[str]) -> None:
        """Hold the conversation until the lines end or one of them is /quit.

        Raises:
            DialogueServerUnavailable: the server failed, and nobody is there to try again.
        """
        for line in lines:
            text = line.strip()
            if text in ("/quit", "/exit"):
                return
            if text == "/help":
                self._view.note(HELP)
            elif text:
                self._turn(text)

    def _turn(self, text: str) -> None:
        message = text
        if chosen := _CHOICE.fullmatch(text):
            number = int(chosen.group(1))
            if not 1 <= number <= len(self._choices):
                offered = f"b1 to b{len(self._choices)}" if self._choices else "nothing"
                self._view.note(f"There is no {text.lower()} to choose: {offered} is offered now.")
                return
            text, message = self._choices[number - 1].title, self._choices[number - 1].payload
        if self._transcript:
            self._transcript.shopper(text)
        try:
            with self._view.waiting():
                replies = self._server.send(self._sender, message)
        except TurnTimedOut:
            self._note("No answer came in time. The guide may be busy: say it again, or /quit.")
            return
        except DialogueServerUnavailable as error:
            self._note("The guide cannot be reached at the moment.")
            if not self._keep_going:
                raise
            self._view.note(f"{error} Say it again when it is back, or /quit.")
            return
        self._show(replies)

    def _show(self, replies: list[Reply]) -> None:
        if not replies:
            self._note("(no answer)")
        offered: dict[str, Choice] = {}
        for reply in replies:
            self._view.reply(reply)
            if self._transcript:
                self._transcript.guide(reply)
            offered.update({choice.payload: choice for choice in reply.choices if choice.payload not in offered})
        self._choices = list(offered.values())
        self._view.choices(self._choices)
        if self._transcript:
            self._transcript.choices(self._choices)

    def _note(self, text: str) -> None:
        self._view.note(text)
        if self._transcript:
            self._transcript.note(text)


def typed_lines(read: Callable[[str], str]) -> Iterator[str]:
    """Yield lines from a prompt until Ctrl-D; Ctrl-C forgets the line, and ends an empty one."""
    while True:
        try:
            yield read(PROMPT)
        except (EOFError, KeyboardInterrupt):
            return
