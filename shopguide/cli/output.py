"""Where a command's report goes beside the terminal."""

import os
from pathlib import Path

import typer

STDOUT = Path("-")


def check_writable(path: Path | None, option: str) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises:
        typer.BadParameter: its folder takes no files.
    """
    if path and path != STDOUT and not os.access(path.absolute().parent, os.W_OK):
        raise typer.BadParameter(f"cannot write to {path.absolute().parent}", param_hint=option)


def write(path: Path, text: str, option: str) -> None:
    """Write a file.

    Raises:
        typer.BadParameter: it cannot be written.
    """
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from error
