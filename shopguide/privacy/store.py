"""Erasures in the shop database: what is still to be done, and what was done."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shopguide.db.base import Base, UtcDateTime


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
