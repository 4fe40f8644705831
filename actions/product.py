"""The product flow: details, why it was shown, like and dislike."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.presenting import present_unresolved
from actions.reading import need_of
from shopguide.conversation.outcomes import Details, Explained, Judged, Unresolved
from shopguide.conversation.presentation import details_payload
from shopguide.conversation.telling import details_words, explanation_words, question_reason_words
from shopguide.conversation.turn import Turn
from shopguide.conversation.wording import Wording


class ActionProductDetails(GuideAction):
    """Tells everything about one product."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_product_details"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Tell about the product that is meant, and keep it in focus."""
        outcome = await self.call(guide().details, turn, tracker.get_slot("focus_sku"))
        wording = await self.call(guide().wording, turn)
        if not isinstance(outcome, Details):
            return present_unresolved(dispatcher, outcome, wording)
        for told in (outcome, *outcome.beside):
            dispatcher.utter_message(
                response="utter_product_details",
                json_message=details_payload(told, wording),
                **details_words(told, wording),
            )
        return [SlotSet("focus_sku", outcome.product.sku)]


class ActionExplainRecommendation(GuideAction):
    """Tells why a product was shown, from the reasons stored with the slate."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_explain_recommendation"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Give the reasons; to who wonders about an open question, say what it would settle."""
        asked = turn.open_question if not turn.mentions and not turn.references else None
        if asked is not None and await self._explained_question(dispatcher, asked, turn, tracker):
            return []
        outcome = await self.call(guide().explain, turn, need_of(tracker), tracker.get_slot("focus_sku"))
        wording = await self.call(guide().wording, turn)
        if not isinstance(outcome, Explained):
            return present_unresolved(dispatcher, outcome, wording)
        reasons = explanation_words(outcome, wording)
        suggested = "utter_product_why" if reasons else "utter_product_why_plain"
        dispatcher.utter_message(
            response=suggested if outcome.position is not None else "utter_product_why_unsuggested",
            title=outcome.product.title,
            reasons=reasons,
            need=wording.noun(outcome.need),
        )
        return [SlotSet("focus_sku", outcome.product.sku)]

    async def _explained_question(
        self, dispatcher: CollectingDispatcher, facet: str, turn: Turn, tracker: Tracker
    ) -> bool:
        need = need_of(tracker)
        question = await self.call(guide().question, need, facet)
        if question is None:
            return False
        wording = await self.call(guide().wording, turn)
        dispatcher.utter_message(response="utter_search_why_asked", **question_reason_words(question, need, wording))
        return True


class ActionLikeProduct(GuideAction):
    """Records that the shopper likes a product."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_like_product"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Record it and say so."""
        outcome = await self.call(guide().like, turn, tracker.get_slot("focus_sku"))
        return _judged(dispatcher, outcome, await self.call(guide().wording, turn))


class ActionDislikeProduct(GuideAction):
    """Records that the shopper does not want to see a product again."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_dislike_product"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Record it and say so."""
        outcome = await self.call(guide().dislike, turn, tracker.get_slot("focus_sku"))
        return _judged(dispatcher, outcome, await self.call(guide().wording, turn))


def _judged(dispatcher: CollectingDispatcher, outcome: Judged | Unresolved, wording: Wording) -> Events:
    if not isinstance(outcome, Judged):
        return present_unresolved(dispatcher, outcome, wording)
    verdict = "liked" if outcome.liked else "disliked"
    dispatcher.utter_message(
        response=f"utter_product_{verdict}" if outcome.kept else "utter_product_not_kept",
        title=wording.say.both(product.title for product in outcome.products),
    )
    return [SlotSet("focus_sku", outcome.products[0].sku if outcome.liked else None)]
