"""The use cases around a shopper's own data, as a conversation calls them: consent, what is known, forgetting."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from shopguide.conversation.changes import changes
from shopguide.conversation.knowing import named_values
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes_privacy import ConsentDecided, Erased, Forgotten, Known, KnownValue, ValueForgotten
from shopguide.conversation.recipients import people
from shopguide.conversation.turn import Turn
from shopguide.errors import DatabaseError, OutboxError, UnknownShopper
from shopguide.guide.knowing import known
from shopguide.guide.parts import Parts
from shopguide.profiles.consent import Consents, Purpose

log = logging.getLogger(__name__)


class PrivacyCases(Parts):
    """What a shopper can see, correct, take away and have erased. A guide without `OwnData` says that it cannot now."""

    def consents(self, turn: Turn) -> Consents | None:
        """Return what the shopper agreed to, `None` if nobody can tell now: then nothing may be asked or kept."""
        if self._own is None or turn.shopper_id is None:
            return None
        try:
            return self._own.profiles.consents(turn.shopper_id)
        except DatabaseError as error:
            log.warning("consents not to be read: %s", error)
            return None

    def decide(self, turn: Turn, purposes: Sequence[Purpose], granted: bool) -> ConsentDecided:
        """Take a decision about purposes; it holds from now on."""
        decided = ConsentDecided(tuple(purposes), granted, available=False)
        if self._own is None or turn.shopper_id is None:
            return decided
        try:
            consents = self._own.consenting.decide(
                turn.shopper_id, purposes, granted, source="chat", conversation_id=turn.conversation_id
            )
        except DatabaseError as error:
            log.warning("a decision about consent was not kept: %s", error)
            return decided
        return ConsentDecided(tuple(purposes), granted, consents)

    def what_is_known(self, turn: Turn) -> Known:
        """Tell a shopper everything that is known of them, and where it comes from."""
        if self._own is None or turn.shopper_id is None:
            return Known(turn.shopper_id, available=False)
        try:
            view = self._own.profiles.show(turn.shopper_id, conversation_id=turn.conversation_id)
            return known(view, self._own.privacy.kept(turn.shopper_id))
        except UnknownShopper:
            return Known(turn.shopper_id)
        except DatabaseError as error:
            log.warning("profile not to be read: %s", error)
            return Known(turn.shopper_id, available=False)

    def forget_value(self, turn: Turn, facet: str, value: str, recipient: str = "") -> ValueForgotten:
        """Delete for good whatever was said or shown of one facet value, for the shopper or somebody they shop for."""
        if self._own is None or turn.shopper_id is None:
            return ValueForgotten(facet, value, available=False)
        try:
            count = self._own.profiles.forget_value(turn.shopper_id, facet, value, recipient=recipient)
        except DatabaseError as error:
            log.warning("a value was not forgotten: %s", error)
            return ValueForgotten(facet, value, available=False)
        return ValueForgotten(facet, value, count)

    def forget_named(self, turn: Turn, need: Need | None = None) -> Forgotten:
        """Delete for good what a message names of the things that are known, or what its button does.

        Args:
            turn: the message.
            need: what is looked for now, in a search: what it holds is not spoken of as known, nor are people.
        """
        known, wording = self.what_is_known(turn), self.wording()
        if need is None and (spoken_of := people(self._settings.language).talked_about(turn.text)):
            whose = [who for who in known.recipients if who in spoken_of]
        else:
            whose = []
        values: list[KnownValue] = []
        about: list[str] = []
        done: list[ValueForgotten] = []
        for who in whose or [""]:
            # "What I said about blue for my dad" leaves the shopper's own blue, and what else is known of dad.
            theirs = replace(known, facts=(), tastes=known.recipients[who]) if who else known
            named = named_values(turn, theirs, wording)
            if need is not None:
                held = {(change[0], change[1]) for change in changes(Need(), need)}
                named = tuple(value for value in named if (value.facet, value.value) not in held)
            values += named
            done += [self.forget_value(turn, value.facet, value.value, who) for value in named]
            if who and not named:
                about.append(who)
                done.append(self.forget_recipient(turn, who))
        return Forgotten(tuple(values), tuple(about), known.available and all(one.available for one in done))

    def forget_recipient(self, turn: Turn, recipient: str) -> ValueForgotten:
        """Delete for good whatever was said of somebody whom the shopper shops for."""
        if self._own is None or turn.shopper_id is None:
            return ValueForgotten("", recipient, available=False)
        try:
            count = self._own.profiles.forget_recipient(turn.shopper_id, recipient)
        except DatabaseError as error:
            log.warning("a recipient was not forgotten: %s", error)
            return ValueForgotten("", recipient, available=False)
        return ValueForgotten("", recipient, count)

    def forget(self, turn: Turn) -> Erased:
        """Erase the shopper everywhere. The turn has to set the slot `erase_conversation`, if this went well.

        The dialogue server deletes this conversation at the end of its turn, and the others now, if it answers.
        """
        if self._own is None or turn.shopper_id is None:
            return Erased(available=False)
        try:
            erased = self._own.erasing.erase(turn.shopper_id, talking_in=turn.conversation_id)
        except UnknownShopper:
            return Erased()
        except (DatabaseError, OutboxError) as error:
            log.error("a shopper could not be erased: %s", error)
            return Erased(available=False)
        return Erased(erased.counts, erased.complete)

    def export_link(self, turn: Turn) -> str | None:
        """Return an address that shows the shopper everything kept of them, for an hour; `None` if nobody knows who."""
        if self._own is None or turn.shopper_id is None:
            return None
        return self._own.copy_link(turn.shopper_id)
