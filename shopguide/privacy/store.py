"""Erasures in the shop database: what is still to be done, and what was done."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, delete, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from shopguide.db.base import Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.db.personal import ColumnMention, Expiry, PersonalSchema, Trace, count_expired, delete_expired
from shopguide.db.upsert import insert_for
from shopguide.ids import ConversationId, ShopperId


class TombstoneRow(Base):
    """That somebody was erased, without who it was.

    `digest` is a keyed digest of the id: nobody can read the id from it, but an event that comes late for it can be
    refused. It goes after a while; `counts` (rows erased by table) stay.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_digest", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    digest: Mapped[str | None] = mapped_column(String)
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)


class PendingErasureRow(Base):
    """A conversation that the dialogue server still has to delete; the row goes when it has."""

    __tablename__ = "pending_erasures"

    conversation_id: Mapped[str] = mapped_column(String, primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]


@dataclass(frozen=True, slots=True)
class Pending:
    """A conversation to delete, as far as it was before `requested_at`."""

    conversation_id: ConversationId
    requested_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did: rows that went, by table, and what told the shopper before."""

    trace: Trace
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept of a shopper.

    Args:
        tables: rows by table.
        events: feedback events by kind.
        conversations: conversations that are theirs.
    """

    tables: Mapping[str, int]
    events: Mapping[str, int]
    conversations: int


