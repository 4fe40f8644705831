"""Deletes what has been kept long enough."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shopguide.db.personal import Expiry
from shopguide.errors import DialogueServerUnavailable
from shopguide.ids import ShopperId
from shopguide.privacy.service import Privacy

log = logging.getLogger(__name__)

SHOPPERS_AT_ONCE = 500
"""In one statement: databases take so many values only."""
_Decisions = Mapping[ShopperId, tuple[bool, datetime]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things are kept; `None`: for ever.

    Args:
        session: what may count for its session only.
        events: feedback events.
        slates: slates as shown.
        preferences: evidence of tastes.
        conversations: a conversation after its last message.
        shoppers: a shopper of whom nothing else is left.
        withdrawn: what was stored before consent was withdrawn.
        tombstones: what lets late events for an erased shopper be refused.
    """

    session: timedelta = timedelta(hours=2)
    events: timedelta | None = None
    slates: timedelta | None = None
    preferences: timedelta | None = None
    conversations: timedelta | None = None
    shoppers: timedelta | None = None
    withdrawn: timedelta | None = None
    tombstones: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What was deleted, or would be.

    Args:
        rows: rows by reason and table.
        conversations: conversations in the dialogue server; `None` if it was not asked or does not answer.
        dry_run: whether nothing was deleted.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    conversations: int | None = None
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the report for `--json`."""
        return {"rows": dict(self.rows), "conversations": self.conversations, "dry_run": self.dry_run}


class Retention:
    """The job that keeps the limits. Several processes may run it at once.

    Args:
        privacy: the shop database and the dialogue server.
        limits: how long things are kept.
        assume_consent: whether a shopper who was never asked has agreed.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        privacy: Privacy,
        limits: Limits,
        *,
        assume_consent: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._privacy = privacy
        self._store = privacy.store
        self._limits = limits
        self._assume_consent = assume_consent
        self._clock = clock

    def run(self, *, dry_run: bool = False) -> RetentionReport:
        """Delete what is older than its limit, and return how much that was.

        Args:
            dry_run: count only. The dialogue server cannot be asked how many conversations it would delete.

        Raises:
            DatabaseError: the database cannot be reached; what was deleted until then is gone.
        """
        now = self._clock()
        rows: dict[str, int] = {}
        for reason, expiry in self._expiries(now):
            if count := self._store.expire(expiry, dry_run=dry_run):
                rows[f"{expiry.table}, {reason}"] = rows.get(f"{expiry.table}, {reason}", 0) + count
        if (before := _before(now, self._limits.tombstones)) and (
            count := self._store.forget_digests(before, dry_run=dry_run)
        ):
            rows["tombstones, digest"] = count
        if before := _before(now, self._limits.shoppers):
            idle = self._idle(before)
            if count := len(idle) if dry_run else self._store.remove(idle):
                rows["shoppers, nothing left"] = count
        return RetentionReport(rows, None if dry_run else self._expire_conversations(now), dry_run)

    def _expiries(self, now: datetime) -> Iterator[tuple[str, Expiry]]:
        for table in self._store.session_tables():
            yield "session over", Expiry(table, now - self._limits.session, session_only=True)
        yield from self._withdrawn(now)
        for table, limit in (
            ("feedback_events", self._limits.events),
            ("slates", self._limits.slates),
            ("preferences", self._limits.preferences),
        ):
            if before := _before(now, limit):
                yield "too old", Expiry(table, before)

    def _withdrawn(self, now: datetime) -> Iterator[tuple[str, Expiry]]:
        """Yield what nothing that a shopper agreed to needs any more.

        Preferences serve personalisation, slates analytics, events both.
        """
        before = _before(now, self._limits.withdrawn)
        if before is None:
            return
        personal, analytics = self._store.decided("personalisation"), self._store.decided("analytics")
        no_personal = {who for who in personal if _refused_since(personal, who, before)}
        no_analytics = {who for who in analytics if _refused_since(analytics, who, before)}
        neither = {
            who
            for who in no_personal | no_analytics
            if all(_refused_since(d, who, before) or self._never_asked(d, who) for d in (personal, analytics))
        }
        for table, shoppers in (("preferences", no_personal), ("slates", no_analytics), ("feedback_events", neither)):
            ordered = sorted(shoppers)
            for start in range(0, len(ordered), SHOPPERS_AT_ONCE):
                some = frozenset(ordered[start : start + SHOPPERS_AT_ONCE])
                yield "consent withdrawn", Expiry(table, before, shoppers=some)

    def _never_asked(self, decisions: _Decisions, shopper_id: ShopperId) -> bool:
        return shopper_id not in decisions and not self._assume_consent

    def _idle(self, before: datetime) -> list[ShopperId]:
        lately = {
            who
            for purpose in ("personalisation", "analytics")
            for who, (_, at) in self._store.decided(purpose).items()
            if at >= before
        }
        return [
            who for who in self._store.idle_shoppers(before, beside=("identities", "consents")) if who not in lately
        ]

    def _expire_conversations(self, now: datetime) -> int | None:
        before = _before(now, self._limits.conversations)
        if before is None:
            return None
        try:
            return self._privacy.conversations.expire(before)
        except DialogueServerUnavailable as error:
            log.warning("old conversations stay: %s", error)
            return None


def _before(now: datetime, limit: timedelta | None) -> datetime | None:
    return None if limit is None else now - limit


def _refused_since(decisions: _Decisions, shopper_id: ShopperId, before: datetime) -> bool:
    granted, at = decisions.get(shopper_id, (True, before))
    return not granted and at < before
