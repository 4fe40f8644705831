"""API keys in the shop database."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import JSON, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from shopguide.access.keys import ALL_SCOPES, ApiKey, KeyId, Scope
from shopguide.db.base import Base, UtcDateTime
from shopguide.db.engine import Database
from shopguide.errors import UnknownKey


class ApiKeyRow(Base):
    """A key, hashed. Rows of ended keys stay: they tell who could call until when."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    client: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KeyStore:
    """Reads and writes keys.

    Args:
        database: the shop database, migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        with self._database.session() as session:
            _add(session, key)

    def get(self, key_id: KeyId) -> ApiKey | None:
        """Return a key, `None` if there is none of this id."""
        with self._database.session() as session:
            row = session.get(ApiKeyRow, key_id)
            return None if row is None else _key(row)

    def all(self) -> list[ApiKey]:
        """Return all keys, ended ones among them, the oldest first."""
        with self._database.session() as session:
            rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.key_id))
            return [_key(row) for row in rows]

    def replace(self, old: KeyId, new: ApiKey, ends: datetime) -> None:
        """Keep a new key and let the old one end, both or neither; it does not live longer for it.

        Raises:
            UnknownKey: there is no such key.
        """
        with self._database.session() as session:
            row = _row(session, old)
            row.expires_at = ends if row.expires_at is None else min(row.expires_at, ends)
            _add(session, new)

    def revoke(self, key_id: KeyId, at: datetime) -> None:
        """End a key; of several times the first one stays.

        Raises:
            UnknownKey: there is no such key.
        """
        with self._database.session() as session:
            row = _row(session, key_id)
            row.revoked_at = row.revoked_at or at

    def used(self, times: Mapping[KeyId, datetime]) -> None:
        """Write when keys were used last."""
        with self._database.session() as session:
            # Sorted, so that two processes wait for each other instead of locking up.
            for key_id, at in sorted(times.items()):
                session.execute(update(ApiKeyRow).where(ApiKeyRow.key_id == key_id).values(last_used_at=at))


def _add(session: Session, key: ApiKey) -> None:
    session.add(
        ApiKeyRow(
            key_id=key.key_id,
            client=key.client,
            scopes=sorted(key.scopes),
            digest=key.digest,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
        )
    )


def _row(session: Session, key_id: KeyId) -> ApiKeyRow:
    row = session.get(ApiKeyRow, key_id)
    if row is None:
        raise UnknownKey(f"no API key {key_id!r}")
    return row


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        key_id=KeyId(row.key_id),
        client=row.client,
        # A scope that this version does not know any more allows nothing.
        scopes=frozenset(cast("list[Scope]", [scope for scope in row.scopes if scope in ALL_SCOPES])),
        digest=row.digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