class PrivacyStore:
    """Reads and writes what erasure and retention need.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def trace(self, shopper_id: ShopperId) -> Trace | None:
        """Return what tells a shopper here, `None` if nothing does."""
        with self._database.session() as session:
            return PersonalSchema.of(session).trace(session, shopper_id)

    def kept(self, trace: Trace) -> Kept:
        """Return how much is kept of a shopper."""
        with self._database.session() as session:
            schema = PersonalSchema.of(session)
            events = schema.table("feedback_events")
            by_kind = select(events.c.kind, func.count()).where(events.c.shopper_id == trace.shopper_id)
            return Kept(
                tables=schema.counts(session, trace),
                events={row[0]: row[1] for row in session.execute(by_kind.group_by(events.c.kind))},
                conversations=len(trace.conversations),
            )

    def rows(self, trace: Trace) -> dict[str, list[dict[str, Any]]]:
        """Return every row that belongs to a shopper, by table, as values ready for JSON."""
        with self._database.session() as session:
            return PersonalSchema.of(session).rows(session, trace)

    def erase(self, shopper_id: ShopperId, digest: str, at: datetime) -> Erasure | None:
        """Delete a shopper, leave a tombstone and queue their conversations, in one transaction.

        Returns:
            what was done, `None` if there was nothing of them.
        """
        with self._database.session() as session:
            schema = PersonalSchema.of(session)
            schema.lock(session)
            trace = schema.trace(session, shopper_id)
            if trace is None:
                return None
            counts = schema.delete(session, trace)
            session.add(TombstoneRow(digest=digest, erased_at=at, counts=counts))
            rows = [
                {"conversation_id": conversation, "requested_at": at, "attempts": 0}
                for conversation in sorted(trace.conversations | trace.shared)
            ]
            if rows:
                queue = insert_for(session, PendingErasureRow).on_conflict_do_update(
                    index_elements=["conversation_id"], set_={"requested_at": at, "attempts": 0}
                )
                session.execute(queue, rows)
        return Erasure(trace, counts)

    def strangers(self) -> list[ShopperId]:
        """Return the shoppers with an id of our own making that have no account: nobody can write from one any more."""
        with self._database.session() as session:
            return PersonalSchema.of(session).strangers(session)

    def erased_at(self, digest: str) -> datetime | None:
        """Return when the last shopper with this digest was erased."""
        with self._database.session() as session:
            return session.scalar(select(func.max(TombstoneRow.erased_at)).where(TombstoneRow.digest == digest))

    def digests(self) -> set[str]:
        """Return the digests of all who were erased lately."""
        with self._database.session() as session:
            query = select(TombstoneRow.digest).where(TombstoneRow.digest.is_not(None))
            return {digest for digest in session.scalars(query) if digest is not None}

    def forget_digests(self, before: datetime, *, dry_run: bool = False) -> int:
        """Drop the digests of erasures before a time; return how many."""
        old = (TombstoneRow.digest.is_not(None), TombstoneRow.erased_at < before)
        with self._database.session() as session:
            count = session.scalar(select(func.count()).select_from(TombstoneRow).where(*old)) or 0
            if count and not dry_run:
                session.execute(update(TombstoneRow).where(*old).values(digest=None))
            return count

    def pending(self, limit: int | None = None) -> list[Pending]:
        """Return the conversations still to delete, those tried least first."""
        query = select(PendingErasureRow).order_by(PendingErasureRow.attempts, PendingErasureRow.requested_at)
        with self._database.session() as session:
            rows = session.scalars(query.limit(limit))
            return [Pending(ConversationId(r.conversation_id), r.requested_at, r.attempts) for r in rows]

    def settled(self, done: Sequence[Pending], failed: Sequence[Pending]) -> None:
        """Take off the queue what was deleted, unless it was asked for again meanwhile; count the failures."""
        with self._database.session() as session:
            # Sorted, so that two processes that work on the same queue wait for each other instead of locking up.
            for one in sorted((*done, *failed), key=lambda one: one.conversation_id):
                same = (
                    PendingErasureRow.conversation_id == one.conversation_id,
                    PendingErasureRow.requested_at == one.requested_at,
                )
                if one in failed:
                    again = PendingErasureRow.attempts + 1
                    session.execute(update(PendingErasureRow).where(*same).values(attempts=again))
                else:
                    session.execute(delete(PendingErasureRow).where(*same))

    def mentions(
        self, ids: Collection[str], holds: Callable[[str], bool], skip: Collection[str] = ()
    ) -> list[ColumnMention]:
        """Return every column of every table that holds one of the ids."""
        with self._database.session() as session:
            return PersonalSchema.of(session).mentions(session, ids, holds, skip)

    def session_tables(self) -> list[str]:
        """Return the tables with rows that may count for a session only."""
        with self._database.session() as session:
            return [name for name, _ in PersonalSchema.of(session).session_only()]

    def expire(self, expiry: Expiry, *, dry_run: bool = False) -> int:
        """Delete rows that have had their time, a batch a transaction; return how many.

        Several processes may do so at once: what one has deleted the other does not find.
        """
        with self._database.session() as session:
            schema = PersonalSchema.of(session)
            if dry_run:
                return count_expired(session, schema, expiry)
        gone = 0
        while True:
            with self._database.session() as session:
                batch = delete_expired(session, schema, expiry)
            gone += batch
            if not batch:
                return gone

    def idle_shoppers(self, before: datetime, beside: Collection[str]) -> list[ShopperId]:
        """Return shoppers created before a time of whom no table holds anything but those `beside`."""
        with self._database.session() as session:
            schema = PersonalSchema.of(session)
            return [ShopperId(one) for one in schema.without_anything(session, "shoppers", beside, before)]

    def remove(self, shoppers: Sequence[ShopperId]) -> int:
        """Delete shoppers of whom there is nothing left, accounts and decisions with them."""
        gone = 0
        for shopper_id in shoppers:
            with self._database.session() as session:
                schema = PersonalSchema.of(session)
                schema.lock(session)
                gone += schema.delete(session, Trace(shopper_id)).get("shoppers", 0)
        return gone

    def decided(self, purpose: str) -> dict[ShopperId, tuple[bool, datetime]]:
        """Return each shopper's latest decision about a purpose, and when it was."""
        with self._database.session() as session:
            consents = PersonalSchema.of(session).table("consents")
            query = (
                select(consents.c.shopper_id, consents.c.granted, consents.c.at)
                .where(consents.c.purpose == purpose)
                .order_by(consents.c.at, consents.c.id)
            )
            return {
                ShopperId(who): (bool(granted), UtcDateTime().process_result_value(at, session.get_bind().dialect))  # type: ignore[misc]
                for who, granted, at in session.execute(query)
            }

    def overwrite_log(self) -> bool:
        """Make SQLite take deleted rows out of its write-ahead log; return whether nobody stood in the way.

        PostgreSQL has no such command: autovacuum frees what was deleted, and its log is overwritten in turn.
        """
        with self._database.session() as session:
            if session.get_bind().dialect.name != "sqlite":
                return True
            return bool(session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0] == 0)
