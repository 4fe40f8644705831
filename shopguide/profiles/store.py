"""Shoppers, their channel identities and what they said or did, in the shop database."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    and_,
    bindparam,
    delete,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.dml import ReturningDelete

from shopguide.db.base import Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.db.upsert import insert_for
from shopguide.ids import ConversationId, ShopperId, new_shopper_id
from shopguide.profiles.consent import ConsentDecision, Purpose
from shopguide.profiles.preferences import PreferenceEvidence


class ShopperRow(Base):
    """A person."""

    __tablename__ = "shoppers"

    shopper_id: Mapped[str] = mapped_column(String, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consent_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdentityRow(Base):
    """One channel account of a person; goes with them when they are erased."""

    __tablename__ = "identities"
    __table_args__ = (Index("ix_identities_shopper_id", "shopper_id"),)

    channel: Mapped[str] = mapped_column(String, primary_key=True)
    sender_id: Mapped[str] = mapped_column(String, primary_key=True)
    shopper_id: Mapped[str] = mapped_column(ForeignKey("shoppers.shopper_id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PreferenceRow(Base):
    """One piece of evidence about one facet value. Rows are only ever added; the taste is derived from them."""

    __tablename__ = "preferences"
    __table_args__ = (
        Index("ix_preferences_shopper_id_at", "shopper_id", "at"),
        Index("ix_preferences_event_id", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    shopper_id: Mapped[str] = mapped_column(ForeignKey("shoppers.shopper_id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(String)
    value: Mapped[str] = mapped_column(String)
    polarity: Mapped[int]
    strength: Mapped[float]
    source: Mapped[str] = mapped_column(String)
    slot: Mapped[str | None] = mapped_column(String)
    conversation_id: Mapped[str | None] = mapped_column(String)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recipient: Mapped[str] = mapped_column(String, default="", server_default=text("''"))
    category: Mapped[str | None] = mapped_column(String)
    event_id: Mapped[str | None] = mapped_column(String)
    session_only: Mapped[bool] = mapped_column(default=False, server_default=false())


_EVIDENCE_COLUMNS = tuple(getattr(PreferenceRow, field.name) for field in fields(PreferenceEvidence))
"""One column for each field of evidence, in its order."""


class ConsentRow(Base):
    """One decision of a shopper about one purpose. Rows are only ever added; the latest holds."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_shopper_id", "shopper_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    shopper_id: Mapped[str] = mapped_column(ForeignKey("shoppers.shopper_id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String)
    granted: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String)
    conversation_id: Mapped[str | None] = mapped_column(String)


@dataclass(frozen=True, slots=True)
class Identity:
    """A channel account: the channel's name and the sender id it gives."""

    channel: str
    sender_id: str


