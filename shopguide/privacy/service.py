"""Erasing shoppers: what the shop database holds of them, and what the dialogue server still has to delete."""

import hashlib
import hmac
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shopguide.db.engine import Database
from shopguide.db.personal import ColumnMention, Trace
from shopguide.errors import DatabaseError, DialogueServerUnavailable, UnknownShopper
from shopguide.ids import ConversationId, ShopperId, is_own
from shopguide.privacy.conversations import Conversations
from shopguide.privacy.needles import Needles
from shopguide.privacy.store import Erasure, Kept, Pending, PrivacyStore
from shopguide.privacy.tokens import Tokens

log = logging.getLogger(__name__)

TRIES = 3
"""Of two transactions that wait for each other PostgreSQL ends one; the second try finds the way free."""
COPY_OPENS_FOR = timedelta(hours=1)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
"""Between two tries to have a conversation deleted; each pause is twice as long as the one before."""


class Privacy:
    """What a shopper can have erased, and the proof that it is.

    Args:
        database: the shop database, migrated.
        conversations: what the dialogue server keeps.
        secret: the key of digests and links, the chat secret.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        database: Database,
        conversations: Conversations,
        secret: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = PrivacyStore(database)
        self.conversations = conversations
        self._secret = secret
        self._copies = Tokens(secret, "copy")
        self._clock = clock

    def trace(self, shopper_id: ShopperId) -> Trace:
        """Return what tells a shopper in the shop database; of one who was erased lately only the id is left.

        Raises:
            UnknownShopper: nothing does.
        """
        trace = self.store.trace(shopper_id)
        if trace is not None:
            return trace
        if self.erased_at(shopper_id) is None:
            raise UnknownShopper(f"no shopper {shopper_id!r}")
        return Trace(shopper_id)

    def kept(self, shopper_id: ShopperId) -> Kept:
        """Return how much is kept of a shopper.

        Raises:
            UnknownShopper: nobody has or had this id.
        """
        return self.store.kept(self.trace(shopper_id))

    def rows(self, trace: Trace) -> dict[str, list[dict[str, Any]]]:
        """Return every row that belongs to a shopper, by table, as values ready for JSON."""
        return self.store.rows(trace)

    def erase(self, shopper_id: ShopperId) -> Erasure:
        """Delete a shopper from the shop database and queue their conversations: all of it or nothing.

        A shopper who was erased before has nothing left, and that is well.

        Raises:
            UnknownShopper: nobody has or had this id.
            DatabaseError: nothing was erased.
        """
        for left in reversed(range(TRIES)):
            try:
                erasure = self.store.erase(shopper_id, self.digest(shopper_id), self._clock())
                break
            except DatabaseError:
                if not left:
                    raise
        if erasure is None:
            return Erasure(self.trace(shopper_id))
        self._overwrite_log()
        return erasure

    def erased_at(self, shopper_id: ShopperId) -> datetime | None:
        """Return when a shopper was erased, if that was lately: what comes late for them is refused."""
        return self.store.erased_at(self.digest(shopper_id))

    def refuses_until(self, shopper_id: ShopperId) -> datetime | None:
        """Return until when nothing may be written about an erased shopper, `None` for anybody else.

        A shop's own id may come back with a new customer relation. An id of our making is never given again: whatever
        still speaks of it is a turn or a conversation from before.
        """
        erased_at = self.erased_at(shopper_id)
        return datetime.max.replace(tzinfo=UTC) if erased_at and is_own(shopper_id) else erased_at

    def finish(self, *, spare: Collection[ConversationId] = (), only_due: bool = False) -> bool:
        """Have the dialogue server delete what is queued; return whether everything tried is done.

        Args:
            spare: conversations that stay queued: one whose turn is going on would wait for its own end.
            only_due: leave out those that failed lately.
        """
        now = self._clock()
        queued = [
            one for one in self.store.pending() if one.conversation_id not in spare and (not only_due or _due(one, now))
        ]
        at_once: dict[datetime, list[Pending]] = {}
        for one in queued:
            at_once.setdefault(one.requested_at, []).append(one)
        done: list[Pending] = []
        failed: list[Pending] = []
        for until, group in at_once.items():
            try:
                refused = set(self.conversations.erase([one.conversation_id for one in group], until))
            except DialogueServerUnavailable as error:
                log.warning("%d conversations wait to be deleted: %s", len(group), error)
                refused = {one.conversation_id for one in group}
            done += [one for one in group if one.conversation_id not in refused]
            failed += [one for one in group if one.conversation_id in refused]
        if queued:
            self.store.settled(done, failed)
        if done:
            self._overwrite_log()
        return not failed

    def sweep(self) -> int:
        """Erase again those of whom something was written after their erasure; return how many they were.

        A turn that was going on then, or another conversation that had not been deleted yet, may do so.
        """
        erased = self.store.digests()
        strays = [one for one in self.store.strangers() if self.digest(one) in erased] if erased else []
        for shopper_id in strays:
            self.store.erase(shopper_id, self.digest(shopper_id), self._clock())
        if strays:
            self._overwrite_log()
        return len(strays)

    def mentions(self, needles: Needles) -> list[ColumnMention]:
        """Return every column of the shop database that still holds one of the ids."""
        return self.store.mentions(needles.ids, needles.in_text)

    def still_held(self, conversations: Sequence[ConversationId]) -> int:
        """Return of how many of these conversations the dialogue server keeps anything.

        Raises:
            DialogueServerUnavailable: nobody answers.
        """
        return sum(1 for one in conversations if self.conversations.held(one))

    def digest(self, shopper_id: ShopperId) -> str:
        """Return what a tombstone keeps of an id: nobody without the key can tell whose it is."""
        return hmac.new(self._secret.encode(), f"tombstone:{shopper_id}".encode(), hashlib.sha256).hexdigest()

    def copy_token(self, shopper_id: ShopperId) -> str:
        """Return what opens a shopper's own copy for an hour; whoever holds it may read everything in it."""
        return self._copies.issue(self._clock() + COPY_OPENS_FOR, {"shopper": shopper_id})

    def shopper_of_copy(self, token: str) -> ShopperId | None:
        """Return whose copy a token opens, `None` if it is forged, meant for something else or has ended."""
        claims = self._copies.read(token, self._clock())
        shopper_id = claims.get("shopper") if claims else None
        return ShopperId(shopper_id) if isinstance(shopper_id, str) else None

    def _overwrite_log(self) -> None:
        try:
            self.store.overwrite_log()
        except DatabaseError as error:  # the next one will do it
            log.warning("the database's log was not overwritten: %s", error)


def _due(one: Pending, now: datetime) -> bool:
    waited = now - one.requested_at
    return not one.attempts or waited >= min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(one.attempts, 16))
