"""The same short message in different conversations: what it names and which intents it leans to."""

import pytest
from conftest import ELECTRONICS, FASHION, NUMBERS, lexicon_of
from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from test_entity_component import component

from lexicon.entries import write
from rasa_addons.intent_context import Context, context_of, shifts

SLATE = {"type": "slate", "items": [{"title": f"Kestrel {name} Shirt"} for name in ("Storm", "Cloud", "Rain")]}


def tracker_of(*events) -> DialogueStateTracker:
    slots = [AnySlot(name, mappings=[]) for name in ("requested_slot", "current_slate")]
    return DialogueStateTracker.from_events("someone", list(events), slots=slots)


def asked(facet, *payloads):
    buttons = [{"title": "x", "payload": payload} for payload in payloads]
    return (
        UserUttered("x"),
        ActiveLoop("search_form"),
        BotUttered("?", {"buttons": buttons}),
        SlotSet("requested_slot", facet),
    )


def shown(*payloads):
    buttons = [{"title": "x", "payload": payload} for payload in payloads]
    return (UserUttered("x"), BotUttered("", {"custom": SLATE, "buttons": buttons}), SlotSet("current_slate", "s1"))


NOTHING = ()
FLAG = asked(
    "waterproof", '/inform_preference{"answer":"waterproof=yes"}', '/inform_preference{"answer":"waterproof=no"}'
)
WHICH = shown('/like_product{"ordinal":1}', '/like_product{"ordinal":3}')
AUDIENCE = asked("audience", *(f'/inform_preference{{"answer":"audience={who}"}}' for who in ("men", "women", "girls")))
OFFER = shown('/inform_preference{"answer":"colour=*"}')
INFORM, NO_MATTER, DETAILS = "inform_preference", "no_preference", "ask_product_details"


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    path = tmp_path_factory.mktemp("context") / "lexicon.jsonl"
    write(lexicon_of({**FASHION, "memory_type": ELECTRONICS["memory_type"]}, NUMBERS), path)
    return component(path)


CASES = [
    ("10", NOTHING, [], None),
    ("10", asked("size"), [("size", "10", None)], INFORM),
    ("42", asked("size"), [("size", "42", None)], INFORM),
    ("m", asked("size"), [("size", "m", None)], INFORM),
    ("10", asked("price"), [("price", 10, "max")], INFORM),
    ("about 10", asked("price"), [("price", 10, "around")], INFORM),
    ("10 to 20", asked("price"), [("price", 10, "min"), ("price", 20, "max")], INFORM),
    ("24", asked("screen_size"), [("quantity", 24, None)], INFORM),
    ("4", asked("persons"), [("quantity", 4, None)], INFORM),
    ("2", AUDIENCE, [], INFORM),
    ("4", AUDIENCE, [], None),
    ("any colour", NOTHING, [("facet_name", "colour", None)], NO_MATTER),
    ("which is the cheapest", shown(), [("critique", "price:down", None)], DETAILS),
    ("which is the cheapest", NOTHING, [("critique", "price:down", None)], None),
    ("size m", NOTHING, [("size", "m", None)], INFORM),
    ("3", shown(), [("ordinal", 3, None)], DETAILS),
    ("4", shown(), [], None),
    ("10", shown(), [], None),
    ("2", WHICH, [("ordinal", 2, None)], "like_product"),
    ("the first", shown(), [("ordinal", 1, None)], DETAILS),
    ("the last one please", shown(), [("ordinal", -1, None)], DETAILS),
    ("the first", asked("audience"), [("ordinal", 1, None)], INFORM),
    ("the first", WHICH, [("ordinal", 1, None)], "like_product"),
    ("black", NOTHING, [], None),
    ("orange", NOTHING, [("colour", "orange", None)], INFORM),
    ("orange", asked("brand"), [("brand", "orange", None)], INFORM),
    ("orange", asked("colour"), [("colour", "orange", None)], INFORM),
    ("green", shown(), [("colour", "green", None)], INFORM),
    ("the green one", NOTHING, [("colour", "green", None)], INFORM),
    ("the green one", asked("colour"), [("colour", "green", None)], INFORM),
    ("the green one", shown(), [("colour", "green", None)], DETAILS),
    ("the green one", WHICH, [("colour", "green", None)], "like_product"),
    ("the cheapest", shown(), [("critique", "price:down", None)], DETAILS),
    ("the other one", shown(), [], DETAILS),
    ("both", shown(), [], DETAILS),
    ("both", asked("audience"), [], NO_MATTER),
    ("no", asked("brand"), [], NO_MATTER),
    ("nope", asked("colour"), [], NO_MATTER),
    ("no", FLAG, [], "deny"),
    ("no", OFFER, [], None),
    ("no", NOTHING, [], None),
    ("either", asked("audience"), [], NO_MATTER),
    ("dunno", asked("price"), [], NO_MATTER),
    ("um, not sure", FLAG, [], NO_MATTER),
    ("dunno", NOTHING, [], None),
    ("bags", shown(), [("category", "bags", None)], "search_products"),
    ("bags", asked("category"), [("category", "bags", None)], INFORM),
    ("bags", asked("colour"), [("category", "bags", None)], "search_products"),
]


