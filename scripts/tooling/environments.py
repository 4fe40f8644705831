"""Creates the two environments from their locks: `.venv` (guide server) and `.venv-rasa` (dialogue server).

Each environment carries a stamp with the digest of its lock and of its own place. A stamp that fits means that there is
nothing to do. While an environment is being built it carries a marker instead; one that is found with the marker was
left half-built by a break and is built anew. Downloads stay in pip's cache, so a second try does not repeat them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, List, NamedTuple, Tuple

from tooling import pythons
from tooling.console import Failed, Progress, fail, say, skipped, step
from tooling.digests import ROOT, Stamps, digest

_STAMP = "shopguide-setup"
_MARKER = ".half-built"
_LOG_TAIL = 15
# lightfm-next is built from source on 3.11: without this it is tuned to the machine that builds it.
_PIP_ENVIRONMENT = {"LIGHTFM_NO_CFLAGS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


class Environment(NamedTuple):
    """One virtual environment and how to fill it."""

    name: str
    folder: Path
    need: Callable[[], pythons.Need]
    locks: Tuple[Path, ...]
    """What decides whether it is up to date."""
    pip_steps: Tuple[Tuple[str, List[str]], ...]
    """What is told to the person, and pip's arguments after `pip install`."""

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


_GUIDE, _RASA = ROOT / "envs" / "guide", ROOT / "envs" / "rasa"
_HASHED = ["--require-hashes", "--no-deps", "-r"]

GUIDE = Environment(
    "guide server environment (.venv)",
    ROOT / ".venv",
    pythons.guide_need,
    (_GUIDE / "torch.txt", _GUIDE / "requirements.txt", ROOT / "pyproject.toml"),
    (
        ("torch", ["-r", str(_GUIDE / "torch.txt")]),
        ("libraries", [*_HASHED, str(_GUIDE / "requirements.txt")]),
        ("shopguide", ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]),
    ),
)
RASA = Environment(
    "dialogue server environment (.venv-rasa)",
    ROOT / ".venv-rasa",
    lambda: pythons.RASA,
    (_RASA / "requirements.txt",),
    (("libraries", [*_HASHED, str(_RASA / "requirements.txt")]),),
)
ENVIRONMENTS = (RASA, GUIDE)


def lock_digest(environment: Environment) -> str:
    """Digest what the environment is made from and where it stands: an environment cannot be moved."""
    return digest(environment.locks, str(environment.folder))


def is_ready(environment: Environment) -> bool:
    """Tell whether an environment is whole and made from the present lock."""
    stamp = Stamps(environment.folder).get(_STAMP)
    whole = environment.python.exists() and not (environment.folder / _MARKER).exists()
    return whole and stamp.get("lock") == lock_digest(environment)


def set_up(ready: Callable[[Environment], None] = lambda environment: None) -> None:
    """Bring both environments up to date.

    Args:
        ready: told of each environment as soon as it is up to date: what needs only that one can begin.

    Raises:
        Failed: no fitting Python, or an installation failed.
    """
    stale = [environment for environment in ENVIRONMENTS if not is_ready(environment)]
    for environment in ENVIRONMENTS:
        if environment not in stale:
            skipped(environment.name)
            ready(environment)
    # Find every interpreter before the first long download: a missing one is told at once.
    found = [(environment, pythons.find(environment.need())) for environment in stale]
    if any(not environment.folder.exists() for environment in stale):
        say(f"  The first set-up downloads about 1.5 GB in all (logs: {_log(GUIDE).parent.relative_to(ROOT)}/).")
    for environment, python in found:
        build(environment, python)
        ready(environment)
    (ROOT / "var").mkdir(exist_ok=True)  # endpoints.yml keeps conversations there, and Rasa makes no folder


def build(environment: Environment, python: str) -> None:
    """Create or update one environment.

    Raises:
        Failed: pip failed; the message ends with the last lines of its log.
    """
    folder, marker = environment.folder, environment.folder / _MARKER
    if marker.exists() or not _is_python(environment.python, environment.need()):
        shutil.rmtree(str(folder), ignore_errors=True)
    Stamps(folder).drop(_STAMP)
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
    log = _log(environment)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("", "utf-8")
    with step(f"{environment.name}, with {python}") as progress:
        if not environment.python.exists():
            _run([python, "-m", "venv", str(folder)], log, progress, "venv", 0)
        pip = [str(environment.python), "-m", "pip"]
        for what, arguments in environment.pip_steps:
            total = _count_requirements(arguments)
            _run([*pip, "install", "--progress-bar", "off", *arguments], log, progress, what, total)
    Stamps(folder).put(_STAMP, lock=lock_digest(environment))
    marker.unlink()


def _log(environment: Environment) -> Path:
    return ROOT / ".setup" / f"{environment.folder.name.lstrip('.')}.log"


def _is_python(python: Path, need: pythons.Need) -> bool:
    return python.exists() and pythons.probe(str(python))[0] in need.versions


def _count_requirements(arguments: List[str]) -> int:
    if arguments[0] != "--require-hashes":
        return 0
    return len(re.findall(r"^[A-Za-z0-9]", Path(arguments[-1]).read_text("utf-8"), re.MULTILINE))


def _run(command: List[str], log: Path, progress: Progress, what: str, total: int) -> None:
    """Run a command into the log and turn pip's lines into progress."""
    progress.update(what)
    with log.open("a", encoding="utf-8") as out, subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **_PIP_ENVIRONMENT},
    ) as process:
        try:
            seen = 0
            for line in process.stdout or ():
                out.write(line)
                word, _, rest = line.strip().partition(" ")
                if word == "Collecting":
                    seen += 1
                    counted = f"{seen}/{total}" if total else str(seen)
                    progress.update(f"{what}: fetching {rest.split(' ')[0]} ({counted})")
                elif word in ("Installing", "Building"):
                    progress.update(f"{what}: {word.lower()}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise Failed(_what_broke(log))


def _what_broke(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8").splitlines() if line.strip() and not line.startswith("WARNING")]
    hint = ""
    if any("gcc" in line or "C compiler" in line for line in lines[-100:]):
        hint = "\n  A C compiler is needed to build lightfm-next on Python 3.11 (Debian: gcc); 3.12 has a ready wheel."
    tail = "\n".join(f"    {line}" for line in lines[-_LOG_TAIL:])
    return f"Installing failed. The end of {log.relative_to(ROOT)}:\n{tail}{hint}\n  Then run the same command again."


def main() -> None:
    """Bring both environments up to date, or end with one clear message."""
    try:
        set_up()
    except Failed as error:
        fail(error)
    except KeyboardInterrupt:
        fail(Failed("Interrupted. Run the same command again: what is downloaded stays."))
