"""The product flow beyond one product's details: comparison, reviews, stock, reductions."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, GuideAction, guide
from actions.presenting_product import present_comparison, present_promotions, present_reviews, present_stock
from actions.reading import need_of
from shopguide.conversation.turn import Turn


class ActionCompareProducts(GuideAction):
    """Puts products side by side."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_compare_products"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Compare what the message means and say which one suits this shopper."""
        outcome = await self.call(guide().compare, turn, need_of(tracker), tracker.get_slot("focus_sku"))
        return present_comparison(dispatcher, outcome, await self.call(guide().wording, turn))


class ActionProductReviews(GuideAction):
    """Sums up what others wrote."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_product_reviews"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Sum up the reviews of what the message means."""
        outcome = await self.call(guide().reviews, turn, tracker.get_slot("focus_sku"))
        return present_reviews(dispatcher, outcome, await self.call(guide().wording, turn))


class ActionCheckAvailability(GuideAction):
    """Tells whether something can be had."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_check_availability"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Look up the stock of what the message means."""
        outcome = await self.call(guide().availability, turn, need_of(tracker), tracker.get_slot("focus_sku"))
        return present_stock(dispatcher, outcome, await self.call(guide().wording, turn), tracker)


class ActionShowPromotions(GuideAction):
    """Shows what is reduced."""

    def name(self) -> str:
        """Return the action's name."""
        return "action_show_promotions"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> Events:
        """Show what is reduced of what is looked for."""
        outcome = await self.call(guide().promotions, turn, need_of(tracker), tracker.get_slot("focus_sku"))
        return present_promotions(dispatcher, outcome, await self.call(guide().wording, turn))
