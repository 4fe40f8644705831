"""Questions about products and about the shop, below the dialogue server."""

from pathlib import Path

from actions.product_questions import ActionProductQuestion
from actions.service import ActionFaq
from shopguide.conversation.answering.faq import Policies
from tests.unit.actions.conftest import Conversation, entity
from tests.unit.actions.test_flows import show_blue_shoes


def show_bags(talk: Conversation) -> None:
    from actions.search import ActionSearch, ValidateSearchForm

    talk.hear("blue backpacks", "search_products", entity("category", "backpacks"), entity("colour", "blue"))
    talk.act(ValidateSearchForm())
    talk.act(ActionSearch())


def test_a_question_about_one_of_the_slate_is_answered_and_it_stays_in_focus(talk: Conversation) -> None:
    show_bags(talk)
    talk.hear("is the 2 waterproof", "ask_product_question", entity("ordinal", 2))
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_answer"
    (item,) = message["custom"]["items"]
    (said,) = item["values"]
    assert said == ("yes" if talk.shop.index.product(item["sku"]).facets["waterproof"] else "no")
    assert (item["facet"], item["verdict"]) == ("waterproof", said)
    assert f"waterproof: {said}" in message["facts"]
    assert talk.slots["focus_sku"] == item["sku"]
    talk.hear("and how much does it hold?", "ask_product_question")
    (message,) = talk.act(ActionProductQuestion())
    assert message["custom"]["items"][0]["sku"] == item["sku"]
    assert f"{talk.shop.index.product(item['sku']).facets['capacity']:g} l" in message["facts"]


def test_a_question_about_several_is_answered_for_each(talk: Conversation) -> None:
    show_bags(talk)
    talk.hear("are the first two waterproof?", "ask_product_question", entity("ordinal", [1, 2]))
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_answer_several"
    assert len(message["facts"].splitlines()) == 2


def test_what_the_data_does_not_tell_is_said_plainly(talk: Conversation) -> None:
    show_bags(talk)
    talk.hear("does number 1 come with a whistle?", "ask_product_question", entity("ordinal", 1))
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_answer_none"
    assert message["title"]
    assert message["custom"]["items"][0]["kind"] == "none"


def test_the_question_survives_asking_which_product_is_meant(talk: Conversation) -> None:
    show_bags(talk)
    talk.hear("is it waterproof?", "ask_product_question")
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_which"
    talk.hear('/ask_product_question{"ordinal":2}', "ask_product_question", entity("ordinal", 2))
    (message,) = talk.act(ActionProductQuestion())
    assert message["custom"]["items"][0]["facet"] == "waterproof"


def test_without_a_slate_there_is_nothing_to_ask_about(talk: Conversation) -> None:
    talk.hear("is it waterproof?", "ask_product_question")
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_nothing_shown"


def test_a_question_about_the_shop_is_answered_from_its_documents(talk: Conversation, tmp_path: Path) -> None:
    talk.hear("how long can i return it?", "faq")
    talk.message["intent"]["full_retrieval_intent_name"] = "faq/returns"
    (message,) = talk.act(ActionFaq())
    assert message["response"] == "utter_faq/returns"
    (tmp_path / "returns.md").write_text("# Returns\n\nThirty days.")
    talk.shop.guide._library.policies = Policies(tmp_path, lambda texts: None)
    (message,) = talk.act(ActionFaq())
    assert (message["response"], message["title"], message["description"]) == (
        "utter_service_policy",
        "Returns",
        "Thirty days.",
    )
    talk.hear("do you take bitcoin?", "faq")
    (message,) = talk.act(ActionFaq())
    assert message["response"] == "utter_service_policy_none"
    (tmp_path / "contact.md").write_text("# Contact\n\nWrite to us.")
    (message,) = talk.act(ActionFaq())
    assert message["response"] == "utter_service_policy_contact"
    assert message["custom"] == {
        "type": "answer",
        "reply_to": "faq",
        "items": [{"kind": "none", "passage": "Write to us.", "source": "policy", "document": "Contact"}],
        "suggestions": [],
    }


def test_the_shoes_of_the_slate_have_no_capacity(talk: Conversation) -> None:
    show_blue_shoes(talk)
    talk.hear("how much does the first hold?", "ask_product_question", entity("ordinal", 1))
    (message,) = talk.act(ActionProductQuestion())
    assert message["response"] == "utter_product_answer_none"
