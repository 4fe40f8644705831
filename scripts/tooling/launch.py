"""`make run`: every step from a fresh clone to a chat, each skipped when its inputs have not changed."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional
from urllib.parse import urlsplit

from tooling import dialogue_model, servers, shop_data
from tooling.commands import (
    RASA_COMMAND,
    SHOPGUIDE,
    dialogue_environment,
    doctor,
    guide_environment,
    shopguide,
)
from tooling.console import Failed, bold, fail, say, skipped, step
from tooling.digests import ROOT
from tooling.environments import RASA, Environment, set_up
from tooling.servers import Server

_DEFAULT_WEBHOOK = "http://127.0.0.1:5055/webhook"
_RERANKER_NICENESS = "15"


class Installation:
    """The servers of this checkout, on the ports that its settings name."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.host, self.port = str(settings["host"]), int(settings["port"])
        rasa = urlsplit(str(settings["rasa_url"]))
        self.rasa_host, self.rasa_port = rasa.hostname or "127.0.0.1", rasa.port or 80
        reachable = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  (compared, not bound)
        self.page = f"http://{reachable}:{self.port}/"
        self.rasa_url = f"http://{self.rasa_host}:{self.rasa_port}"
        self.guide = Server("guide server", "guide", (SHOPGUIDE, "serve"), f"{self.page}readyz")
        self.dialogue = self._dialogue()
        nice = shutil.which("nice") or "nice"
        self.reranker = Server(
            "reranker's fine-tuning",
            "train-reranker",
            (nice, "-n", _RERANKER_NICENESS, SHOPGUIDE, "train", "--only", "reranker"),
        )

    def _dialogue(self) -> Server:
        token = _auth_token()  # the HTTP API is open only to who has it; the channels are open to all
        command = [RASA_COMMAND, "run", "--model", str(dialogue_model.FOLDER), "--endpoints", self.endpoints()]
        command += ["--credentials", "credentials.yml", "--interface", self.rasa_host, "--port", str(self.rasa_port)]
        command += ["--enable-api", "--auth-token", token]
        command += ["--cors", self.page.rstrip("/"), f"http://localhost:{self.port}"]
        return Server("dialogue server", "dialogue", tuple(command), f"{self.rasa_url}/status?token={token}")

    def endpoints(self) -> str:
        """Return Rasa's endpoints file; with the guide server elsewhere than it says, a copy that says it."""
        token = guide_environment().get("SHOPGUIDE_WEBHOOK_TOKEN", "")
        webhook = f"{self.page}webhook" + (f"?token={token}" if token else "")
        if webhook == _DEFAULT_WEBHOOK:
            return "endpoints.yml"
        text = (ROOT / "endpoints.yml").read_text("utf-8").replace(_DEFAULT_WEBHOOK, webhook)
        note = "# A copy of ../endpoints.yml for these settings, written at every start.\n"
        return str(_write_private("endpoints.yml", note + text))


def _auth_token() -> str:
    file = servers.RUN / "auth-token"
    if not file.exists():
        _write_private(file.name, secrets.token_urlsafe(24))
    return file.read_text("utf-8").strip()


def _write_private(name: str, text: str) -> Path:
    """Write a file under `.run/` that only its owner can read."""
    servers.RUN.mkdir(exist_ok=True)
    file = servers.RUN / name
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
    return file


def prepare() -> Dict[str, Any]:
    """Bring environments, shop data and models up to date; return what the doctor says then.

    The dialogue model takes longest and needs the least: it trains from the moment that its environment stands.
    """
    training: Optional[dialogue_model.Training] = None

    def begin(environment: Environment) -> None:
        nonlocal training
        if environment is RASA:
            training = dialogue_model.start_training_if_stale()

    try:
        set_up(begin)
        state = shop_data.bring_up_to_date(doctor())
        if training is None:
            skipped("dialogue model")
        else:
            with step("dialogue model (in training since its environment stood)"):
                training.wait()
    finally:
        if training:
            training.cancel()
    return state


