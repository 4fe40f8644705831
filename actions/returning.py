"""What the actions share that a message may reach which only goes back to what was shown before."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.presenting import NOTHING_BEFORE, present_search
from actions.reading import need_of
from shopguide.conversation.turn import Turn
from shopguide.guide.returning import NothingBefore


class GoingBack(GuideAction):
    """An action whose intent "go back", "undo that" or "back to the shoes" may be taken for."""

    async def went_back(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events | None:
        """Show what was shown before and return the events, if the message goes back; `None` if it does not."""
        outcome = await self.call(guide().back, turn, need_of(tracker))
        if outcome is None:
            return None
        if isinstance(outcome, NothingBefore):
            dispatcher.utter_message(response=NOTHING_BEFORE)
            return []
        return present_search(dispatcher, outcome, await self.call(guide().wording, turn), tracker)
