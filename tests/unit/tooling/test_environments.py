"""Building environments: nothing is done twice, nothing half-built is trusted."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tooling import environments, pythons
from tooling.console import Failed
from tooling.environments import Environment


@dataclass
class Pip:
    """Stands in for running commands: notes them and builds what `-m venv` would."""

    ran: list[str] = field(default_factory=list)
    breaks_at: str = ""

    def __call__(self, command: list[str], log: Path, progress: object, what: str, total: int) -> None:
        self.ran.append(what)
        if what == self.breaks_at:
            raise Failed("pip broke")
        if what == "venv":
            (Path(command[-1]) / "bin").mkdir(parents=True)
            (Path(command[-1]) / "bin" / "python").symlink_to(sys.executable)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pip:
    pip = Pip()
    monkeypatch.setattr(environments, "_run", pip)
    monkeypatch.setattr(environments, "_log", lambda _environment: tmp_path / "log")
    monkeypatch.setenv("HERE", sys.executable)
    return pip


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    lock = tmp_path / "lock.txt"
    lock.write_text("numpy==2.4\n")
    need = pythons.Need("tests", "HERE", (sys.version_info[:2],))
    return Environment("test", tmp_path / "venv", lambda: need, (lock,), (("libraries", ["-r", str(lock)]),))


def test_builds_once(environment: Environment, pip: Pip) -> None:
    assert not environments.is_ready(environment)
    environments.build(environment, sys.executable)
    assert pip.ran == ["venv", "libraries"]
    assert environments.is_ready(environment)


def test_a_changed_lock_installs_into_the_same_environment(environment: Environment, pip: Pip) -> None:
    environments.build(environment, sys.executable)
    environment.locks[0].write_text("numpy==2.5\n")
    assert not environments.is_ready(environment)
    pip.ran.clear()
    environments.build(environment, sys.executable)
    assert pip.ran == ["libraries"]
    assert environments.is_ready(environment)


def test_what_a_break_left_half_built_is_built_anew(environment: Environment, pip: Pip) -> None:
    pip.breaks_at = "libraries"
    with pytest.raises(Failed, match="pip broke"):
        environments.build(environment, sys.executable)
    (environment.folder / "left-over").touch()
    assert not environments.is_ready(environment)
    pip.breaks_at = ""
    environments.build(environment, sys.executable)
    assert pip.ran == ["venv", "libraries", "venv", "libraries"]
    assert not (environment.folder / "left-over").exists()
    assert environments.is_ready(environment)


def test_an_update_that_breaks_is_not_trusted_either(environment: Environment, pip: Pip) -> None:
    environments.build(environment, sys.executable)
    before = environment.locks[0].read_text()
    environment.locks[0].write_text("numpy==2.5\n")
    pip.breaks_at = "libraries"
    with pytest.raises(Failed, match="pip broke"):
        environments.build(environment, sys.executable)
    environment.locks[0].write_text(before)
    assert not environments.is_ready(environment)


def test_an_environment_whose_python_vanished_is_built_anew(environment: Environment, pip: Pip) -> None:
    environments.build(environment, sys.executable)
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    assert not environments.is_ready(environment)
    environments.build(environment, sys.executable)
    assert environments.is_ready(environment)


def test_a_moved_environment_is_not_ready(environment: Environment, pip: Pip, tmp_path: Path) -> None:
    environments.build(environment, sys.executable)
    environment.folder.rename(tmp_path / "moved")
    assert not environments.is_ready(environment._replace(folder=tmp_path / "moved"))


def test_a_missing_python_is_told_before_anything_is_installed(
    environment: Environment, pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_found(_need: pythons.Need) -> str:
        raise Failed("no Python")

    monkeypatch.setattr(environments, "ENVIRONMENTS", (environment,))
    monkeypatch.setattr(pythons, "find", nothing_found)
    with pytest.raises(Failed, match="no Python"):
        environments.set_up()
    assert pip.ran == []


def test_each_environment_is_told_of_as_soon_as_it_stands(
    environment: Environment, pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = environment._replace(folder=tmp_path / "standing")
    environments.build(standing, sys.executable)
    later = environment._replace(folder=tmp_path / "later")
    monkeypatch.setattr(environments, "ENVIRONMENTS", (environment, standing, later))
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(pythons, "find", lambda _need: sys.executable)
    told = []
    environments.set_up(lambda one: told.append((one.folder, later.python.exists())))
    assert told == [(standing.folder, False), (environment.folder, False), (later.folder, True)]


def test_a_failure_ends_with_the_log_and_names_the_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    log = tmp_path / "pip.log"
    script = "print('Collecting lightfm'); print('error: command gcc failed'); raise SystemExit(1)"
    log.touch()
    with pytest.raises(Failed, match=r"(?s)pip\.log.*command gcc failed.*C compiler"):
        environments._run([sys.executable, "-c", script], log, environments.Progress(), "libraries", 3)


def test_progress_counts_what_the_lock_holds(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# why\nnumpy==2.4 \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\nscipy==1.14 \\\n    --hash=sha256:3\n"
    )
    assert environments._count_requirements(["--require-hashes", "--no-deps", "-r", str(lock)]) == 2
