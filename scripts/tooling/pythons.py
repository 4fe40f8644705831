"""Finds the two Pythons: 3.10 for the dialogue server (Rasa's line ends there), 3.11 or newer for the guide server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, NoReturn, Optional, Tuple

from tooling.console import Failed, say

Version = Tuple[int, int]
_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
_PROBE_SECONDS = 20
_UV_FIND_SECONDS = 60
_UV_INSTALL_SECONDS = 900


class Need(NamedTuple):
    """One interpreter that the project needs."""

    purpose: str
    variable: str
    """The environment variable that names the interpreter."""
    versions: Tuple[Version, ...]
    """What will do, best first."""

    @property
    def wanted(self) -> str:
        """The versions in words."""
        return " or ".join(f"{major}.{minor}" for major, minor in self.versions)


RASA = Need("the dialogue server (Rasa)", "SHOPGUIDE_RASA_PYTHON", ((3, 10),))


def guide_need() -> Need:
    """Say which Python the guide server wants: lightfm-next has wheels from 3.12 on and needs a C compiler on 3.11."""
    tested: Tuple[Version, ...] = ((3, 11), (3, 12), (3, 13))
    if not (shutil.which("cc") or shutil.which("gcc")):
        return Need("the guide server (3.11 needs a C compiler)", "SHOPGUIDE_GUIDE_PYTHON", ((3, 12), (3, 13)))
    return Need("the guide server", "SHOPGUIDE_GUIDE_PYTHON", tested)


def probe(python: str) -> Tuple[Optional[Version], str]:
    """Run an interpreter and return its version, or why it will not do (a pyenv shim may exist and yet fail)."""
    try:
        ran = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
        if "No module named 'ensurepip'" in ran.stderr or "No module named 'venv'" in ran.stderr:
            return None, "it has no venv module (on Debian and Ubuntu it is a package of its own: python3.x-venv)"
        return None, lines[0]
    major, minor = ran.stdout.split(".")
    return (int(major), int(minor)), ""


def candidates(version: Version) -> Iterator[str]:
    """Yield interpreters that may be of this version, likely ones first: on the PATH, then in pyenv's folders."""
    name = f"python{version[0]}.{version[1]}"
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for command in (name, "python3", "python"):
        for folder in folders:
            path = Path(folder) / command
            if path.is_file() and os.access(str(path), os.X_OK):
                yield str(path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = (pyenv / "versions").glob(f"{version[0]}.{version[1]}.*/bin/{name}")
    yield from (str(path) for path in sorted(installed, key=_patch_level, reverse=True))


def _patch_level(path: Path) -> List[int]:
    return [int(part) if part.isdigit() else -1 for part in path.parents[1].name.split(".")]


def find(need: Need) -> str:
    """Return an interpreter for a need. Nothing outside uv's own folder is ever installed.

    Raises:
        Failed: there is none; the message says how to get one.
    """
    chosen = os.environ.get(need.variable)
    if chosen:
        version, why = probe(chosen)
        if version in need.versions:
            return chosen
        why = why or f"it is Python {version[0]}.{version[1]}"  # type: ignore[index]
        raise Failed(f"{need.variable}={chosen} will not do for {need.purpose} (Python {need.wanted}): {why}")
    refused: Dict[str, str] = {}
    for version in need.versions:
        for python in candidates(version):
            if python in refused:
                continue
            got, why = probe(python)
            if got == version:
                return python
            refused[python] = why or f"Python {got[0]}.{got[1]}"  # type: ignore[index]
    return _from_uv(need) or _explain(need, refused)


def _from_uv(need: Need) -> Optional[str]:
    uv = shutil.which("uv")
    if not uv:
        return None
    for version in need.versions:
        found = _uv(uv, "find", version, _UV_FIND_SECONDS)
        if found:
            return found
    version = need.versions[0]
    say(f"… Python {version[0]}.{version[1]} for {need.purpose}: uv downloads one into its own folder")
    _uv(uv, "install", version, _UV_INSTALL_SECONDS)
    return _uv(uv, "find", version, _UV_FIND_SECONDS)


def _uv(uv: str, verb: str, version: Version, seconds: float) -> Optional[str]:
    wanted = f"{version[0]}.{version[1]}"
    try:
        ran = subprocess.run(
            [uv, "python", verb, wanted],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if verb == "find" else None,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    python = ran.stdout.strip()
    return python if ran.returncode == 0 and python and probe(python)[0] == version else None


def _explain(need: Need, refused: Dict[str, str]) -> NoReturn:
    newest = f"{need.versions[0][0]}.{need.versions[0][1]}"
    lines = [f"No Python {need.wanted} found for {need.purpose}. Any one of these gets it:"]
    lines += [
        "    uv (astral.sh/uv):     install uv and run this again; it fetches Python by itself",
        f"    pyenv:                 pyenv install {newest}",
        f"    Debian, Ubuntu:        sudo apt-get install python{newest} python{newest}-venv (if it has them)",
        f"    macOS with Homebrew:   brew install python@{newest}",
        f"  or name one yourself:    {need.variable}=/path/to/python{newest} make run",
    ]
    if refused:
        lines.append("  Looked at:")
        lines += [f"    {python}: {why}" for python, why in refused.items()]
    raise Failed("\n".join(lines))
