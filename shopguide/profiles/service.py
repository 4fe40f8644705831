"""Who a shopper is, across channels, and what they like."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shopguide.db.engine import Database
from shopguide.errors import UnknownShopper
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.consent import PURPOSES, ConsentDecision, Consents, Purpose
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.store import Identity, ProfileStore
from shopguide.profiles.taste import derive_taste

EVIDENCE_LIMIT = 2_000
"""Pieces of evidence that a taste is derived from; older ones have faded long before a shopper gets there."""


@dataclass(frozen=True, slots=True)
class ShopperView:
    """Everything that the profile knows about a shopper; `evidence` is newest first."""

    shopper_id: ShopperId
    created_at: datetime
    identities: tuple[Identity, ...]
    taste: TasteProfile
    evidence: tuple[PreferenceEvidence, ...]


class Profiles:
    """Shoppers and their tastes.

    Args:
        database: the shop database, migrated.
        clock: tells the time; tests bring their own.
        session_memory: how long what was said without consent counts, in its own conversation.
        assume_consent: whether a shopper who was never asked has agreed, because the shop asks elsewhere.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        session_memory: timedelta = timedelta(hours=2),
        assume_consent: bool = False,
    ) -> None:
        self._database = database
        self._store = ProfileStore(database)
        self._clock = clock
        self._session_memory = session_memory
        self._assume_consent = assume_consent

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId:
        """Return whose channel account this is; an account never seen before is a new shopper's.

        Safe to call from several processes at once: they all get the same answer.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        identity = Identity(channel, sender_id)
        return self._store.shopper_of(identity) or self._store.create_shopper(identity, self._clock())

    def link(self, channel: str, sender_id: str, shopper_id: ShopperId) -> None:
        """Say that a channel account belongs to this shopper, who is created if need be.

        The caller vouches for it: nothing is asked of whoever held the account before.
        """
        self._store.link(Identity(channel, sender_id), shopper_id, self._clock())

    def ensure(self, shopper_id: ShopperId) -> None:
        """Make sure that a shopper known to the shop by this id exists here."""
        self.ensure_all([shopper_id])

    def ensure_all(self, shopper_ids: Iterable[ShopperId]) -> None:
        """Make sure that all these shoppers exist."""
        self._store.ensure(shopper_ids, self._clock())

    def record(self, evidence: Sequence[PreferenceEvidence]) -> None:
        """Keep what shoppers said or did: all of it or, on an error, none.

        Raises:
            ValueError: a strength outside 0 to 1, or a time without a zone.
        """
        for piece in evidence:
            _check(piece)
        self._store.add(evidence, self._clock())

    def replace_imported(self, evidence: Sequence[PreferenceEvidence], shoppers: Sequence[ShopperId]) -> None:
        """Replace what earlier imports said about these shoppers, so that an import can be repeated.

        Raises:
            ValueError: as in `record`, or a piece that does not come from an import.
        """
        for piece in evidence:
            _check(piece)
            if piece.source != "import":
                raise ValueError(f"{piece.source!r} is not an import")
        self._store.replace_imported(evidence, shoppers, self._clock())

    def taste(self, shopper_id: ShopperId) -> TasteProfile:
        """Return a shopper's taste as of now; empty for somebody who is not known."""
        return derive_taste(shopper_id, self._store.evidence(shopper_id, EVIDENCE_LIMIT), self._clock())

    def show(self, shopper_id: ShopperId) -> ShopperView:
        """Return everything that the profile knows about a shopper.

        Raises:
            UnknownShopper: nobody has this id.
        """
        created_at = self._store.created_at(shopper_id)
        if created_at is None:
            raise UnknownShopper(f"no shopper {shopper_id!r}")
        evidence = self._store.evidence(shopper_id, EVIDENCE_LIMIT)
        return ShopperView(
            shopper_id=shopper_id,
            created_at=created_at,
            identities=self._store.identities(shopper_id),
            taste=derive_taste(shopper_id, evidence, self._clock()),
            evidence=tuple(reversed(evidence)),
        )

    def consents(self, shopper_id: ShopperId) -> Consents:
        """Return what a shopper has agreed to; nobody was asked yet of whom nothing is known.

        With `assumed`, what was never asked counts as granted: the shop has asked elsewhere.
        """
        held: dict[str, bool] = dict.fromkeys(PURPOSES, True) if self._assume_consent else {}
        held |= {decision.purpose: decision.granted for decision in self._store.consent_decisions(shopper_id)}
        return Consents(held.get("personalisation"), held.get("analytics"))

    def set_consent(
        self,
        shopper_id: ShopperId,
        purpose: Purpose,
        granted: bool,
        *,
        source: str,
        conversation_id: ConversationId | None = None,
    ) -> None:
        """Keep a decision about one purpose; it holds from now on.

        What was said in the session that brought the yes was said to a guide who may remember: it is kept too.

        Args:
            shopper_id: who decides.
            purpose: what about.
            granted: yes or no.
            source: where the decision was made, for whoever has to prove it ("chat", "api", "command line").
            conversation_id: the conversation, if it was made in one.
        """
        now = self._clock()
        with self._database.together():
            self._store.add_consent(ConsentDecision(shopper_id, purpose, granted, now, source, conversation_id))
            if granted and purpose == "personalisation":
                self._store.promote(shopper_id, now - self._session_memory)

    def refusing(self, purpose: Purpose) -> set[ShopperId]:
        """Return the shoppers who said no to a purpose."""
        return self._store.refusing(purpose)

    def count(self) -> int:
        """Return how many shoppers are known."""
        return self._store.count_shoppers()


def _check(piece: PreferenceEvidence) -> None:
    if not 0.0 <= piece.strength <= 1.0:
        raise ValueError(f"strength {piece.strength} of {piece.facet}={piece.value} is not between 0 and 1")
    if piece.polarity not in (-1, 0, 1):
        raise ValueError(f"polarity {piece.polarity} of {piece.facet}={piece.value} is not -1, 0 or 1")
    if piece.at.tzinfo is None:
        raise ValueError(f"the time of {piece.facet}={piece.value} has no zone")
