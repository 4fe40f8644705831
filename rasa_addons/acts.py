"""Several acts in one message: "compare the first two, and do you ship to Malta?" is two messages in one.

A message is parted where people begin another act, and each part is understood by itself. It stays whole unless the
parts are different acts, each understood well, and at most one of them belongs to the search: "red, and under 50" is
one wish. Parts that are no act of their own (a greeting, "thanks", an aside) stay with their neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ACTS = 3
"""Acts that are served in one turn; what is beyond stays with the last one."""
LEAST_CONFIDENCE = 0.6
"""Below it a part is not understood by itself."""
FEWEST_WORDS = 2
"""Words that a part must have to be an act."""

SEARCHING = frozenset(
    {
        *("search_products", "inform_preference", "no_preference", "remove_preference", "critique_slate"),
        *("show_more", "ask_recommendation", "start_over"),
    }
)
"""Intents that change what is shown: together they are one act."""

ASKING = frozenset(
    {
        *("ask_product_details", "ask_product_question", "ask_reviews", "check_availability", "compare_products"),
        *("explain_recommendation", "ask_promotions", "like_product", "dislike_product", "add_to_cart"),
        *("remove_from_cart", "view_cart", "set_alert", "track_order", "faq", "show_profile", "request_human"),
    }
)
"""Intents that are answered by themselves, beside a search or beside each other."""

PICKING = frozenset({"like_product", "dislike_product", "add_to_cart", "remove_from_cart"})
"""Intents about a product on the table; beside the opening of a search there is none ("i need wafers, get me two")."""
QUESTIONS = frozenset({"faq", "ask_product_question", "check_availability"})
"""Intents that only a question can have beside another act: "choose size 38" is a wish."""

_SUBJECT = r"(?:it|they|the|this|that|these|those|there|you|i|we|one|any|both|all|number|my|your|he|she|people|anyone)"
_AUXILIARY = r"(?:do|does|did|can|could|would|will|is|are|was|were|has|have)"
_ASKS = re.compile(
    rf"(?:{_AUXILIARY}\s+{_SUBJECT}\b|(?:what|how|when|where|which|why|who)(?:'s)?\b|tell me\b|any\b)", re.IGNORECASE
)
_BREAK = re.compile(
    r"(?:[.?!;]+\s+(?:(?:and|but|also|oh)\b[\s,]*)*)"  # a sentence ends
    r"|(?:,?\s+(?:and|but|plus|also|then)\s+(?:also\s+|then\s+|please\s+)*"  # "…, and do you …"
    rf"(?={_ASKS.pattern}|(?:compare|show|put|add|remove|take|give|let|i|i'd|i'll|my|explain|find)\b))"
    rf"|(?:,\s+(?={_ASKS.pattern}))",
    re.IGNORECASE,
)

Parse = Callable[[str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Act:
    """A part of a message, and the intent that it has by itself, with its sub-intent; none if it has none."""

    text: str
    intent: str

    @property
    def base(self) -> str:
        """The intent without its sub-intent."""
        return self.intent.partition("/")[0]


def parts_of(text: str) -> list[str]:
    """Return the parts of a message between which another act may begin; a payload is one part."""
    if text.lstrip().startswith("/"):
        return [text]
    parts, start = [], 0
    for found in _BREAK.finditer(text):
        # The sign that ends a sentence belongs to it.
        sign = re.match(r"[.?!;]+", found.group())
        parts.append(text[start : found.start() + (sign.end() if sign else 0)].strip())
        start = found.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]


async def acts_of(text: str, parse: Parse) -> list[Act]:
    """Return the acts of a message in its order; the message as it is if it is one act.

    Args:
        text: the message.
        parse: understands a text as the message would be.
    """
    whole = [Act(text, "")]
    parts = parts_of(text)
    if len(parts) < 2:
        return whole
    acts = joined([Act(part, intent_of(await parse(part), part)) for part in parts])
    return acts if len(acts) > 1 and are_separate(acts) else whole


def intent_of(parsed: dict[str, Any], text: str) -> str:
    """Return the intent of a part, if it is an act of its own and well understood; else nothing."""
    intent = parsed.get("intent") or {}
    name = str(intent.get("full_retrieval_intent_name") or intent.get("name") or "")
    if name == "ask_product_details" and _is_of_a_kind(parsed):
        name = "search_products"
    base = name.partition("/")[0]
    is_act = base in SEARCHING | ASKING and (base not in QUESTIONS or "?" in text or _ASKS.match(text) is not None)
    understood = float(intent.get("confidence") or 0.0) >= LEAST_CONFIDENCE
    return name if is_act and understood and len(text.split()) >= FEWEST_WORDS else ""


def _is_of_a_kind(parsed: dict[str, Any]) -> bool:
    """Whether the details of a kind of thing are asked for, and of no product: "let me see the office chairs"."""
    named = {str(one.get("entity")) for one in parsed.get("entities") or ()}
    return "category" in named and not named & {"ordinal", "product"} and not parsed.get("references")


def joined(parts: Sequence[Act]) -> list[Act]:
    """Put parts that are one act together: what is no act goes with the one before, or with the first one."""
    acts: list[Act] = []
    for part in parts:
        last = acts[-1] if acts else None
        if last is not None and (not part.intent or not last.intent or _together(last, part) or len(acts) == MOST_ACTS):
            acts[-1] = Act(f"{last.text} {part.text}", last.intent or part.intent)
        else:
            acts.append(part)
    return acts


def _together(one: Act, other: Act) -> bool:
    bases = {one.base, other.base}
    return bases <= SEARCHING or ("search_products" in bases and bool(bases & PICKING))


def are_separate(acts: Sequence[Act]) -> bool:
    """Whether these are different acts, of which at most one changes what is shown."""
    searching = sum(act.base in SEARCHING for act in acts)
    # Two questions about a product are two, two likes in one breath are not.
    named = [act.intent for act in acts if act.intent not in ("ask_product_question", "ask_product_details")]
    return searching <= 1 and len(set(named)) == len(named)


def in_order(acts: Sequence[Act], *, question_open: bool) -> list[Act]:
    """Return acts as they are best served: what is asked first, so that the products or the next question come last.

    While a question of ours is open its answer goes first: it must not be put again before it is heard.
    """
    return sorted(acts, key=lambda act: (act.base in SEARCHING) != question_open)
