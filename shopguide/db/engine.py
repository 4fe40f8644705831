"""The engine and its sessions; errors of the driver are translated here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shopguide.errors import DatabaseError

CONNECT_SECONDS = 5


class Database:
    """The shop database. Nothing is opened before the first use.

    Args:
        url: a SQLAlchemy URL; `sqlite:///path` or `postgresql+psycopg://…`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._joined = threading.local()

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database, `None` for one on a server or in memory."""
        url = make_url(self.url)
        on_disk = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
        return Path(str(url.database)) if on_disk else None

    @cached_property
    def engine(self) -> Engine:
        """The engine. SQLite runs in WAL mode, with foreign keys, and waits up to 5 s for a lock.

        What is committed has reached the disk (`synchronous=FULL`): an acknowledged event survives a power cut.

        Errors do not repeat the statement's parameters: they hold what shoppers said.
        """
        url = make_url(self.url)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite":
            # A server that does not answer at all would keep everybody waiting for minutes.
            reach = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
            return create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=reach)
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": 5}, hide_parameters=True)
        event.listen(engine, "connect", _configure_sqlite)
        return engine

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        return sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a transaction: committed at the end, rolled back on an error. Inside `together` it joins that one.

        Raises:
            DatabaseError: the database cannot be reached or refuses a statement.
        """
        joined: Session | None = getattr(self._joined, "session", None)
        try:
            if joined is not None:
                yield joined
                joined.flush()
                return
            with self._sessions.begin() as session:
                yield session
        except SQLAlchemyError as error:
            raise self._translated(error) from error

    @contextmanager
    def together(self, patience: float | None = None) -> Iterator[None]:
        """Make one transaction of everything that this thread does with the database inside: all of it or nothing.

        Parts that do not know each other (what happened, and what it teaches) so are written as one. On SQLite nobody
        else writes meanwhile, so that what is read inside (a consent, say) still holds when the rest is written.

        Args:
            patience: seconds to wait for a lock, if not as long as always; inside another `together` that one's count.

        Raises:
            DatabaseError: the database cannot be reached or refuses a statement.
        """
        if getattr(self._joined, "session", None) is not None:
            yield
            return
        with self.session() as session:
            _begin_writing(session.connection(), patience)
            self._joined.session = session
            try:
                yield
            finally:
                self._joined.session = None

    def migrate(self) -> None:
        """Bring the schema up to date: all of it or nothing; of several processes that try at once, one does it.

        Raises:
            DatabaseError: the database cannot be reached or refuses a statement.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        heads = set(ScriptDirectory.from_config(config).get_heads())
        try:
            with self.engine.connect() as connection:
                if set(MigrationContext.configure(connection).get_current_heads()) == heads:
                    return
            with self.engine.begin() as connection:
                _lock_for_migration(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise self._translated(error) from error

    def _translated(self, error: SQLAlchemyError) -> DatabaseError:
        return DatabaseError(f"{make_url(self.url).render_as_string(hide_password=True)}: {error}")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _begin_writing(connection: Connection, patience: float | None) -> None:
    if connection.dialect.name != "sqlite":
        if patience is not None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(1_000 * patience)}")
        return
    usual = int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())
    wait = usual if patience is None else min(usual, int(1_000 * patience))
    try:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait}")
        # Python's driver would open the transaction at the first write only, after what was read before it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")


def _lock_for_migration(connection: Connection) -> None:
    """Keep other processes out until the transaction ends."""
    if connection.dialect.name == "sqlite":
        # Python's driver opens no transaction before DDL: without this, each statement would stand by itself.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('shopguide.migrate'))"))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # What is deleted is overwritten: an erased shopper must not be found in the file's free pages.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
