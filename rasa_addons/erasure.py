"""Deleting conversations: what Rasa's tracker stores have no method for.

`Conversations` deletes for good, and not while a turn of the conversation is going on. `ForgettingTrackerStore` does
what a turn asks for with the slot `erase_conversation`: Rasa saves a tracker when its turn has ended, so whatever was
deleted during the turn would come back with it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any, Protocol

import sqlalchemy
from rasa.core.tracker_store import AwaitableTrackerStore, InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.trackers import DialogueStateTracker

logger = logging.getLogger(__name__)

ERASE_SLOT = "erase_conversation"
SPEAKERS = {"user": "shopper", "bot": "guide"}


class UnsupportedStore(Exception):
    """Nobody taught us how to delete from this kind of tracker store; the message is for the operator."""


class Backend(Protocol):
    """A place that keeps events of conversations; times are seconds since 1970."""

    def count(self, conversation: str) -> int:
        """Return how many events are kept of a conversation."""

    def events(self, conversation: str) -> list[dict[str, Any]]:
        """Return the events of a conversation as Rasa writes them, the oldest first."""

    def last(self, conversation: str) -> float | None:
        """Return when the last event of a conversation was; nothing if none is kept."""

    def delete(self, conversation: str, until: float | None = None) -> int:
        """Delete the events of a conversation, those up to a time if one is given; return how many."""

    def idle_since(self, before: float) -> list[str]:
        """Return the conversations whose last event is older."""


class SqlBackend:
    """The table of Rasa's `SQLTrackerStore`."""

    def __init__(self, store: SQLTrackerStore) -> None:
        """Work through the store's own sessions."""
        self._store = store
        self._event = store.SQLEvent

    def count(self, conversation: str) -> int:
        """Return how many events are kept of a conversation."""
        with self._store.session_scope() as session:
            return int(session.query(self._event).filter(self._event.sender_id == conversation).count())

    def events(self, conversation: str) -> list[dict[str, Any]]:
        """Return the events of a conversation as Rasa writes them, the oldest first."""
        with self._store.session_scope() as session:
            kept = session.query(self._event.data).filter(self._event.sender_id == conversation)
            return [json.loads(row[0]) for row in kept.order_by(self._event.id)]

    def last(self, conversation: str) -> float | None:
        """Return when the last event of a conversation was; nothing if none is kept."""
        newest = sqlalchemy.func.max(self._event.timestamp)
        with self._store.session_scope() as session:
            found = session.query(newest).filter(self._event.sender_id == conversation).scalar()
        return None if found is None else float(found)

    def delete(self, conversation: str, until: float | None = None) -> int:
        """Delete the events of a conversation, those up to a time if one is given; return how many.

        SQLite would leave the text of deleted rows in the file's free pages; it is made to overwrite them.
        """
        with self._store.session_scope() as session:
            sqlite = session.get_bind().dialect.name == "sqlite"
            if sqlite:
                session.execute(sqlalchemy.text("PRAGMA secure_delete = ON"))
            events = session.query(self._event).filter(self._event.sender_id == conversation)
            if until is not None:
                events = events.filter(self._event.timestamp <= until)
            deleted = int(events.delete(synchronize_session=False))
            session.commit()
            if sqlite and deleted:  # whoever keeps the file in WAL mode keeps old pages in the log until then
                session.execute(sqlalchemy.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return deleted

    def idle_since(self, before: float) -> list[str]:
        """Return the conversations whose last event is older."""
        sender, newest = self._event.sender_id, sqlalchemy.func.max(self._event.timestamp)
        with self._store.session_scope() as session:
            return [row[0] for row in session.query(sender).group_by(sender).having(newest < before)]


class MemoryBackend:
    """The dictionary of Rasa's `InMemoryTrackerStore`, which also takes over where an SQL store fails."""

    def __init__(self, store: InMemoryTrackerStore) -> None:
        """Work on the store's own dictionary of serialised trackers."""
        self._trackers = store.store

    def events(self, conversation: str) -> list[dict[str, Any]]:
        """Return the events of a conversation as Rasa writes them, the oldest first."""
        kept = self._trackers.get(conversation)
        return list(json.loads(kept)["events"]) if kept else []

    def count(self, conversation: str) -> int:
        """Return how many events are kept of a conversation."""
        return len(self.events(conversation))

    def last(self, conversation: str) -> float | None:
        """Return when the last event of a conversation was; nothing if none is kept."""
        return max((float(event.get("timestamp") or 0) for event in self.events(conversation)), default=None)

    def delete(self, conversation: str, until: float | None = None) -> int:
        """Delete the events of a conversation, those up to a time if one is given; return how many."""
        events = self.events(conversation)
        kept = [] if until is None else [event for event in events if float(event.get("timestamp") or 0) > until]
        if kept:
            self._trackers[conversation] = json.dumps({**json.loads(self._trackers[conversation]), "events": kept})
        else:
            self._trackers.pop(conversation, None)
        return len(events) - len(kept)

    def idle_since(self, before: float) -> list[str]:
        """Return the conversations whose last event is older."""
        return [one for one in list(self._trackers) if (last := self.last(one)) is not None and last < before]


def backends(store: TrackerStore) -> list[Backend]:
    """Return the places behind a tracker store and whatever Rasa wrapped it in, the fallback among them.

    Raises:
        UnsupportedStore: one of them is of a kind that cannot be deleted from here.
    """
    return list(_backends(store))


def _backends(store: TrackerStore) -> Iterator[Backend]:
    inner = getattr(store, "_tracker_store", None)
    if inner is not None:
        yield from _backends(inner)
        # Not `fallback_tracker_store`: asking for it makes one.
        fallback = getattr(store, "_fallback_tracker_store", None)
        if fallback is not None:
            yield from _backends(fallback)
    elif isinstance(store, SQLTrackerStore):
        yield SqlBackend(store)
    elif isinstance(store, InMemoryTrackerStore):
        yield MemoryBackend(store)
    else:
        raise UnsupportedStore(
            f"Conversations cannot be deleted from a {type(store).__name__}: keep them in a tracker store of type SQL"
        )


class Conversations:
    """What an agent's tracker store holds, for whoever has to know it or to delete it.

    Raises:
        UnsupportedStore: the tracker store is of a kind that cannot be deleted from here.
    """

    def __init__(self, agent: Any) -> None:
        """Take the store and the locks of Rasa's agent."""
        self._backends = backends(agent.tracker_store)
        self._locks = agent.lock_store

    async def count(self, conversation: str) -> int:
        """Return how many events are kept of a conversation."""
        return sum(backend.count(conversation) for backend in self._backends)

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        """Return what was said in a conversation, the oldest first: when (`at`), `by` whom, and the `text`."""
        found = [event for backend in self._backends for event in await asyncio.to_thread(backend.events, conversation)]
        return [
            {"at": float(event.get("timestamp") or 0), "by": SPEAKERS[event["event"]], "text": event["text"]}
            for event in sorted(found, key=lambda event: float(event.get("timestamp") or 0))
            if event.get("event") in SPEAKERS and event.get("text")
        ]

    async def erase(self, conversation: str, until: float | None = None) -> int:
        """Delete a conversation, or what was said in it up to a time; return the number of events.

        A turn that is going on ends first, so that it cannot bring the conversation back.
        """
        async with self._locks.lock(conversation):
            return sum(backend.delete(conversation, until) for backend in self._backends)

    async def expire(self, before: float) -> int:
        """Delete every conversation whose last event is older; return their number."""
        expired = 0
        for backend in self._backends:
            for conversation in await asyncio.to_thread(backend.idle_since, before):
                async with self._locks.lock(conversation):
                    last = backend.last(conversation)  # once more: the shopper may have come back meanwhile
                    if last is not None and last < before:
                        backend.delete(conversation)
                        expired += 1
                await asyncio.sleep(0)  # turns of others go between
        return expired


class ForgettingTrackerStore(AwaitableTrackerStore):
    """Passes everything on, but for a tracker whose turn asked to forget it: that one is deleted instead of saved.

    Rasa saves while it holds the conversation's lock, so the next message, which may be waiting already, finds nothing.
    """

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Save the tracker, or delete it if its slot says so."""
        if tracker.get_slot(ERASE_SLOT) is not True:
            await super().save(tracker)
            return
        try:
            failures = _failures(backends(self._tracker_store), tracker.sender_id)
        except UnsupportedStore as error:
            failures = [str(error)]
        for failure in failures:  # the guide server asks again until it is done
            logger.error("A conversation could not be deleted when its shopper asked for it: %s", failure)


def _failures(places: list[Backend], conversation: str) -> list[str]:
    """Delete from every place, whatever happens in another; return the kinds of errors, which quote nothing."""
    failures = []
    for backend in places:
        try:
            backend.delete(conversation)
        except Exception as error:
            failures.append(type(error).__name__)
    return failures


def forget_when_asked(agent: Any) -> None:
    """Make an agent obey the slot `erase_conversation` from its next turn on; asking again changes nothing."""
    store = getattr(agent, "tracker_store", None)
    if store is None or isinstance(store, ForgettingTrackerStore):
        return
    agent.tracker_store = ForgettingTrackerStore(store)
    if (processor := getattr(agent, "processor", None)) is not None:
        processor.tracker_store = agent.tracker_store
