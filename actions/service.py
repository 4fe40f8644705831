"""The service flow: questions about the shop, answered from its own documents."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from shopguide.conversation.answering.faq import NoPolicies, PolicyAnswer, PolicySilent
from shopguide.conversation.answering.telling import policy_payload, policy_words
from shopguide.conversation.turn import Turn

TOPICS = frozenset({"returns", "shipping", "payment", "warranty", "sizing", "contact", "stores", "gift_cards"})
"""Topics with a response of their own for a shop without documents."""


class ActionFaq(GuideAction):
    """Answers a question about the shop with a paragraph of its documents."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_faq"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Quote, or say that the documents do not tell."""
        topic = topic_of(tracker)
        match await self.call(guide().ask_shop, turn.text, topic):
            case PolicyAnswer() as found:
                _say(dispatcher, "utter_service_policy", found)
            case PolicySilent(near=None, contact=None) as found:
                _say(dispatcher, "utter_service_policy_none", found)
            case PolicySilent(near=None) as found:
                _say(dispatcher, "utter_service_policy_contact", found)
            case PolicySilent() as found:
                _say(dispatcher, "utter_service_policy_near", found)
            case NoPolicies():
                response = f"utter_faq/{topic}" if topic in TOPICS else "utter_service_policies_missing"
                dispatcher.utter_message(response=response)
        return []


def topic_of(tracker: Tracker) -> str:
    """Return what a question about the shop was understood to be about ("returns"), empty if that is not known."""
    intent = (tracker.latest_message or {}).get("intent") or {}
    return str(intent.get("full_retrieval_intent_name") or "").partition("/")[2]


def _say(dispatcher: CollectingDispatcher, response: str, found: PolicyAnswer | PolicySilent) -> None:
    dispatcher.utter_message(response=response, json_message=policy_payload(found), **policy_words(found))
