"""The product flow's questions: facts, quoted evidence, or that the data does not tell."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.presenting import present_unresolved
from shopguide.conversation.answering.outcomes import Answers
from shopguide.conversation.answering.telling import answer_payload, answer_words, is_silent
from shopguide.conversation.turn import Turn

ASKED = "ask_product_question"


class ActionProductQuestion(GuideAction):
    """Answers a question about the products that are meant."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_product_question"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Answer, and keep the product in focus."""
        outcome = await self.call(guide().ask_product, turn, question_of(tracker, turn), tracker.get_slot("focus_sku"))
        wording = await self.call(guide().wording, turn)
        if not isinstance(outcome, Answers):
            return present_unresolved(dispatcher, outcome, wording)
        if is_silent(outcome):
            response = "utter_product_answer_none"
        else:
            response = "utter_product_answer" if len(outcome.found) == 1 else "utter_product_answer_several"
        payload = answer_payload(outcome, wording)
        dispatcher.utter_message(response=response, json_message=payload, **answer_words(outcome, wording))
        return [SlotSet("focus_sku", outcome.found[-1][0].product.sku)]


def question_of(tracker: Tracker, turn: Turn) -> str:
    """Return the question: the message, or the one before a button that only said which product was meant."""
    if not turn.text.startswith("/"):
        return turn.text
    for event in reversed(tracker.events):
        parsed = event.get("parse_data") or {}
        text = str(event.get("text") or "")
        if event.get("event") == "user" and not text.startswith("/"):
            return text if (parsed.get("intent") or {}).get("name") == ASKED else ""
    return ""
