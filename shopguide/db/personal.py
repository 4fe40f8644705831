"""Where the database speaks of a person: found in the schema itself, so that tables to come are covered as well.

A column is about a person if it is called `shopper_id`, or `conversation_id` or `sender_id` for the accounts they write
from, alone or at the end of a longer name. A row that hangs on such a row by a foreign key belongs to it.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    MetaData,
    String,
    Table,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from shopguide.db.base import UtcDateTime
from shopguide.ids import OWN_LENGTH, OWN_PREFIX, ConversationId, ShopperId

Role: TypeAlias = Literal["shopper", "conversation"]

_ROLES: Mapping[str, Role] = {
    "shopper_id": "shopper",
    "conversation_id": "conversation",
    "sender_id": "conversation",
}
_TIMES = ("at", "created_at")
_SPARED = frozenset({"alembic_version", "pending_erasures", "tombstones"})
"""What the erasure itself needs; it holds conversations' ids until the dialogue server has deleted them."""
_BATCH = 1_000
"""Rows deleted in one transaction where many may go: others must not wait for the lock."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What tells a shopper in the database: their id and the conversations that are theirs and nobody else's.

    `shared` are conversations of theirs whose account belongs to somebody else now.
    """

    shopper_id: ShopperId
    conversations: frozenset[ConversationId] = frozenset()
    shared: frozenset[ConversationId] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """All ids that nothing may hold when the shopper is erased."""
        return frozenset({self.shopper_id, *self.conversations})


@dataclass(frozen=True, slots=True)
class ColumnMention:
    """A column that holds an id, and in how many rows."""

    table: str
    column: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Person:
    """The columns of one table that are about a person."""

    shopper: tuple[Column[Any], ...] = ()
    conversation: tuple[Column[Any], ...] = ()


