"""`INSERT … ON CONFLICT` for whichever database the session talks to."""

from typing import TypeAlias

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shopguide.db.base import Base

Upsert: TypeAlias = sqlite.Insert | postgresql.Insert


def insert_for(session: Session, table: type[Base]) -> Upsert:
    """Return an insert that has `on_conflict_do_nothing` and `on_conflict_do_update` on both databases."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