class ProfileStore:
    """Reads and writes profiles.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def shopper_of(self, identity: Identity) -> ShopperId | None:
        """Return whose account this is, if it was seen before."""
        with self._database.session() as session:
            return _shopper_of(session, identity)

    def create_shopper(self, identity: Identity, at: datetime) -> ShopperId:
        """Create a shopper for a new account; of several processes that try at once, one wins and all agree."""
        shopper_id = new_shopper_id()
        with self._database.session() as session:
            session.add(ShopperRow(shopper_id=shopper_id, created_at=at))
            session.flush()
            row = {"channel": identity.channel, "sender_id": identity.sender_id}
            claim = insert_for(session, IdentityRow).on_conflict_do_nothing().returning(IdentityRow.shopper_id)
            if session.execute(claim, [{**row, "shopper_id": shopper_id, "created_at": at}]).first():
                return shopper_id
            session.execute(delete(ShopperRow).where(ShopperRow.shopper_id == shopper_id))
            return cast("ShopperId", _shopper_of(session, identity))

    def link(self, identity: Identity, shopper_id: ShopperId, at: datetime) -> None:
        """Say whose account this is, whoever it counted for before."""
        with self._database.session() as session:
            _ensure(session, [shopper_id], at)
            session.execute(
                insert_for(session, IdentityRow).on_conflict_do_update(
                    index_elements=["channel", "sender_id"], set_={"shopper_id": shopper_id}
                ),
                [
                    {
                        "channel": identity.channel,
                        "sender_id": identity.sender_id,
                        "shopper_id": shopper_id,
                        "created_at": at,
                    }
                ],
            )

    def ensure(self, shopper_ids: Iterable[ShopperId], at: datetime) -> None:
        """Create the shoppers that do not exist yet."""
        with self._database.session() as session:
            _ensure(session, shopper_ids, at)

    def created_at(self, shopper_id: ShopperId) -> datetime | None:
        """Return since when a shopper is known, `None` for nobody we know."""
        with self._database.session() as session:
            return session.scalar(select(ShopperRow.created_at).where(ShopperRow.shopper_id == shopper_id))

    def identities(self, shopper_id: ShopperId) -> tuple[Identity, ...]:
        """Return a shopper's accounts, oldest first."""
        with self._database.session() as session:
            rows = session.execute(
                select(IdentityRow.channel, IdentityRow.sender_id)
                .where(IdentityRow.shopper_id == shopper_id)
                .order_by(IdentityRow.created_at, IdentityRow.channel, IdentityRow.sender_id)
            )
            return tuple(Identity(channel, sender_id) for channel, sender_id in rows)

    def add(self, evidence: Sequence[PreferenceEvidence], now: datetime) -> None:
        """Add evidence, all of it or none, creating shoppers on the way."""
        if not evidence:
            return
        with self._database.session() as session:
            _ensure(session, (piece.shopper_id for piece in evidence), now)
            _add(session, evidence)

    def replace_imported(
        self, evidence: Sequence[PreferenceEvidence], shoppers: Sequence[ShopperId], now: datetime
    ) -> None:
        """Replace what earlier imports said about these shoppers; what they said and did themselves stays."""
        with self._database.session() as session:
            _ensure(session, shoppers, now)
            session.execute(
                delete(PreferenceRow).where(PreferenceRow.source == "import", PreferenceRow.shopper_id.in_(shoppers))
            )
            _add(session, evidence)

    def evidence(self, shopper_id: ShopperId, limit: int) -> list[PreferenceEvidence]:
        """Return a shopper's latest evidence, whatever it may be used for, oldest first."""
        query = _of_shopper(shopper_id).limit(limit)
        with self._database.session() as session:
            return [_evidence(row) for row in reversed(session.execute(query).all())]

    def recall(
        self, shopper_id: ShopperId, limit: int, *, conversation_id: ConversationId | None, since: datetime
    ) -> tuple[bool | None, list[PreferenceEvidence]]:
        """Return whether a shopper lets us remember, and the evidence that may be used in a conversation, oldest first.

        What was kept for a session counts in its own conversation, since a time; whatever was kept for good, unless the
        shopper has said no.
        """
        with self._database.session() as session:
            remember = session.scalar(_consent_query(), {"shopper": shopper_id})
            usable = _recall_query(conversation_id is not None, remember is not False)
            given = {"shopper": shopper_id, "conversation": conversation_id, "since": since, "most": limit}
            rows = list(session.execute(usable, given))
            if len(rows) == limit:
                # Moods that old have faded; facts do not fade.
                facts = usable.where(_of_facts()).limit(None).offset(_facts_among(rows))
                rows += session.execute(facts, given)
        return remember, [_evidence(row) for row in reversed(rows)]

    def lasting_evidence(self, batch_size: int) -> Iterator[PreferenceEvidence]:
        """Stream all evidence that was not for its session only, shopper by shopper, oldest first."""
        query = (
            select(*_EVIDENCE_COLUMNS)
            .where(~PreferenceRow.session_only)
            .order_by(PreferenceRow.shopper_id, PreferenceRow.at, PreferenceRow.id)
        )
        with self._database.session() as session:
            for row in session.execute(query.execution_options(yield_per=batch_size)):
                yield _evidence(row)

    def forget_value(self, shopper_id: ShopperId, facet: str, value: str, recipient: str) -> int:
        """Delete all evidence about one facet value, and return how many pieces there were."""
        return self._deleted(
            delete(PreferenceRow)
            .where(PreferenceRow.shopper_id == shopper_id, PreferenceRow.recipient == recipient)
            .where(PreferenceRow.facet == facet, PreferenceRow.value == value)
            .returning(PreferenceRow.id)
        )

    def forget_recipient(self, shopper_id: ShopperId, recipient: str) -> int:
        """Delete all evidence about a person that a shopper shops for, and return how many pieces there were."""
        return self._deleted(
            delete(PreferenceRow)
            .where(PreferenceRow.shopper_id == shopper_id, PreferenceRow.recipient == recipient)
            .returning(PreferenceRow.id)
        )

    def reassign(
        self,
        conversation_id: ConversationId,
        values: Collection[tuple[str, str]],
        *,
        shopper_id: ShopperId,
        since: datetime,
        before: str,
        after: str,
    ) -> int:
        """Say for whom a conversation's evidence about these facet values was; return how many pieces that changed."""
        if not values:
            return 0
        about = or_(*(and_(PreferenceRow.facet == facet, PreferenceRow.value == value) for facet, value in values))
        with self._database.session() as session:
            changed = session.scalars(
                update(PreferenceRow)
                .where(PreferenceRow.shopper_id == shopper_id, PreferenceRow.conversation_id == conversation_id)
                .where(PreferenceRow.recipient == before, PreferenceRow.at >= since, about)
                .where(PreferenceRow.event_id.is_(None))
                .values(recipient=after)
                .returning(PreferenceRow.id)
            )
            return len(changed.all())

    def _deleted(self, statement: ReturningDelete[tuple[int]]) -> int:
        with self._database.session() as session:
            return len(session.scalars(statement).all())

    def add_consent(self, decision: ConsentDecision) -> None:
        """Keep a decision, creating the shopper if need be."""
        with self._database.session() as session:
            _ensure(session, [decision.shopper_id], decision.at)
            session.add(
                ConsentRow(
                    shopper_id=decision.shopper_id,
                    purpose=decision.purpose,
                    granted=decision.granted,
                    at=decision.at,
                    source=decision.source,
                    conversation_id=decision.conversation_id,
                )
            )

    def ask_consent(self, shopper_id: ShopperId, at: datetime) -> bool:
        """Mark that a shopper is asked for consent, and return whether they had not been; of several, one is right."""
        query = (
            update(ShopperRow)
            .where(ShopperRow.shopper_id == shopper_id, ShopperRow.consent_asked_at.is_(None))
            .values(consent_asked_at=at)
            .returning(ShopperRow.shopper_id)
        )
        with self._database.session() as session:
            return session.scalar(query) is not None

    def consent_decisions(self, shopper_id: ShopperId) -> list[ConsentDecision]:
        """Return a shopper's decisions, oldest first."""
        query = select(ConsentRow).where(ConsentRow.shopper_id == shopper_id).order_by(ConsentRow.at, ConsentRow.id)
        with self._database.session() as session:
            return [_decision(row) for row in session.scalars(query)]

    def refusing(self, purpose: Purpose) -> set[ShopperId]:
        """Return the shoppers whose latest decision about a purpose is a no."""
        query = select(ConsentRow.shopper_id, ConsentRow.granted).where(ConsentRow.purpose == purpose)
        with self._database.session() as session:
            latest = {
                ShopperId(who): granted
                for who, granted in session.execute(query.order_by(ConsentRow.at, ConsentRow.id))
            }
        return {shopper_id for shopper_id, granted in latest.items() if not granted}

    def promote(self, shopper_id: ShopperId, since: datetime) -> None:
        """Keep for good what was kept for the session since a time."""
        with self._database.session() as session:
            session.execute(
                update(PreferenceRow)
                .where(PreferenceRow.shopper_id == shopper_id, PreferenceRow.session_only, PreferenceRow.at >= since)
                .values(session_only=False)
            )

    def count_shoppers(self) -> int:
        """Return how many shoppers are known."""
        with self._database.session() as session:
            return session.scalar(select(func.count()).select_from(ShopperRow)) or 0


