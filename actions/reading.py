"""From Rasa's tracker to a turn and a need."""

import json
from collections.abc import Iterator
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecuted, FollowupAction, SlotSet, UserUttered

from lexicon.facets import CORE_FACETS
from shopguide.conversation.mood import Heard, is_annoyed
from shopguide.conversation.need import NEED_SLOTS, Need
from shopguide.conversation.turn import Mention, Reference, Turn
from shopguide.ids import ConversationId, ShopperId

FORM = "search_form"

TAKEN_AGAIN = "taken_again"
"""Marks the parse data of a message that an action took for another intent: the conversation holds it twice."""


def turn_of(tracker: Tracker, shopper_id: str | None) -> Turn:
    """Return the latest message as the guide takes it."""
    message: dict[str, Any] = tracker.latest_message or {}
    intent = message.get("intent") or {}
    active = (tracker.active_loop or {}).get("name") == FORM
    heard = list(_heard(tracker))
    return Turn(
        conversation_id=ConversationId(tracker.sender_id),
        shopper_id=ShopperId(shopper_id) if shopper_id else None,
        text=str(message.get("text") or ""),
        intent=str(intent.get("name") or "nlu_fallback"),
        mentions=tuple(_mentions(message)),
        references=tuple(_references(message)),
        open_question=tracker.get_slot("requested_slot") if active else None,
        current_slate=tracker.get_slot("current_slate"),
        history=tracker.get_slot("history") != "off",
        number=len(heard),
        annoyed=is_annoyed(heard),
    )


def need_of(tracker: Tracker) -> Need:
    """Return the need that the slots hold."""
    return Need.from_slots(tracker.current_slot_values())


def need_events(tracker: Tracker, need: Need) -> list[dict[str, Any]]:
    """Return the events that bring the slots to a need; slots that stay are left alone, the tracker travels often."""
    held, slots = tracker.current_slot_values(), need.slots()
    return [SlotSet(slot, slots[slot]) for slot in NEED_SLOTS if held.get(slot) != slots[slot]]


def offered(tracker: Tracker) -> list[str]:
    """Return the payloads of the buttons under the guide's latest words, in their order; older ones are no offer."""
    found: list[str] = []
    answered = False
    for event in reversed(tracker.events):
        if event.get("event") == "bot":
            answered = True
            buttons = (event.get("data") or {}).get("buttons") or []
            found = [str(button.get("payload")) for button in buttons] + found
        elif event.get("event") == "user" and answered:
            break
    return found


def read_payload(payload: str) -> tuple[str, dict[str, Any]]:
    """Return the intent and the entities of a button's payload; no intent if it is none."""
    if not payload.startswith("/"):
        return "", {}
    intent, brace, rest = payload[1:].partition("{")
    try:
        entities = json.loads(brace + rest) if brace else {}
    except ValueError:
        return "", {}
    return intent, entities if isinstance(entities, dict) else {}


def parsed_payload(intent: str, entities: dict[str, Any]) -> dict[str, Any]:
    """Return a payload as the dialogue server would have understood it."""
    found = [{"entity": name, "value": value, "start": 0, "end": 0} for name, value in entities.items()]
    return {"intent": {"name": intent, "confidence": 1.0}, "entities": found}


def taken_again(tracker: Tracker, intent: str, action: str) -> list[dict[str, Any]]:
    """Return the events that make the rest of the turn go as if the latest message had another intent.

    A message follows a listening: without it no rule would know the message again.
    """
    message = tracker.latest_message or {}
    parsed = {
        "intent": {"name": intent, "confidence": 1.0},
        "entities": message.get("entities") or [],
        TAKEN_AGAIN: True,
    }
    uttered = UserUttered(str(message.get("text") or ""), parsed)
    return [ActionExecuted("action_listen"), uttered, FollowupAction(action)]


def _heard(tracker: Tracker) -> Iterator[Heard]:
    latest: Heard | None = None
    for event in tracker.events:
        if event.get("event") != "user":
            continue
        parsed = event.get("parse_data") or {}
        intent = parsed.get("intent") or {}
        if latest is not None and not parsed.get(TAKEN_AGAIN):
            yield latest
        latest = Heard(str(event.get("text") or ""), str(intent.get("name") or "nlu_fallback"))
    if latest is not None:
        yield latest


def _mentions(message: dict[str, Any]) -> Iterator[Mention]:
    for entity in message.get("entities") or ():
        name, value = entity.get("entity"), entity.get("value")
        if name is None or value is None or isinstance(value, dict):
            continue
        yield Mention(
            entity=str(name),
            value=_plain(value),
            role=entity.get("role"),
            excluded=entity.get("group") == "excluded",
            facet=entity.get("facet") or (str(name) if name in CORE_FACETS else None),
            unit=entity.get("unit"),
            currency=entity.get("currency"),
            start=int(entity.get("start") or 0),
            end=int(entity.get("end") or 0),
        )


def _references(message: dict[str, Any]) -> Iterator[Reference]:
    for found in message.get("references") or ():
        yield Reference(
            kind=str(found.get("kind")),
            start=int(found.get("start") or 0),
            end=int(found.get("end") or 0),
            facets=tuple(map(str, found.get("facets") or ())),
            direction=str(found.get("direction") or ""),
            like=bool(found.get("like")),
        )


def _plain(value: Any) -> str | float | int | list[int]:
    """Return a value that a mention can hold; numbers of test stories arrive as text and stay text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return [int(entry) for entry in value if isinstance(entry, int | float)]
    return value if isinstance(value, int | float) else str(value)
