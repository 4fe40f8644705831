"""Both servers of a scratch shop, started for a measurement and stopped after it."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from shopguide.errors import DialogueServerUnavailable, UnreadableFile
from shopguide.settings import Settings, environment_of

RASA = Path(".venv-rasa/bin/rasa")
MODEL = "dialogue.tar.gz"
TOKEN = "token-of-a-measurement"  # noqa: S105  (the server listens on this machine only, while it is measured)
READY_SECONDS = 300
_OWN_TRACKER = "db: var/tracker.db"
_SPARING: Mapping[str, str] = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
}
"""As scripts/tooling starts the servers: idle threads that spin slow the other process."""
_DIALOGUE: Mapping[str, str] = {
    **_SPARING,
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "RASA_TELEMETRY_ENABLED": "false",
}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Servers:
    """The servers of a shop.

    Args:
        folder: for logs and conversations.
        settings: of the shop; ports are chosen here.
        rasa: the program of the dialogue server.
        model: the dialogue model.
    """

    def __init__(self, folder: Path, settings: Settings, rasa: Path, model: Path) -> None:
        for needed in (rasa, model, Path("endpoints.yml"), Path("credentials.yml")):
            if not needed.exists():
                raise UnreadableFile(
                    f"{needed} is not there: the dialogue server is started from the project's folder after "
                    "`make setup` and `make train`; --rasa-url takes one that runs"
                )
        self._folder, self._rasa, self._model = folder, rasa, model
        self._guide_port, self._rasa_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._rasa_port}"
        self._settings = settings.model_copy(update={"port": self._guide_port, "rasa_url": self.url})

    @contextmanager
    def guide(self, **changed: object) -> Iterator[None]:
        """Run the guide server, with some settings changed.

        Raises:
            DialogueServerUnavailable: it ended, or was not ready in time.
        """
        settings = self._settings.model_copy(update=changed)
        command = [sys.executable, "-c", "from shopguide.cli import main; main()", "serve"]
        ready = f"http://127.0.0.1:{self._guide_port}/readyz"
        with self._running("guide", command, environment_of(settings, _SPARING), ready):
            yield

    @contextmanager
    def dialogue(self) -> Iterator[str]:
        """Run the dialogue server; it asks the guide server's port, whichever listens there.

        Raises:
            DialogueServerUnavailable: it ended, or was not ready in time.
        """
        own = self._folder / "models"
        own.mkdir(parents=True, exist_ok=True)
        model = shutil.copyfile(self._model, own / MODEL)
        endpoints = self._folder / "endpoints.yml"
        text = Path("endpoints.yml").read_text("utf-8")
        if _OWN_TRACKER not in text:
            raise UnreadableFile(f"endpoints.yml no longer names {_OWN_TRACKER}: the measurement would write there")
        endpoints.write_text(text.replace(_OWN_TRACKER, f"db: {self._folder / 'tracker.db'}"), "utf-8")
        command = [str(self._rasa), "run", "--model", str(model), "--endpoints", str(endpoints)]
        command += ["--credentials", "credentials.yml", "--interface", "127.0.0.1", "--port", str(self._rasa_port)]
        command += ["--enable-api", "--auth-token", TOKEN]
        action = {"SHOPGUIDE_ACTION_URL": f"http://127.0.0.1:{self._guide_port}/webhook"}
        environment = environment_of(self._settings, {**_DIALOGUE, **action})
        with self._running("dialogue", command, environment, f"{self.url}/status?token={TOKEN}"):
            yield self.url

    @contextmanager
    def _running(self, name: str, command: list[str], environment: Mapping[str, str], ready: str) -> Iterator[None]:
        log = self._folder / f"{name}.log"
        with log.open("ab") as out, subprocess.Popen(  # noqa: S603  (our own programs)
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        ) as process:  # fmt: skip
            try:
                await_ready(process, ready, name, log)
                yield
            finally:
                process.terminate()


def await_ready(
    process: "subprocess.Popen[bytes]", url: str, name: str, log: Path, seconds: float = READY_SECONDS
) -> None:
    """Return when a server that was started answers at an address.

    Raises:
        DialogueServerUnavailable: it ended, or did not answer in time; the message ends with the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text("utf-8", "replace").splitlines()
            tail = "\n".join([line for line in said if "No agent loaded" not in line][-15:])  # that is our asking
            raise DialogueServerUnavailable(f"The {name} server is not ready. The end of {log}:\n{tail}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
