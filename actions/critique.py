"""The critique flow: "cheaper", "better rated", "like the second one but in blue"."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, guide
from actions.presenting import present_search
from actions.reading import need_of
from actions.returning import GoingBack
from shopguide.conversation.turn import Turn


class ActionCritique(GoingBack):
    """Shows a slate that differs from the last one as asked."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_critique"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Apply the critique to the need and show what fits now; "undo that" takes the last one back."""
        if (events := await self.went_back(dispatcher, turn, tracker)) is not None:
            return events
        outcome = await self.call(guide().critique, turn, need_of(tracker), tracker.get_slot("focus_sku"))
        return present_search(dispatcher, outcome, await self.call(guide().wording, turn), tracker)
