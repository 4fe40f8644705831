"""How the project's own programs are called: their interpreters, their environment, their failures."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, List

from tooling.console import Failed
from tooling.digests import ROOT
from tooling.environments import GUIDE, RASA
from tooling.servers import LOGS, tail

SHOPGUIDE = str(GUIDE.folder / "bin" / "shopguide")
RASA_COMMAND = str(RASA.folder / "bin" / "rasa")

# Two processes with two threads each slow each other tenfold when idle threads spin.
_COMMON = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
_DIALOGUE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "RASA_TELEMETRY_ENABLED": "false",
}


def read_env_file(file: Path) -> Dict[str, str]:
    """Read `.env`: NAME=value lines, comments, optional quotes. Rasa does not read the file, so it is handed on."""
    values = {}
    for line in file.read_text("utf-8").splitlines() if file.exists() else []:
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        name, value = name.replace("export ", "", 1).strip(), value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        else:
            value = value.split(" #")[0].rstrip()
        values[name] = value
    return values


def guide_environment() -> Dict[str, str]:
    """Return the environment of the guide server and the command line; what is exported wins over `.env`."""
    return {**_COMMON, **read_env_file(ROOT / ".env"), **os.environ}


def dialogue_environment() -> Dict[str, str]:
    """Return the environment of everything that runs Rasa."""
    return {**_DIALOGUE, **guide_environment()}


def shopguide(*arguments: str) -> None:
    """Run a command of ours in the foreground, with its own progress bars.

    Raises:
        Failed: it ended with an error, which it has already told.
    """
    code = subprocess.call([SHOPGUIDE, *arguments], cwd=str(ROOT), env=guide_environment())
    if code:
        raise Failed(f"`shopguide {' '.join(arguments)}` ended with code {code}.")


def doctor() -> Dict[str, Any]:
    """Ask `shopguide doctor` for the state of everything.

    Raises:
        Failed: it could not tell.
    """
    ran = subprocess.run(
        [SHOPGUIDE, "doctor", "--json", "--no-fail"],
        cwd=str(ROOT),
        env=guide_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise Failed("`shopguide doctor` could not tell the state of things.")
    state: Dict[str, Any] = json.loads(ran.stdout)
    return state


class Job:
    """A program that runs into a log while other things happen."""

    def __init__(self, name: str, command: List[str], environment: Dict[str, str], log_name: str) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = LOGS / f"{log_name}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=str(ROOT), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def wait(self) -> None:
        """Wait for the end.

        Raises:
            Failed: it failed; the message ends with the last lines of its log.
        """
        if self._process.wait():
            raise Failed(f"{self.name} failed with code {self._process.returncode}.{tail(self.log)}")

    def cancel(self) -> None:
        """Stop it if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
