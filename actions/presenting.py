"""Outcomes as messages: which response, filled with which words, with which payload and buttons."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.reading import need_events
from shopguide.conversation.knowing import forgotten_words
from shopguide.conversation.outcomes import (
    Ask,
    CritiqueFailed,
    Details,
    NamedShown,
    NameUnknown,
    NoMore,
    NoneSuch,
    NoSlate,
    NothingFound,
    SearchOutcome,
    SlateShown,
    Unchanged,
    Unresolved,
    Unsold,
    WhichOne,
)
from shopguide.conversation.outcomes_privacy import Forgotten
from shopguide.conversation.presentation import details_payload, slate_payload
from shopguide.conversation.telling import (
    candidate_buttons,
    candidate_words,
    measured_note,
    nearest_words,
    open_words,
    question_buttons,
    question_words,
    relaxation_buttons,
    relaxation_words,
    slate_words,
    unsold_buttons,
    unsold_words,
)
from shopguide.conversation.wording import Wording

ASKED_BY_NAME = frozenset(
    {"category", "audience", "occasion", "colour", "brand", "size", "price", "material", "feature"}
)
"""Facets whose question has a response of its own."""


UNSOLD, UNSOLD_NEAR = "utter_search_unsold", "utter_search_unsold_near"
"""What is said of a thing that the shop does not sell: without and with something that comes near to it."""

RETURNED, RETURNED_ONE = "utter_search_returned", "utter_search_returned_one"
NOTHING_BEFORE = "utter_search_nothing_before"
"""What is said to who goes back: with what was shown before, and where nothing was."""

FORGOTTEN = "utter_profile_value_forgotten"
"""What is said of things that were deleted from the profile."""

SLATES = {
    "": ("utter_search_slate", "utter_search_slate_one"),
    "more": ("utter_search_more", "utter_search_more_one"),
    "critique": ("utter_critique_slate", "utter_critique_slate_one"),
    "returned": (RETURNED, RETURNED_ONE),
    "similar": ("utter_product_instead", "utter_product_instead_one"),
}
"""By how a slate relates to the one before: the response for several products, and the one for a single product."""


def present_question(dispatcher: CollectingDispatcher, asked: Ask, wording: Wording, *, again: bool = False) -> None:
    """Ask; a question that comes back after something else is put more shortly."""
    question = asked.question
    words = question_words(question, asked.need, wording)
    words["lead"] = "" if again else measured_note(asked.measured, wording) + words["lead"]
    if question.facet in ASKED_BY_NAME:
        narrower = question.facet == "category" and "category" in asked.need.wanted
        response = f"utter_search_ask_{question.facet}" + ("_kind" if narrower else "")
    else:
        response = "utter_search_ask_flag" if question.kind == "flag" else "utter_search_ask_facet"
    dispatcher.utter_message(response=response, buttons=question_buttons(question, wording), **words)


def present_unsold(dispatcher: CollectingDispatcher, outcome: Unsold, wording: Wording) -> None:
    """Say that the shop has no such thing, and what it has instead."""
    dispatcher.utter_message(
        response=UNSOLD_NEAR if outcome.near else UNSOLD,
        buttons=unsold_buttons(outcome, wording),
        **unsold_words(outcome, wording),
    )


def present_forgotten(dispatcher: CollectingDispatcher, forgotten: Forgotten, wording: Wording) -> None:
    """Say what was deleted of what was known, or that it could not be."""
    if forgotten.available:
        dispatcher.utter_message(response=FORGOTTEN, values=forgotten_words(forgotten, wording))
    else:
        dispatcher.utter_message(response="utter_profile_forget_failed")


def present_search(
    dispatcher: CollectingDispatcher, outcome: SearchOutcome, wording: Wording, tracker: Tracker
) -> list[dict[str, Any]]:
    """Say what a search came to and return the events that follow from it."""
    match outcome:
        case SlateShown():
            dispatcher.utter_message(
                response=_slate_response(outcome),
                json_message=slate_payload(outcome, wording),
                **slate_words(outcome, wording),
            )
            shown = [SlotSet("current_slate", outcome.slate_id), SlotSet("focus_sku", None)]
            return [*need_events(tracker, outcome.need), *shown]
        case NothingFound():
            _nothing(dispatcher, outcome, wording)
            focus = SlotSet("focus_sku", outcome.nearest.sku if outcome.nearest is not None else None)
            return [*need_events(tracker, outcome.need), focus]
        case NoMore():
            dispatcher.utter_message(
                response="utter_search_no_more" if outcome.relaxations else "utter_search_no_more_at_all",
                total=f"{outcome.total:,}",
                need=wording.noun(outcome.need),
                options=relaxation_words(outcome.relaxations, outcome.need, wording),
                buttons=relaxation_buttons(outcome.relaxations, outcome.need, wording),
            )
        case CritiqueFailed():
            _failed(dispatcher, outcome, wording)
        case Unchanged():
            dispatcher.utter_message(
                response="utter_search_not_understood",
                need=wording.noun(outcome.need),
                options=open_words(outcome.open, wording),
            )
        case NoSlate() | WhichOne() | NamedShown():
            return present_unresolved(dispatcher, outcome, wording)
    return []


def present_unresolved(dispatcher: CollectingDispatcher, outcome: Unresolved, wording: Wording) -> list[dict[str, Any]]:
    """Say that it is not clear which product is meant, and help to say it; return the events that follow."""
    match outcome:
        case WhichOne():
            dispatcher.utter_message(
                response="utter_product_which_of",
                options=candidate_words(outcome.candidates, wording),
                buttons=candidate_buttons(outcome.candidates, outcome.act, wording, outcome.critiques),
            )
        case NamedShown():
            dispatcher.utter_message(
                response="utter_product_named" if outcome.sure else "utter_product_named_like",
                name=outcome.name,
                count=f"{outcome.slate.total:,}",
                json_message=slate_payload(outcome.slate, wording),
                buttons=candidate_buttons(outcome.slate.items, outcome.slate.reply_to, wording),
                **slate_words(outcome.slate, wording),
            )
            return [SlotSet("current_slate", outcome.slate.slate_id), SlotSet("focus_sku", None)]
        case NoneSuch():
            dispatcher.utter_message(response="utter_product_none_such", places=outcome.places)
        case NameUnknown():
            dispatcher.utter_message(response="utter_product_name_unknown", name=outcome.name)
        case NoSlate():
            _missing_slate(dispatcher, outcome)
    return []


def _missing_slate(dispatcher: CollectingDispatcher, outcome: NoSlate) -> None:
    if outcome.places == 1:
        dispatcher.utter_message(response="utter_product_only_one")
    elif outcome.places:
        dispatcher.utter_message(response="utter_product_which", places=outcome.places)
    else:
        dispatcher.utter_message(response="utter_product_nothing_shown")


def _slate_response(outcome: SlateShown) -> str:
    """Return the response for a slate; one product alone is spoken of in the singular."""
    several, one = SLATES.get(outcome.note, SLATES[""])
    alone = len(outcome.items) == 1 and (outcome.total == 1 or outcome.note == "more")
    return one if alone else several


def _nothing(dispatcher: CollectingDispatcher, outcome: NothingFound, wording: Wording) -> None:
    need = wording.noun(outcome.searched or outcome.need)
    if outcome.relaxations:
        dispatcher.utter_message(
            response="utter_search_sold_out" if outcome.sold_out else "utter_search_nothing_found",
            need=need,
            options=relaxation_words(outcome.relaxations, outcome.need, wording),
            nearest=nearest_words(outcome.nearest, wording),
            buttons=relaxation_buttons(outcome.relaxations, outcome.need, wording),
            json_message=details_payload(Details(outcome.nearest), wording) if outcome.nearest is not None else None,
        )
    else:
        dispatcher.utter_message(response="utter_search_nothing_at_all", need=need)


def _failed(dispatcher: CollectingDispatcher, outcome: CritiqueFailed, wording: Wording) -> None:
    say, facet = wording.say, outcome.facet
    key = f"direction.{facet}.{outcome.direction}"
    direction = say(key) if say.has(key) else say(f"direction.other.{outcome.direction}", facet=wording.facet(facet))
    if outcome.why == "unknown":
        dispatcher.utter_message(response="utter_critique_unknown", facet=wording.facet(facet), direction=direction)
    else:
        best = outcome.best.title if outcome.best is not None else ""
        response = "utter_critique_extreme" if best else "utter_critique_extreme_of_all"
        dispatcher.utter_message(response=response, direction=direction, title=best)
