"""Reasons in words. Each says what is in its data and nothing else."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lexicon.text import normalise
from shopguide.conversation.knowing import recipient_words
from shopguide.conversation.outcomes import Shown
from shopguide.conversation.wording import Wording
from shopguide.profiles.preferences import SAID
from shopguide.recommender.types import Reason

TELLING = ("taste", "history", "similar", "text", "reduced", "rated", "popular", "new", "matches")
"""Kinds of reasons, the one that tells a shopper most first; what was asked for comes last, they know it."""

MOST_IN_A_LINE = 2
"""Wishes that the line of a product tells at most."""


MANY_TIMES = 3
"""From how many times on a number is said."""


class Met(NamedTuple):
    """A wish that a product meets.

    Args:
        facet: the facet of the wish.
        text: the wish in words, with the product's own value.
        value: the bare value in words, to look for in a title.
        is_exact: whether the product has just what was asked for, so that its value tells nothing new.
    """

    facet: str
    text: str
    value: str
    is_exact: bool


def reason_text(reason: Reason, wording: Wording) -> str:  # noqa: PLR0911  (one for each kind)
    """Return a reason in words, empty if its data hold nothing to say."""
    say, data = wording.say, reason.data
    match reason.kind:
        case "matches":
            return say("list.comma").join(met.text for met in wishes_met(reason, wording))
        case "taste":
            return _taste(data, wording)
        case "history":
            linked = f"reason.history.{data.get('link', 'similar')}"
            key = f"{linked}.{data.get('event')}"
            return say(key if say.has(key) else f"{linked}.other", title=data["title"])
        case "text":
            return say("reason.text", words=say.both(f"“{word}”" for word in data["words"]))
        case "similar":
            return say("reason.similar", title=data["title"])
        case "rated":
            return say("reason.rated", rating=f"{data['rating']:g}", count=data["count"])
        case "reduced":
            return say("reason.reduced", percent=data["percent"])
    return say(f"reason.{reason.kind}")


def _taste(data: Mapping[str, Any], wording: Wording) -> str:
    """Say what a taste rests on, as exactly as is known: "you bought Kestrel twice"; of others, that it is theirs."""
    say = wording.say
    value = wording.value(str(data["facet"]), str(data["value"]))
    if data.get("source") == "wish":
        return say("reason.wish", value=value)
    if data.get("recipient"):
        return say("reason.taste_of", value=value, recipient=recipient_words(str(data["recipient"]), wording))
    thing = f"reason.thing.{data['facet']}"
    if data.get("how") not in SAID and say.has(thing):
        # Who liked a white shoe liked something in white; that they like white nobody said.
        value = say(thing, value=value)
    times = int(data.get("times") or 0)
    key = f"reason.tasted.{data.get('how')}.{min(times, MANY_TIMES)}"
    return say(key if say.has(key) else "reason.taste", value=value, times=times)


def card_reasons(reasons: Sequence[Reason], title: str, wording: Wording) -> list[tuple[Reason, str]]:
    """Return the reasons that stand beside a product's title, each with its words.

    Of the wishes that it meets only those that the title does not tell anyway; all of them if there is nothing else.
    """
    told = []
    kinds = {reason.kind for reason in reasons}
    for reason in reasons:
        text = reason_text(reason, wording)
        if reason.kind == "matches":
            beside = _beside_title(reason, title, wording)
            text = wording.say("list.comma").join(met.text for met in _told_once(beside, kinds))
        if text:
            told.append((reason, text))
    if not told:
        told = [(reason, text) for reason in reasons if (text := reason_text(reason, wording))]
    return told


def line_reasons(items: Sequence[Shown], wording: Wording, *, said: Collection[str] = ()) -> list[str]:
    """Return for each product of a slate the one reason that tells it apart, empty where there is none.

    What holds of every product on the slate tells none apart, and the sentence above the lines repeats the need: both
    are left out, and so is a reduction, which stands with the price. `said` are kinds of reasons that a sentence above
    gives for the whole slate.
    """
    left_out = {"reduced", *said}
    parts = [
        {
            str(reason.kind): _line_parts(reason, shown, wording)
            for reason in shown.reasons
            if reason.kind not in left_out
        }
        for shown in items
    ]
    everywhere = [{text for texts in kinds.values() for text in texts} for kinds in parts]
    shared = set.intersection(*everywhere) if len(everywhere) > 1 else set()
    return [_first_telling(kinds, shared, wording) for kinds in parts]


def why(reason: Reason, wording: Wording, *, beside: Collection[str] = ()) -> str:
    """Return a reason as a clause that follows "because"; empty if it has nothing to say.

    `beside` are the kinds of all reasons given: a rating is told once.
    """
    text = reason_text(reason, wording)
    if reason.kind == "matches":
        text = wording.say("list.comma").join(met.text for met in _told_once(wishes_met(reason, wording), beside))
    key = f"why.{reason.kind}_{reason.data.get('source')}"
    return wording.say(key if wording.say.has(key) else f"why.{reason.kind}", reason=text) if text else ""


def wishes_met(reason: Reason, wording: Wording) -> list[Met]:
    """Return the wishes that a product meets, each once, in the order in which they were uttered."""
    found = (_met(constraint, wording) for constraint in reason.data.get("constraints", ()))
    return list({met.text: met for met in found if met is not None}.values())


def _told_once(met: Iterable[Met], kinds: Collection[str]) -> Iterator[Met]:
    return (one for one in met if not (one.facet == "rating" and "rated" in kinds))


def _beside_title(reason: Reason, title: str, wording: Wording) -> Iterator[Met]:
    folded = normalise(title)
    for met in wishes_met(reason, wording):
        # A title names the kind of product, in words of its own.
        if met.facet != "category" and not re.search(rf"\b{re.escape(normalise(met.value))}\b", folded):
            yield met


def _line_parts(reason: Reason, shown: Shown, wording: Wording) -> list[str]:
    if reason.kind != "matches":
        return [reason_text(reason, wording)]
    told = _beside_title(reason, shown.product.title, wording)
    return [met.text for met in told if not met.is_exact][:MOST_IN_A_LINE]


def _first_telling(kinds: Mapping[str, Sequence[str]], shared: set[str], wording: Wording) -> str:
    for kind in TELLING:
        own = [text for text in kinds.get(kind, ()) if text and text not in shared]
        if own:
            return wording.say("list.comma").join(own)
    return ""


def _met(constraint: Mapping[str, Any], wording: Wording) -> Met | None:
    say, facet = wording.say, str(constraint["facet"])
    if constraint["op"] in ("<=", ">="):
        return _within(facet, constraint, wording)
    actual = [str(value) for value in constraint.get("actual", ())]
    if facet == "category":
        actual = actual[-1:]
    wanted = list(map(str, constraint.get("values", ())))
    # Of several own values only those that were asked for, unless a kind of them or a neighbour answers.
    told = [value for value in actual if value in wanted] or actual
    words = say.both(wording.value(facet, value) for value in told[:3])
    if not words:
        return None
    text = words
    if facet == "audience":
        text = words if told == ["unisex"] else say("reason.matches.audience", values=words)
    elif told in (["yes"], ["no"]):
        words = wording.facet(facet)
        text = say(f"reason.matches.flag_{told[0]}", facet=words)
    elif facet == "size":
        text = say("reason.matches.size", values=words)
    elif facet not in ("category", "colour", "brand", "material", "occasion", "feature"):
        info = wording.index.facets.get(facet)
        key = "number" if info is not None and info.kind == "number" else "other"
        text = say(f"reason.matches.{key}", facet=wording.facet(facet), values=words)
    return Met(facet, text, words, is_exact=told == wanted)


def _within(facet: str, constraint: Mapping[str, Any], wording: Wording) -> Met | None:
    """Return a bound that is kept. Price and rating stand with every product, so they tell nothing new."""
    say, actual = wording.say, float(constraint["actual"])
    own = wording.number(facet, actual)
    if facet == "price":
        if constraint["op"] == ">=":
            return None
        bound = wording.number(facet, float(constraint["value"]))
        key = "price_under" if actual < float(constraint["value"]) else "price_at"
        return Met(facet, say(f"reason.matches.{key}", high=bound), bound, is_exact=True)
    if facet == "rating":
        return Met(facet, say("reason.matches.rating", actual=f"{actual:g}"), own, is_exact=True)
    text = say("reason.matches.number", facet=wording.facet(facet), values=own)
    return Met(facet, text, own, is_exact=False)
