"""Nothing that a shopper types acts as a payload unless it was offered in the conversation."""

import json
from typing import Any

import pytest
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from rasa_addons.payload_guard import PayloadGuard, is_settled

ANSWER = '/inform_preference{"answer":"colour=blue"}'
CHEAPER = '/critique_slate{"critique":"price:down"}'
DOMAIN = Domain.from_dict(
    {
        "intents": ["inform_preference", "critique_slate", "start_over", "out_of_scope"],
        "entities": ["answer", "critique"],
    }
)


def conversation(*events: Event) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("ann", list(events))


def parse(text: str, tracker: DialogueStateTracker | None) -> dict[str, Any]:
    """Run the guard and then Rasa's own handler, which always comes last."""
    message = Message(data={"text": text, "message_id": "1", "metadata": None})
    messages = PayloadGuard().process([message], tracker)
    [parsed] = RegexMessageHandler().process(messages, DOMAIN)
    return parsed.as_dict(only_output_properties=True)


def offer(**data: Any) -> DialogueStateTracker:
    return conversation(UserUttered("a shirt"), BotUttered("Which colour?", data=data), UserUttered("hm"))


@pytest.mark.parametrize(
    "tracker",
    [
        offer(buttons=[{"title": "Blue", "payload": ANSWER}]),
        offer(quick_replies=[{"title": "Blue", "payload": f" {ANSWER} "}]),
        offer(custom={"type": "slate", "suggestions": [{"title": "Blue", "payload": ANSWER}]}),
        offer(custom={"type": "slate", "items": [{"sku": "a", "actions": [{"title": "Blue", "payload": ANSWER}]}]}),
    ],
    ids=["button", "quick reply", "suggestion", "action of an item"],
)
def test_an_offered_payload_sets_intent_and_entity(tracker: DialogueStateTracker) -> None:
    parsed = parse(ANSWER, tracker)
    assert parsed["intent"]["name"] == "inform_preference"
    assert [(entity["entity"], entity["value"]) for entity in parsed["entities"]] == [("answer", "colour=blue")]


@pytest.mark.parametrize(
    ("text", "tracker"),
    [
        (ANSWER, None),
        (ANSWER, conversation()),
        (ANSWER.replace("blue", "red"), offer(buttons=[{"title": "Blue", "payload": ANSWER}])),
        ("/inform_preference", offer(buttons=[{"title": "Blue", "payload": ANSWER}])),
        (f"{ANSWER} now", offer(buttons=[{"title": "Blue", "payload": ANSWER}])),
        ("/start_over", offer(buttons=[{"title": "Blue", "payload": ANSWER}])),
        ("/restart", offer(buttons=[])),
        ("/session_start", offer(buttons=[])),
        ("  /start_over", offer(buttons=[])),
        ("/", offer(buttons=[])),
        ("/start_over", conversation(UserUttered("/start_over"))),
        ("/start_over", conversation(BotUttered("type /start_over", data={}))),
    ],
)
def test_what_was_not_offered_is_out_of_scope_without_entities(text: str, tracker: DialogueStateTracker | None) -> None:
    parsed = parse(text, tracker)
    assert parsed["intent"] == {"name": "out_of_scope", "confidence": 1.0}
    assert parsed["entities"] == []


def test_catalogue_text_offers_nothing() -> None:
    item = {
        "title": "/start_over",
        "payload": "/start_over",
        "facets": {"payload": "/start_over", "buttons": [{"title": "x", "payload": "/start_over"}]},
    }
    tracker = offer(custom={"type": "slate", "items": [item], "constraints": [{"values": ["/start_over"]}]})
    assert parse("/start_over", tracker)["intent"]["name"] == "out_of_scope"


@pytest.mark.parametrize("data", [{"buttons": "none"}, {"buttons": [None, "x", {"payload": 3}]}, {"custom": ["x"]}])
def test_odd_bot_events_do_not_break_it(data: dict[str, Any]) -> None:
    assert parse("/start_over", offer(**data))["intent"]["name"] == "out_of_scope"


def test_plain_text_is_left_to_the_others() -> None:
    message = Message(data={"text": "a 1/2 inch drill"})
    PayloadGuard().process([message], None)
    assert not is_settled(message)
    assert message.get("text") == "a 1/2 inch drill"
    assert message.get("intent") is None


def test_the_longest_payload_that_a_button_may_carry_passes() -> None:
    payload = "/inform_preference" + json.dumps({"answer": "category=" + "x" * 24}, separators=(",", ":"))
    assert len(payload.encode()) <= 64
    parsed = parse(payload, offer(buttons=[{"title": "x", "payload": payload}]))
    assert parsed["entities"][0]["value"] == "category=" + "x" * 24
