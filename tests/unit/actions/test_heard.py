"""What was heard of a conversation, message by message."""

from typing import Any

from rasa_sdk import Tracker

from actions.reading import TAKEN_AGAIN, turn_of


def user(text: str, intent: str) -> dict[str, Any]:
    return {"event": "user", "text": text, "parse_data": {"intent": {"name": intent}}}


def test_a_message_that_was_taken_for_another_intent_is_heard_once() -> None:
    bot = {"event": "bot", "text": "Hm."}
    lost, found = user("the chairs, quick", "out_of_scope"), user("the chairs, quick", "search_products")
    found["parse_data"][TAKEN_AGAIN] = True
    events = [user("hello", "greet"), bot, lost, found, bot, lost, found]
    turn = turn_of(Tracker("c1", {}, found["parse_data"], events, False, None, {}, "action_listen"), None)
    assert turn.number == 3
    assert not turn.annoyed
