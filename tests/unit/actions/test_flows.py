"""The flows from end to end, below the dialogue server: messages in, responses and slots out."""

import pytest

from actions.critique import ActionCritique
from actions.product import (
    ActionDislikeProduct,
    ActionExplainRecommendation,
    ActionLikeProduct,
    ActionProductDetails,
)
from actions.search import ActionSearch, ActionShowMore, ActionStartOver, ValidateSearchForm
from actions.smalltalk import ActionAffirm, ActionOutOfScope
from tests.unit.actions.conftest import Conversation, entity


def show_blue_shoes(talk: Conversation) -> None:
    talk.hear("blue shoes", "search_products", entity("category", "shoes"), entity("colour", "blue"))
    assert talk.act(ValidateSearchForm()) == []
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_slate"


def ask_about_shoes(talk: Conversation) -> None:
    talk.loop = "search_form"
    talk.hear("shoes", "search_products", entity("category", "shoes"))
    (message,) = talk.act(ValidateSearchForm())
    assert message["response"].startswith("utter_search_ask_")


def test_a_clear_need_leaves_the_form_without_a_word_and_is_shown(talk: Conversation) -> None:
    show_blue_shoes(talk)
    assert talk.slots["category"] == ["shoes"]
    assert talk.slots["requested_slot"] is None
    assert talk.slots["current_slate"] in talk.shop.feedback.slates
    assert talk.slots["shopper_id"] == "unknown:c1"
    (said,) = [event for event in talk.events if event["event"] == "bot"]
    assert said["data"]["custom"]["type"] == "slate"
    assert said["data"]["custom"]["slate_id"] == talk.slots["current_slate"]


def test_an_open_need_is_asked_about_in_one_call(talk: Conversation) -> None:
    ask_about_shoes(talk)
    facet = talk.slots["requested_slot"]
    assert facet in ("category", "audience", "occasion")
    assert talk.slots["asked_facets"] == [facet]
    bot = next(event for event in talk.events if event["event"] == "bot")
    payloads = [button["payload"] for button in bot["data"]["buttons"]]
    assert payloads[-1] == f'/inform_preference{{"answer":"{facet}=*"}}'
    assert len(payloads) <= 6


def test_the_same_need_said_again_and_again_ends_in_a_slate(talk: Conversation) -> None:
    ask_about_shoes(talk)
    for _ in range(3):
        talk.hear("shoes", "search_products", entity("category", "shoes"))
        talk.act(ValidateSearchForm())
        # Some slot besides the question's, each time: or Rasa's form rejects, and no rule answers.
        assert {event["name"] for event in talk.returned if event["event"] == "slot"} - {"requested_slot"}
    assert talk.slots["requested_slot"] is None


def test_an_aside_makes_the_form_step_aside_and_ask_again(talk: Conversation) -> None:
    ask_about_shoes(talk)
    facet = talk.slots["requested_slot"]
    talk.hear("how are you", "chitchat")
    assert talk.act(ValidateSearchForm()) == []
    # No slot at all: only so does Rasa's form reject, and a rule answers.
    assert talk.returned == []
    talk.events.append({"event": "action_execution_rejected", "name": "search_form"})
    (message,) = talk.act(ValidateSearchForm())
    assert message["response"].startswith("utter_search_ask_")
    assert message["lead"] == ""
    assert talk.slots["requested_slot"] == facet
    # And then an answer counts again.
    talk.hear("for men", "inform_preference", entity("audience", "men"))
    talk.act(ValidateSearchForm())
    assert talk.slots["audience"] == ["men"]


def test_more_and_the_end(talk: Conversation) -> None:
    talk.hear("x", "search_products", entity("category", "loafers"), entity("colour", "red"), entity("audience", "men"))
    talk.act(ValidateSearchForm())
    talk.act(ActionSearch())
    talk.hear("more", "show_more")
    (message,) = talk.act(ActionShowMore())
    assert message["response"] == "utter_search_more_one"
    talk.hear("more", "show_more")
    (message,) = talk.act(ActionShowMore())
    assert message["response"] == "utter_search_no_more"
    assert message["buttons"]


def test_a_way_out_is_taken_with_a_yes(talk: Conversation) -> None:
    talk.hear("x", "search_products", entity("category", "handbags"), entity("colour", "green"))
    talk.act(ValidateSearchForm())
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_nothing_found"
    assert message["need"] == "green handbags"
    assert message["options"] == "45 in any colour (9 black)"
    assert message["nearest"].startswith(" ")
    assert talk.slots["focus_sku"] == message["custom"]["sku"]
    talk.hear("yes please", "affirm")
    assert talk.act(ActionAffirm()) == []
    _, uttered, followup, *_ = talk.returned
    assert uttered["parse_data"]["entities"][0]["value"] == "colour=*"
    assert followup["name"] == "search_form"
    talk.message = uttered["parse_data"] | {"text": uttered["text"]}
    talk.act(ValidateSearchForm())
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_slate"
    assert talk.slots["colour"] is None


