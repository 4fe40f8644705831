"""What the scripts say, and how they fail: one line per step, live in a terminal, plain in a log."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import Iterator, NoReturn

_DIM, _BOLD, _GREEN, _RED, _RESET = "\033[2m", "\033[1m", "\033[32m", "\033[31m", "\033[0m"
_TICK_SECONDS = 0.5


class Failed(Exception):
    """A step failed; the message tells the person what to do about it."""


def paint(text: str, colour: str) -> str:
    """Colour a text if it is for a terminal that wants colours."""
    return f"{colour}{text}{_RESET}" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def bold(text: str) -> str:
    """Make a text stand out."""
    return paint(text, _BOLD)


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def fail(error: Failed) -> NoReturn:
    """End the script with one clear message."""
    print(paint("✗ ", _RED) + str(error), file=sys.stderr, flush=True)
    raise SystemExit(1)


def duration(seconds: float) -> str:
    """Write a duration as people read it."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def skipped(name: str, why: str = "up to date") -> None:
    """Report a step that had nothing to do."""
    say(paint(f"· {name}: {why}", _DIM))


class Progress:
    """What a running step has to tell; `update` from any thread."""

    def __init__(self) -> None:
        self.text = ""

    def update(self, text: str) -> None:
        """Replace the text beside the step."""
        self.text = text


@contextmanager
def step(name: str) -> Iterator[Progress]:
    """Show a step with the time it takes: a live line in a terminal, a start and an end line in a log."""
    progress, done, started = Progress(), threading.Event(), time.monotonic()
    live = sys.stdout.isatty()

    def show() -> None:
        while not done.wait(_TICK_SECONDS):
            line = f"… {name} ({duration(time.monotonic() - started)}) {progress.text}"
            print("\r\033[K" + line[: os.get_terminal_size().columns - 1], end="", flush=True)

    if live:
        ticker = threading.Thread(target=show, daemon=True)
        ticker.start()
    else:
        say(f"… {name}")
    mark = paint("✗", _RED)
    try:
        yield progress
        mark = paint("✓", _GREEN)
    finally:
        done.set()
        if live:
            ticker.join()
            print("\r\033[K", end="")
        say(f"{mark} {name} ({duration(time.monotonic() - started)})")
