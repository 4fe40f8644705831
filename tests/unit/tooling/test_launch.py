"""`make run`'s servers: commands, ports, what is reused and what is stopped."""

import stat
from pathlib import Path
from typing import Any

import pytest
from tooling import launch, servers
from tooling.console import Failed
from tooling.launch import Installation
from tooling.servers import Server

DEFAULTS = {"host": "127.0.0.1", "port": 5055, "rasa_url": "http://127.0.0.1:5005"}


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    monkeypatch.setattr(servers, "RUN", tmp_path / ".run")
    monkeypatch.setattr(servers, "LOGS", tmp_path / "var" / "log")
    monkeypatch.setattr(launch, "guide_environment", dict)
    (tmp_path / "endpoints.yml").write_text("action_endpoint:\n  url: http://127.0.0.1:5055/webhook\n")
    return tmp_path


def test_the_dialogue_servers_api_needs_a_token_that_only_its_owner_can_read(checkout: Path) -> None:
    command = Installation(DEFAULTS).dialogue.command
    token = (checkout / ".run" / "auth-token").read_text()
    assert len(token) > 20
    assert command[command.index("--auth-token") + 1] == token
    assert stat.S_IMODE((checkout / ".run" / "auth-token").stat().st_mode) == 0o600
    assert Installation(DEFAULTS).dialogue.command == command


def test_rasas_own_endpoints_file_serves_where_it_is_right() -> None:
    assert Installation(DEFAULTS).endpoints() == "endpoints.yml"


def test_another_port_and_a_webhook_token_reach_rasa(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "guide_environment", lambda: {"SHOPGUIDE_WEBHOOK_TOKEN": "t0ken"})
    installation = Installation({**DEFAULTS, "host": "0.0.0.0", "port": 6055, "rasa_url": "http://localhost:6005"})
    copy = Path(installation.endpoints())
    assert "url: http://127.0.0.1:6055/webhook?token=t0ken" in copy.read_text()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    command = installation.dialogue.command
    assert command[command.index("--port") + 1] == "6005"
    assert "http://127.0.0.1:6055" in command[command.index("--cors") :]
    assert installation.page == "http://127.0.0.1:6055/"


class Machine:
    """Stands in for processes: what runs, what was started and stopped, what breaks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.up: set[str] = set()
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.breaks = False
        monkeypatch.setattr(servers, "running", lambda server: 1 if server.slug in self.up else None)
        monkeypatch.setattr(servers, "require_free_port", lambda *_arguments: None)
        monkeypatch.setattr(servers, "start", lambda server, _environment: self.started.append(server.slug))
        monkeypatch.setattr(servers, "await_ready", self.await_ready)
        monkeypatch.setattr(servers, "stop", lambda found: self.stopped.extend(server.slug for server in found))

    def await_ready(self, _started: dict[Server, Any]) -> None:
        if self.breaks:
            raise Failed("the guide server ended")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_both_servers_start_together(machine: Machine) -> None:
    begun = launch.start_servers(Installation(DEFAULTS))
    assert sorted(machine.started) == ["dialogue", "guide"] == sorted(server.slug for server in begun)


def test_what_runs_already_is_reused_and_not_ours_to_stop(machine: Machine) -> None:
    machine.up = {"guide"}
    begun = launch.start_servers(Installation(DEFAULTS))
    assert [server.slug for server in begun] == ["dialogue"]


def test_rasas_shell_needs_the_guide_server_only(machine: Machine) -> None:
    assert [server.slug for server in launch.start_servers(Installation(DEFAULTS), dialogue=False)] == ["guide"]


def test_a_start_that_fails_leaves_nothing_running(machine: Machine) -> None:
    machine.breaks = True
    with pytest.raises(Failed, match="guide server ended"):
        launch.start_servers(Installation(DEFAULTS))
    assert sorted(machine.stopped) == ["dialogue", "guide"]


@pytest.mark.parametrize(("state", "started"), [("ok", []), ("missing", ["train-reranker"])])
def test_the_reranker_is_trained_behind_the_servers_when_it_has_to_be(
    machine: Machine, state: str, started: list[str]
) -> None:
    launch.start_reranker_training(Installation(DEFAULTS), {"checks": [{"name": "reranker", "state": state}]})
    assert machine.started == started
