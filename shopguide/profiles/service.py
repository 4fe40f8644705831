"""Who a shopper is, across channels, and what they like."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shopguide.db.engine import Database
from shopguide.errors import UnknownShopper
from shopguide.ids import ShopperId
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
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = ProfileStore(database)
        self._clock = clock

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