def test_a_yes_to_nothing(talk: Conversation) -> None:
    talk.hear("yes", "affirm")
    (message,) = talk.act(ActionAffirm())
    assert message["response"] == "utter_smalltalk_affirm"


def test_cheaper(talk: Conversation) -> None:
    show_blue_shoes(talk)
    before = talk.slots["current_slate"]
    talk.hear("cheaper", "critique_slate", entity("critique", "price:down"))
    (message,) = talk.act(ActionCritique())
    assert message["response"] == "utter_critique_slate"
    assert talk.slots["current_slate"] != before
    assert talk.slots["price_max"] is not None


def test_a_critique_that_leads_nowhere_says_why(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("roomier", "critique_slate", entity("critique", "capacity:up"))
    (message,) = talk.act(ActionCritique())
    assert message["response"] == "utter_critique_unknown"
    talk.hear("cheaper", "critique_slate", entity("critique", "price:down"))
    for _ in range(20):
        (message,) = talk.act(ActionCritique())
        if not message["response"].startswith("utter_critique_slate"):
            break
    assert message["response"] == "utter_critique_extreme"
    assert message["direction"] == "cheaper"
    assert message["title"]


def test_start_over_clears_the_search_and_keeps_the_shopper(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.loop = "search_form"
    talk.hear("start over", "start_over")
    (message,) = talk.act(ActionStartOver())
    assert message["response"] == "utter_search_start_over"
    assert {name for name, value in talk.slots.items() if value is not None} == {"shopper_id"}
    assert talk.loop is None


def test_details_why_like_dislike(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("the second", "ask_product_details", entity("ordinal", 2))
    (message,) = talk.act(ActionProductDetails())
    assert message["custom"]["type"] == "product"
    assert message["custom"]["position"] == 2
    focus = talk.slots["focus_sku"]
    talk.hear("why", "explain_recommendation")
    (message,) = talk.act(ActionExplainRecommendation())
    assert message["response"] == "utter_product_why"
    assert "blue" in message["reasons"]
    assert talk.slots["focus_sku"] == focus
    talk.hear("love it", "like_product")
    (message,) = talk.act(ActionLikeProduct())
    assert message["response"] == "utter_product_liked"
    talk.hear("not the first", "dislike_product", entity("ordinal", 1))
    (message,) = talk.act(ActionDislikeProduct())
    assert message["response"] == "utter_product_disliked"
    assert {event.kind for event in talk.shop.feedback.events.values()} == {"search", "like", "dislike"}


@pytest.mark.parametrize(
    ("text", "category", "lost", "taken"),
    [
        ("only the best will do, the shoes", "shoes", 0.77, True),
        ("show me kayaks", None, 0.61, True),
        ("write me a poem about shoes", "shoes", 0.93, False),
        ("how are they all", None, 0.6, False),
    ],
)
def test_goods_in_a_message_that_was_half_lost_are_searched(
    talk: Conversation, text: str, category: str | None, lost: float, taken: bool
) -> None:
    talk.hear(text, "out_of_scope", *([entity("category", category)] if category else []))
    talk.message["intent_ranking"] = [
        {"name": "out_of_scope", "confidence": lost},
        {"name": "search_products", "confidence": 0.2},
    ]
    said = talk.act(ActionOutOfScope())
    if not taken:
        assert said[0]["response"] == "utter_smalltalk_fallback"
        return
    assert said == []
    _, uttered, followup, *_ = talk.returned
    assert followup["name"] == "search_form"
    assert uttered["parse_data"]["intent"]["name"] == "search_products"
    assert [one["entity"] for one in uttered["parse_data"]["entities"]] == (["category"] if category else [])


def test_who_asks_for_the_best_of_what_is_shown_gets_a_comparison(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("easy to clean, what's the best option", "nlu_fallback")
    assert talk.act(ActionOutOfScope()) == []
    _, uttered, followup, *_ = talk.returned
    assert uttered["parse_data"]["intent"]["name"] == "compare_products"
    assert followup["name"] == "action_compare_products"


def test_a_yes_to_a_product_takes_it(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("Yes, I want this one.", "affirm")
    assert talk.act(ActionAffirm()) == []
    _, uttered, followup, *_ = talk.returned
    assert (followup["name"], uttered["parse_data"]["intent"]["name"]) == ("action_like_product", "like_product")


def test_who_wonders_about_a_question_is_told_what_it_settles(talk: Conversation) -> None:
    ask_about_shoes(talk)
    talk.hear("why do you ask", "explain_recommendation")
    (message,) = talk.act(ActionExplainRecommendation())
    assert message["response"] == "utter_search_why_asked"
    assert message["total"] == "90"
    assert "(" in message["options"]


@pytest.mark.parametrize(
    "action", [ActionProductDetails, ActionExplainRecommendation, ActionLikeProduct, ActionDislikeProduct]
)
def test_before_anything_was_shown(talk: Conversation, action: type[ActionProductDetails]) -> None:
    talk.hear("that one", "ask_product_details", entity("ordinal", 1))
    (message,) = talk.act(action())
    assert message["response"] == "utter_product_nothing_shown"


def test_not_understood_twice_in_a_row(talk: Conversation) -> None:
    responses = []
    for intent in ("out_of_scope", "nlu_fallback", "greet", "out_of_scope"):
        talk.hear("x", intent)
        responses.append(talk.act(ActionOutOfScope())[0]["response"] if intent != "greet" else "")
    assert responses == ["utter_smalltalk_fallback", "utter_smalltalk_fallback_again", "", "utter_smalltalk_fallback"]


def test_what_is_not_sold_is_said_once_and_something_else_offered(talk: Conversation) -> None:
    talk.hear("do you have kayaks", "search_products")
    (message,) = talk.act(ValidateSearchForm())
    assert message["response"] == "utter_search_unsold"
    assert (message["thing"], message["options"]) == ("kayaks", "accessories and footwear")
    assert talk.slots["requested_slot"] is None
    # The form is complete, so action_search runs as well: it must not show what nobody asked for.
    assert talk.act(ActionSearch()) == []
    talk.hear("yes", "affirm")
    talk.act(ActionAffirm())
    assert talk.returned[1]["parse_data"]["entities"][0]["value"] == "category=accessories"


def test_the_thing_is_named_in_the_plural_and_what_mentions_it_is_told_apart(talk: Conversation) -> None:
    talk.hear("i want a kayak", "search_products")
    (message,) = talk.act(ValidateSearchForm())
    assert message["thing"] == "kayaks"
    talk.hear("do you have laces", "search_products")
    assert talk.act(ValidateSearchForm()) == []
    (message,) = talk.act(ActionSearch())
    assert "“laces”" in message["note"]


def test_which_of_two_is_asked_with_buttons_that_do_what_was_wanted(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("the other one is nice", "like_product")
    talk.message["references"] = [{"kind": "other", "start": 0, "end": 13}]
    (message,) = talk.act(ActionLikeProduct())
    assert message["response"] == "utter_product_which_of"
    assert message["options"].startswith("number 1 (")
    assert message["buttons"][0]["payload"] == '/like_product{"ordinal":1}'
    assert {event.kind for event in talk.shop.feedback.events.values()} == {"search"}


def test_a_name_of_several_becomes_a_slate(talk: Conversation) -> None:
    talk.hear("tell me about the norwell red loafers", "ask_product_details")
    (message,) = talk.act(ActionProductDetails())
    assert message["response"] == "utter_product_named"
    assert message["count"] == "3"
    assert message["custom"]["slate_id"] == talk.slots["current_slate"]
    assert message["buttons"][1]["payload"] == '/ask_product_details{"ordinal":2}'
    talk.hear("the second", "ask_product_details", entity("ordinal", 2))
    (message,) = talk.act(ActionProductDetails())
    assert message["response"] == "utter_product_details"
    talk.hear("the zanzibar 3000", "ask_product_details", entity("product", "zanzibar 3000"))
    (message,) = talk.act(ActionProductDetails())
    assert (message["response"], message["name"]) == ("utter_product_name_unknown", "zanzibar 3000")


def test_details_of_two_are_told_one_after_the_other(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("the first two", "ask_product_details", entity("ordinal", [1, 2]))
    messages = talk.act(ActionProductDetails())
    assert [message["response"] for message in messages] == ["utter_product_details"] * 2
    assert len({message["title"] for message in messages}) == 2


def test_who_has_had_enough_is_shown_something_and_told_so_once(talk: Conversation) -> None:
    for text in ("asdf", "qwer", "uiop"):
        talk.hear(text, "nlu_fallback")
        messages = talk.act(ActionOutOfScope())
    frustrated, _ = messages
    assert frustrated["response"] == "utter_smalltalk_frustrated"
    talk.hear("shoes, you useless terrible thing", "search_products", entity("category", "shoes"))
    # Shoes alone are asked about, as a rule.
    assert talk.act(ValidateSearchForm()) == []
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_slate"


def test_who_has_had_enough_is_not_asked_again(talk: Conversation) -> None:
    ask_about_shoes(talk)
    for text in ("this is no use", "you are terrible, i hate this"):
        talk.hear(text, "complain")
        talk.act(ValidateSearchForm())
    talk.events.append({"event": "action_execution_rejected", "name": "search_form"})
    talk.act(ValidateSearchForm())
    assert talk.slots["requested_slot"] is None
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_slate"


def test_go_back_is_no_fresh_start(talk: Conversation) -> None:
    show_blue_shoes(talk)
    before = talk.slots["current_slate"]
    talk.hear("cheaper", "critique_slate", entity("critique", "price:down"))
    talk.act(ActionCritique())
    assert talk.slots["price_max"] is not None
    talk.hear("go back", "start_over")
    (message,) = talk.act(ActionStartOver())
    assert message["response"] == "utter_search_returned"
    assert talk.slots["price_max"] is None and talk.slots["colour"] == ["blue"]
    assert talk.slots["current_slate"] != before
    talk.hear("undo that", "remove_preference")
    (message,) = talk.act(ValidateSearchForm())
    assert message["response"] == "utter_search_nothing_before"
    assert talk.slots["requested_slot"] is None
    assert talk.act(ActionSearch()) == []
