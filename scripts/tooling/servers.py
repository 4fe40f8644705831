"""Starts, awaits and stops the two servers; their process ids are under `.run/`, their logs under `var/log/`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from tooling.console import Failed, step
from tooling.digests import ROOT

RUN = ROOT / ".run"
LOGS = ROOT / "var" / "log"
_READY_SECONDS = 180
_STOP_SECONDS = 15
_LOG_TAIL = 15
_TOLD = 300
# Servers on this machine are asked directly, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

_children: Dict[int, subprocess.Popen[bytes]] = {}
"""What this run started; servers of an earlier run are known by their process ids alone."""


class Server(NamedTuple):
    """One of our background processes."""

    name: str
    """As people read it."""
    slug: str
    """For its files."""
    command: Tuple[str, ...]
    ready_url: str = ""
    """Answers 200 once the server is of use."""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return LOGS / f"{self.slug}.log"

    @property
    def pid_file(self) -> Path:
        """Where its process id is kept."""
        return RUN / f"{self.slug}.pid"


def answers(url: str, seconds: float = 3) -> bool:
    """Tell whether a URL answers 200."""
    return not _ask(url, seconds)


def _ask(url: str, seconds: float = 3) -> str:
    """Return nothing if a URL answers 200, else what is wrong."""
    try:
        with _DIRECT.open(url, timeout=seconds) as response:
            return "" if response.status == 200 else f"it answers {response.status}"
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}: {error.read(_TOLD).decode('utf-8', 'replace')}"
    except OSError as error:
        return f"it does not answer ({error})"


def require_free_port(host: str, port: int, purpose: str, remedy: str) -> None:
    """Make sure that a server will be able to bind its port.

    Raises:
        Failed: something else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(
                f"{purpose} cannot listen on {host}:{port} ({error.strerror}).\n  Stop what listens there, or {remedy}."
            ) from error


def start(server: Server, environment: Dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C in the chat does not reach it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    RUN.mkdir(parents=True, exist_ok=True)
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            server.command,
            cwd=str(ROOT),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server.pid_file.write_text(f"{process.pid}\n", "utf-8")
    _children[process.pid] = process
    return process


def await_ready(started: Dict[Server, subprocess.Popen[bytes]]) -> None:
    """Wait until every server that was started is ready.

    Raises:
        Failed: one of them ended or took too long; the message ends with the last lines of its log.
    """
    waiting = dict(started)
    deadline = time.monotonic() + _READY_SECONDS
    with step("waiting for " + " and ".join(server.name for server in started)) as progress:
        while waiting:
            for server, process in list(waiting.items()):
                if process.poll() is not None:
                    raise Failed(f"The {server.name} ended with code {process.returncode}.{tail(server.log)}")
                if answers(server.ready_url):
                    del waiting[server]
            if waiting and time.monotonic() > deadline:
                late = next(iter(waiting))
                why = _ask(late.ready_url)
                raise Failed(f"The {late.name} is not ready after {_READY_SECONDS} s: {why}.{tail(late.log)}")
            progress.update("still: " + ", ".join(server.name for server in waiting))
            time.sleep(0.2 if waiting else 0)


def tail(log: Path) -> str:
    """Quote the end of a log."""
    lines = log.read_text("utf-8", errors="replace").splitlines()[-_LOG_TAIL:] if log.exists() else []
    return "".join(f"\n    {line}" for line in [f"The end of {log.relative_to(ROOT)}:", *lines])


def running(server: Server) -> Optional[int]:
    """Return the process id of a server that is still up from before. A process id that was given away is not ours."""
    try:
        pid = int(server.pid_file.read_text("utf-8"))
        shown = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except (OSError, ValueError):
        return None
    return pid if shown.returncode == 0 and str(ROOT / ".venv") in shown.stdout else None


def stop(servers: Sequence[Server]) -> List[str]:
    """Stop what is running of these, kindly first; return their names."""
    pids = {server: pid for server in servers for pid in [running(server)] if pid}
    for pid in pids.values():
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and any(_alive(pid) for pid in pids.values()):
        time.sleep(0.1)
    for pid in pids.values():
        if _alive(pid):
            _signal(pid, signal.SIGKILL)
    for server in servers:
        if server.pid_file.exists():
            server.pid_file.unlink()
    return [server.name for server in pids]


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)  # each leads a session of its own: workers go with it
    except (ProcessLookupError, PermissionError):
        return


def _alive(pid: int) -> bool:
    if pid in _children:
        return _children[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
