"""What the conversation says about a message before it is read: the open question and the slate on screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

from rasa_addons.intent_features import uncovered_words

SEARCH_FORM = "search_form"
_QUESTION_SLOT = "requested_slot"
_SLATE_SLOT = "current_slate"
_SHORT = 6  # words; an answer to a question is seldom longer
_FILLERS = frozenset(
    {"a", "an", "the", "in", "of", "or", "and", "with", "for", "please", "pls", "just", "some", "maybe"}
    | {"um", "uh", "er", "ok", "okay", "then", "one", "ones"}
)


@dataclass(frozen=True)
class Context:
    """The facet of the question that is open, if any, and whether products were shown."""

    question: str | None = None
    slate_shown: bool = False


def context_of(tracker: DialogueStateTracker | None) -> Context:
    """Read the context from a tracker; a test without one is a conversation that has not begun."""
    if tracker is None:
        return Context()

    def value(name: str) -> Any:
        slot = tracker.slots.get(name)
        return slot.value if slot is not None else None

    asking = tracker.active_loop_name == SEARCH_FORM
    return Context(str(value(_QUESTION_SLOT) or "") if asking else None, bool(value(_SLATE_SLOT)))


def shifts(context: Context, text: str, entities: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return what to add to the logits of some intents, in nats.

    The shifts are small where the words can outweigh them, and large only for a message that is nothing but catalogue
    words: "blue" says what it says by where it stands.
    """
    left = [word for word in uncovered_words(text, entities) if word not in _FILLERS]
    bare = bool(entities) and not left
    names_category = any(entity.get("entity") == "category" for entity in entities)
    asking = context.question is not None
    if bare and (not names_category or context.question == "category"):
        return {"inform_preference": 5.0, "search_products": -5.0} if asking else {"inform_preference": 3.0}
    if bare:
        return {"search_products": 3.0}
    if asking and len(text.split()) <= _SHORT:
        return {"inform_preference": 1.5, "no_preference": 1.5, "search_products": -1.0, "out_of_scope": -0.5}
    if context.slate_shown and not names_category:
        return {"search_products": -0.7}
    return {}
