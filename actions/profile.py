"""The profile flow: what the guide remembers of a shopper."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.reading import need_of
from shopguide.conversation.presentation import profile_payload
from shopguide.conversation.telling import profile_words
from shopguide.conversation.turn import Turn


class ActionShowProfile(GuideAction):
    """Shows a shopper what is remembered of them."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_show_profile"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Tell the tastes, or that there are none."""
        outcome = await self.call(guide().show_profile, turn, need_of(tracker))
        tastes = profile_words(outcome, await self.call(guide().wording))
        if not outcome.available:
            response = "utter_profile_unavailable"
        else:
            response = "utter_profile_shown" if tastes else "utter_profile_empty"
        dispatcher.utter_message(response=response, json_message=profile_payload(outcome), tastes=tastes)
        return []
