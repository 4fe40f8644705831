"""The migrations and the tables that the code describes are the same, on both databases."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import shopguide.access.store
import shopguide.catalogue.store
import shopguide.feedback.store
import shopguide.outbox.store
import shopguide.privacy.store
import shopguide.profiles.store  # noqa: F401  (they add their tables to Base.metadata)
from shopguide.db.base import Base
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import Feedback
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.service import Profiles


def test_the_migrated_schema_is_the_one_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_primary_keys_and_cascades_are_the_ones_that_the_code_describes(database: Database) -> None:
    # compare_metadata looks at neither.
    inspector = inspect(database.engine)
    assert {"shoppers", "identities", "preferences", "slates", "feedback_events"} <= set(Base.metadata.tables)
    for name, table in Base.metadata.tables.items():
        found = inspector.get_pk_constraint(name)["constrained_columns"]
        assert found == [column.name for column in table.primary_key], name
        rules = {
            tuple(k["constrained_columns"]): k["options"].get("ondelete") for k in inspector.get_foreign_keys(name)
        }
        assert rules == {tuple(k.column_keys): k.ondelete for k in table.foreign_key_constraints}, name


def test_processes_that_migrate_at_once_do_not_hurt_each_other(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.migrate, databases))
    assert set(inspect(databases[0].engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    for database in databases:
        database.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    database.migrate()


def test_parts_that_do_not_know_each_other_write_together_or_not_at_all(database: Database) -> None:
    profiles, feedback = Profiles(database), Feedback(database)
    shopper = ShopperId("ann")
    event = FeedbackEvent("e-1", "click", shopper, datetime.now(UTC), Sku("a"))
    with pytest.raises(ValueError), database.together():
        profiles.ensure(shopper)
        feedback.record([event])
        raise ValueError
    assert (profiles.count(), feedback.count()) == (0, 0)
    with database.together():
        profiles.ensure(shopper)
        feedback.record([event])
        assert feedback.count() == 1
    assert (profiles.count(), feedback.count()) == (1, 1)


def test_who_is_in_a_hurry_does_not_wait_long_for_a_lock(database: Database) -> None:
    other = Database(database.url)
    with database.together():
        _lock(database)
        started = time.monotonic()
        with pytest.raises(DatabaseError), other.together(patience=0.05):
            _lock(other)
        assert time.monotonic() - started < 4, "the usual patience is 5 s on SQLite, and endless on PostgreSQL"
    with other.together(patience=0.05):
        _lock(other)
    with other.session() as session:
        if session.get_bind().dialect.name == "sqlite":
            assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 5_000
    other.close()


def _lock(database: Database) -> None:
    with database.session() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection().exec_driver_sql("LOCK TABLE feedback_events IN EXCLUSIVE MODE")