def _shopper_of(session: Session, identity: Identity) -> ShopperId | None:
    found = session.scalar(
        select(IdentityRow.shopper_id).where(
            IdentityRow.channel == identity.channel, IdentityRow.sender_id == identity.sender_id
        )
    )
    return ShopperId(found) if found is not None else None


def _ensure(session: Session, shopper_ids: Iterable[ShopperId], at: datetime) -> None:
    # Sorted, so that two processes that create the same shoppers wait for each other instead of locking up.
    rows = [{"shopper_id": shopper_id, "created_at": at} for shopper_id in sorted(set(shopper_ids))]
    if rows:
        session.execute(insert_for(session, ShopperRow).on_conflict_do_nothing(), rows)


def _add(session: Session, evidence: Sequence[PreferenceEvidence]) -> None:
    session.add_all(
        PreferenceRow(
            shopper_id=piece.shopper_id,
            facet=piece.facet,
            value=piece.value,
            polarity=piece.polarity,
            strength=piece.strength,
            source=piece.source,
            slot=piece.slot,
            conversation_id=piece.conversation_id,
            at=piece.at,
            recipient=piece.recipient,
            category=piece.category,
            event_id=piece.event_id,
            session_only=piece.session_only,
        )
        for piece in evidence
    )


def _of_shopper(shopper_id: ShopperId) -> Select[*tuple[Any, ...]]:
    # Columns instead of objects: a profile is read at every turn, and may have many rows.
    return (
        select(*_EVIDENCE_COLUMNS)
        .where(PreferenceRow.shopper_id == shopper_id)
        .order_by(PreferenceRow.at.desc(), PreferenceRow.id.desc())
    )


