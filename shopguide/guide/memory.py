"""What the guide remembers, on storage that may fail: a turn is answered without memory rather than not at all."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from shopguide.errors import DatabaseError, UnknownShopper, UnknownSlate
from shopguide.feedback.events import EventKind, FeedbackEvent, Slate
from shopguide.feedback.service import Feedback
from shopguide.ids import ShopperId, Sku, SlateId
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.service import Profiles, ShopperView

log = logging.getLogger(__name__)

RECENT_SLATES = 512
"""Slates kept in the process for the time that the database cannot give them back."""


class Memory:
    """Profiles and feedback behind one face that logs a database error and goes on.

    Args:
        profiles: shoppers and their tastes.
        feedback: slates and feedback events.
    """

    def __init__(self, profiles: Profiles, feedback: Feedback) -> None:
        self._profiles = profiles
        self._feedback = feedback
        self._recent: OrderedDict[SlateId, Slate] = OrderedDict()
        self._lock = threading.Lock()

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId | None:
        """Return whose channel account this is; `None` while the database is down."""
        try:
            return self._profiles.shopper_for(channel, sender_id)
        except DatabaseError as error:
            log.warning("shopper unknown: %s", error)
            return None

    def learn(self, evidence: Sequence[PreferenceEvidence]) -> bool:
        """Write what was learnt about a shopper, and return whether that worked."""
        if not evidence:
            return True
        try:
            self._profiles.record(evidence)
        except DatabaseError as error:
            log.warning("%d pieces of evidence lost: %s", len(evidence), error)
            return False
        return True

    def taste(self, shopper_id: ShopperId | None) -> TasteProfile:
        """Return a shopper's taste, empty if there is none to be had."""
        if shopper_id is None:
            return TasteProfile()
        try:
            return self._profiles.taste(shopper_id)
        except DatabaseError as error:
            log.warning("answering without taste: %s", error)
            return TasteProfile(shopper_id)

    def view(self, shopper_id: ShopperId | None) -> ShopperView | None:
        """Return everything that the profile knows of a shopper, `None` if it cannot be read.

        Raises:
            UnknownShopper: nobody has this id.
        """
        if shopper_id is None:
            raise UnknownShopper("a conversation without a shopper")
        try:
            return self._profiles.show(shopper_id)
        except DatabaseError as error:
            log.warning("profile not to be read: %s", error)
            return None

    def keep(self, slate: Slate) -> None:
        """Log a slate as shown."""
        with self._lock:
            self._recent[slate.slate_id] = slate
            while len(self._recent) > RECENT_SLATES:
                self._recent.popitem(last=False)
        try:
            self._feedback.log_slate(slate)
        except DatabaseError as error:
            log.warning("impression lost: %s", error)

    def slate(self, slate_id: str | None) -> Slate | None:
        """Return a slate shown before; `None` if there is no such slate or it cannot be read."""
        if slate_id is None:
            return None
        with self._lock:
            recent = self._recent.get(SlateId(slate_id))
        if recent is not None:
            return recent
        try:
            return self._feedback.slate(SlateId(slate_id))
        except (DatabaseError, UnknownSlate) as error:
            log.warning("slate lost: %s", error)
            return None

    def judge(
        self, kind: EventKind, shopper_id: ShopperId, skus: Sequence[Sku], *, slate: Slate | None, at: datetime
    ) -> bool:
        """Record what a shopper thinks of products, and return whether that worked.

        The same judgement of the same slate counts once, however often the dialogue server repeats its call.
        """
        slate_id = slate.slate_id if slate is not None else None
        events = [
            FeedbackEvent(
                event_id=hashlib.sha256(f"{shopper_id}\n{slate_id}\n{sku}\n{kind}".encode()).hexdigest()[:32],
                kind=kind,
                shopper_id=shopper_id,
                at=at,
                sku=sku,
                slate_id=slate_id,
            )
            for sku in skus
        ]
        try:
            return not self._feedback.record(events).refused
        except DatabaseError as error:
            log.warning("%d judgements lost: %s", len(events), error)
            return False

    def history(self, shopper_id: ShopperId | None) -> list[FeedbackEvent]:
        """Return a shopper's latest events, newest first."""
        if shopper_id is None:
            return []
        try:
            return self._feedback.history(shopper_id)
        except DatabaseError as error:
            log.warning("answering without history: %s", error)
            return []

    def rejected(self, shopper_id: ShopperId | None) -> frozenset[Sku]:
        """Return the products that a shopper does not want to see again: disliked, and not liked since."""
        latest: dict[Sku, str] = {}
        for event in self.history(shopper_id):
            if event.sku is not None and event.kind in ("like", "dislike", "purchase", "add_to_cart"):
                latest.setdefault(event.sku, event.kind)
        return frozenset(sku for sku, kind in latest.items() if kind == "dislike")