def start_servers(installation: Installation, *, dialogue: bool = True) -> List[Server]:
    """Start what is not running yet, both at once, and wait until it is ready; return what was started."""
    wanted = [installation.guide, installation.dialogue] if dialogue else [installation.guide]
    missing = [server for server in wanted if not servers.running(server)]
    for server in wanted:
        if server not in missing:
            skipped(server.name, "runs already (`make stop` stops it)")
    if installation.guide in missing:
        servers.require_free_port(
            installation.host, installation.port, "The guide server", "set SHOPGUIDE_PORT in .env to a free port"
        )
    if dialogue and installation.dialogue in missing:
        servers.require_free_port(
            installation.rasa_host,
            installation.rasa_port,
            "The dialogue server",
            "set SHOPGUIDE_RASA_URL in .env to an address with a free port",
        )
    started = {
        server: servers.start(server, guide_environment() if server == installation.guide else dialogue_environment())
        for server in missing
    }
    if started:
        try:
            servers.await_ready(started)
        except BaseException:
            servers.stop(missing)
            raise
    return missing


def start_reranker_training(installation: Installation, state: Dict[str, Any]) -> List[Server]:
    """Fine-tune the reranker behind the running servers, which load it when it is ready."""
    if shop_data.is_ok(state, "reranker"):
        skipped("reranker")
        return []
    if servers.running(installation.reranker):
        skipped("reranker", "is being fine-tuned already")
        return []
    servers.start(installation.reranker, guide_environment())
    say(
        f"… the reranker is being fine-tuned in the background (log: {installation.reranker.log.relative_to(ROOT)});\n"
        "  until the servers have loaded it, recommendations come in the order of the blended candidates."
    )
    return [installation.reranker]


def in_foreground(command: List[str], environment: Dict[str, str]) -> None:
    """Give the terminal to a program and leave Ctrl-C to it."""
    process = subprocess.Popen(command, cwd=str(ROOT), env=environment)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            process.terminate()


def how_to_chat(installation: Installation) -> str:
    """Say where a conversation can be had."""
    return (
        f"  In a terminal:  .venv/bin/shopguide chat\n"
        f"  Over REST:      curl {installation.rasa_url}/webhooks/rest/webhook "
        '-H \'Content-Type: application/json\' -d \'{"sender": "me", "message": "a desk lamp under 60"}\''
    )


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for."""
    if options.stop:
        stopped = servers.stop(_known_servers())
        say("Stopped: " + ", ".join(stopped) if stopped else "Nothing of ours was running.")
        return
    if options.train:
        train_everything()
        return
    state = prepare()
    installation = Installation(state["settings"])
    if options.prepare:
        return
    started: List[Server] = []
    try:
        started += start_servers(installation, dialogue=not options.shell)
        if options.shell:
            command = [RASA_COMMAND, "shell", "--model", str(dialogue_model.FOLDER), "--port", str(_free_port())]
            in_foreground([*command, "--endpoints", installation.endpoints()], dialogue_environment())
            return
        started += start_reranker_training(installation, state)
        say(f"\n{bold('Chat page:')}  {installation.page}\n")
        if options.no_chat:
            say(how_to_chat(installation))
            say("The servers keep running; `make stop` stops them.")
            started.clear()
        elif sys.stdin.isatty():
            in_foreground([SHOPGUIDE, "chat"], guide_environment())
        else:
            say(how_to_chat(installation))
            say("Serving until interrupted (Ctrl-C).")
            signal.pause()
    finally:
        if started:
            say("Stopping " + " and ".join(servers.stop(started)) + ".")


def train_everything() -> None:
    """Train every model from the present data, whether or not it is stale."""
    set_up()
    training = dialogue_model.Training()
    try:
        shopguide("train")
        with step("dialogue model"):
            training.wait()
    finally:
        training.cancel()


def _known_servers() -> List[Server]:
    """The servers by their files alone: to stop them must work without environments or settings."""
    return [Server(name, name, ()) for name in ("dialogue", "guide", "train-reranker")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(number: int, _frame: Optional[object]) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """Parse the options, run, and leave with one clear message if something fails."""
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--no-chat", action="store_true", help="leave the servers running in the background and end")
    modes.add_argument("--prepare", action="store_true", help="bring data and models up to date, start nothing")
    modes.add_argument("--shell", action="store_true", help="Rasa's own shell instead of our chat")
    modes.add_argument("--train", action="store_true", help="train everything anew, start nothing")
    modes.add_argument("--stop", action="store_true", help="stop servers that were left running")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        run(parser.parse_args())
    except Failed as error:
        fail(error)
    except KeyboardInterrupt:
        say()
        raise SystemExit(130) from None
