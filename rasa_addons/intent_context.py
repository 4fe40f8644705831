"""What the conversation says about a message before it is read: the open question, the slate, what was just asked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

from rasa_addons import vocabulary
from rasa_addons.intent_features import uncovered_words

SEARCH_FORM = "search_form"
_QUESTION_SLOT = "requested_slot"
_SLATE_SLOT = "current_slate"
_SHORT = 6  # words; an answer to a question is seldom longer
_RECENT = 20  # events to look back for what the bot said last
_FILLERS = frozenset(
    {"a", "an", "the", "in", "of", "or", "and", "with", "for", "please", "pls", "just", "some", "maybe"}
    | {"um", "uh", "er", "ok", "okay", "then", "one", "ones"}
)
_PAYLOAD = re.compile(r"/(?P<intent>[\w/]+)(?P<entities>\{.*\})?", re.DOTALL)
_DETAILS = "ask_product_details"
_BARE_NUMBER = re.compile(r"\W*(?P<number>\d{1,9})\W*", re.ASCII)
_RATING = "rate_conversation"
_VALUES = frozenset(
    {"brand", "colour", "size", "material", "audience", "occasion", "feature", "facet_value", "quantity", "price"}
)
_OF_A_PRODUCT = ("check_availability", "ask_product_question", "ask_reviews", "compare_products", "like_product")
"""What is said of a product on screen; where none is, a value ("do you have one for 4 people") is a wish."""
_ANY_ONE = re.compile(r"\b(?:an?|any)\s(?:[\w-]+\s){0,3}ones?$", re.IGNORECASE)
_SEEKS = re.compile(r"(?:\w+\s){0,2}(?:(?:is|are)\sthere|do\syou\shave|have\syou\sgot|got)\b", re.IGNORECASE)
_WHICH = re.compile(r"(?:\w+\s)?(?:which|what)", re.IGNORECASE)
_DEALS = frozenset({"deal", "deals", "sale", "sales", "offer", "offers", "discount", "discounts", "code", "coupon"})
_STOCK = frozenset({"stock", "available", "availability", "store", "stores", "shop", "shops", "back", "still"})
_DECIDED = 30.0  # nats; "no" alone is a deny to the model by ten, and to "which brand?" it is none


@dataclass(frozen=True)
class Context:
    """What is known before a message is read.

    Args:
        question: the facet of the question that is open, if one is.
        slate_shown: whether products were shown.
        yes_or_no: whether the open question has "yes" among its answers.
        options: the answers that the open question offers as buttons.
        act: the intent that waits for the shopper to say which product is meant.
        references: what the message points at on screen, as the extractor found it.
    """

    question: str | None = None
    slate_shown: bool = False
    yes_or_no: bool = False
    options: int = 0
    act: str | None = None
    references: tuple[Mapping[str, Any], ...] = ()

    def with_references(self, references: Sequence[Mapping[str, Any]] | None) -> "Context":
        """Return the context of a message that points at products."""
        return replace(self, references=tuple(references)) if references else self


def context_of(tracker: DialogueStateTracker | None) -> Context:
    """Read the context from a tracker; a test without one is a conversation that has not begun."""
    if tracker is None:
        return Context()

    def value(name: str) -> Any:
        slot = tracker.slots.get(name)
        return slot.value if slot is not None else None

    asking = tracker.active_loop_name == SEARCH_FORM
    offered = _offered(tracker)
    return Context(
        question=str(value(_QUESTION_SLOT) or "") if asking else None,
        slate_shown=bool(value(_SLATE_SLOT)),
        yes_or_no=any(str(entities.get("answer", "")).endswith("=yes") for _, entities in offered),
        options=sum("answer" in entities for _, entities in offered),
        act=_waiting(offered),
    )


def _offered(tracker: DialogueStateTracker) -> list[tuple[str, dict[str, Any]]]:
    """Return the intents and entities of the buttons under the bot's latest words."""
    offered: list[tuple[str, dict[str, Any]]] = []
    for event in list(tracker.events)[: -_RECENT - 1 : -1]:
        if event.type_name == "user":
            break
        if event.type_name == "bot":
            offered += map(_read, (getattr(event, "data", None) or {}).get("buttons") or [])
    return offered