@cache
def _consent_query() -> Select[bool]:
    """Return the latest decision about personalisation, as `_recall_query` read for every answer."""
    consents = ConsentRow.__table__.c
    return (
        select(consents.granted)
        .where(consents.shopper_id == bindparam("shopper"), consents.purpose == "personalisation")
        .order_by(consents.at.desc(), consents.id.desc())
        .limit(1)
    )


@cache
def _recall_query(here: bool, remembered: bool) -> Select[*tuple[Any, ...]]:
    """Return the statement of `ProfileStore.recall`: every request runs it, and building it takes as long again.

    Args:
        here: whether there is a conversation, bound as `conversation` and begun at `since`.
        remembered: whether what was kept for good counts.
    """
    pieces = PreferenceRow.__table__.c
    seen = [and_(pieces.conversation_id == bindparam("conversation"), pieces.at >= bindparam("since"))] if here else []
    if remembered:
        seen.append(~pieces.session_only)
    return (
        select(*(pieces[field.name] for field in fields(PreferenceEvidence)))
        .where(pieces.shopper_id == bindparam("shopper"), or_(false(), *seen))
        .order_by(pieces.at.desc(), pieces.id.desc())
        .limit(bindparam("most"))
    )


def _of_facts() -> ColumnElement[bool]:
    return or_(PreferenceRow.source == "fact", and_(PreferenceRow.polarity == 0, PreferenceRow.slot.is_(None)))


def _facts_among(rows: Iterable[Row[*tuple[Any, ...]]]) -> int:
    return sum(row.source == "fact" or (row.polarity == 0 and row.slot is None) for row in rows)


def _evidence(row: Row[*tuple[Any, ...]]) -> PreferenceEvidence:
    return PreferenceEvidence(*row)


def _decision(row: ConsentRow) -> ConsentDecision:
    return ConsentDecision(
        shopper_id=ShopperId(row.shopper_id),
        purpose=cast("Purpose", row.purpose),
        granted=row.granted,
        at=row.at,
        source=row.source,
        conversation_id=ConversationId(row.conversation_id) if row.conversation_id is not None else None,
    )
