"""Slates and feedback events in the shop database."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    Text,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from shopguide.db.base import Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.db.upsert import insert_for
from shopguide.feedback.events import FeedbackEvent, Sighting, Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId


class SlateRow(Base):
    """An impression; `id` tells which of two slates of the same moment came later."""

    __tablename__ = "slates"
    __table_args__ = (
        Index("ix_slates_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_slates_shopper_id_created_at", "shopper_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slate_id: Mapped[str] = mapped_column(String, unique=True)
    shopper_id: Mapped[str | None] = mapped_column(String)
    conversation_id: Mapped[str | None] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reply_to: Mapped[str] = mapped_column(String)
    policy: Mapped[str] = mapped_column(String)
    model_version: Mapped[str] = mapped_column(String)
    degraded: Mapped[str | None] = mapped_column(String)
    total_matches: Mapped[int]
    constraints: Mapped[list[Any]] = mapped_column(JSON)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    session_only: Mapped[bool] = mapped_column(default=False, server_default=false())


class SlateItemRow(Base):
    """One product on a slate."""

    __tablename__ = "slate_items"

    slate_id: Mapped[str] = mapped_column(ForeignKey("slates.slate_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sku: Mapped[str] = mapped_column(String)
    propensity: Mapped[float]
    score: Mapped[float]


class EventRow(Base):
    """One feedback event. Shoppers and products are kept by id only: their feed may come later than the event."""

    __tablename__ = "feedback_events"
    __table_args__ = (
        Index("ix_feedback_events_shopper_id_at", "shopper_id", "at"),
        Index("ix_feedback_events_at", "at"),
        Index("ix_feedback_events_slate_id", "slate_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String, unique=True)
    kind: Mapped[str] = mapped_column(String)
    shopper_id: Mapped[str] = mapped_column(String)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sku: Mapped[str | None] = mapped_column(String)
    slate_id: Mapped[str | None] = mapped_column(String)
    value: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Text)
    conversation_id: Mapped[str | None] = mapped_column(String)
    session_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    recipient: Mapped[str] = mapped_column(String, default="", server_default=sql("''"))


_EVENT_COLUMNS = tuple(getattr(EventRow, field.name) for field in fields(FeedbackEvent))
"""One column for each field of an event, in its order."""


class FeedbackStore:
    """Reads and writes slates and events.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_slate(self, slate: Slate) -> bool:
        """Keep a slate; return whether it is new."""
        with self._database.session() as session:
            row = {
                "slate_id": slate.slate_id,
                "shopper_id": slate.shopper_id,
                "conversation_id": slate.conversation_id,
                "created_at": slate.created_at,
                "reply_to": slate.reply_to,
                "policy": slate.policy,
                "model_version": slate.model_version,
                "degraded": slate.degraded,
                "total_matches": slate.total_matches,
                "constraints": [dict(constraint) for constraint in slate.constraints],
                "state": dict(slate.state),
                "session_only": slate.session_only,
            }
            statement = insert_for(session, SlateRow).on_conflict_do_nothing().returning(SlateRow.id)
            if session.execute(statement, [row]).first() is None:
                return False
            session.add_all(
                SlateItemRow(
                    slate_id=slate.slate_id,
                    position=item.position,
                    sku=item.sku,
                    propensity=item.propensity,
                    score=item.score,
                )
                for item in slate.items
            )
            return True

    def slate(self, slate_id: SlateId) -> Slate | None:
        """Return a slate as it was shown."""
        with self._database.session() as session:
            row = session.scalar(select(SlateRow).where(SlateRow.slate_id == slate_id))
            return _slate(session, row) if row else None

    def latest_slate(self, conversation_id: ConversationId) -> Slate | None:
        """Return the slate that a conversation saw last."""
        with self._database.session() as session:
            row = session.scalar(
                select(SlateRow)
                .where(SlateRow.conversation_id == conversation_id)
                .order_by(SlateRow.created_at.desc(), SlateRow.id.desc())
                .limit(1)
            )
            return _slate(session, row) if row else None

    def shown_skus(self, conversation_id: ConversationId, since: datetime | None) -> list[Sku]:
        """Return what a conversation saw, each product once, first shown first."""
        query = (
            select(SlateItemRow.sku)
            .join(SlateRow, SlateRow.slate_id == SlateItemRow.slate_id)
            .where(SlateRow.conversation_id == conversation_id)
            .order_by(SlateRow.created_at, SlateRow.id, SlateItemRow.position)
        )
        if since is not None:
            query = query.where(SlateRow.created_at >= since)
        with self._database.session() as session:
            return [Sku(sku) for sku in dict.fromkeys(session.scalars(query))]

    def add_events(self, events: Sequence[FeedbackEvent]) -> set[str]:
        """Keep events, all of them or none; return the ids that are new. They must differ from each other."""
        if not events:
            return set()
        # Sorted, so that two processes that write the same events wait for each other instead of locking up.
        rows = [
            {
                "event_id": event.event_id,
                "kind": event.kind,
                "shopper_id": event.shopper_id,
                "at": event.at,
                "sku": event.sku,
                "slate_id": event.slate_id,
                "value": event.value,
                "text": event.text,
                "conversation_id": event.conversation_id,
                "session_only": event.session_only,
                "recipient": event.recipient,
            }
            for event in sorted(events, key=lambda event: event.event_id)
        ]
        with self._database.session() as session:
            statement = insert_for(session, EventRow).on_conflict_do_nothing().returning(EventRow.event_id)
            return set(session.scalars(statement, rows))

    def history(
        self,
        shopper_id: ShopperId,
        limit: int,
        *,
        kinds: Collection[str] | None = None,
        recipient: str = "",
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[FeedbackEvent]:
        """Return a shopper's latest events, newest first; of one moment, by their ids, the last one first."""
        here, bounded = conversation_id is not None, since is not None
        given = {"shopper": shopper_id, "recipient": recipient, "kinds": list(kinds or ()), "most": limit}
        with self._database.session() as session:
            query = _history_query(_collation(session), kinds is not None, here, remembered, bounded)
            rows = session.execute(query, {**given, "conversation": conversation_id, "since": since})
            return [_event(row) for row in rows]

    def sightings(
        self,
        shopper_id: ShopperId,
        after: datetime,
        slates: int,
        *,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[Sighting]:
        """Return what a shopper's latest slates showed, newest first; not those for somebody else."""
        query = _sightings_query(conversation_id is not None, remembered, since is not None)
        given = {"shopper": shopper_id, "after": after, "most": slates, "conversation": conversation_id, "since": since}
        with self._database.session() as session:
            return [Sighting(Sku(sku), at) for sku, at in session.execute(query, given)]

    def promote(self, shopper_id: ShopperId, since: datetime, *, slates: bool = True) -> None:
        """Keep for good the events and, if told so, the slates that were kept for the session since a time."""
        with self._database.session() as session:
            for row, at in ((EventRow, EventRow.at), (SlateRow, SlateRow.created_at))[: 2 if slates else 1]:
                session.execute(
                    update(row)
                    .where(row.shopper_id == shopper_id, row.session_only, at >= since)
                    .values(session_only=False)
                )

    def events(self, batch_size: int) -> Iterator[FeedbackEvent]:
        """Stream every event that was not for its session only, oldest first, however they arrived."""
        with self._database.session() as session:
            query = (
                select(*_EVENT_COLUMNS)
                .where(~EventRow.session_only, EventRow.recipient == "")
                .order_by(EventRow.at, _by_bytes(session, EventRow.event_id))
            )
            for row in session.execute(query.execution_options(yield_per=batch_size)):
                yield _event(row)

    def shoppers(self) -> set[ShopperId]:
        """Return the shoppers of the same events."""
        query = select(EventRow.shopper_id).where(~EventRow.session_only, EventRow.recipient == "").distinct()
        with self._database.session() as session:
            return set(map(ShopperId, session.scalars(query)))

    def event_ids(self, batch_size: int) -> Iterator[tuple[str, ShopperId]]:
        """Stream the ids of the same events with their shoppers, sorted by bytes, the same on every database."""
        with self._database.session() as session:
            query = (
                select(EventRow.event_id, EventRow.shopper_id)
                .where(~EventRow.session_only, EventRow.recipient == "")
                .order_by(_by_bytes(session, EventRow.event_id))
            )
            for event_id, shopper_id in session.execute(query.execution_options(yield_per=batch_size)):
                yield event_id, ShopperId(shopper_id)

    def impressions(self, since: datetime | None, batch_size: int, *, known: bool) -> Iterator[Slate]:
        """Stream slates that were not for their session only, with their items, without state and constraints.

        Args:
            since: shown then or later; `None`: all.
            batch_size: rows fetched at once.
            known: those shown to known shoppers, by shopper and time; otherwise those shown to nobody known, by time.
        """
        slate = (
            SlateRow.slate_id,
            SlateRow.shopper_id,
            SlateRow.created_at,
            SlateRow.reply_to,
            SlateRow.policy,
            SlateRow.model_version,
        )
        item = (SlateItemRow.sku, SlateItemRow.position, SlateItemRow.propensity, SlateItemRow.score)
        query = (
            select(*slate, *item)
            .join(SlateItemRow, SlateItemRow.slate_id == SlateRow.slate_id)
            .where(~SlateRow.session_only, SlateRow.shopper_id.is_not(None) if known else SlateRow.shopper_id.is_(None))
        )
        if since is not None:
            query = query.where(SlateRow.created_at >= since)
        with self._database.session() as session:
            order = (SlateRow.created_at, SlateRow.id, SlateItemRow.position)
            query = query.order_by(_by_bytes(session, SlateRow.shopper_id), *order) if known else query.order_by(*order)
            rows = session.execute(query.execution_options(yield_per=batch_size))
            for (slate_id, shopper_id, at, reply_to, policy, version), items in groupby(rows, key=lambda row: row[:6]):
                yield Slate(
                    slate_id=SlateId(slate_id),
                    shopper_id=ShopperId(shopper_id) if shopper_id is not None else None,
                    conversation_id=None,
                    created_at=at,
                    reply_to=reply_to,
                    policy=policy,
                    model_version=version,
                    degraded=None,
                    total_matches=0,
                    items=tuple(SlateItem(Sku(sku), place, chance, score) for *_, sku, place, chance, score in items),
                )

    def creditable(self, since: datetime | None, batch_size: int) -> Iterator[FeedbackEvent]:
        """Stream the events on products that may be credited to slates of their own shopper, by shopper and time.

        Those that name a slate that showed the product to nobody known are credited there instead.
        """
        elsewhere = (
            select(SlateRow.id)
            .join(SlateItemRow, SlateItemRow.slate_id == SlateRow.slate_id)
            .where(
                SlateRow.slate_id == EventRow.slate_id, SlateRow.shopper_id.is_(None), SlateItemRow.sku == EventRow.sku
            )
            .exists()
        )
        query = select(*_EVENT_COLUMNS).where(~EventRow.session_only, EventRow.sku.is_not(None), ~elsewhere)
        if since is not None:
            query = query.where(EventRow.at >= since)
        with self._database.session() as session:
            query = query.order_by(_by_bytes(session, EventRow.shopper_id), EventRow.at)
            for row in session.execute(query.execution_options(yield_per=batch_size)):
                yield _event(row)

    def naming(self, slate_ids: Collection[SlateId]) -> list[FeedbackEvent]:
        """Return the events that name one of some slates."""
        query = select(*_EVENT_COLUMNS).where(~EventRow.session_only, EventRow.slate_id.in_(slate_ids))
        with self._database.session() as session:
            return [_event(row) for row in session.execute(query)]

    def last_row(self) -> int:
        """Return the number of the last event that arrived; 0 before the first."""
        with self._database.session() as session:
            return session.scalar(select(func.max(EventRow.id))) or 0

    def count_events(self) -> int:
        """Return how many events there are."""
        with self._database.session() as session:
            return session.scalar(select(func.count()).select_from(EventRow)) or 0


@cache
def _history_query(
    collation: str, of_kinds: bool, here: bool, remembered: bool, bounded: bool
) -> Select[*tuple[Any, ...]]:
    """Return the statement of `FeedbackStore.history`: every request runs it, and building it takes as long again."""
    events = EventRow.__table__.c
    query = select(*(events[field.name] for field in fields(FeedbackEvent))).where(
        events.shopper_id == bindparam("shopper"),
        events.recipient == bindparam("recipient"),
        _usable(events, events.at, here=here, remembered=remembered, bounded=bounded),
    )
    if of_kinds:
        query = query.where(events.kind.in_(bindparam("kinds", expanding=True)))
    latest_first = events.at.desc(), events.event_id.collate(collation).desc()
    return query.order_by(*latest_first).limit(bindparam("most"))


@cache
def _sightings_query(here: bool, remembered: bool, bounded: bool) -> Select[*tuple[Any, ...]]:
    """Return the statement of `FeedbackStore.sightings`, see `_history_query`."""
    slates, items = SlateRow.__table__.c, SlateItemRow.__table__.c
    recipient = slates.state[("need", "recipient")].as_string()
    latest = (
        select(slates.id, slates.slate_id, slates.created_at)
        .where(slates.shopper_id == bindparam("shopper"), slates.created_at >= bindparam("after"))
        .where(func.coalesce(recipient, "") == "")
        .where(_usable(slates, slates.created_at, here=here, remembered=remembered, bounded=bounded))
        .order_by(slates.created_at.desc(), slates.id.desc())
        .limit(bindparam("most"))
        .subquery()
        .c
    )
    return (
        select(items.sku, latest.created_at)
        .where(latest.slate_id == items.slate_id)
        .order_by(latest.created_at.desc(), latest.id.desc(), items.position)
    )


def _usable(
    columns: Any, at: ColumnElement[datetime], *, here: bool, remembered: bool, bounded: bool
) -> ColumnElement[bool]:
    """Choose what may count in a conversation: what was kept for good, and what was kept for its session.

    Args:
        columns: of events or slates.
        at: one of them, the time.
        here: whether there is a conversation, bound as `conversation`.
        remembered: whether what was kept for good counts.
        bounded: whether its session began at a time, bound as `since`.
    """
    usable: list[ColumnElement[bool]] = [~columns.session_only] if remembered else []
    if here:
        own = columns.conversation_id == bindparam("conversation")
        usable.append(and_(own, at >= bindparam("since")) if bounded else own)
    return or_(false(), *usable)


def _by_bytes(
    session: Session, column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[str]:
    """Return a column to sort by."""
    return column.collate(_collation(session))


def _collation(session: Session) -> str:
    """Return what sorts by bytes: SQLite always does, PostgreSQL goes by locale unless it is told otherwise."""
    return "C" if session.get_bind().dialect.name == "postgresql" else "BINARY"


def _slate(session: Session, row: SlateRow) -> Slate:
    items = session.scalars(
        select(SlateItemRow).where(SlateItemRow.slate_id == row.slate_id).order_by(SlateItemRow.position)
    )
    return Slate(
        slate_id=SlateId(row.slate_id),
        shopper_id=ShopperId(row.shopper_id) if row.shopper_id is not None else None,
        conversation_id=ConversationId(row.conversation_id) if row.conversation_id is not None else None,
        created_at=row.created_at,
        reply_to=row.reply_to,
        policy=row.policy,
        model_version=row.model_version,
        degraded=row.degraded,
        total_matches=row.total_matches,
        items=tuple(SlateItem(Sku(i.sku), i.position, i.propensity, i.score) for i in items),
        constraints=tuple(row.constraints),
        state=row.state,
        session_only=row.session_only,
    )


def _event(row: Row[*tuple[Any, ...]]) -> FeedbackEvent:
    return FeedbackEvent(*row)
