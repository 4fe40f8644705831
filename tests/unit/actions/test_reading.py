"""From the tracker to a turn."""

from typing import Any

from rasa_sdk import Tracker

from actions.reading import need_events, need_of, offered, turn_of
from shopguide.conversation.need import Need
from shopguide.conversation.turn import Mention


def tracker(message: dict[str, Any], slots: dict[str, Any] | None = None, loop: str | None = None) -> Tracker:
    return Tracker("c1", slots or {}, message, [], False, None, {"name": loop}, None)


def test_entities_become_mentions() -> None:
    message = {
        "text": "x",
        "intent": {"name": "search_products"},
        "entities": [
            {"entity": "colour", "value": "blue", "start": 1, "end": 5, "extractor": "e"},
            {"entity": "brand", "value": "kestrel", "group": "excluded", "start": 6, "end": 9},
            {"entity": "price", "value": 60, "role": "max", "currency": "EUR"},
            {"entity": "facet_value", "facet": "season", "value": "summer"},
            {"entity": "quantity", "value": 24.0, "unit": "in", "facet": "screen_size"},
            {"entity": "ordinal", "value": [-2, -1]},
            {"entity": "waterproof", "value": True},
            {"entity": "broken", "value": {"a": 1}},
            {"entity": "missing"},
        ],
    }
    assert turn_of(tracker(message), "s1").mentions == (
        Mention("colour", "blue", facet="colour", start=1, end=5),
        Mention("brand", "kestrel", excluded=True, facet="brand", start=6, end=9),
        Mention("price", 60, role="max", currency="EUR"),
        Mention("facet_value", "summer", facet="season"),
        Mention("quantity", 24.0, unit="in", facet="screen_size"),
        Mention("ordinal", [-2, -1]),
        Mention("waterproof", "yes"),
    )


def test_a_question_is_open_only_inside_the_form() -> None:
    slots = {"requested_slot": "colour", "current_slate": "s"}
    assert turn_of(tracker({}, slots), None).open_question is None
    turn = turn_of(tracker({}, slots, "search_form"), None)
    assert (turn.open_question, turn.current_slate, turn.intent) == ("colour", "s", "nlu_fallback")


def test_only_slots_that_change_are_set() -> None:
    held = tracker({}, Need().want("colour", ["blue"]).slots())
    assert need_of(held) == Need().want("colour", ["blue"])
    assert need_events(held, need_of(held)) == []
    events = need_events(held, Need().want("colour", ["red"]))
    assert [(event["name"], event["value"]) for event in events] == [("colour", ["red"])]


def test_what_was_offered_last() -> None:
    def bot(*payloads: str) -> dict[str, Any]:
        return {"event": "bot", "data": {"buttons": [{"payload": payload} for payload in payloads]}}

    user = {"event": "user"}
    events = [bot("/old"), user, bot("/a"), bot("/b", "/c"), user]
    assert offered(Tracker("c", {}, {}, events, False, None, {}, None)) == ["/a", "/b", "/c"]
    events += [bot(), user]
    assert offered(Tracker("c", {}, {}, events, False, None, {}, None)) == []
