"""The profile flow, below the dialogue server: consent, what is known, one thing forgotten, everything forgotten."""

from typing import Any

import pytest

from actions.profile import (
    ActionExportMyData,
    ActionForgetMe,
    ActionGiveConsent,
    ActionShowProfile,
    ActionWithdrawConsent,
)
from actions.search import ActionSearch, ValidateSearchForm
from actions.smalltalk import ActionAffirm, ActionDeny
from shopguide.conversation.outcomes_privacy import Known, KnownValue, Origin
from tests.unit.actions.conftest import Conversation, entity
from tests.unit.actions.own_data import FakeOwnData
from tests.unit.conversation.shop import NOW, SHOPPER

KESTREL = KnownValue("brand", "kestrel", 0.7, NOW, NOW, (Origin("slot", 1, NOW, "rest"),))


@pytest.fixture
def own_data(talk: Conversation) -> FakeOwnData:
    """Return the shopper's own data, of which the guide knows one thing."""
    data = talk.shop.own_data
    data.known = Known(SHOPPER, tastes=(KESTREL,))
    return data


def responses(messages: list[dict[str, Any]]) -> list[str]:
    return [message["response"] for message in messages]


def search(talk: Conversation) -> list[dict[str, Any]]:
    talk.hear("blue shoes", "search_products", entity("category", "shoes"), entity("colour", "blue"))
    talk.act(ValidateSearchForm())
    return talk.act(ActionSearch())


def press(talk: Conversation, *, number: int) -> None:
    """Press a button under the guide's latest words, as the dialogue server understands it."""
    bot = [event for event in talk.events if event["event"] == "bot"][-1]
    payload = bot["data"]["buttons"][number]["payload"]
    intent, _, rest = payload[1:].partition("{")
    found = [part.strip('"') for part in rest.rstrip("}").split(":")] if rest else []
    talk.hear(payload, intent, *([entity(found[0], found[1])] if found else []))


def with_buttons(talk: Conversation, *payloads: str) -> None:
    """Give the guide's latest words the buttons that domain.yml gives them."""
    said = [event for event in talk.events if event["event"] == "bot"][-1]
    said["data"]["buttons"] = [{"title": payload, "payload": payload} for payload in payloads]


def test_what_is_known_is_shown(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("what do you know about me", "show_profile")
    (message,) = talk.act(ActionShowProfile())
    assert message["response"] == "utter_profile_shown"
    assert "brand: Kestrel (you said so" in message["tastes"]
    assert message["custom"]["type"] == "profile"


def test_a_stranger_is_told_that_nothing_is_known(talk: Conversation, own_data: FakeOwnData) -> None:
    own_data.known = Known(SHOPPER)
    talk.hear("what do you know about me", "show_profile")
    assert responses(talk.act(ActionShowProfile())) == ["utter_profile_empty"]
    own_data.known = Known(SHOPPER, available=False)
    assert responses(talk.act(ActionShowProfile())) == ["utter_profile_unavailable"]


def test_consent_is_asked_for_once_beside_the_first_slate(talk: Conversation) -> None:
    talk.shop.profiles.asks = True
    assert responses(search(talk)) == ["utter_search_slate", "utter_profile_consent_ask"]
    assert responses(search(talk)) == ["utter_search_slate"]


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("i agree", (("personalisation",), True)),
        ("use my clicks for your statistics", (("analytics",), True)),
        ("yes to both", (("personalisation", "analytics"), True)),
    ],
)
def test_consent_in_words(talk: Conversation, own_data: FakeOwnData, text: str, decision: tuple[Any, bool]) -> None:
    talk.hear(text, "give_consent")
    (message,) = talk.act(ActionGiveConsent())
    assert own_data.decisions == [decision]
    assert message["response"].startswith("utter_profile_consent_given")


