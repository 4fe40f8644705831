"""What may be kept of a shopper, as their consents and an erasure say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.ids import ShopperId
from shopguide.profiles.consent import Consents
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles

WITHDRAWN = "consent: the shopper has withdrawn it"
ERASED = "at: is from before the shopper was erased"


class Standing:
    """Consents and erasures of the shoppers of one write, each asked for once.

    Args:
        profiles: knows the consents.
        erased_at: when a shopper was erased, `None` if never.
    """

    def __init__(self, profiles: Profiles, erased_at: Callable[[ShopperId], datetime | None]) -> None:
        self._profiles = profiles
        self._erased_at = erased_at
        self._consents: dict[ShopperId, Consents] = {}
        self._erased: dict[ShopperId, datetime | None] = {}

    def why_refused(self, event: FeedbackEvent) -> str | None:
        """Return why an event may not be kept, `None` if it may. Each reason begins with the field's name."""
        if self.is_erased(event.shopper_id, event.at):
            return ERASED
        if event.conversation_id is None and self._of(event.shopper_id).refused:
            return WITHDRAWN
        return None

    def is_erased(self, shopper_id: ShopperId, at: datetime) -> bool:
        """Whether something is from before a shopper's erasure."""
        if shopper_id not in self._erased:
            self._erased[shopper_id] = self._erased_at(shopper_id)
        erased = self._erased[shopper_id]
        return erased is not None and at <= erased

    def event(self, event: FeedbackEvent) -> FeedbackEvent:
        """Return an event as it may be kept: what the shop reports as it is, of a conversation by the consents."""
        if event.conversation_id is None:
            return event
        consents = self._of(event.shopper_id)
        return replace(event, session_only=not (consents.personalisation or consents.analytics))

    def taught(self, piece: PreferenceEvidence) -> PreferenceEvidence | None:
        """Return a piece of evidence as it may be kept; `None` if nothing may be learnt."""
        consents = self._of(piece.shopper_id)
        if piece.conversation_id is not None:
            return replace(piece, session_only=not consents.personalisation)
        return None if consents.personalisation is False else piece

    def slate(self, slate: Slate) -> Slate:
        """Return an impression as it may be kept; one of a conversation with nobody known serves that conversation."""
        analytics = self._of(slate.shopper_id).analytics if slate.shopper_id is not None else None
        agreed = analytics is not False if slate.conversation_id is None else bool(analytics)
        return replace(slate, session_only=not agreed)

    def _of(self, shopper_id: ShopperId) -> Consents:
        if shopper_id not in self._consents:
            self._consents[shopper_id] = self._profiles.consents(shopper_id)
        return self._consents[shopper_id]
