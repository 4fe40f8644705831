"""The profile flow: what the guide remembers of a shopper, what it may remember, and being forgotten."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.presenting import present_forgotten
from actions.reading import need_events, need_of, taken_again
from shopguide.conversation.knowing import known_payload, known_words
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes_privacy import ConsentDecided, Known
from shopguide.conversation.scope import agrees, concerns_session, purposes_named
from shopguide.conversation.turn import Turn
from shopguide.profiles.consent import PURPOSES, Purpose

CONFIRM = "confirm"
"""The entity of the button that carries a deletion out."""


GIVEN: Mapping[tuple[Purpose, ...], str] = {
    PURPOSES: "utter_profile_consent_given",
    ("personalisation",): "utter_profile_consent_given_personalisation",
    ("analytics",): "utter_profile_consent_given_analytics",
}
WITHDRAWN: Mapping[tuple[Purpose, ...], str] = {
    PURPOSES: "utter_profile_consent_withdrawn",
    ("personalisation",): "utter_profile_consent_withdrawn_personalisation",
    ("analytics",): "utter_profile_consent_withdrawn_analytics",
}
"""What is said of a decision, by the purposes that it is about."""


class ActionShowProfile(GuideAction):
    """Shows a shopper what is remembered of them, and where each thing comes from."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_show_profile"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Tell what is known, or that nothing is."""
        known: Known = await self.call(guide().what_is_known, turn)
        wording = await self.call(guide().wording, turn)
        if not known.available:
            dispatcher.utter_message(response="utter_profile_unavailable")
            return []
        now = datetime.now(UTC)
        words = known_words(known, wording, now)
        dispatcher.utter_message(
            response="utter_profile_shown" if words["tastes"] else "utter_profile_empty",
            json_message=known_payload(known, need_of(tracker), wording, now),
            **words,
        )
        return []


class ActionForgetMe(GuideAction):
    """Deletes one thing that is remembered, or, once that is confirmed, everything."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_forget_me"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Delete what the message names; ask first where that is everything."""
        if any(mention.entity == CONFIRM for mention in turn.mentions):
            return await self._forget(dispatcher, turn, tracker)
        forgotten = await self.call(guide().forget_named, turn)
        if not forgotten.nothing or not forgotten.available:
            present_forgotten(dispatcher, forgotten, await self.call(guide().wording, turn))
            return []
        dispatcher.utter_message(response="utter_profile_forget_confirm")
        # Two open questions would make a "yes" mean either.
        return [SlotSet("requested_slot", None), ActiveLoop(None)]

    async def _forget(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        erased = await self.call(guide().forget, turn)
        if not erased.available:
            dispatcher.utter_message(response="utter_profile_forget_failed")
            return []
        dispatcher.utter_message(
            response="utter_profile_forgotten" if erased.complete else "utter_profile_forgotten_partly",
            json_message={"type": "notice", "notice": "erased"},
        )
        # The dialogue server deletes this very conversation when the turn has ended; until then it holds nothing.
        cleared: list[dict[str, Any]] = need_events(tracker, Need())
        left = ("current_slate", "focus_sku", "requested_slot", "history", "shopper_id")
        return [
            *cleared,
            *(SlotSet(slot, None) for slot in left),
            SlotSet("erase_conversation", True),
            ActiveLoop(None),
        ]


class ActionExportMyData(GuideAction):
    """Hands a shopper a copy of everything that is stored about them."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_export_my_data"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Give the address of the copy, which only its owner has and which works for a short time."""
        link = await self.call(guide().export_link, turn)
        if link is None:
            dispatcher.utter_message(response="utter_profile_export_unavailable")
            return []
        wording = await self.call(guide().wording, turn)
        title = wording.say("known.copy")
        dispatcher.utter_message(
            response="utter_profile_export",
            json_message={"type": "notice", "notice": "export", "link": link, "title": title},
            link=link,
        )
        return []


class ActionGiveConsent(GuideAction):
    """Notes that something may be remembered, or takes up again what a session left aside."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_give_consent"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Note it and say what follows from it; what only looked like an agreement is answered as not understood."""
        if not agrees(turn):
            return taken_again(tracker, "nlu_fallback", "action_out_of_scope")
        if not turn.history and concerns_session(turn):
            dispatcher.utter_message(response="utter_profile_history_on")
            return [SlotSet("history", None)]
        # Who says no more than "you may remember me" agrees to that, and to no statistics.
        purposes = purposes_named(turn) or ("personalisation",)
        decided = await self.call(guide().decide, turn, purposes, True)
        _present_decision(dispatcher, decided, GIVEN)
        return [SlotSet("history", None)] if decided.available else []


class ActionWithdrawConsent(GuideAction):
    """Notes that something may not be remembered, or leaves history aside for the session."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_withdraw_consent"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Note it and say what follows from it."""
        if concerns_session(turn):
            dispatcher.utter_message(response="utter_profile_history_off")
            return [SlotSet("history", "off")]
        # Who names no purpose means all of them: rather too little is kept than too much.
        decided = await self.call(guide().decide, turn, purposes_named(turn) or PURPOSES, False)
        _present_decision(dispatcher, decided, WITHDRAWN)
        return []


def _present_decision(
    dispatcher: CollectingDispatcher, decided: ConsentDecided, responses: Mapping[tuple[Purpose, ...], str]
) -> None:
    response = responses[decided.purposes] if decided.available else "utter_profile_consent_failed"
    dispatcher.utter_message(response=response)
