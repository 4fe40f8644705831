"""Starting, awaiting and stopping servers, with real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tooling import servers
from tooling.console import Failed
from tooling.servers import Server

SERVE = """
import http.server, sys, time
time.sleep(float(sys.argv[2]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 503); self.end_headers(); self.wfile.write(b"no products")
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    monkeypatch.setattr(servers, "RUN", tmp_path / "run")
    monkeypatch.setattr(servers, "LOGS", tmp_path / "log")
    monkeypatch.setattr(servers, "ROOT", tmp_path)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent)
    made: list[Server] = []
    yield made
    servers.stop(made)


def server(tmp_path: Path, code: str, *arguments: str, url: str = "") -> Server:
    return Server("test server", "test", (str(tmp_path / ".venv" / "python"), "-c", code, *arguments), url)


def test_waits_until_it_answers_and_stops_it(tmp_path: Path, started: list[Server], port: int) -> None:
    one = server(tmp_path, SERVE, str(port), "0.3", url=f"http://127.0.0.1:{port}/readyz")
    started.append(one)
    process = servers.start(one, dict(os.environ))
    assert not servers.answers(one.ready_url)
    servers.await_ready({one: process})
    assert servers.answers(one.ready_url)
    assert servers.running(one) == process.pid
    with pytest.raises(Failed, match=f"127.0.0.1:{port}"):
        servers.require_free_port("127.0.0.1", port, "The test server", "take another")
    assert servers.stop([one]) == ["test server"]
    assert servers.running(one) is None
    assert not servers.answers(one.ready_url)


def test_one_that_ends_is_told_with_the_end_of_its_log(tmp_path: Path, started: list[Server]) -> None:
    one = server(tmp_path, "raise SystemExit('the database is locked')", url="http://127.0.0.1:9/")
    started.append(one)
    process = servers.start(one, dict(os.environ))
    with pytest.raises(Failed, match=r"(?s)ended with code 1.*the database is locked"):
        servers.await_ready({one: process})


def test_one_that_never_gets_ready_is_told_with_its_own_words(
    tmp_path: Path, started: list[Server], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_READY_SECONDS", 1)
    one = server(tmp_path, SERVE, str(port), "0", url=f"http://127.0.0.1:{port}/never")
    started.append(one)
    process = servers.start(one, dict(os.environ))
    while not servers.answers(one.ready_url.replace("never", "readyz")):
        time.sleep(0.02)
    with pytest.raises(Failed, match="not ready after 1 s: it answers 503: no products"):
        servers.await_ready({one: process})


def test_one_that_ignores_the_kind_signal_is_killed(
    tmp_path: Path, started: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_STOP_SECONDS", 0.3)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    one = server(tmp_path, deaf)
    process = servers.start(one, dict(os.environ))
    while "deaf" not in one.log.read_text():
        time.sleep(0.02)
    servers.stop([one])
    assert process.wait(5) == -signal.SIGKILL


def test_a_process_id_that_was_given_away_is_not_ours(tmp_path: Path, started: list[Server]) -> None:
    one = server(tmp_path, "")
    one.pid_file.parent.mkdir()
    stranger = subprocess.Popen(["sleep", "30"])
    one.pid_file.write_text(str(stranger.pid))
    assert servers.running(one) is None
    assert servers.stop([one]) == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("content", ["", "no number", "999999999"])
def test_a_broken_pid_file_means_not_running(tmp_path: Path, started: list[Server], content: str) -> None:
    one = server(tmp_path, "")
    one.pid_file.parent.mkdir()
    one.pid_file.write_text(content)
    assert servers.running(one) is None
