"""Who a shopper is, across channels, and what they like."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shopguide.db.engine import Database
from shopguide.errors import UnknownShopper
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.consent import PURPOSES, ConsentDecision, Consents, Purpose
from shopguide.profiles.facts import Fact, derive_facts
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile
from shopguide.profiles.store import Identity, ProfileStore
from shopguide.profiles.taste import DEFAULT_RULES, TasteRules, derive_taste

EVIDENCE_LIMIT = 2_000
"""Pieces of evidence that a taste is derived from; older ones have faded long before a shopper gets there."""

BATCH = 5_000


PATIENCE = 1.0
"""Seconds that a shopper waits for a locked database where the answer does without it."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """What is known of somebody whom a shopper shops for: a small profile of its own.

    `pieces` is how much evidence there is, `latest` when the last of it was said.
    """

    recipient: str
    taste: TasteProfile
    facts: tuple[Fact, ...]
    pieces: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Recalled:
    """What may be used for a shopper in one conversation, as of now.

    Args:
        taste: the taste of whoever it is for.
        facts: the facts about them.
        evidence: what both were drawn from, that about others included, oldest first.
        remembered: whether more than this conversation may be used.
        since: from when on what was kept for this conversation's session counts.
    """

    taste: TasteProfile
    facts: tuple[Fact, ...]
    evidence: tuple[PreferenceEvidence, ...]
    remembered: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class ShopperView:
    """Everything that the profile knows about a shopper; `evidence` is newest first.

    `evidence` is all that is held, whatever it may be used for; taste, facts and recipients are drawn from what may be
    used now. `recipients` are the people they shop for, those talked about last first.
    """

    shopper_id: ShopperId
    created_at: datetime
    identities: tuple[Identity, ...]
    taste: TasteProfile
    evidence: tuple[PreferenceEvidence, ...]
    facts: tuple[Fact, ...] = ()
    recipients: tuple[PersonView, ...] = ()
    consents: Consents = field(default_factory=Consents)


class Profiles:
    """Shoppers and their tastes.

    Args:
        database: the shop database, migrated.
        clock: tells the time; tests bring their own.
        session_memory: how long what was said without consent counts, in its own conversation.
        assume_consent: whether a shopper who was never asked has agreed, because the shop asks elsewhere.
        rules: how much evidence says, and for how long.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        session_memory: timedelta = timedelta(hours=2),
        assume_consent: bool = False,
        rules: TasteRules = DEFAULT_RULES,
    ) -> None:
        self._database = database
        self._store = ProfileStore(database)
        self._clock = clock
        self._session_memory = session_memory
        self._assume_consent = assume_consent
        self.rules = rules

    def shopper_for(self, channel: str, sender_id: str) -> ShopperId:
        """Return whose channel account this is; an account never seen before is a new shopper's.

        Safe to call from several processes at once: they all get the same answer.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        identity = Identity(channel, sender_id)
        known = self._store.shopper_of(identity)
        if known is not None:
            return known
        with self._database.together(PATIENCE):
            return self._store.create_shopper(identity, self._clock())

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

    def recall(
        self, shopper_id: ShopperId, *, recipient: str = "", conversation_id: ConversationId | None = None
    ) -> Recalled:
        """Return what may be used for a shopper in a conversation: nothing for somebody who is not known.

        What was kept for good, unless the shopper has withdrawn their consent, and what was kept for the session of
        this conversation.

        Args:
            shopper_id: who is talking.
            recipient: for whom they shop; empty: for themselves.
            conversation_id: the conversation, if there is one.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        now = self._clock()
        remember, evidence = self._recall(shopper_id, conversation_id, now)
        return Recalled(
            taste=derive_taste(shopper_id, evidence, now, recipient=recipient, rules=self.rules),
            facts=derive_facts(evidence, recipient=recipient),
            evidence=tuple(evidence),
            remembered=remember is not False,
            since=now - self._session_memory,
        )

    def taste(
        self, shopper_id: ShopperId, *, recipient: str = "", conversation_id: ConversationId | None = None
    ) -> TasteProfile:
        """Return the taste of a shopper, or of somebody they shop for, as `recall` does."""
        return self.recall(shopper_id, recipient=recipient, conversation_id=conversation_id).taste

    def facts(
        self, shopper_id: ShopperId, *, recipient: str = "", conversation_id: ConversationId | None = None
    ) -> tuple[Fact, ...]:
        """Return the facts about a shopper, or about somebody they shop for, as `recall` does."""
        return self.recall(shopper_id, recipient=recipient, conversation_id=conversation_id).facts

    def recipients(
        self, shopper_id: ShopperId, *, conversation_id: ConversationId | None = None
    ) -> tuple[PersonView, ...]:
        """Return the people whom a shopper shops for, those talked about last first."""
        now = self._clock()
        return self._people(shopper_id, self._recall(shopper_id, conversation_id, now)[1], now)

    def show(self, shopper_id: ShopperId, *, conversation_id: ConversationId | None = None) -> ShopperView:
        """Return everything that the profile knows about a shopper.

        Raises:
            UnknownShopper: nobody has this id.
        """
        created_at = self._store.created_at(shopper_id)
        if created_at is None:
            raise UnknownShopper(f"no shopper {shopper_id!r}")
        now = self._clock()
        usable = self._recall(shopper_id, conversation_id, now)[1]
        return ShopperView(
            shopper_id=shopper_id,
            created_at=created_at,
            identities=self._store.identities(shopper_id),
            taste=derive_taste(shopper_id, usable, now, rules=self.rules),
            evidence=tuple(reversed(self._store.evidence(shopper_id, EVIDENCE_LIMIT))),
            facts=derive_facts(usable),
            recipients=self._people(shopper_id, usable, now),
            consents=self.consents(shopper_id),
        )

    def lasting_evidence(self) -> Iterator[PreferenceEvidence]:
        """Stream what training and reports may use of all shoppers, shopper by shopper, oldest first.

        Never what was kept for a session only, what was said for somebody else, nor anything of who refuses analytics.
        """
        refusing = self.refusing("analytics")
        return (
            piece
            for piece in self._store.lasting_evidence(BATCH)
            if not piece.recipient and piece.shopper_id not in refusing
        )

    def forget_value(self, shopper_id: ShopperId, facet: str, value: str, *, recipient: str = "") -> int:
        """Delete for good whatever was said or shown of a facet value, and return how many pieces there were.

        Bounds are values as evidence writes them ("<=80").
        """
        return self._store.forget_value(shopper_id, facet, value, recipient)

    def forget_recipient(self, shopper_id: ShopperId, recipient: str) -> int:
        """Delete for good whatever was said of somebody whom a shopper shops for; return how many pieces there were.

        Raises:
            ValueError: no recipient; a shopper's own profile is not a recipient's.
        """
        if not recipient:
            raise ValueError("a recipient has a name")
        return self._store.forget_recipient(shopper_id, recipient)

    def correct(self, piece: PreferenceEvidence, *, instead_of: str) -> int:
        """Put what a shopper says of a facet in the place of another value, which is forgotten for good.

        Returns:
            how many pieces of evidence about the other value there were.
        """
        with self._database.together():
            forgotten = self.forget_value(piece.shopper_id, piece.facet, instead_of, recipient=piece.recipient)
            self.record([piece])
        return forgotten

    def said_for(
        self,
        shopper_id: ShopperId,
        conversation_id: ConversationId,
        values: Collection[tuple[str, str]],
        *,
        recipient: str,
        before: str = "",
    ) -> int:
        """Learn late for whom a search is ("it is for my dad"): what was just said becomes evidence about them.

        Args:
            shopper_id: who is talking.
            conversation_id: where; only what was said there within the session counts.
            values: facets and values of the need, bounds written as evidence does.
            recipient: whom it is for.
            before: whom it was taken to be for until now.

        Returns:
            how many pieces of evidence moved.
        """
        return self._store.reassign(
            conversation_id,
            values,
            shopper_id=shopper_id,
            since=self._clock() - self._session_memory,
            before=before,
            after=recipient,
        )

    def _recall(
        self, shopper_id: ShopperId, conversation_id: ConversationId | None, now: datetime
    ) -> tuple[bool | None, list[PreferenceEvidence]]:
        return self._store.recall(
            shopper_id, EVIDENCE_LIMIT, conversation_id=conversation_id, since=now - self._session_memory
        )

    def _people(
        self, shopper_id: ShopperId, evidence: Sequence[PreferenceEvidence], now: datetime
    ) -> tuple[PersonView, ...]:
        said: dict[str, list[PreferenceEvidence]] = {}
        for piece in reversed(evidence):
            if piece.recipient:
                said.setdefault(piece.recipient, []).append(piece)
        return tuple(
            PersonView(
                recipient=who,
                taste=derive_taste(shopper_id, pieces, now, recipient=who, rules=self.rules),
                facts=derive_facts(pieces, recipient=who),
                pieces=len(pieces),
                latest=pieces[0].at,
            )
            for who, pieces in said.items()
        )

    def consents(self, shopper_id: ShopperId) -> Consents:
        """Return what a shopper has agreed to; nobody was asked yet of whom nothing is known.

        With `assumed`, what was never asked counts as granted: the shop has asked elsewhere.
        """
        held: dict[str, bool] = dict.fromkeys(PURPOSES, True) if self._assume_consent else {}
        held |= {decision.purpose: decision.granted for decision in self._store.consent_decisions(shopper_id)}
        return Consents(held.get("personalisation"), held.get("analytics"))

    def ask_consent(self, shopper_id: ShopperId) -> bool:
        """Return whether to ask a shopper what may be remembered. Asking is done once: the next answer is no.

        Nobody is asked who has decided already, nor where the shop asks elsewhere.
        """
        if self._assume_consent or self.consents(shopper_id) != Consents():
            return False
        with self._database.together(PATIENCE):
            return self._store.ask_consent(shopper_id, self._clock())

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