def _read(button: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    payload = _PAYLOAD.fullmatch(str(button.get("payload")))
    try:
        entities = json.loads(payload["entities"] or "{}") if payload else {}
    except ValueError:
        entities = {}
    return (payload["intent"] if payload else "", entities if isinstance(entities, dict) else {})


def _waiting(offered: Sequence[tuple[str, Mapping[str, Any]]]) -> str | None:
    """Return the intent of buttons that differ only in the place they point at: "which one do you mean?"."""
    acts = {intent for intent, entities in offered if "ordinal" in entities}
    return acts.pop() if len(acts) == 1 and all("ordinal" in entities for _, entities in offered) else None


def shifts(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return what to add to the logits of some intents, in nats.

    The shifts are small where the words can outweigh them, and large only for a message that is nothing but catalogue
    words, or nothing but a place or a reference: "blue", "the first" and "no" say what they say by where they stand.
    """
    pointable = context.question is not None or context.slate_shown or context.act is not None
    if pointable and _is_all_pointing(context, text, entities):
        return _pointing(context)
    if context.question is not None:
        answer = _answering(context, text, entities)
        if answer is not None:
            return {answer: _DECIDED}
    number = _BARE_NUMBER.fullmatch(text) if not entities else None
    if number is not None and (context.question is not None or context.slate_shown):
        # Nobody rates in the middle of a search; the number of an answer is that answer.
        chosen = context.question is not None and 1 <= int(number["number"]) <= context.options
        return {"inform_preference": _DECIDED} if chosen else {_RATING: -_DECIDED}
    return _leaning(context, text, entities)


def _pointing(context: Context) -> dict[str, float]:
    """Return the shifts of a message that does nothing but point."""
    if context.question is None:
        return {context.act or _DETAILS: _DECIDED}
    # "The first": of the answers that were offered; "both" is as good as any.
    group = any(one.get("kind") in ("both", "all") for one in context.references)
    return {"no_preference" if group else "inform_preference": _DECIDED}


def _answering(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the intent of a message that is nothing but an answer to the open question, or None."""
    if len(text.split()) <= _SHORT and any(_facet(entity) == context.question for entity in entities):
        excluded = all(entity.get("group") == "excluded" for entity in entities)
        return None if excluded else "inform_preference"
    said = "" if entities else _without_fillers(text)
    if said in _answers("no"):
        return "deny" if context.yes_or_no else "no_preference"
    return "no_preference" if said in _answers("indifferent") else None


def _facet(entity: Mapping[str, Any]) -> str:
    own = entity.get("entity") in ("facet_value", "quantity")
    return str(entity.get("facet") if own else entity.get("entity"))


def _leaning(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the shifts of a message that only leans to something."""
    # "Size m" says no more than "m".
    own = {str(entity.get("entity")) for entity in entities}
    left = [word for word in uncovered_words(text, entities) if word not in _FILLERS and word not in own]
    asking = context.question is not None
    bare = bool(entities) and not left
    names_category = any(entity.get("entity") == "category" for entity in entities)
    if bare and (not names_category or context.question == "category"):
        return {"inform_preference": 5.0, "search_products": -5.0} if asking else {"inform_preference": 3.0}
    if bare:
        return {"search_products": 3.0}
    told = _waiving(left, entities) or _wishing(context, text, entities)
    if told:
        return told
    if asking and len(text.split()) <= _SHORT:
        return {"inform_preference": 1.5, "no_preference": 1.5, "search_products": -1.0, "out_of_scope": -0.5}
    if context.slate_shown and not names_category:
        return {"search_products": -0.7}
    return {}


def _waiving(left: Sequence[str], entities: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the shifts of "any colour" and nothing else."""
    names = [entity for entity in entities if entity.get("entity") == "facet_name"]
    whole = len(entities) == len(names) == 1 and left[:1] == ["any"] and len(left) <= _SHORT // 2
    return {"no_preference": 5.0} if whole else {}


def _wishing(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the shifts of a message that sounds like a question about a product and rather states a value."""
    if context.slate_shown and _WHICH.match(text) and any(one.get("kind") == "most" for one in context.references):
        return {_DETAILS: 3.0, "out_of_scope": -2.0}
    found = {str(entity.get("entity")) for entity in entities}
    if _points_at_one(context, text) or not found & _VALUES or found & {"product", "ordinal", "category"}:
        return {}
    words = set(uncovered_words(text, ()))
    if _SEEKS.match(text) and "size" not in found and not words & (_STOCK | _DEALS):
        sure = _DECIDED if len(text.split()) <= _SHORT else 5.0
        return {"inform_preference": sure, **dict.fromkeys((*_OF_A_PRODUCT, "ask_promotions"), -4.0)}
    if not context.slate_shown:
        return {"inform_preference": 2.0, **dict.fromkeys(_OF_A_PRODUCT, -3.0)}
    # "Do you have it in brown?" looks for a brown one; a size is asked of the product on screen.
    if found & (_VALUES - {"size"}) and not words & _STOCK:
        return {"inform_preference": 2.0, "check_availability": -4.0, "search_products": -0.7}
    return {}


def _points_at_one(context: Context, text: str) -> bool:
    """Whether a message points at a product on screen; "a purple one" is any that is purple."""
    return any(
        one.get("kind") != "described" or not _ANY_ONE.search(text[: int(one["end"])]) for one in context.references
    )


def _is_all_pointing(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a message is nothing but places on the slate ("2", "the last two") or a reference ("the other one").

    While a question is open, a reference that only describes ("the black one") gives a value.
    """
    described = context.question is None
    spans = [(int(one["start"]), int(one["end"])) for one in entities if one.get("entity") == "ordinal"]
    spans += [
        (int(one["start"]), int(one["end"]))
        for one in context.references
        if one.get("kind") in ("other", "both", "all") or described
    ]
    if not spans:
        return False
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return not _without_fillers("".join(characters))


def _without_fillers(text: str) -> str:
    return " ".join(word for word in uncovered_words(text, ()) if word not in _FILLERS)


@lru_cache(maxsize=4)
def _answers(kind: str) -> frozenset[str]:
    return frozenset(_without_fillers(text) for text in vocabulary.load("en").raw["answers"][kind])
