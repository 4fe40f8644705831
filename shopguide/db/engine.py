"""The engine and its sessions; errors of the driver are translated here."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from shopguide.errors import DatabaseError


class Database:
    """The shop database. Nothing is opened before the first use.

    Args:
        url: a SQLAlchemy URL; `sqlite:///path` or `postgresql+psycopg://…`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def engine(self) -> Engine:
        """The engine. SQLite runs in WAL mode, with foreign keys, and waits up to 5 s for a lock."""
        url = make_url(self.url)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": 5})
        event.listen(engine, "connect", _configure_sqlite)
        return engine

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        return sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a transaction: committed at the end, rolled back on an error.

        Raises:
            DatabaseError: the database cannot be reached or refuses a statement.
        """
        try:
            with self._sessions.begin() as session:
                yield session
        except SQLAlchemyError as error:
            raise DatabaseError(f"{make_url(self.url).render_as_string(hide_password=True)}: {error}") from error

    def migrate(self) -> None:
        """Bring the schema up to date.

        Raises:
            DatabaseError: the database cannot be reached or refuses a statement.
        """
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self.engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise DatabaseError(f"{make_url(self.url).render_as_string(hide_password=True)}: {error}") from error

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _configure_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
