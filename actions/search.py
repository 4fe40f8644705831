"""The search flow: take in what the shopper needs, ask, show, page, start over."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide, uttered
from actions.presenting import (
    FORGOTTEN,
    NOTHING_BEFORE,
    RETURNED,
    RETURNED_ONE,
    UNSOLD,
    UNSOLD_NEAR,
    present_forgotten,
    present_question,
    present_search,
    present_unsold,
)
from actions.reading import need_events, need_of
from actions.returning import GoingBack
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Ask, SlateShown, Unsold
from shopguide.conversation.turn import Turn


class ValidateSearchForm(GoingBack):
    """Updates the need and asks the next question; the form itself asks nothing (docs/adr/0004)."""

    def name(self) -> str:
        """Return the name Rasa calls before and inside the form."""
        return "validate_search_form"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Take the message into the need; ask, or leave the form so that `action_search` shows."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return [*events, SlotSet("need_text", tracker.get_slot("need_text")), SlotSet("requested_slot", None)]
        if turn.intent == "remove_preference":
            forgotten = await self.call(guide().forget_named, turn, need_of(tracker))
            if forgotten.values:
                present_forgotten(dispatcher, forgotten, await self.call(guide().wording, turn))
                return await self._asking_on(dispatcher, turn, need_of(tracker))
        return await self._considered(dispatcher, turn, tracker)

    async def _considered(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        need = need_of(tracker)
        if turn.open_question is not None and returning(tracker):
            # Who has had enough was promised to be shown something instead.
            question = None if turn.annoyed else await self.call(guide().question, need, turn.open_question)
            if question is not None:
                present_question(dispatcher, Ask(need, question), await self.call(guide().wording, turn), again=True)
                return [SlotSet("requested_slot", turn.open_question)]
            return [SlotSet("requested_slot", None)]
        considered = await self.call(guide().consider, turn, need)
        if considered is None:
            # Not an answer: without a slot from us the form steps aside, a rule answers, and we ask again.
            return [] if turn.open_question is not None else [SlotSet("requested_slot", None)]
        # Rasa takes a message that sets no slot for one that the form had no use for: what stays is set again.
        events = need_events(tracker, considered.need) or [SlotSet("need_text", considered.need.slots()["need_text"])]
        if isinstance(considered, Unsold):
            present_unsold(dispatcher, considered, await self.call(guide().wording, turn))
            return [*events, SlotSet("requested_slot", None)]
        if isinstance(considered, Ask):
            present_question(dispatcher, considered, await self.call(guide().wording, turn))
            return [*events, SlotSet("requested_slot", considered.question.facet)]
        return [*events, SlotSet("requested_slot", None)]

    async def _asking_on(self, dispatcher: CollectingDispatcher, turn: Turn, need: Need) -> Events:
        """Put the open question again, if there is one; Rasa needs some slot set beside it."""
        question = await self.call(guide().question, need, turn.open_question) if turn.open_question else None
        if question is not None:
            present_question(dispatcher, Ask(need, question), await self.call(guide().wording, turn), again=True)
        asked = turn.open_question if question is not None else None
        return [SlotSet("need_text", need.slots()["need_text"]), SlotSet("requested_slot", asked)]

    def failed(self) -> Events:
        """Leave the form: a question that was never heard must not wait for an answer."""
        return [SlotSet("requested_slot", None)]


class ActionSearch(GuideAction):
    """Shows products for the need."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_search"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Show what fits, or say what would have to give way; nothing where the turn has had its answer."""
        if uttered(tracker, UNSOLD, UNSOLD_NEAR, FORGOTTEN, RETURNED, RETURNED_ONE, NOTHING_BEFORE):
            return []
        outcome = await self.call(guide().search, turn, need_of(tracker))
        events = present_search(dispatcher, outcome, await self.call(guide().wording, turn), tracker)
        # Once there is something to remember, and once only.
        if isinstance(outcome, SlateShown) and await self.call(guide().asks_consent, turn):
            dispatcher.utter_message(response="utter_profile_consent_ask")
        return events


class ActionShowMore(GoingBack):
    """Shows the next products for the same need."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_show_more"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Show what was not seen yet; "the previous ones" what was."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return events
        outcome = await self.call(guide().more, turn, need_of(tracker))
        return present_search(dispatcher, outcome, await self.call(guide().wording, turn), tracker)


class ActionStartOver(GoingBack):
    """Forgets the need of this conversation; tastes stay."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_start_over"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Clear every slot of the search; "go back" goes back one step only."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return [*events, SlotSet("requested_slot", None), ActiveLoop(None)]
        dispatcher.utter_message(response="utter_search_start_over")
        cleared: list[dict[str, Any]] = need_events(tracker, Need())
        left = [SlotSet(slot, None) for slot in ("current_slate", "focus_sku", "requested_slot")]
        return [*cleared, *left, ActiveLoop(None)]


def returning(tracker: Tracker) -> bool:
    """Whether this turn was already answered by another action, so that the open question comes back."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action_execution_rejected":
            return True
    return False
