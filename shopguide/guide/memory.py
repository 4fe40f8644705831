"""What the guide remembers, on storage that may fail: a turn is answered without memory rather than not at all."""

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from shopguide.conversation.turn import Turn
from shopguide.errors import DatabaseError
from shopguide.feedback.events import EventKind, FeedbackEvent, Slate
from shopguide.feedback.service import Feedback
from shopguide.guide.recording import Recorder
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.profiles.facts import Fact
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

JUDGING: tuple[EventKind, ...] = ("like", "dislike", "purchase", "add_to_cart")
"""Events of which the latest tells whether a shopper wants to see a product again."""
JUDGED = 1_000
"""How many of them are looked at."""
OPPOSITE: dict[EventKind, EventKind] = {"like": "dislike", "dislike": "like"}


class Memory:
    """Profiles and feedback behind one face that logs a database error and goes on.

    Args:
        profiles: shoppers and their tastes.
        feedback: slates and feedback events, for reading.
        recorder: the one way in for what is written.
        session_memory: how long what was kept for a conversation counts in it.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        profiles: Profiles,
        feedback: Feedback,
        recorder: Recorder,
        *,
        session_memory: timedelta = timedelta(hours=2),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._profiles = profiles
        self._feedback = feedback
        self._recorder = recorder
        self._session_memory = session_memory
        self._clock = clock

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId | None:
        """Return whose channel account this is; `None` while the database is down."""
        try:
            return self._profiles.shopper_for(channel, sender_id)
        except DatabaseError as error:
            log.warning("shopper unknown: %s", error)
            return None

    def learn(self, evidence: Sequence[PreferenceEvidence]) -> bool:
        """Write what was learnt about a shopper, now or when the database is back; return whether that worked."""
        return self._recorder.learn(evidence)

    def taste(
        self,
        shopper_id: ShopperId | None,
        *,
        recipient: str = "",
        conversation_id: ConversationId | None = None,
    ) -> TasteProfile:
        """Return the taste of a shopper, or of whom they shop for; empty if there is none to be had."""
        if shopper_id is None:
            return TasteProfile()
        try:
            return self._profiles.taste(shopper_id, recipient=recipient, conversation_id=conversation_id)
        except DatabaseError as error:
            log.warning("answering without taste: %s", error)
            return TasteProfile(shopper_id)

    def facts(
        self, shopper_id: ShopperId, *, recipient: str = "", conversation_id: ConversationId | None = None
    ) -> tuple[Fact, ...]:
        """Return what holds for good of a shopper, or of whom they shop for; nothing if it cannot be read."""
        try:
            return self._profiles.facts(shopper_id, recipient=recipient, conversation_id=conversation_id)
        except DatabaseError as error:
            log.warning("answering without facts: %s", error)
            return ()

    def said_for(
        self,
        shopper_id: ShopperId,
        conversation_id: ConversationId,
        values: Collection[tuple[str, str]],
        recipient: str,
    ) -> None:
        """Let what was just said of a need count for whom it turns out to be."""
        try:
            self._profiles.said_for(shopper_id, conversation_id, values, recipient=recipient)
        except DatabaseError as error:
            log.warning("what was said for somebody else stays the shopper's own: %s", error)

    def may_ask_consent(self, shopper_id: ShopperId) -> bool:
        """Return whether it is time to ask what may be remembered; it is once for each shopper, and this was it."""
        try:
            return self._profiles.ask_consent(shopper_id)
        except DatabaseError:
            return False

    def keep(self, slate: Slate) -> None:
        """Log a slate as shown, now or when the database is back."""
        self._recorder.keep(slate)

    def slate(self, slate_id: str | None) -> Slate | None:
        """Return a slate shown before; `None` if there is no such slate or it cannot be read."""
        return self._recorder.slate(SlateId(slate_id)) if slate_id is not None else None

    def judge(
        self,
        kind: EventKind,
        turn: Turn,
        skus: Sequence[Sku],
        *,
        slate: Slate | None,
        at: datetime,
        recipient: str = "",
    ) -> bool:
        """Record what a shopper thinks of products, with what it teaches, and return whether that worked.

        The same judgement of the same slate counts once, however often the dialogue server repeats its call; who
        changes their mind and changes it back has judged three times.
        """
        if turn.shopper_id is None:
            return False
        slate_id = slate.slate_id if slate is not None else None
        judged = self.history(turn.shopper_id, kinds=JUDGING, conversation_id=turn.conversation_id, recipient=recipient)
        events = []
        for sku in skus:
            contrary = next((e.event_id for e in judged if e.sku == sku and e.kind == OPPOSITE.get(kind)), None)
            events.append(
                FeedbackEvent(
                    event_id=_digest(turn.shopper_id, slate_id, sku, kind, contrary, recipient),
                    kind=kind,
                    shopper_id=turn.shopper_id,
                    at=at,
                    sku=sku,
                    slate_id=slate_id,
                    conversation_id=turn.conversation_id,
                    recipient=recipient,
                )
            )
        return self._take(events)

    def searched(self, turn: Turn, words: str, at: datetime, recipient: str = "") -> bool:
        """Record what a shopper looked for, in words, and return whether that worked.

        The same words beside the same slate count once. They teach nothing: the slots that they filled did.
        """
        if turn.shopper_id is None or not words.strip():
            return True
        return self._take(
            [
                FeedbackEvent(
                    event_id=_digest(turn.shopper_id, turn.conversation_id, turn.current_slate, words, recipient),
                    kind="search",
                    shopper_id=turn.shopper_id,
                    at=at,
                    text=words,
                    conversation_id=turn.conversation_id,
                    recipient=recipient,
                )
            ]
        )

    def _take(self, events: Sequence[FeedbackEvent]) -> bool:
        try:
            return not self._recorder.take(events).refused
        except DatabaseError as error:
            log.error("%d events lost: %s", len(events), error)
            return False

    def history(
        self,
        shopper_id: ShopperId | None,
        *,
        kinds: Collection[EventKind] | None = None,
        limit: int = JUDGED,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        recipient: str = "",
    ) -> list[FeedbackEvent]:
        """Return a shopper's latest events, newest first, as far as they may count in a conversation.

        Args:
            shopper_id: whose.
            kinds: only these.
            limit: how many at most.
            conversation_id: the conversation whose own events count too.
            remembered: whether events of other times may count; they do not if the shopper refuses it.
            recipient: for whom; empty: for the shopper.
        """
        if shopper_id is None:
            return []
        waiting = [
            event
            for event in self._recorder.waiting_events(shopper_id)
            if event.recipient == recipient
            and (kinds is None or event.kind in kinds)
            and event.conversation_id == conversation_id
        ]
        try:
            known = self._feedback.history(
                shopper_id,
                limit,
                kinds=kinds,
                recipient=recipient,
                conversation_id=conversation_id,
                remembered=remembered and self._profiles.consents(shopper_id).personalisation is not False,
                since=self._clock() - self._session_memory,
            )
        except DatabaseError as error:
            log.warning("answering without history: %s", error)
            known = []
        if not waiting:
            return known
        merged = {event.event_id: event for event in (*waiting, *known)}
        return sorted(merged.values(), key=lambda event: (event.at, event.event_id), reverse=True)

    def rejected(
        self,
        shopper_id: ShopperId | None,
        *,
        conversation_id: ConversationId | None = None,
        remembered: bool = True,
        recipient: str = "",
    ) -> frozenset[Sku]:
        """Return the products that a shopper does not want to see again: disliked, and not liked or bought since.

        The arguments are those of `history`.
        """
        latest: dict[Sku, str] = {}
        for event in self.history(
            shopper_id, kinds=JUDGING, conversation_id=conversation_id, remembered=remembered, recipient=recipient
        ):
            if event.sku is not None:
                latest.setdefault(event.sku, event.kind)
        return frozenset(sku for sku, kind in latest.items() if kind == "dislike")


def _digest(*parts: str | None) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