def told(case):
    text, events, *_ = case
    facet = next((event.value for event in events if getattr(event, "key", None) == "requested_slot"), None)
    known = {
        id(NOTHING): "nothing",
        id(AUDIENCE): "three answers",
        id(WHICH): "which one",
        id(OFFER): "an offer",
        id(FLAG): "yes or no",
    }
    return f"{text} after {known.get(id(events), facet or 'a slate')}"


@pytest.mark.parametrize(("text", "events", "entities", "intent"), CASES, ids=map(told, CASES))
def test_what_a_short_message_means(extractor, text, events, entities, intent):
    tracker = tracker_of(*events)
    [message] = extractor.process([Message({"text": text})], tracker)
    found = message.get("entities")
    assert [(e["entity"], e["value"], e.get("role")) for e in found] == entities
    moved = shifts(context_of(tracker).with_references(message.get("references")), text, found)
    leaning = max(moved, key=moved.get) if moved and max(moved.values()) >= 3 else None
    assert leaning == intent


def test_longer_messages_are_left_to_their_words(extractor):
    tracker = tracker_of(*shown())
    [message] = extractor.process([Message({"text": "is the green one made of leather"})], tracker)
    moved = shifts(
        context_of(tracker).with_references(message.get("references")),
        "is the green one made of leather",
        message.get("entities"),
    )
    assert max(moved.values()) <= 0


def test_the_buttons_of_an_earlier_turn_are_no_context():
    tracker = tracker_of(*WHICH, UserUttered("thanks"), BotUttered("You're welcome"))
    assert context_of(tracker).act is None
    assert context_of(tracker_of(*WHICH)).act == "like_product"
    assert context_of(tracker_of(*FLAG)).yes_or_no
    assert context_of(tracker_of(*shown("no payload", '/like_product{"ordinal":'))) == Context(None, True)


@pytest.mark.parametrize(
    ("text", "events", "moved"),
    [
        ("10", shown(), {"rate_conversation": -30.0}),
        ("7", asked("colour"), {"rate_conversation": -30.0}),
        ("10", NOTHING, {}),
        ("what about that in green", shown(), {"check_availability": -4.0, "inform_preference": 2.0}),
        ("do you have that in green", shown(), {"check_availability": -4.0, "inform_preference": 30.0}),
        ("and is there a green one", shown(), {"check_availability": -4.0, "inform_preference": 30.0}),
        (
            "do you have that same one for my wife in green",
            shown(),
            {"check_availability": -4.0, "inform_preference": 5.0},
        ),
        ("do you have a sale on green ones", shown(), {"check_availability": -4.0, "inform_preference": 2.0}),
        ("do you have it in size m", shown(), {}),
        ("is it in stock in green", shown(), {}),
        ("is the green one there", shown(), {}),
        ("do you have it in size m", asked("colour"), {"check_availability": -3.0, "inform_preference": 2.0}),
    ],
)
def test_a_value_asked_for_is_a_wish_unless_it_is_asked_of_a_product_shown(extractor, text, events, moved):
    tracker = tracker_of(*events)
    [message] = extractor.process([Message({"text": text})], tracker)
    context = context_of(tracker).with_references(message.get("references"))
    found = shifts(context, text, message.get("entities"))
    told = ("rate_conversation", "check_availability", "inform_preference")
    assert {name: shift for name, shift in found.items() if name in told and abs(shift) >= 2} == moved