def test_whoever_names_no_purpose_takes_all_consent_back(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("i take my consent back", "withdraw_consent")
    assert responses(talk.act(ActionWithdrawConsent())) == ["utter_profile_consent_withdrawn"]
    assert own_data.decisions == [(("personalisation", "analytics"), False)]


def test_a_decision_that_cannot_be_kept_is_not_confirmed(talk: Conversation, own_data: FakeOwnData) -> None:
    own_data.available = False
    talk.hear("what about memory?", "give_consent")
    assert talk.act(ActionGiveConsent()) == []
    assert talk.returned[2]["name"] == "action_out_of_scope"
    talk.hear("i agree", "give_consent")
    assert responses(talk.act(ActionGiveConsent())) == ["utter_profile_consent_failed"]


def test_history_is_left_aside_for_a_session_and_taken_up_again(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("don't use my history this time", "withdraw_consent")
    assert responses(talk.act(ActionWithdrawConsent())) == ["utter_profile_history_off"]
    assert own_data.decisions == []
    search(talk)
    assert talk.shop.recommender.requests[-1].personal is False
    talk.hear("use my history again", "give_consent")
    assert responses(talk.act(ActionGiveConsent())) == ["utter_profile_history_on"]
    search(talk)
    assert talk.shop.recommender.requests[-1].personal is True
    assert own_data.decisions == []


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_plain_yes_or_no_answers_what_was_asked(talk: Conversation, own_data: FakeOwnData, answer: str) -> None:
    talk.shop.profiles.asks = True
    search(talk)
    with_buttons(talk, '/give_consent{"purpose":"all"}', '/withdraw_consent{"purpose":"all"}')
    talk.hear(answer, "affirm" if answer == "yes" else "deny")
    assert talk.act(ActionAffirm() if answer == "yes" else ActionDeny()) == []
    _, uttered, followup, *_ = talk.returned
    assert followup["name"] == ("action_give_consent" if answer == "yes" else "action_withdraw_consent")
    talk.message = uttered["parse_data"] | {"text": uttered["text"]}
    talk.act(ActionGiveConsent() if answer == "yes" else ActionWithdrawConsent())
    assert own_data.decisions == [(("personalisation", "analytics"), answer == "yes")]


def test_everything_is_forgotten_only_once_that_is_confirmed(talk: Conversation, own_data: FakeOwnData) -> None:
    search(talk)
    talk.hear("forget me", "forget_me")
    assert responses(talk.act(ActionForgetMe())) == ["utter_profile_forget_confirm"]
    assert own_data.erased == 0
    with_buttons(talk, '/forget_me{"confirm":"yes"}', "/deny")
    press(talk, number=0)
    (message,) = talk.act(ActionForgetMe())
    assert message["response"] == "utter_profile_forgotten"
    assert message["custom"] == {"type": "notice", "notice": "erased"}
    assert own_data.erased == 1
    held = {name: value for name, value in talk.slots.items() if value is not None}
    assert held == {"erase_conversation": True}


def test_a_yes_confirms_and_a_no_keeps_everything(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("forget me", "forget_me")
    talk.act(ActionForgetMe())
    with_buttons(talk, '/forget_me{"confirm":"yes"}', "/deny")
    talk.hear("no", "deny")
    assert responses(talk.act(ActionDeny())) == ["utter_profile_not_forgotten"]
    talk.hear("forget me", "forget_me")
    talk.act(ActionForgetMe())
    with_buttons(talk, '/forget_me{"confirm":"yes"}', "/deny")
    talk.hear("yes", "affirm")
    talk.act(ActionAffirm())
    _, uttered, followup, *_ = talk.returned
    assert followup["name"] == "action_forget_me"
    talk.message = uttered["parse_data"] | {"text": uttered["text"]}
    own_data.complete = False
    assert responses(talk.act(ActionForgetMe())) == ["utter_profile_forgotten_partly"]


def test_nothing_is_said_to_be_forgotten_that_is_not(talk: Conversation, own_data: FakeOwnData) -> None:
    own_data.available = False
    talk.hear('/forget_me{"confirm":"yes"}', "forget_me", entity("confirm", "yes"))
    assert responses(talk.act(ActionForgetMe())) == ["utter_profile_forget_failed"]
    assert "erase_conversation" not in talk.slots
    talk.hear("forget that i like kestrel", "forget_me")
    assert responses(talk.act(ActionForgetMe())) == ["utter_profile_forget_failed"]


def test_one_thing_is_forgotten_by_its_name(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("forget that i like kestrel", "forget_me")
    (message,) = talk.act(ActionForgetMe())
    assert (message["response"], message["values"]) == ("utter_profile_value_forgotten", "Kestrel")
    assert own_data.forgotten == [("brand", "kestrel")]


def test_a_preference_that_is_only_remembered_can_be_taken_back_in_a_search(
    talk: Conversation, own_data: FakeOwnData
) -> None:
    search(talk)
    talk.hear("forget that i like kestrel", "remove_preference", entity("brand", "kestrel"))
    (message,) = talk.act(ValidateSearchForm())
    assert message["response"] == "utter_profile_value_forgotten"
    assert talk.act(ActionSearch()) == []
    assert own_data.forgotten == [("brand", "kestrel")]


def test_the_open_question_comes_back_after_something_was_forgotten(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.loop = "search_form"
    talk.hear("shoes", "search_products", entity("category", "shoes"))
    talk.act(ValidateSearchForm())
    asked = talk.slots["requested_slot"]
    talk.hear("forget that i like kestrel", "remove_preference", entity("brand", "kestrel"))
    first, again = talk.act(ValidateSearchForm())
    assert first["response"] == "utter_profile_value_forgotten"
    assert again["response"].startswith("utter_search_ask_")
    assert talk.slots["requested_slot"] == asked


def test_a_copy_of_the_data_is_a_link(talk: Conversation, own_data: FakeOwnData) -> None:
    talk.hear("export my data", "export_my_data")
    (message,) = talk.act(ActionExportMyData())
    assert message["response"] == "utter_profile_export"
    assert message["custom"]["link"] == message["link"] == "http://shop/privacy/copy?token=t"
    own_data.available = False
    assert responses(talk.act(ActionExportMyData())) == ["utter_profile_export_unavailable"]


def test_a_no_to_nothing(talk: Conversation) -> None:
    talk.hear("no", "deny")
    assert responses(talk.act(ActionDeny())) == ["utter_smalltalk_deny"]
