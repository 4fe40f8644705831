"""A file on this machine where writes wait while the shop database is locked or down.

It is SQLite, apart from the shop database and synced to the disk at every write: what it has taken survives a crash and
a power cut. Several processes of one machine may share it. Entries leave it in the order in which they came; whoever
delivers them has to be able to do so twice, because no transaction spans two files.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shopguide.errors import OutboxError
from shopguide.ids import ConversationId, ShopperId

TRIES = 5
"""Failures of one entry, while others go through, after which it is set aside."""
LOCK_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    shopper_id TEXT,
    conversation_id TEXT,
    payload TEXT NOT NULL,
    put_at TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One write that waits.

    Args:
        key: the same write put twice waits once.
        kind: what it is, for whoever delivers it.
        payload: the write itself, as JSON.
        shopper_id: whom it is about, so that it can be erased.
        conversation_id: the conversation that it comes from, for the same reason.
    """

    key: str
    kind: str
    payload: str
    shopper_id: ShopperId | None = None
    conversation_id: ConversationId | None = None


class Outbox:
    """The file. It is created by the first entry; reading an outbox that was never needed opens nothing.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, entries: Iterable[Entry]) -> None:
        """Take entries, all of them or none; they are on the disk when this returns.

        Raises:
            OutboxError: the file cannot be written.
        """
        now = datetime.now(UTC).isoformat()
        rows = [(e.key, e.kind, e.shopper_id, e.conversation_id, e.payload, now) for e in entries]
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO waiting (key, kind, shopper_id, conversation_id, payload, put_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )

    def first(self, limit: int) -> list[Entry]:
        """Return the entries that came first, without those that were set aside."""
        return self._entries("failures < ? ORDER BY row LIMIT ?", (TRIES, limit))

    def find(self, key: str) -> Entry | None:
        """Return the entry of a key, if it waits here."""
        return next(iter(self._entries("key = ?", (key,))), None)

    def about(self, shopper_id: ShopperId, kind: str) -> list[Entry]:
        """Return what waits of one kind about a shopper, in the order in which it came."""
        return self._entries("shopper_id = ? AND kind = ? ORDER BY row", (shopper_id, kind))

    def remove(self, entries: Iterable[Entry]) -> None:
        """Drop entries that were delivered."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM waiting WHERE key = ?", [(entry.key,) for entry in entries])

    def failed(self, entries: Iterable[Entry]) -> None:
        """Count a failure of entries that stay behind although others go through."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE waiting SET failures = failures + 1 WHERE key = ?", [(entry.key,) for entry in entries]
            )

    def retry(self) -> None:
        """Let entries that were set aside be tried again: whatever failed may have been mended since."""
        if self._path.exists():
            with self._writing() as connection:
                connection.execute("UPDATE waiting SET failures = 0 WHERE failures > 0")

    def waiting(self) -> int:
        """Return how many entries wait, those that were set aside included."""
        return self._count("1", ())

    def set_aside(self) -> int:
        """Return how many entries are no longer tried."""
        return self._count("failures >= ?", (TRIES,))

    def erase(self, shopper_id: ShopperId, conversation_ids: Iterable[ConversationId]) -> int:
        """Drop everything about a shopper or from their conversations for good, and return how many entries it was.

        Freed pages are overwritten and the journal is emptied, so that no byte of it stays in the files.

        Raises:
            OutboxError: the file cannot be written; nothing may be said to be erased.
        """
        if not self._path.exists():
            return 0
        with self._writing() as connection:
            gone = connection.execute("DELETE FROM waiting WHERE shopper_id = ?", (shopper_id,)).rowcount
            for conversation_id in conversation_ids:
                gone += connection.execute("DELETE FROM waiting WHERE conversation_id = ?", (conversation_id,)).rowcount
        with self._open() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def mentions(self, text: str) -> int:
        """Return in how many entries a text occurs, an id for instance: 0 is the proof that it is gone."""
        written = json.dumps(text, ensure_ascii=False)[1:-1]
        spots = " || char(10) || ".join(("key", "coalesce(shopper_id, '')", "coalesce(conversation_id, '')", "payload"))
        return self._count(f"instr({spots}, ?) OR instr(payload, ?)", (text, written))

    def _entries(self, where: str, values: Sequence[str | int]) -> list[Entry]:
        if not self._path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT key, kind, payload, shopper_id, conversation_id FROM waiting WHERE {where}",  # noqa: S608
                values,
            )
            return [Entry(*row) for row in rows]

    def _count(self, where: str, values: Sequence[str | int]) -> int:
        if not self._path.exists():
            return 0
        with self._open() as connection:
            found = connection.execute(f"SELECT count(*) FROM waiting WHERE {where}", values).fetchone()  # noqa: S608
            return int(found[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: it is needed rarely, and none is carried over a fork or from thread to thread.
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                    connection.execute(f"PRAGMA {pragma}")
                connection.execute(_SCHEMA)
                yield connection
        except (sqlite3.Error, OSError, UnicodeEncodeError) as error:
            raise OutboxError(f"{self._path}: {error}") from error
