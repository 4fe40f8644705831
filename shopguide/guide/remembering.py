"""What a turn says of the person, beside what it says of the goods: whom it is for, what holds for good."""

from collections.abc import Iterator
from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answerable import answerable
from shopguide.conversation.changes import changes, evidence
from shopguide.conversation.facts import applicable, with_facts
from shopguide.conversation.lasting import lasting
from shopguide.conversation.need import Need
from shopguide.conversation.recipients import People, people
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import Understanding
from shopguide.guide.parts import Parts
from shopguide.ids import Sku
from shopguide.profiles.facts import Fact
from shopguide.profiles.preferences import PreferenceEvidence, Source, TasteProfile


class Remembering(Parts):
    """Writes what is said to the shopper's profile, and brings what holds of a person into the need."""

    def _learn(self, turn: Turn, before: Need, after: Need, source: Source = "slot") -> None:
        """Write every fill, change and removal to the profile of whom the need is for."""
        if turn.shopper_id is None:
            return
        # What somebody else wanted is not taken back because the talk comes to another person.
        same_person = before.recipient == after.recipient
        self._memory.learn(
            evidence(
                changes(before if same_person else Need(), after, source),
                turn.shopper_id,
                turn.conversation_id,
                self._clock(),
                recipient=after.recipient,
                category=_kind(after),
            )
        )

    def _learn_for_good(self, turn: Turn, need: Need, index: CatalogueIndex) -> None:
        """Write the facts that a message states: sizes that somebody takes, what they cannot wear."""
        self._memory.learn([*self._stated(turn, need, index)])

    def _stated(self, turn: Turn, need: Need, index: CatalogueIndex) -> Iterator[PreferenceEvidence]:
        if turn.shopper_id is None:
            return
        for fact in lasting(turn, index, _kind(need)):
            yield PreferenceEvidence(
                shopper_id=turn.shopper_id,
                facet=fact.facet,
                value=fact.value,
                polarity=fact.polarity,
                source="fact",
                at=self._clock(),
                conversation_id=turn.conversation_id,
                recipient=need.recipient,
                category=fact.category,
            )

    def _note_search(self, turn: Turn, need: Need) -> None:
        """Record what a search is for, in the catalogue's words: those of the message may hold anything."""
        if turn.intent == "search_products":
            values = [value for values in need.wanted.values() for value in values]
            words = " ".join([*values, *need.words.split()])
            self._memory.searched(turn, words, self._clock(), need.recipient)

    def _for_whom(self, turn: Turn, before: Need, understood: Understanding) -> Need:
        """Return the need for whom the message says it is; for whom it was before, if it does not say.

        What was said of the same thing before the shopper came to whom it is for was said for that person too.

        Args:
            turn: the message.
            before: the need until now.
            understood: what the message made of it.
        """
        now = understood.need
        recipient = None if turn.text.startswith("/") else self._people.recipient(turn.text, before.recipient)
        if recipient is None or recipient == before.recipient:
            return now
        if before.recipient:
            if "audience" not in understood.said:
                now = now.want("audience", ())
        elif not understood.switched and turn.shopper_id is not None:
            values = [(change[0], change[1]) for change in changes(Need(), _without_facts(before))]
            self._memory.said_for(turn.shopper_id, turn.conversation_id, values, recipient)
        # What was kept in mind was of somebody else.
        return _without_facts(replace(now, recipient=recipient))

    def _with_facts(self, turn: Turn, need: Need, index: CatalogueIndex) -> Need:
        """Return the need with what holds of the person it is for; what would leave nothing stays out.

        Each fact is brought in once: a shopper who lifts it ("any size") has the last word.
        """
        if not turn.history or turn.shopper_id is None:
            return need
        known = self._memory.facts(turn.shopper_id, recipient=need.recipient, conversation_id=turn.conversation_id)
        for fact in applicable(known, need, index):
            key = _key(fact)
            if key in need.kept_in_mind or fact.facet in need.waived:
                continue
            narrowed = with_facts(need, (fact,))
            if len(index.matching(answerable(narrowed, index)[0].constraints())):
                need = replace(narrowed, kept_in_mind=(*need.kept_in_mind, key))
        return need

    def _rejected(self, turn: Turn, need: Need) -> frozenset[Sku]:
        """Return what whoever the need is for does not want to see again."""
        return self._memory.rejected(
            turn.shopper_id,
            conversation_id=turn.conversation_id,
            remembered=turn.history,
            recipient=need.recipient,
        )

    def asks_consent(self, turn: Turn) -> bool:
        """Return whether to ask now what may be remembered: once for each shopper, and not where the shop has asked."""
        return turn.shopper_id is not None and self._memory.may_ask_consent(turn.shopper_id)

    def _taste(self, turn: Turn, need: Need) -> TasteProfile:
        """Return the taste that counts: of whom the need is for, and none in a session that leaves history aside."""
        if not turn.history:
            return TasteProfile(turn.shopper_id)
        return self._memory.taste(turn.shopper_id, recipient=need.recipient, conversation_id=turn.conversation_id)

    @property
    def _people(self) -> People:
        return people(self._settings.language)


def _kind(need: Need) -> str | None:
    return next(iter(need.wanted.get("category", ())), None)


def _key(fact: Fact) -> str:
    return f"{fact.facet}{'=' if fact.polarity > 0 else '!='}{fact.value}"


def _without_facts(need: Need) -> Need:
    for key in need.kept_in_mind:
        facet, unwanted, value = key.partition("!=")
        if unwanted:
            need = need.exclude(facet, [held for held in need.excluded.get(facet, ()) if held != value])
        else:
            facet, _, value = key.partition("=")
            need = need.want(facet, [held for held in need.wanted.get(facet, ()) if held != value])
    return replace(need, kept_in_mind=())
