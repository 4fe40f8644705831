"""The one way in for what shoppers do, say and are shown: kept once, whoever reports it and however often.

An event and what it teaches are one transaction. While the shop database is locked or down, writes wait in the outbox;
consents and erasures are obeyed as they stand when a write reaches the database. Everything is settled by the time at
which it happened, never by the order of arrival, so what waited may come late.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import DatabaseError, UnknownSlate
from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.feedback.service import Feedback, RecordResult, why_refused
from shopguide.guide.learning import evidence_of, evidence_of_search, teaches
from shopguide.guide.standing import Standing
from shopguide.guide.waiting import (
    EVENT,
    EVIDENCE,
    event_of,
    events_to_entries,
    evidence_pieces_of,
    evidence_to_entries,
    parcels,
    slate_key,
    slate_of,
    slate_to_entry,
)
from shopguide.ids import ShopperId, SlateId
from shopguide.outbox.box import Entry, Outbox
from shopguide.outbox.breaker import Breaker
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

T = TypeVar("T")

RECENT_SLATES = 512
"""Slates kept in the process for the time that the database cannot give them back."""
PATIENCE_SECONDS = 1.0
"""How long a write that may go to the outbox waits for a lock: a shopper waits with it."""
AT_ONCE = 200
"""Entries of the outbox that one transaction writes."""


class Marks(Protocol):
    """Remembers what was written, in the same transaction."""

    def mark(self, key: str, at: datetime) -> bool:
        """Return whether it is the first time."""
        ...

    def forget(self, now: datetime) -> None:
        """Drop what is no longer needed."""
        ...


class Recorder:
    """Writes events, evidence and slates to the shop database or, while it is away, to the outbox.

    Args:
        profiles: shoppers, their consents and tastes.
        feedback: events and slates.
        index: the catalogue, for what a product teaches.
        together: makes one transaction of what is written inside; takes how many seconds to wait for a lock, `None` for
            as long as always.
        marks: what was written before; `None`: nothing is written twice.
        outbox: where writes wait; `None`: there is none, and a database that is down is an error.
        erased_at: when a shopper was erased, `None` if never.
        named: the facet values that the words of a search name.
        mask: takes personal data out of a search's words.
        clock: tells the time; tests bring their own.
        breaker: whether a write is worth trying.
    """

    def __init__(
        self,
        profiles: Profiles,
        feedback: Feedback,
        *,
        index: Callable[[], CatalogueIndex],
        together: Callable[[float | None], AbstractContextManager[None]] = lambda _: nullcontext(),
        marks: Marks | None = None,
        outbox: Outbox | None = None,
        erased_at: Callable[[ShopperId], datetime | None] = lambda _: None,
        named: Callable[[str], Sequence[tuple[str, str]]] = lambda _: (),
        mask: Callable[[str], str] = str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        breaker: Breaker | None = None,
    ) -> None:
        self._profiles = profiles
        self._feedback = feedback
        self._index = index
        self._together = together
        self._marks = marks
        self._outbox = outbox
        self._erased_at = erased_at
        self._named = named
        self._mask = mask
        self._clock = clock
        self._breaker = breaker or Breaker()
        self._recent: OrderedDict[SlateId, Slate] = OrderedDict()
        self._lock = threading.Lock()

    # -- coming in ----------------------------------------------------------------------------------------------------

    def take(self, events: Iterable[FeedbackEvent], *, teach: bool = True, may_wait: bool = True) -> RecordResult:
        """Keep events and what they teach; one sent before counts as a duplicate, one that makes no sense is refused.

        Args:
            events: in any order, of any shoppers.
            teach: whether tastes are learnt from them.
            may_wait: whether they may go to the outbox (then they are `queued`) if the database is away.

        Raises:
            DatabaseError: the events could not be kept anywhere; sending all of them again is right.
        """
        now = self._clock()
        sound: list[FeedbackEvent] = []
        refused: list[tuple[str, str]] = []
        for event in events:
            why = why_refused(event, now)
            if why is not None:
                refused.append((event.event_id, why))
            else:
                sound.append(replace(event, text=self._mask(event.text)) if event.text else event)
        waits = self._outbox is not None and may_wait
        result = (
            self._tried(lambda patience: self._write_events(sound, teach, patience), waits=waits)
            if sound
            else RecordResult()
        )
        if result is None:
            self._put(events_to_entries(sound))
            return RecordResult(refused=refused, queued=len({event.event_id for event in sound}))
        return replace(result, refused=[*refused, *result.refused])

    def learn(self, evidence: Sequence[PreferenceEvidence]) -> bool:
        """Keep what was learnt from what a shopper said, and return whether that worked; later counts as well."""
        if not evidence:
            return True
        sorted_out = parcels(evidence)
        return self._kept(
            lambda patience: self._write_evidence(sorted_out, patience), lambda: evidence_to_entries(sorted_out)
        )

    def keep(self, slate: Slate) -> bool:
        """Log a slate as shown, and return whether that worked; later counts as well."""
        with self._lock:
            self._recent[slate.slate_id] = slate
            while len(self._recent) > RECENT_SLATES:
                self._recent.popitem(last=False)
        return self._kept(lambda patience: self._write_slate(slate, patience), lambda: [slate_to_entry(slate)])

    def slate(self, slate_id: SlateId) -> Slate | None:
        """Return a slate shown before, written or waiting; `None` if there is no such slate or it cannot be read."""
        with self._lock:
            recent = self._recent.get(slate_id)
        if recent is not None:
            return recent
        try:
            return self._feedback.slate(slate_id)
        except (DatabaseError, UnknownSlate) as error:
            waiting = self._find(slate_key(slate_id))
            if waiting is None:
                log.warning("a slate is not to be had: %s", type(error).__name__)
                return None
            return slate_of(waiting)

    def forget(self, shopper_id: ShopperId) -> None:
        """Drop the slates of a shopper that this process has at hand."""
        with self._lock:
            for slate_id in [known for known, slate in self._recent.items() if slate.shopper_id == shopper_id]:
                del self._recent[slate_id]

    def waiting_events(self, shopper_id: ShopperId) -> list[FeedbackEvent]:
        """Return the events of a shopper that wait for the database, in the order in which they came."""
        if self._outbox is None or not self._breaker.is_open:
            return []
        try:
            return [event_of(entry) for entry in self._outbox.about(shopper_id, EVENT)]
        except DatabaseError:
            return []

    # -- going on -----------------------------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Write what waits in the outbox, in the order in which it came, and return how many entries that was.

        Two processes may do so at once. An entry that fails although the database takes others is tried again later,
        and set aside after some failures.

        Raises:
            DatabaseError: the database is still away, or the outbox cannot be used.
        """
        if self._outbox is None:
            return 0
        delivered = 0
        while entries := self._outbox.first(AT_ONCE):
            bad = self._deliver(entries)
            done = [entry for entry in entries if entry not in bad]
            self._outbox.remove(done)
            delivered += len(done)
            if bad:
                self._outbox.failed(bad)
                log.error("%d entries of the outbox cannot be written", len(bad))
                break
        return delivered

    def tidy(self) -> None:
        """Drop the marks of deliveries of long ago.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        with self._together(None):
            if self._marks is not None:
                self._marks.forget(self._clock())

    def _deliver(self, entries: Sequence[Entry]) -> list[Entry]:
        """Write entries and return those that cannot be written although the database is there."""
        if any(entry.kind == EVENT for entry in entries):
            self._index()  # before the transaction: the first call reads the whole catalogue
        try:
            with self._breaker.attempt():
                self._write_entries(entries)
            return []
        except (DatabaseError, ValueError) as error:
            log.info("entries of the outbox are tried one by one: %s", type(error).__name__)
            self.tidy()  # raises if nothing can be written at all
        bad: list[Entry] = []
        for entry in entries:
            try:
                self._write_entries([entry])
            except (DatabaseError, ValueError):
                self.tidy()
                bad.append(entry)
        return bad

    def _write_entries(self, entries: Sequence[Entry]) -> None:
        events = [event_of(entry) for entry in entries if entry.kind == EVENT]
        evidence = {entry.key: evidence_pieces_of(entry) for entry in entries if entry.kind == EVIDENCE}
        slates = [slate_of(entry) for entry in entries if entry.kind not in (EVENT, EVIDENCE)]
        with self._together(None):
            for slate in slates:
                self._write_slate(slate)
            if events:
                refused = self._write_events(events, teach=True).refused
                if refused:
                    log.info("%d events that had waited are refused", len(refused))
            if evidence:
                self._write_evidence(evidence)

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write_events(
        self, events: Sequence[FeedbackEvent], teach: bool, patience: float | None = None
    ) -> RecordResult:
        index = self._index() if teach and any(event.sku is not None and teaches(event) for event in events) else None
        refused: list[tuple[str, str]] = []
        kept: dict[str, FeedbackEvent] = {}
        duplicates = 0
        with self._together(patience):
            standing = Standing(self._profiles, self._erased_at)
            for event in events:
                why = standing.why_refused(event)
                if why is not None:
                    refused.append((event.event_id, why))
                elif event.event_id in kept:
                    duplicates += 1
                else:
                    kept[event.event_id] = standing.event(event)
            result = self._feedback.record(kept.values())
            new = [event for event in kept.values() if event.event_id in result.new]
            self._profiles.ensure_all(event.shopper_id for event in new)
            if teach:
                pieces = [piece for event in new for piece in self._taught(event, index)]
                self._profiles.record([one for piece in pieces if (one := standing.taught(piece)) is not None])
        return replace(result, duplicates=result.duplicates + duplicates, refused=[*refused, *result.refused])

    def _taught(self, event: FeedbackEvent, index: CatalogueIndex | None) -> Iterable[PreferenceEvidence]:
        if not teaches(event):
            return ()
        if event.kind == "search":
            return evidence_of_search(event, self._named(event.text or ""))
        return evidence_of(event, index) if index is not None else ()

    def _write_evidence(
        self, evidence: Mapping[str, Sequence[PreferenceEvidence]], patience: float | None = None
    ) -> None:
        now = self._clock()
        with self._together(patience):
            standing = Standing(self._profiles, self._erased_at)
            for key, pieces in evidence.items():
                if self._marks is None or self._marks.mark(key, now):
                    taught = (standing.taught(p) for p in pieces if not standing.is_erased(p.shopper_id, p.at))
                    self._profiles.record([piece for piece in taught if piece is not None])

    def _write_slate(self, slate: Slate, patience: float | None = None) -> None:
        with self._together(patience):
            standing = Standing(self._profiles, self._erased_at)
            if slate.shopper_id is None or not standing.is_erased(slate.shopper_id, slate.created_at):
                self._feedback.log_slate(standing.slate(slate))

    def _kept(self, write: Callable[[float | None], object], entries: Callable[[], list[Entry]]) -> bool:
        """Write something that a shopper does not wait for."""
        try:
            if self._tried(lambda patience: write(patience) or True, waits=self._outbox is not None) is None:
                self._put(entries())
        except DatabaseError as error:
            log.error("lost: %s", error)
            return False
        return True

    def _tried(self, write: Callable[[float | None], T], *, waits: bool) -> T | None:
        """Return what a write returns; `None` if the database cannot take it now and it may wait."""
        if waits and not self._breaker.ready():
            return None
        try:
            with self._breaker.attempt():
                return write(PATIENCE_SECONDS if waits else None)
        except DatabaseError as error:
            if not waits:
                raise
            log.warning("writes wait in the outbox: %s", error)
            return None

    def _put(self, entries: list[Entry]) -> None:
        assert self._outbox is not None  # noqa: S101  (nobody waits without one)
        self._outbox.put(entries)

    def _find(self, key: str) -> Entry | None:
        try:
            return self._outbox.find(key) if self._outbox is not None else None
        except DatabaseError:
            return None
