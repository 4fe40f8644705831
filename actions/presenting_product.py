"""Comparisons, reviews, stock and reductions as messages."""

from datetime import UTC, datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.presenting import present_search, present_unresolved, present_unsold
from shopguide.conversation.outcomes import NameUnknown, NoneSuch, SlateShown, Unsold
from shopguide.conversation.outcomes_product import (
    Available,
    Compared,
    CompareOutcome,
    NothingToCompare,
    NotReduced,
    OnSale,
    Reviewed,
    ReviewOutcome,
    Reviews,
    SaleOutcome,
    StockOutcome,
)
from shopguide.conversation.presentation import slate_payload
from shopguide.conversation.presentation_product import comparison_payload
from shopguide.conversation.telling import slate_words
from shopguide.conversation.telling_product import (
    comparison_words,
    deals_words,
    reduction_words,
    review_words,
    stock_words,
)
from shopguide.conversation.wording import Wording

Events = list[dict[str, Any]]


def present_comparison(dispatcher: CollectingDispatcher, outcome: CompareOutcome, wording: Wording) -> Events:
    """Say in what products differ; return the events that follow."""
    match outcome:
        case Compared():
            words = comparison_words(outcome, wording)
            response = "utter_product_compared_by" if words["answer"] else "utter_product_compared"
            dispatcher.utter_message(
                response=response if outcome.differences else "utter_product_compared_alike",
                json_message=comparison_payload(outcome, wording),
                **words,
            )
            chosen = outcome.furthest[:1] or ((outcome.pick.place,) if outcome.pick is not None else ())
            # "I'll take that one" after a verdict means the one that was recommended.
            return [SlotSet("focus_sku", outcome.products[place].product.sku) for place in chosen]
        case NothingToCompare(product) if product is not None:
            dispatcher.utter_message(response="utter_product_compare_one", title=product.title)
        case NothingToCompare():
            dispatcher.utter_message(response="utter_product_nothing_shown")
        case _:
            return present_unresolved(dispatcher, outcome, wording)
    return []


def present_reviews(dispatcher: CollectingDispatcher, outcome: ReviewOutcome, wording: Wording) -> Events:
    """Tell what others wrote; return the events that follow."""
    if not isinstance(outcome, Reviews):
        return present_unresolved(dispatcher, outcome, wording)
    for told in outcome.products:
        rating = f"{told.product.rating:g}" if told.product.rating is not None else ""
        words = review_words(told, wording)
        if not told.product.reviews:
            words["count"] = f"{told.product.rating_count:,}"
        dispatcher.utter_message(response=_reviews_response(told), rating=rating, **words)
    return [SlotSet("focus_sku", outcome.products[0].product.sku)] if outcome.products else []


def _reviews_response(told: Reviewed) -> str:
    if not told.product.reviews:
        rated = told.product.rating is not None and told.product.rating_count
        return "utter_product_reviews_only_rated" if rated else "utter_product_reviews_none"
    if told.asked:
        return "utter_product_reviews_about" if told.praised or told.criticised else "utter_product_reviews_not_about"
    if not told.stars:
        return "utter_product_reviews_unstarred"
    return "utter_product_reviews" if len(told.product.reviews) > 1 else "utter_product_reviews_one"


def present_stock(
    dispatcher: CollectingDispatcher, outcome: StockOutcome | Unsold, wording: Wording, tracker: Tracker
) -> Events:
    """Say whether something can be had; return the events that follow."""
    match outcome:
        case Available():
            dispatcher.utter_message(response=_stock_response(outcome), **stock_words(outcome, wording))
            meant = outcome.variant or outcome.product
            shown = present_search(dispatcher, outcome.instead, wording, tracker) if outcome.instead is not None else []
            return [*shown, SlotSet("focus_sku", meant.sku)]
        case Unsold():
            present_unsold(dispatcher, outcome, wording)
            return []
        case NoneSuch() | NameUnknown():
            return present_unresolved(dispatcher, outcome, wording)
        case _:
            return present_search(dispatcher, outcome, wording, tracker)


def _stock_response(outcome: Available) -> str:
    if outcome.variant is not None:
        return "utter_product_available_variant" if outcome.variant.in_stock else "utter_product_variant_sold_out"
    if outcome.lacking:
        return "utter_product_not_in" if any(outcome.choices.values()) else "utter_product_not_in_known"
    if not outcome.product.in_stock:
        return "utter_product_sold_out"
    return "utter_product_available_in" if outcome.asked else "utter_product_available"


def present_promotions(dispatcher: CollectingDispatcher, outcome: SaleOutcome | Unsold, wording: Wording) -> Events:
    """Show what is reduced; return the events that follow."""
    now = datetime.now(UTC)
    match outcome:
        case SlateShown():
            everything = len(outcome.items) >= outcome.total
            response = "utter_product_reduced_slate_all" if everything else "utter_product_reduced_slate"
            words = slate_words(outcome, wording) | deals_words(outcome, wording, now)
            dispatcher.utter_message(
                response=response,
                json_message=slate_payload(outcome, wording),
                count=f"{outcome.total:,}",
                **words,
            )
            return [SlotSet("current_slate", outcome.slate_id), SlotSet("focus_sku", None)]
        case OnSale():
            for product in outcome.products:
                reduced = (
                    product.list_price is not None and product.price is not None and product.list_price > product.price
                )
                response = "utter_product_reduced" if reduced else "utter_product_not_reduced"
                dispatcher.utter_message(response=response, **reduction_words(product, wording, now))
            return [SlotSet("focus_sku", outcome.products[0].sku)] if outcome.products else []
        case NotReduced():
            response = "utter_product_nothing_reduced" if outcome.elsewhere else "utter_product_nothing_reduced_at_all"
            dispatcher.utter_message(response=response, noun=wording.noun(outcome.need), count=f"{outcome.elsewhere:,}")
            return []
        case Unsold():
            present_unsold(dispatcher, outcome, wording)
            return []
        case _:
            return present_unresolved(dispatcher, outcome, wording)
