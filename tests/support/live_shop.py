"""The whole product on this machine, in a folder of its own: the demo shop imported, models trained, servers started.

Everything is done by the project's own commands. The dialogue model of this checkout is used if it is up to date, and
trained into the folder otherwise.
"""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tooling import dialogue_model
from tooling.commands import RASA_COMMAND, SHOPGUIDE, dialogue_environment, guide_environment
from tooling.digests import ROOT
from tooling.servers import answers

from shopguide.settings import Settings
from tests.eval.dialogue import RestDialogue
from tests.eval.expectations import Answer

TOKEN = "token-of-the-tests"
READY_SECONDS = 240
STOP_SECONDS = 20


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class CommandFailed(Exception):
    """A command of the project failed; the message ends with what it said."""


class LiveShop:
    """Both servers on ports of their own.

    Args:
        folder: for databases, models and logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guide_port, self._rasa_port = free_port(), free_port()
        self.guide_url = f"http://127.0.0.1:{self._guide_port}"
        self.rasa_url = f"http://127.0.0.1:{self._rasa_port}"
        self._settings = {
            "SHOPGUIDE_DATABASE_URL": f"sqlite:///{folder / 'shop.db'}",
            "SHOPGUIDE_MODELS_DIR": str(folder / "models"),
            "SHOPGUIDE_LEXICON_PATH": str(folder / "models" / "lexicon.jsonl"),
            "SHOPGUIDE_TEXT_INDEX_DIR": str(folder / "text_index"),
            "SHOPGUIDE_OUTBOX_PATH": str(folder / "outbox.db"),
            "SHOPGUIDE_EXPLORATION_RATE": "0",
            "SHOPGUIDE_PORT": str(self._guide_port),
            "SHOPGUIDE_RASA_URL": self.rasa_url,
            "SHOPGUIDE_ACTION_URL": f"{self.guide_url}/webhook",
            "OMP_NUM_THREADS": "1",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def settings(self) -> Settings:
        """The settings that the servers run with."""
        given = {name.removeprefix("SHOPGUIDE_").lower(): value for name, value in self._settings.items()}
        return Settings(**{name: value for name, value in given.items() if name in Settings.model_fields})  # type: ignore[arg-type]

    def prepare(self) -> None:
        """Import the demo shop, export the lexicon, train.

        Raises:
            CommandFailed: one of the commands failed.
        """
        demo = ROOT / "demo"
        self.shopguide("import", "catalogue", str(demo / "catalogue.jsonl.gz"), "--mapping", str(demo / "mapping.yml"))
        self.shopguide("import", "shoppers", str(demo / "shoppers.jsonl"))
        self.shopguide("import", "events", str(demo / "events.jsonl.gz"))
        self.shopguide("lexicon", "export")
        self.shopguide("train", "--only", "candidates")
        model = self.folder / "models" / dialogue_model.MODEL.name
        if dialogue_model.is_up_to_date():
            shutil.copyfile(dialogue_model.MODEL, model)
        else:
            out = ["--out", str(model.parent), "--fixed-model-name", model.name.split(".")[0]]
            self._run([RASA_COMMAND, "train", *out], dialogue_environment())

    def shopguide(self, *arguments: str) -> None:
        """Run one of our commands.

        Raises:
            CommandFailed: it failed.
        """
        self._run([SHOPGUIDE, *arguments], guide_environment())

    def start_guide(self) -> None:
        """Start the guide server and wait until it is ready."""
        self._start("guide", [SHOPGUIDE, "serve"], guide_environment(), f"{self.guide_url}/readyz")

    def start_dialogue(self) -> None:
        """Start the dialogue server and wait until it is ready."""
        command = [RASA_COMMAND, "run", "--model", str(self.folder / "models"), "--endpoints", self._endpoints()]
        command += ["--credentials", "credentials.yml", "--interface", "127.0.0.1", "--port", str(self._rasa_port)]
        command += ["--enable-api", "--auth-token", TOKEN]
        self._start("dialogue", command, dialogue_environment(), f"{self.rasa_url}/status?token={TOKEN}")

    def stop(self, *names: str) -> None:
        """Stop servers by name, or all of them."""
        for name in names or tuple(self._processes):
            process = self._processes.pop(name)
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def say(self, sender: str, text: str) -> Answer:
        """Send one message over REST; return the reply and the slots after it."""
        dialogue = RestDialogue(self.rasa_url, TOKEN)
        try:
            return dialogue.say(sender, text)
        finally:
            dialogue.close()

    @property
    def lexicon(self) -> Path:
        """The lexicon file that the dialogue server watches."""
        return Path(self._settings["SHOPGUIDE_LEXICON_PATH"])

    def log(self, name: str) -> str:
        """Return what a server has logged so far."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def _endpoints(self) -> str:
        """Write a copy of endpoints.yml whose tracker store is in our folder."""
        text = (ROOT / "endpoints.yml").read_text("utf-8")
        ours = text.replace("db: var/tracker.db", f"db: {self.folder / 'tracker.db'}")
        if ours == text:
            raise ValueError("endpoints.yml no longer names var/tracker.db: this copy would write there")
        copy = self.folder / "endpoints.yml"
        copy.write_text(ours, "utf-8")
        return str(copy)

    def _environment(self, base: Mapping[str, str]) -> dict[str, str]:
        return {**base, **self._settings}

    def _run(self, command: list[str], environment: Mapping[str, str]) -> None:
        ran = subprocess.run(
            command, cwd=ROOT, env=self._environment(environment), capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise CommandFailed(f"{' '.join(command)} ended with {ran.returncode}\n{(ran.stdout + ran.stderr)[-3000:]}")

    def _start(self, name: str, command: list[str], environment: Mapping[str, str], ready_url: str) -> None:
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(environment), stdout=file, stderr=subprocess.STDOUT
            )
        self._processes[name] = process
        deadline = time.monotonic() + READY_SECONDS
        while not answers(ready_url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"The {name} server is not ready:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.3)


@contextmanager
def live_shop(folder: Path) -> Iterator[LiveShop]:
    """Prepare a shop, start both servers, and stop them in the end."""
    shop = LiveShop(folder)
    shop.prepare()
    try:
        shop.start_guide()
        shop.start_dialogue()
        yield shop
    finally:
        shop.stop()


def main() -> None:
    """Keep a live shop running in the folder given until interrupted: for evaluation runs by hand."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are stopped
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with live_shop(folder) as shop:
        print(f"rasa {shop.rasa_url} token {TOKEN}\nguide {shop.guide_url}", flush=True)  # noqa: T201
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
