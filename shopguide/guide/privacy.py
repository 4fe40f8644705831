"""The use cases around a shopper's own data, as a conversation calls them: consent, what is known, forgetting."""

import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from shopguide.conversation.outcomes_privacy import ConsentDecided, Erased, Known, ValueForgotten
from shopguide.conversation.turn import Turn
from shopguide.errors import DatabaseError, OutboxError, UnknownShopper
from shopguide.guide.consenting import Consenting
from shopguide.guide.erasing import Erasing
from shopguide.guide.knowing import known
from shopguide.ids import ShopperId
from shopguide.privacy.service import Privacy
from shopguide.profiles.consent import Consents, Purpose
from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

COPY_PATH = "/privacy/copy"
"""Where the guide server hands out a shopper's own copy."""


class PrivacyCases:
    """What a shopper can see, correct, take away and have erased.

    Args:
        profiles: shoppers, tastes and consents.
        consenting: takes decisions.
        erasing: erases everywhere.
        privacy: what the shop database holds of a shopper.
        guide_url: the guide server as browsers reach it.
    """

    def __init__(
        self, profiles: Profiles, consenting: Consenting, erasing: Erasing, privacy: Privacy, guide_url: str
    ) -> None:
        self._profiles = profiles
        self._consenting = consenting
        self._erasing = erasing
        self._privacy = privacy
        self._guide_url = guide_url.rstrip("/")

    def consents(self, turn: Turn) -> Consents | None:
        """Return what the shopper agreed to, `None` if nobody can tell now: then nothing may be asked or kept."""
        if turn.shopper_id is None:
            return None
        try:
            return self._profiles.consents(turn.shopper_id)
        except DatabaseError as error:
            log.warning("consents not to be read: %s", error)
            return None

    def decide(self, turn: Turn, purposes: Sequence[Purpose], granted: bool) -> ConsentDecided:
        """Take a decision about purposes; it holds from now on."""
        decided = ConsentDecided(tuple(purposes), granted, available=False)
        if turn.shopper_id is None:
            return decided
        try:
            consents = self._consenting.decide(
                turn.shopper_id, purposes, granted, source="chat", conversation_id=turn.conversation_id
            )
        except DatabaseError as error:
            log.warning("a decision about consent was not kept: %s", error)
            return decided
        return ConsentDecided(tuple(purposes), granted, consents)

    def what_is_known(self, turn: Turn) -> Known:
        """Tell a shopper everything that is known of them, and where it comes from."""
        if turn.shopper_id is None:
            return Known(None, available=False)
        try:
            view = self._profiles.show(turn.shopper_id, conversation_id=turn.conversation_id)
            return known(view, self._privacy.kept(turn.shopper_id))
        except UnknownShopper:
            return Known(turn.shopper_id)
        except DatabaseError as error:
            log.warning("profile not to be read: %s", error)
            return Known(turn.shopper_id, available=False)

    def forget_value(self, turn: Turn, facet: str, value: str, recipient: str = "") -> ValueForgotten:
        """Delete for good whatever was said or shown of one facet value, for the shopper or somebody they shop for."""
        try:
            count = (
                self._profiles.forget_value(turn.shopper_id, facet, value, recipient=recipient)
                if turn.shopper_id
                else 0
            )
        except DatabaseError as error:
            log.warning("a value was not forgotten: %s", error)
            return ValueForgotten(facet, value, available=False)
        return ValueForgotten(facet, value, count)

    def forget_recipient(self, turn: Turn, recipient: str) -> ValueForgotten:
        """Delete for good whatever was said of somebody whom the shopper shops for."""
        try:
            count = self._profiles.forget_recipient(turn.shopper_id, recipient) if turn.shopper_id else 0
        except DatabaseError as error:
            log.warning("a recipient was not forgotten: %s", error)
            return ValueForgotten("", recipient, available=False)
        return ValueForgotten("", recipient, count)

    def forget(self, turn: Turn) -> Erased:
        """Erase the shopper everywhere. The turn has to set the slot `erase_conversation`, if this went well.

        The dialogue server deletes this conversation at the end of its turn, and the others now, if it answers.
        """
        if turn.shopper_id is None:
            return Erased(available=False)
        try:
            erased = self._erasing.erase(turn.shopper_id, talking_in=turn.conversation_id)
        except UnknownShopper:
            return Erased()
        except (DatabaseError, OutboxError) as error:
            log.error("a shopper could not be erased: %s", error)
            return Erased(available=False)
        return Erased(erased.counts, erased.complete)

    def export_link(self, turn: Turn) -> str | None:
        """Return an address that shows the shopper everything kept of them, for an hour; `None` if nobody knows who."""
        return None if turn.shopper_id is None else self.copy_link(turn.shopper_id)

    def copy_link(self, shopper_id: ShopperId) -> str:
        """Return the address of a shopper's own copy."""
        return f"{self._guide_url}{COPY_PATH}?{urlencode({'token': self._privacy.copy_token(shopper_id)})}"
