"""The smalltalk flow, as far as it needs to know what was said before."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecuted, FollowupAction, UserUttered
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.reading import need_of, offered, parsed_payload, read_payload, taken_again
from actions.returning import GoingBack
from shopguide.conversation.picking import asks_for_the_best, picks
from shopguide.conversation.scope import PURPOSE
from shopguide.conversation.turn import Turn

LOST = ("out_of_scope", "nlu_fallback")
"""Intents of a message that was not understood, or that is none of the shop's business."""


SEARCHES = ("search_products", "inform_preference", "critique_slate")
"""Intents of a message that says what is looked for."""

LEAST_SEARCH, SURELY_LOST = 0.1, 0.85
"""Of a message that names goods: how likely a search must be, and how sure the classifier that it is none."""

TAKEN_UP = {
    "inform_preference": "search_form",
    "forget_me": "action_forget_me",
    "give_consent": "action_give_consent",
}
"""For the intent of an offered button, the action that carries it out when somebody says yes instead of pressing it."""


class ActionOutOfScope(GoingBack):
    """Says what the guide can do; a second time in a row in other words, with something to press."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_out_of_scope"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Help, without repeating the same sentence; "the previous ones" are known all the same."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return events
        if nearly_a_search(tracker) and await self.call(guide().names_goods, turn, need_of(tracker)):
            return taken_for_a_search(tracker)
        if turn.current_slate is not None and asks_for_the_best(turn.text):
            return taken_again(tracker, "compare_products", "action_compare_products")
        if lost_in_a_row(tracker) > 1:
            dispatcher.utter_message(response="utter_smalltalk_fallback_again")
        else:
            dispatcher.utter_message(response="utter_smalltalk_fallback")
        return []


class ActionAffirm(GuideAction):
    """Takes a yes: to the first way out that was offered, to what was asked about remembering, or to no question."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_affirm"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Take the offer as if its button had been pressed."""
        if tracker.get_slot("requested_slot") is None:
            for payload in offered(tracker):
                intent, entities = read_payload(payload)
                if (action := TAKEN_UP.get(intent)) is not None:
                    return as_if_pressed(payload, intent, entities, action)
        if tracker.get_slot("current_slate") is not None and picks(turn.text):
            return as_if_pressed(turn.text, "like_product", {}, "action_like_product")
        dispatcher.utter_message(response="utter_smalltalk_affirm")
        return []


class ActionDeny(GoingBack):
    """Takes a no: to a deletion that was about to happen, to what was asked about remembering, or to no question."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_deny"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Leave everything as it is, or note the refusal as if its button had been pressed; "undo that" goes back."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return events
        asked = {intent for intent, _ in map(read_payload, offered(tracker))}
        if "forget_me" in asked:
            dispatcher.utter_message(response="utter_profile_not_forgotten")
        elif "give_consent" in asked:
            return as_if_pressed(turn.text, "withdraw_consent", {PURPOSE: "all"}, "action_withdraw_consent")
        else:
            dispatcher.utter_message(response="utter_smalltalk_deny")
        return []


def nearly_a_search(tracker: Tracker) -> bool:
    """Whether a message that was not understood may as well have been a search, by the classifier's ranking."""
    ranking = (tracker.latest_message or {}).get("intent_ranking") or []
    confidence = {str(one.get("name")): float(one.get("confidence") or 0.0) for one in ranking}
    search = max((confidence.get(intent, 0.0) for intent in SEARCHES), default=0.0)
    return search >= LEAST_SEARCH and max(confidence.values()) < SURELY_LOST


def taken_for_a_search(tracker: Tracker) -> Events:
    """Return the events that make the rest of the turn go as if the message opened a search, or went on with one."""
    entities = (tracker.latest_message or {}).get("entities") or ()
    names_kind = any(one.get("entity") == "category" for one in entities)
    goes_on = "category" in need_of(tracker).wanted and not names_kind
    return taken_again(tracker, "inform_preference" if goes_on else "search_products", "search_form")


def as_if_pressed(text: str, intent: str, entities: dict[str, Any], action: str) -> Events:
    """Return the events that make the rest of the turn go as if a button had been pressed.

    A message follows a listening: without it no rule would know the message again.
    """
    return [
        ActionExecuted("action_listen"),
        UserUttered(text, parsed_payload(intent, entities)),
        FollowupAction(action),
    ]


def lost_in_a_row(tracker: Tracker) -> int:
    """Return how many of the latest messages in a row were not understood, this one included."""
    count = 0
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            intent = ((event.get("parse_data") or {}).get("intent") or {}).get("name")
            if intent not in LOST:
                break
            count += 1
    return count
