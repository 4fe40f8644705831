"""What was shown to shoppers and what they did with it."""

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import get_args

from shopguide.db.engine import Database
from shopguide.errors import UnknownSlate
from shopguide.feedback.events import EventKind, FeedbackEvent, Sighting, Slate
from shopguide.feedback.rewards import ItemReward, RewardRules, credit, rewards_by_shopper
from shopguide.feedback.store import FeedbackStore
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId

KINDS: frozenset[str] = frozenset(get_args(EventKind))
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""Before this nobody shopped on the web: such a time is a clock or a converter gone wrong."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead a client's clock may run."""
MAX_ID = 200
MAX_TEXT = 10_000
BATCH = 5_000
SLATES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What became of events; `refused` holds event ids, each with the reason, `new` the ids that were not known.

    `queued` counts those that wait in the outbox for the database: whether they are new is not known yet.
    """

    accepted: int = 0
    duplicates: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    queued: int = 0
    new: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


class Feedback:
    """Slates and feedback events.

    Args:
        database: the shop database, migrated.
        clock: tells the time; tests bring their own.
        refusing: the shoppers whose behaviour serves no reports and no training; asked at every reading.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        refusing: Callable[[], Collection[ShopperId]] = frozenset,
    ) -> None:
        self._store = FeedbackStore(database)
        self._clock = clock
        self._refusing = refusing

    def log_slate(self, slate: Slate) -> None:
        """Keep a slate as it was shown; the same slate logged again changes nothing."""
        self._store.add_slate(slate)

    def slate(self, slate_id: SlateId) -> Slate:
        """Return a slate as it was shown.

        Raises:
            UnknownSlate: no slate has this id.
        """
        slate = self._store.slate(slate_id)
        if slate is None:
            raise UnknownSlate(f"no slate {slate_id!r}")
        return slate

    def latest_slate(self, conversation_id: ConversationId) -> Slate | None:
        """Return the slate that a conversation saw last, if it saw any."""
        return self._store.latest_slate(conversation_id)

    def shown_skus(self, conversation_id: ConversationId, since: datetime | None = None) -> list[Sku]:
        """Return the products that a conversation saw (since a time), each once, first shown first."""
        return self._store.shown_skus(conversation_id, since)

    def record(self, events: Iterable[FeedbackEvent]) -> RecordResult:
        """Keep events, in any order; one sent before counts as a duplicate, one that makes no sense is refused.

        Returns:
            the counts, why each refused event was refused, and which ones are new.

        Raises:
            DatabaseError: the database cannot be reached. Batches of `BATCH` are kept whole or not at all, so
                sending everything again is right.
        """
        now = self._clock()
        new: set[str] = set()
        duplicates = 0
        refused: list[tuple[str, str]] = []
        batch: dict[str, FeedbackEvent] = {}

        def keep() -> int:
            added = self._store.add_events(list(batch.values()))
            known = len(batch) - len(added)
            new.update(added)
            batch.clear()
            return known

        for event in events:
            why = why_refused(event, now)
            if why is not None:
                refused.append((event.event_id, why))
            elif event.event_id in batch:
                duplicates += 1
            else:
                batch[event.event_id] = event
                if len(batch) == BATCH:
                    duplicates += keep()
        duplicates += keep()
        return RecordResult(len(new), duplicates, refused, new=frozenset(new))

    def history(
        self,
        shopper_id: ShopperId,
        limit: int = 200,
        *,
        kinds: Collection[EventKind] | None = None,
        recipient: str = "",
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[FeedbackEvent]:
        """Return a shopper's latest events, newest first; of one moment, by their ids, the last one first.

        Args:
            shopper_id: whose.
            limit: how many at most.
            kinds: only these; `None`: all.
            recipient: for whom; empty: for the shopper.
            conversation_id: what was kept for the session of this conversation counts too.
            remembered: whether what was kept for good counts; otherwise only this conversation's.
            since: from when on this conversation's own events count.
        """
        return self._store.history(
            shopper_id,
            limit,
            kinds=kinds,
            recipient=recipient,
            conversation_id=conversation_id,
            remembered=remembered,
            since=since,
        )

    def sightings(
        self,
        shopper_id: ShopperId,
        after: datetime,
        slates: int = 50,
        *,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        since: datetime | None = None,
    ) -> list[Sighting]:
        """Return what a shopper was shown for themselves, newest first: what may count, as in `history`.

        Args:
            shopper_id: whose.
            after: nothing older.
            slates: how many of the latest slates at most.
            conversation_id: what was kept for the session of this conversation counts too.
            remembered: whether what was kept for good counts; otherwise only this conversation's.
            since: from when on this conversation's own slates count.
        """
        return self._store.sightings(
            shopper_id, after, slates, conversation_id=conversation_id, remembered=remembered, since=since
        )

    def promote(self, shopper_id: ShopperId, since: datetime, *, slates: bool = True) -> None:
        """Keep for good what was kept for the session since a time: the shopper has agreed to it.

        Args:
            shopper_id: whose.
            since: from when on.
            slates: whether to what was shown to them as well, not only to what they did.
        """
        self._store.promote(shopper_id, since, slates=slates)

    def interactions(self) -> Iterator[FeedbackEvent]:
        """Stream the events that reports and training may use, oldest first; of one moment, in the order of their ids.

        What was kept for a session only, what was for somebody else, and shoppers who refuse, are left out.
        """
        refusing = self._refusing()
        return (event for event in self._store.events(BATCH) if event.shopper_id not in refusing)

    def rewards(self, rules: RewardRules, since: datetime | None = None) -> Iterator[ItemReward]:
        """Stream every product of every slate (shown since a time) with what came of it, one shopper after another.

        What was kept for a session only, and shoppers who refuse, are left out.
        """
        refusing = self._refusing()
        yield from rewards_by_shopper(
            (slate for slate in self._store.impressions(since, BATCH, known=True) if slate.shopper_id not in refusing),
            (event for event in self._store.creditable(since, BATCH) if event.shopper_id not in refusing),
            rules,
        )
        for slates in _batches(self._store.impressions(since, BATCH, known=False), SLATES_AT_ONCE):
            named = self._store.naming([slate.slate_id for slate in slates])
            own = [event for event in named if event.shopper_id not in refusing]
            for slate in slates:
                yield from credit([slate], [event for event in own if event.slate_id == slate.slate_id], rules)

    def shoppers(self) -> set[ShopperId]:
        """Return the shoppers whose events reports and training may use, as of now."""
        return self._store.shoppers().difference(self._refusing())

    def revision(self) -> int:
        """Return a number that grows with every batch of new events; one look at an index."""
        return self._store.last_row()

    def count(self) -> int:
        """Return how many events there are."""
        return self._store.count_events()

    def digest(self) -> str:
        """Return the digest of the ids of `interactions`: the same events give the same, in whatever order they came.

        Reads every id, about half a second for a third of a million; poll `revision` instead.
        """
        digest, refusing = hashlib.sha256(), self._refusing()
        for event_id, shopper_id in self._store.event_ids(BATCH):
            if shopper_id not in refusing:
                digest.update(event_id.encode("utf-8", "surrogatepass") + b"\n")
        return digest.hexdigest()


def why_refused(event: FeedbackEvent, now: datetime) -> str | None:  # noqa: PLR0911  (one line for each reason)
    """Return why an event makes no sense, `None` if it does. Each reason begins with the field's name."""
    if event.kind not in KINDS:
        return f"kind: {event.kind!r} is none of {', '.join(sorted(KINDS))}"
    for name in ("event_id", "shopper_id", "sku", "slate_id"):
        text = getattr(event, name)
        if text is not None and (not text.strip() or len(text) > MAX_ID or not _is_storable(text)):
            return f"{name}: must have 1 to {MAX_ID} characters"
    if event.text is not None and (len(event.text) > MAX_TEXT or not _is_storable(event.text)):
        return f"text: must have at most {MAX_TEXT} characters"
    if event.at.tzinfo is None:
        return "at: has no time zone"
    if event.at > now + CLOCK_SKEW:
        return f"at: {event.at.isoformat()} is in the future"
    if event.at < EARLIEST:
        return f"at: {event.at.isoformat()} is before {EARLIEST.year}"
    if event.sku is None and event.kind != "search":
        return f"sku: a {event.kind} needs a product"
    if event.value is not None and not math.isfinite(event.value):
        return "value: is not a number"
    if event.kind == "rating" and event.value is None:
        return "value: a rating needs one"
    return None


def _batches(slates: Iterator[Slate], size: int) -> Iterator[list[Slate]]:
    while batch := list(islice(slates, size)):
        yield batch


def _is_storable(text: str) -> bool:
    """Whether every database takes a text: PostgreSQL refuses NUL, and half a surrogate pair is no character."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
