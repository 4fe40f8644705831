"""What every action shares: it never leaves a shopper with silence or a stack trace."""

import abc
import asyncio
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection

from actions.reading import turn_of
from shopguide.bootstrap import get_shop
from shopguide.conversation.turn import Turn
from shopguide.guide import Guide

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

DEADLINE_SECONDS = 10.0
"""How long a shopper waits before we apologise; the dialogue server itself would wait five minutes."""

APOLOGY = "utter_smalltalk_apology"
FRUSTRATED = "utter_smalltalk_frustrated"
"""What is said once to a shopper who has had enough."""

Events = list[dict[str, Any]]
"""Events as rasa-sdk returns them."""


class GuideAction(Action, abc.ABC):  # type: ignore[misc]  # rasa_sdk has no types
    """An action that calls the guide.

    A subclass writes `perform`; `run` watches the time, catches whatever goes wrong and apologises. Rejections pass:
    they are how a form lets another policy answer.
    """

    @abc.abstractmethod
    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Call one use case of the guide, present what it comes to, and return the events."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Perform the action within the deadline."""
        if apologised(tracker):
            # An earlier action of this very turn failed: once is enough.
            return []
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                shopper_id = tracker.get_slot("shopper_id") or await self.call(
                    guide().shopper_for, tracker.get_latest_input_channel() or "unknown", tracker.sender_id
                )
                turn = turn_of(tracker, shopper_id)
                if turn.annoyed and not said_before(tracker, FRUSTRATED):
                    dispatcher.utter_message(response=FRUSTRATED)
                events = await self.perform(dispatcher, turn, tracker)
        except ActionExecutionRejection:
            raise
        except Exception as error:
            return self._apologise(dispatcher, error)
        settled = any(event.get("name") == "shopper_id" for event in events)
        if events and not settled and shopper_id is not None and tracker.get_slot("shopper_id") is None:
            events.append(SlotSet("shopper_id", shopper_id))
        return events

    @staticmethod
    async def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case beside the event loop: it computes, and it reads the database."""
        return await asyncio.to_thread(function, *args, **kwargs)

    def failed(self) -> Events:
        """Return the events that leave the conversation in order after an apology."""
        return []

    def _apologise(self, dispatcher: CollectingDispatcher, error: Exception) -> Events:
        log.error("%s failed", self.name(), exc_info=error)
        # Half an answer and an apology contradict each other.
        dispatcher.messages.clear()
        dispatcher.utter_message(response=APOLOGY)
        return self.failed()


def guide() -> Guide:
    """Return the process's guide."""
    return get_shop().guide


def apologised(tracker: Tracker) -> bool:
    """Whether an action of this turn apologised already."""
    return uttered(tracker, APOLOGY)


def said_before(tracker: Tracker, response: str) -> bool:
    """Whether a response was said in this conversation already."""
    bots = (event for event in tracker.events if event.get("event") == "bot")
    return any((event.get("metadata") or {}).get("utter_action") == response for event in bots)


def uttered(tracker: Tracker, *responses: str) -> bool:
    """Whether one of these responses was said in this turn already."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "bot" and (event.get("metadata") or {}).get("utter_action") in responses:
            return True
    return False
