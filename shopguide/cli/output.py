"""Where a command's report goes beside the terminal."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def write_report(found: Mapping[str, Any], out: Path | None) -> bool:
    """Write a report in JSON where `--json` says, and return whether the terminal is free to show it to people.

    Raises:
        typer.BadParameter: it cannot be written.
    """
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if out == STDOUT:
        typer.echo(text)
        return False
    if out:
        write(out, text + "\n", "--json")
    return True
