"""Marks in the shop database of what was delivered, so that a delivery repeated changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete
from sqlalchemy.orm import Mapped, mapped_column

from shopguide.db.base import Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.db.upsert import insert_for

KEPT_FOR = timedelta(days=90)
"""How long a mark is kept; it is needed from the write until the entry is gone from the outbox, a moment later."""


class DeliveryRow(Base):
    """A write that has no key of its own in its table, by the random key that it was given. It names nobody."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_at", "at"),)

    key: Mapped[str] = mapped_column(String, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Deliveries:
    """Keeps the marks.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, key: str, at: datetime) -> bool:
        """Mark a key in the same transaction as its write, and return whether it is the first time."""
        with self._database.session() as session:
            statement = insert_for(session, DeliveryRow).on_conflict_do_nothing().returning(DeliveryRow.key)
            return session.scalars(statement, [{"key": key, "at": at}]).first() is not None

    def forget(self, now: datetime) -> None:
        """Drop marks that are no longer needed. It is a write, so it also tells whether writing works.

        Raises:
            DatabaseError: it does not.
        """
        with self._database.session() as session:
            session.execute(delete(DeliveryRow).where(DeliveryRow.at < now - KEPT_FOR))
