"""The smalltalk flow, as far as it needs to know what was said before."""

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, UserUttered
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction
from actions.reading import offered
from shopguide.conversation.turn import Turn

LOST = ("out_of_scope", "nlu_fallback")
"""Intents of a message that was not understood, or that is none of the shop's business."""


class ActionOutOfScope(GuideAction):
    """Says what the guide can do; a second time in a row in other words, with something to press."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_out_of_scope"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Help, without repeating the same sentence."""
        if lost_in_a_row(tracker) > 1:
            dispatcher.utter_message(response="utter_smalltalk_fallback_again")
        else:
            dispatcher.utter_message(response="utter_smalltalk_fallback")
        return []


class ActionAffirm(GuideAction):
    """Takes a yes: to the first way out that was offered, if there was one."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_affirm"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Take the offer as if its button had been pressed."""
        answers = [payload for payload in offered(tracker) if payload.startswith("/inform_preference")]
        if answers and tracker.get_slot("requested_slot") is None:
            answer = answers[0].partition(":")[2].removesuffix("}").strip().strip('"')
            entity = {"entity": "answer", "value": answer, "start": 0, "end": 0}
            parsed = {"intent": {"name": "inform_preference", "confidence": 1.0}, "entities": [entity]}
            return [UserUttered(answers[0], parsed), FollowupAction("search_form")]
        dispatcher.utter_message(response="utter_smalltalk_affirm")
        return []


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