@dataclass(slots=True)
class PersonalSchema:
    """The tables of a database as they are now.

    Args:
        tables: the reflected tables.
    """

    tables: MetaData
    _people: dict[str, _Person] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session) -> "PersonalSchema":
        """Read the schema."""
        tables = MetaData()
        tables.reflect(session.connection(), resolve_fks=False)
        return cls(tables, {name: _columns(table) for name, table in tables.tables.items()})

    def table(self, name: str) -> Table:
        """Return a table."""
        return self.tables.tables[name]

    def about(self, role: Role) -> Iterator[tuple[Table, Column[Any]]]:
        """Yield the columns that hold ids of a kind."""
        for table in self.tables.sorted_tables:
            for column in getattr(self._people[table.name], role):
                yield table, column

    def lock(self, session: Session) -> None:
        """Keep writers out of every table that is about a person until the transaction ends.

        PostgreSQL would otherwise let somebody insert a row that the deletion does not see and that outlives it.
        """
        if session.get_bind().dialect.name == "sqlite":
            # Python's driver begins at the first change only: what is read before would not be protected.
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            return
        names = [t.name for t in self.tables.sorted_tables if self._people[t.name] != _Person()]
        quote = session.get_bind().dialect.identifier_preparer.quote
        session.execute(text(f"LOCK TABLE {', '.join(map(quote, names))} IN SHARE ROW EXCLUSIVE MODE"))

    def trace(self, session: Session, shopper_id: ShopperId) -> Trace | None:
        """Return what tells a shopper here, `None` if nothing does."""
        found: set[str] = set()
        known = False
        for table in self.tables.sorted_tables:
            person = self._people[table.name]
            for column in person.shopper:
                known = known or session.execute(select(1).where(column == shopper_id).limit(1)).first() is not None
                for conversation in person.conversation:
                    found.update(session.scalars(select(conversation).where(column == shopper_id).distinct()))
        found -= {None}  # rows without a conversation
        shared = {
            sender
            for sender in found
            for table, column in self._accounts()
            if session.execute(
                select(1)
                .where(column == sender, *(other != shopper_id for other in self._people[table.name].shopper))
                .limit(1)
            ).first()
        }
        if not known:
            return None
        return Trace(shopper_id, frozenset(map(ConversationId, found - shared)), frozenset(map(ConversationId, shared)))

    def counts(self, session: Session, trace: Trace) -> dict[str, int]:
        """Return how many rows belong to a shopper, by table; tables without any are left out."""
        found = {}
        for table, belongs in self._belonging(trace):
            if count := session.scalar(select(func.count()).select_from(table).where(belongs)):
                found[table.name] = count
        return found

    def rows(self, session: Session, trace: Trace) -> dict[str, list[dict[str, Any]]]:
        """Return every row that belongs to a shopper, by table, oldest first, as values ready for JSON."""
        found = {}
        for table, belongs in self._belonging(trace):
            order = [table.c[name] for name in _TIMES if name in table.c] + list(table.primary_key.columns)
            query = select(table).where(belongs).order_by(*order)
            if rows := [
                {name: _plain(value) for name, value in row.items()} for row in session.execute(query).mappings()
            ]:
                found[table.name] = rows
        return found

    def delete(self, session: Session, trace: Trace) -> dict[str, int]:
        """Delete every row that belongs to a shopper; return how many by table."""
        counts: dict[str, int] = {}
        for table, belongs in reversed(list(self._belonging(trace))):
            if gone := session.execute(delete(table).where(belongs)).rowcount:  # type: ignore[attr-defined]
                counts[table.name] = gone
        return counts

    def mentions(
        self, session: Session, ids: Collection[str], holds: Callable[[str], bool], skip: Collection[str] = ()
    ) -> list[ColumnMention]:
        """Return every column of text or JSON, in every table, that holds one of the ids.

        Args:
            session: the transaction to read in.
            ids: what to look for.
            holds: whether a text that contains an id, in whatever case, really holds it.
            skip: tables not to look at.
        """
        # JSON is written in ASCII.
        written = sorted({form for one in ids for form in (one, json.dumps(one)[1:-1])})
        found = []
        for table in self.tables.sorted_tables:
            if table.name in skip:
                continue
            for column in table.columns:
                if not isinstance(column.type, String | JSON):
                    continue
                as_text = cast(column, Text)
                likely = or_(*(as_text.contains(form, autoescape=True) for form in written))
                rows = sum(1 for value in session.scalars(select(as_text).where(likely)) if holds(value))
                if rows:
                    found.append(ColumnMention(table.name, column.name, rows))
        return found

    def without_anything(self, session: Session, table: str, beside: Collection[str], before: datetime) -> list[str]:
        """Return the shoppers of a table, created before a time, that no other table speaks of but those `beside`."""
        shoppers = self.table(table)
        used = [
            select(column).where(column.is_not(None))
            for other, column in self.about("shopper")
            if other.name not in {table, *beside}
        ]
        query = select(shoppers.c.shopper_id).where(shoppers.c.created_at < _time(before))
        for query_of_used in used:
            query = query.where(shoppers.c.shopper_id.not_in(query_of_used))
        return list(session.scalars(query))

    def strangers(self, session: Session) -> list[ShopperId]:
        """Return the shoppers with an id of our own making that no account leads to."""
        found: set[str] = set()
        for table, column in self.about("shopper"):
            if not any(table is accounts for accounts, _ in self._accounts()):
                found.update(session.scalars(select(column).where(self._stranger(column)).distinct()))
        return sorted(map(ShopperId, found))

    def session_only(self) -> Iterator[tuple[str, str]]:
        """Yield the tables with rows that count for a session only, with their column of time."""
        for table in self.tables.sorted_tables:
            if "session_only" in table.c:
                yield table.name, self.time_of(table.name)

    def time_of(self, name: str) -> str:
        """Return which column says when a row of a table came about."""
        return next(column for column in _TIMES if column in self.table(name).c)

    def _accounts(self) -> Iterator[tuple[Table, Column[Any]]]:
        for table, column in self.about("conversation"):
            if column.name == "sender_id" and self._people[table.name].shopper:
                yield table, column

    def _stranger(self, column: Column[Any]) -> ColumnElement[bool]:
        """Whether a column holds an id of our own making that no account leads to."""
        accounts = [select(c) for t, _ in self._accounts() for c in self._people[t.name].shopper]
        own = column.startswith(OWN_PREFIX, autoescape=True)
        return and_(own, func.length(column) == OWN_LENGTH, *(column.not_in(known) for known in accounts))

    def _belonging(self, trace: Trace) -> Iterator[tuple[Table, ColumnElement[bool]]]:
        for table in self.tables.sorted_tables:
            belongs = self._belongs(table, trace)
            if belongs is not None:
                yield table, belongs

    def _belongs(self, table: Table, trace: Trace) -> ColumnElement[bool] | None:
        if table.name in _SPARED:
            return None
        person = self._people[table.name]
        ways: list[ColumnElement[bool]] = [column == trace.shopper_id for column in person.shopper]
        # What a stranger said in a conversation that is theirs: it was them before they logged in.
        nobody = [or_(column.is_(None), self._stranger(column)) for column in person.shopper]
        conversations = sorted(trace.conversations)
        ways += [and_(column.in_(conversations), *nobody) for column in person.conversation if conversations]
        ways += self._hangs_on(table, trace)
        return or_(*ways) if ways else None

    def _hangs_on(self, table: Table, trace: Trace) -> Iterator[ColumnElement[bool]]:
        for constraint in table.foreign_key_constraints:
            parent = self.tables.tables.get(constraint.elements[0].target_fullname.rsplit(".", 1)[0])
            if parent is None or parent is table or (constraint.ondelete or "").upper().startswith("SET"):
                continue
            if any(column in self._people[table.name].shopper for column in constraint.columns):
                continue
            belongs = self._belongs(parent, trace)
            if belongs is not None:
                targets = [parent.c[element.target_fullname.rsplit(".", 1)[1]] for element in constraint.elements]
                yield tuple_(*constraint.columns).in_(select(*targets).where(belongs))


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of one table to delete: those before a time, of some shoppers if they are given.

    `session_only`: of these, only rows that count for a session (`True`), or only the others (`False`).
    """

    table: str
    before: datetime
    shoppers: frozenset[ShopperId] | None = None
    session_only: bool | None = None


def count_expired(session: Session, schema: PersonalSchema, expiry: Expiry) -> int:
    """Return how many rows would go."""
    table, where = _expired(schema, expiry)
    return session.scalar(select(func.count()).select_from(table).where(where)) or 0


def delete_expired(session: Session, schema: PersonalSchema, expiry: Expiry) -> int:
    """Delete up to a batch of rows and return how many went; there may be more."""
    table, where = _expired(schema, expiry)
    keys = list(table.primary_key.columns)
    rows = session.execute(select(*keys).where(where).limit(_BATCH)).all()
    if rows:
        session.execute(delete(table).where(tuple_(*keys).in_([tuple(row) for row in rows])))
    return len(rows)


def _expired(schema: PersonalSchema, expiry: Expiry) -> tuple[Table, ColumnElement[bool]]:
    table = schema.table(expiry.table)
    conditions = [table.c[schema.time_of(expiry.table)] < _time(expiry.before)]
    if expiry.shoppers is not None:
        conditions.append(table.c.shopper_id.in_(sorted(expiry.shoppers)))
    if expiry.session_only is not None:
        conditions.append(table.c.session_only.is_(expiry.session_only))
    return table, and_(*conditions)


def _columns(table: Table) -> _Person:
    if table.name in _SPARED:
        return _Person()
    by_role: dict[Role, list[Column[Any]]] = {"shopper": [], "conversation": []}
    for column in table.columns:
        for name, role in _ROLES.items():
            if isinstance(column.type, String) and (column.name == name or column.name.endswith(f"_{name}")):
                by_role[role].append(column)
    return _Person(tuple(by_role["shopper"]), tuple(by_role["conversation"]))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; SQLite's times have no zone and are in UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return str(value) if isinstance(value, Decimal | date | UUID | bytes) else value


def _time(value: datetime) -> ColumnElement[Any]:
    return literal(value, UtcDateTime())
