"""Taking a shopper's decision on what their data may be used for."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from shopguide.db.engine import Database
from shopguide.feedback.service import Feedback
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.consent import Consents, Purpose
from shopguide.profiles.service import Profiles


class Consenting:
    """Keeps decisions, and what was said in the session that brought a yes.

    Args:
        database: the shop database.
        profiles: shoppers and their consents.
        feedback: slates and feedback events.
        session_memory: how far back a session reaches.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        feedback: Feedback,
        session_memory: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._feedback = feedback
        self._session_memory = session_memory
        self._clock = clock

    def decide(
        self,
        shopper_id: ShopperId,
        purposes: Sequence[Purpose],
        granted: bool,
        *,
        source: str,
        conversation_id: ConversationId | None = None,
    ) -> Consents:
        """Keep a decision about purposes, all or none of it, and return what holds now.

        Args:
            shopper_id: who decides; created if need be.
            purposes: what about.
            granted: yes or no.
            source: where the decision was made.
            conversation_id: the conversation, if it was made in one.

        Raises:
            DatabaseError: the database cannot be reached; nothing changed.
        """
        since = self._clock() - self._session_memory
        with self._database.together():
            if granted and purposes:
                # What was shown is kept for reports and training.
                self._feedback.promote(shopper_id, since, slates="analytics" in purposes)
            for purpose in purposes:
                self._profiles.set_consent(shopper_id, purpose, granted, source=source, conversation_id=conversation_id)
            return self._profiles.consents(shopper_id)
