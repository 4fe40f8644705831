"""Comparison, reviews, stock and reductions as the shopper hears them."""

import pytest

from actions.product_questions import (
    ActionCheckAvailability,
    ActionCompareProducts,
    ActionProductReviews,
    ActionShowPromotions,
)
from actions.search import ActionSearch, ValidateSearchForm
from shopguide.catalogue.product import Review
from tests.unit.actions.conftest import Conversation, entity


@pytest.fixture
def shown(talk: Conversation) -> Conversation:
    """Return a conversation with blue bags on the table."""
    talk.hear("blue bags", "search_products", entity("category", "bags"), entity("colour", "blue"))
    talk.act(ValidateSearchForm())
    talk.act(ActionSearch())
    return talk


def test_a_comparison_has_a_table_and_a_verdict_in_focus(shown: Conversation) -> None:
    shown.hear("compare 1 and 2", "compare_products", entity("ordinal", [1, 2]))
    (message,) = shown.act(ActionCompareProducts())
    assert message["response"] == "utter_product_compared"
    assert message["custom"]["type"] == "comparison"
    assert len(message["custom"]["items"]) == 2
    assert message["differences"].startswith("\n- ")
    recommended = message["custom"]["recommended"]
    assert recommended is None or shown.slots["focus_sku"] == recommended


def test_one_product_alone_cannot_be_compared(shown: Conversation) -> None:
    shown.hear("compare 2", "compare_products", entity("ordinal", 2))
    (message,) = shown.act(ActionCompareProducts())
    assert message["response"] == "utter_product_compare_one"


def test_reviews_in_all_their_shapes(shown: Conversation) -> None:
    sku = next(iter(shown.shop.feedback.slates.values())).items[0].sku
    shown.hear("reviews of the first?", "ask_reviews", entity("ordinal", 1))
    (message,) = shown.act(ActionProductReviews())
    assert message["response"] == "utter_product_reviews_only_rated"
    shown.shop.reviews[sku] = (Review(5, "Great value."), Review(2, "Broke soon, awful.", "Ann"))
    (message,) = shown.act(ActionProductReviews())
    assert message["response"] == "utter_product_reviews"
    assert "“Broke soon, awful” (Ann)" in message["quotes"]
    shown.shop.reviews[sku] = (Review(None, "Great value."),)
    (message,) = shown.act(ActionProductReviews())
    assert message["response"] == "utter_product_reviews_unstarred"
    shown.hear("what do people say about the zip", "ask_reviews")
    (message,) = shown.act(ActionProductReviews())
    assert message["response"] == "utter_product_reviews_not_about"
    assert shown.slots["focus_sku"] == sku


def test_stock_and_a_colour_that_there_is_not(shown: Conversation) -> None:
    shown.hear("is the second there", "check_availability", entity("ordinal", 2))
    (message,) = shown.act(ActionCheckAvailability())
    assert message["response"] == "utter_product_available"
    shown.hear("in pink?", "check_availability", entity("colour", "pink"))
    (message,) = shown.act(ActionCheckAvailability())
    assert (message["response"], message["wanted"], message["choices"]) == (
        "utter_product_not_in",
        "in pink",
        "in navy blue",
    )


def test_reductions_become_a_slate_that_can_be_pointed_at(shown: Conversation) -> None:
    before = shown.slots["current_slate"]
    shown.hear("anything reduced", "ask_promotions")
    (message,) = shown.act(ActionShowPromotions())
    assert message["response"].startswith("utter_product_reduced_slate")
    assert shown.slots["current_slate"] != before
    shown.hear("is the first on sale", "ask_promotions", entity("ordinal", 1))
    (message,) = shown.act(ActionShowPromotions())
    assert message["response"] == "utter_product_reduced" and message["percent"] == "50"


def test_a_comparison_without_anything_shown(talk: Conversation) -> None:
    talk.hear("compare them", "compare_products")
    (message,) = talk.act(ActionCompareProducts())
    assert message["response"] == "utter_product_nothing_shown"
