"""Reasons in words. Each says what is in its data and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from shopguide.conversation.wording import Wording
from shopguide.recommender.types import Reason

TELLING = ("taste", "history", "similar", "text", "reduced", "rated", "popular", "new", "matches")
"""Kinds of reasons, the one that tells a shopper most first; what was asked for comes last, they know it."""


def reason_text(reason: Reason, wording: Wording) -> str:  # noqa: PLR0911  (one for each kind)
    """Return a reason in words, empty if its data hold nothing to say."""
    say, data = wording.say, reason.data
    match reason.kind:
        case "matches":
            return matches_text(data.get("constraints", ()), wording)
        case "taste":
            key = "reason.wish" if data.get("source") == "wish" else "reason.taste"
            return say(key, value=wording.value(str(data["facet"]), str(data["value"])))
        case "history":
            key = f"reason.history.{data.get('event')}"
            return say(key if say.has(key) else "reason.history.other", title=data["title"])
        case "text":
            return say("reason.text", words=say.both(f"“{word}”" for word in data["words"]))
        case "similar":
            return say("reason.similar", title=data["title"])
        case "rated":
            return say("reason.rated", rating=f"{data['rating']:g}", count=data["count"])
        case "reduced":
            return say("reason.reduced", percent=data["percent"])
    return say(f"reason.{reason.kind}")


def short_reasons(shown: Sequence[Sequence[Reason]], wording: Wording) -> list[str]:
    """Return for each product of a slate the one reason that tells it apart, empty where there is none.

    What holds of every product on the slate tells none apart: it is left out, and so is a reduction, which stands
    with the price.
    """
    parts: list[dict[str, list[str]]] = [
        {
            # The title names the kind of product.
            str(reason.kind): match_parts(
                [met for met in reason.data.get("constraints", ()) if met["facet"] != "category"], wording
            )
            if reason.kind == "matches"
            else [reason_text(reason, wording)]
            for reason in reasons
            if reason.kind != "reduced"
        }
        for reasons in shown
    ]
    everywhere = [{text for texts in kinds.values() for text in texts} for kinds in parts]
    shared = set.intersection(*everywhere) if len(everywhere) > 1 else set()
    return [_first_telling(kinds, shared, wording) for kinds in parts]


def _first_telling(kinds: Mapping[str, Sequence[str]], shared: set[str], wording: Wording) -> str:
    for kind in TELLING:
        own = [text for text in kinds.get(kind, ()) if text and text not in shared]
        if own:
            return wording.say("list.comma").join(own)
    return ""


def matches_text(constraints: Sequence[Mapping[str, Any]], wording: Wording) -> str:
    """Return which of the wishes a product meets, with its own values: "navy blue, for men, within your €80"."""
    return wording.say("list.comma").join(match_parts(constraints, wording))


def match_parts(constraints: Sequence[Mapping[str, Any]], wording: Wording) -> list[str]:
    """Return the wishes met, each in its own words."""
    parts = [_match(constraint, wording) for constraint in constraints]
    return list(dict.fromkeys(part for part in parts if part))


def _match(constraint: Mapping[str, Any], wording: Wording) -> str:  # noqa: PLR0911  (one wording for each shape)
    say, facet = wording.say, str(constraint["facet"])
    if constraint["op"] in ("<=", ">="):
        bound = wording.number(facet, float(constraint["value"]))
        actual = float(constraint["actual"])
        if facet == "price":
            return say("reason.matches.price_max", high=bound) if constraint["op"] == "<=" else ""
        if facet == "rating":
            return say("reason.matches.rating", actual=f"{actual:g}")
        return say("reason.matches.other", facet=wording.facet(facet), values=wording.number(facet, actual))
    actual_values = [str(value) for value in constraint.get("actual", ())]
    if facet == "category":
        return wording.value(facet, actual_values[-1]) if actual_values else ""
    wanted = set(map(str, constraint.get("values", ())))
    # Of several own values only those that were asked for, unless a kind of them or a neighbour answers.
    told = [value for value in actual_values if value in wanted] or actual_values
    words = say.both(wording.value(facet, value) for value in told[:3])
    if not words:
        return ""
    if facet == "audience":
        return words if told == ["unisex"] else say("reason.matches.audience", values=words)
    if facet in ("yes", "no") or told in (["yes"], ["no"]):
        return say(f"reason.matches.flag_{told[0]}", facet=wording.facet(facet))
    if facet == "size":
        return say("reason.matches.size", values=words)
    if facet in ("colour", "brand", "material", "occasion", "feature"):
        return words
    return say("reason.matches.other", facet=wording.facet(facet), values=words)
