"""Outcomes in words: the fragments that responses put into sentences. Text alone is a full channel."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from lexicon.text import normalise
from shopguide.catalogue.product import Product
from shopguide.conversation.answers import PAYLOAD_LIMIT, Answer, payload_of
from shopguide.conversation.distinguishing import distinct_words
from shopguide.conversation.knowing import kept_in_mind_note
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Details, Explained, Relaxation, Shown, SlateShown, Unsold
from shopguide.conversation.question import Option, Question
from shopguide.conversation.reasons import TELLING, line_reasons, why
from shopguide.conversation.ways import instead, ways_out
from shopguide.conversation.wording import Wording, plural

MOST_FACTS = 10
MOST_DESCRIPTION = 400
MOST_TITLE = 90
"""Characters of a title in a line; some feeds put the whole data sheet there."""
MOST_BUTTON = 60
FACTS = ("brand", "category", "colour", "material", "size", "audience", "occasion", "feature")
"""Facets that a product's description in words tells first."""
BESIDE_TITLE = ("colour", "material", "occasion", "feature")
"""Facets that a line may tell of a product: a title names brand, kind and audience as a rule, a size tells nothing."""


class Button(TypedDict):
    """A button as every channel takes it."""

    title: str
    payload: str


def slate_words(outcome: SlateShown, wording: Wording) -> dict[str, str]:
    """Return `note`, `noun`, `summary`, `distinct` and `lines` of a slate."""
    return {
        "note": _note(outcome, wording),
        "noun": wording.noun(outcome.checked),
        "summary": _summary(outcome, wording),
        "distinct": distinct_words(outcome, wording),
        "lines": "\n".join(_lines(outcome, wording)),
    }


def question_words(question: Question, need: Need, wording: Wording) -> dict[str, str]:
    """Return `lead`, `facet` and `options` of a question."""
    count = f"{question.matches:,}"
    lead = "" if need.is_empty else wording.say("option.lead", count=count, noun=wording.noun(need))
    words = [_spoken(option.answer, wording) for option in question.options]
    return {"lead": lead, "facet": wording.facet(question.facet), "options": wording.say.either(words)}


def question_reason_words(question: Question, need: Need, wording: Wording) -> dict[str, str]:
    """Return `total`, `need` and `options`, each with how many products it has: why a question is asked."""
    options = wording.say.both(_counted(option, wording) for option in question.options)
    return {"total": f"{question.matches:,}", "need": wording.noun(need), "options": options}


def question_buttons(question: Question, wording: Wording) -> list[Button]:
    """Return the buttons of a question, "doesn't matter" last."""
    offered = [(_counted(option, wording), option.answer) for option in question.options]
    minds_nothing = Answer(question.facet, "any")
    return [
        Button(title=title, payload=answer.payload)
        for title, answer in (*offered, (option_title(minds_nothing, wording), minds_nothing))
        if answer.payload is not None
    ]


def _counted(option: Option, wording: Wording) -> str:
    return wording.say("option.counted", title=option_title(option.answer, wording), count=f"{option.count:,}")


def option_title(answer: Answer, wording: Wording) -> str:
    """Return what stands on a button."""
    say, facet = wording.say, answer.facet
    if answer.kind == "any":
        return say("option.any")
    if answer.kind != "bounds":
        if answer.value in ("yes", "no"):
            return say(f"option.{answer.value}")
        title = wording.value(facet, answer.value)
        return title[:1].upper() + title[1:]
    low, high = answer.bounds.low, answer.bounds.high
    if low is None:
        return say("option.max", high=wording.number(facet, high or 0.0))
    if high is None:
        return say("option.min", low=wording.number(facet, low))
    return say("option.between", low=wording.number(facet, low), high=wording.number(facet, high))


def relaxation_words(found: tuple[Relaxation, ...], need: Need, wording: Wording) -> str:
    """Return the ways out with what each brings: "12 in any colour and 3 at up to €60 instead of €50"."""
    counts = [wording.say("relaxation.one") if one.count == 1 else f"{one.count:,}" for one in found]
    ways = [ways_out(one, need, wording) + instead(one, wording) for one in found]
    return wording.say.both(
        wording.say("relaxation.told", count=count, way=way) for count, way in zip(counts, ways, strict=True)
    )


def nearest_words(nearest: Product | None, wording: Wording) -> str:
    """Return the sentence that names the product nearest to a need that nothing satisfies, with a space before it."""
    if nearest is None:
        return ""
    title = _short(nearest.title, MOST_TITLE)
    if nearest.price is None:
        return wording.say("relaxation.nearest_unpriced", title=title)
    return wording.say("relaxation.nearest", title=title, price=wording.number("price", float(nearest.price)))


def relaxation_buttons(found: tuple[Relaxation, ...], need: Need, wording: Wording) -> list[Button]:
    """Return one button for each way out, and then those for what most products of a way have instead.

    The ways come first: a plain yes takes the first button.
    """
    buttons = []
    for one in found:
        if one.bounds is not None:
            payload = payload_of(Answer(one.facets[0], "bounds", bounds=one.bounds))
        else:
            payload = payload_of(*(Answer(facet, "any") for facet in one.facets))
        if payload is not None:
            way = ways_out(one, need, wording, section="relaxation.title")
            title = wording.say("relaxation.title.told", way=way[:1].upper() + way[1:], count=f"{one.count:,}")
            buttons.append(Button(title=title, payload=payload))
    for one in found:
        value, count = one.mostly or ("", one.count)
        answer = Answer(one.facets[0], "want", value)
        if count < one.count and answer.payload is not None:
            title = wording.say("relaxation.title.told", way=option_title(answer, wording), count=f"{count:,}")
            buttons.append(Button(title=title, payload=answer.payload))
    return buttons


def unsold_words(outcome: Unsold, wording: Wording) -> dict[str, str]:
    """Return `thing` in the plural and `options`, the kinds offered instead."""
    thing = plural(outcome.thing) if outcome.one else outcome.thing
    return {"thing": thing, "options": wording.say.both(wording.kind(kind) for kind in outcome.kinds)}


def unsold_buttons(outcome: Unsold, wording: Wording) -> list[Button]:
    """Return one button for each kind that is offered instead."""
    answers = [Answer("category", "want", kind) for kind in outcome.kinds]
    return [Button(title=option_title(a, wording), payload=a.payload) for a in answers if a.payload is not None]


def candidate_words(candidates: Sequence[Shown], wording: Wording) -> str:
    """Return the products of which one is meant: "number 2 (Kestrel …) or number 4 (Norwell …)"."""
    told = [
        wording.say("option.place", position=one.position, title=_short(one.product.title, MOST_TITLE))
        for one in candidates
    ]
    return wording.say.either(told)


def candidate_buttons(
    candidates: Sequence[Shown], act: str, wording: Wording, critiques: Mapping[str, str] | None = None
) -> list[Button]:
    """Return one button for each product of which one is meant; it does with it what the message wanted (`act`)."""
    buttons = []
    for one in candidates:
        given: dict[str, object] = {"ordinal": one.position}
        if critiques:
            facet, direction = next(iter(critiques.items()))
            given["critique"] = f"{facet}:{direction}"
        payload = f"/{act}" + json.dumps(given, separators=(",", ":"))
        if len(payload.encode()) <= PAYLOAD_LIMIT:
            title = wording.say("option.place_button", position=one.position, title=one.product.title)
            buttons.append(Button(title=_short(title, MOST_BUTTON), payload=payload))
    return buttons


def open_words(facets: Iterable[str], wording: Wording) -> str:
    """Return what a shopper could still say: "a colour, a brand or a price"."""
    say = wording.say
    named = [
        say(f"open.{facet}") if say.has(f"open.{facet}") else say("open.other", facet=wording.facet(facet))
        for facet in facets
    ]
    return say.either(named) or say("open.nothing")


def explanation_words(outcome: Explained, wording: Wording) -> str:
    """Return all reasons of a product as clauses; what it matches first, it is what was asked for."""
    order = {kind: place for place, kind in enumerate(("matches", *TELLING[:-1]))}
    ordered = sorted(outcome.reasons, key=lambda reason: order.get(reason.kind, len(order)))
    kinds = {reason.kind for reason in ordered}
    texts = [text for reason in ordered if (text := why(reason, wording, beside=kinds))]
    return wording.say.both(dict.fromkeys(texts))


def _spoken(answer: Answer, wording: Wording) -> str:
    """Return an answer as it stands inside a question."""
    if answer.facet == "category" and answer.kind == "want":
        return wording.kind(answer.value)
    title = option_title(answer, wording)
    return title if answer.facet in ("brand", "size") else title[:1].lower() + title[1:]


def _summary(outcome: SlateShown, wording: Wording) -> str:
    shown, total = len(outcome.items), max(outcome.total, len(outcome.items))
    noun = wording.noun(outcome.checked)
    if outcome.note == "more":
        return wording.say("count.next", shown=shown, noun=noun)
    if shown == total:
        key = {1: "count.one", 2: "count.both"}.get(total, "count.all")
        return wording.say(key, total=total, noun=noun)
    return wording.say("count.some", shown=shown, total=f"{total:,}", noun=noun)


def _note(outcome: SlateShown, wording: Wording) -> str:
    notes = [
        kept_in_mind_note(outcome.kept_in_mind, outcome.need.recipient, wording),
        measured_note(outcome.measured, wording),
    ]
    if outcome.in_passing:
        notes.append(wording.say("note.in_passing", thing=outcome.in_passing))
    if outcome.gave_way:
        facets = wording.say.either(wording.facet(facet) for facet in outcome.gave_way)
        notes.append(wording.say("note.gave_way", facets=facets))
    if outcome.unlisted:
        facets = wording.say.both(wording.facet(facet) for facet in outcome.unlisted)
        notes.append(wording.say("note.unlisted", facets=facets))
    if outcome.missing_words:
        notes.append(wording.say("note.missing_words", words=" ".join(outcome.missing_words)))
    elif outcome.unheard:
        notes.append(wording.say("note.unheard", words=" ".join(outcome.unheard)))
    for key, words in (("stressed", outcome.stressed), ("avoided", outcome.avoided)):
        if words:
            quoted = wording.say.both(wording.say("list.quoted", value=word) for word in words)
            notes.append(wording.say(f"note.{key}", words=quoted))
    if outcome.anchor is not None:
        notes.append(wording.say("note.anchor", title=outcome.anchor.title))
    return "".join(notes)


def measured_note(measured: Mapping[str, str], wording: Wording) -> str:
    """Say where a bound comes from that the shopper never named ("cheap"); empty if there is none."""
    say = wording.say
    notes = []
    for facet, direction in measured.items():
        key = f"note.measured.{facet}.{direction}"
        notes.append(say(key) if say.has(key) else say(f"note.measured.{direction}", facet=wording.facet(facet)))
    return "".join(notes)


def _lines(outcome: SlateShown, wording: Wording) -> list[str]:
    said = ("similar",) if outcome.anchor is not None else ()
    reasons, facts = line_reasons(outcome.items, wording, said=said), _own_facts(outcome, wording)
    lines = []
    for shown, telling, own in zip(outcome.items, reasons, facts, strict=True):
        product, say = shown.product, wording.say
        title = _short(" ".join(product.title.split()), MOST_TITLE)
        if product.price is None:
            line = say("line.plain", position=shown.position, title=title)
        else:
            price = wording.number("price", float(product.price))
            reduced = product.list_price is not None and product.list_price > product.price
            list_price = wording.number("price", float(product.list_price or product.price))
            line = say(
                "line.reduced" if reduced else "line.priced",
                position=shown.position,
                title=title,
                price=price,
                list_price=list_price,
            )
        reason = telling or own
        lines.append(line + (say("line.reason", reason=reason) if reason else ""))
    return lines


def _own_facts(outcome: SlateShown, wording: Wording) -> list[str]:
    """Return what else there is to say of each product: not what was asked for, its title says or all have."""
    facts = []
    for shown in outcome.items:
        known = normalise(shown.product.title)
        asked = {value for values in outcome.need.wanted.values() for value in values}
        told = [
            wording.value(facet, value)
            for facet in BESIDE_TITLE
            if facet not in outcome.need.facets
            for value in _values(shown.product, facet, wording)
            if value not in asked
        ]
        facts.append([fact for fact in dict.fromkeys(told) if normalise(fact) not in known])
    shared = set.intersection(*map(set, facts)) if len(facts) > 1 else set()
    return [wording.say("list.comma").join([fact for fact in own if fact not in shared][:2]) for own in facts]


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip(" ,;-") + " …"


def details_words(outcome: Details, wording: Wording) -> dict[str, str]:
    """Return `title`, `facts` (a line for each facet worth telling) and `description` of a product."""
    product = outcome.product
    facts = []
    if product.price is not None:
        facts.append(wording.number("price", float(product.price)))
    if product.rating is not None and product.rating_count:
        facts.append(wording.say("reason.rated", rating=f"{product.rating:g}", count=product.rating_count))
    named = [f"{wording.facet(facet)}: {text}" for facet in FACTS if (text := _fact(product, facet, wording))]
    others = [
        f"{wording.facet(facet)}: {text}"
        for facet in product.facets
        if facet not in FACTS and (text := _fact(product, facet, wording))
    ]
    line = " · ".join([*facts, *(named + others)[:MOST_FACTS]])
    description = " ".join(product.description.split())
    description = _short(description, MOST_DESCRIPTION)
    return {
        "title": product.title,
        "facts": f"\n{line}" if line else "",
        "description": f"\n{description}" if description else "",
    }


def _fact(product: Product, facet: str, wording: Wording) -> str:
    return wording.values(facet, _values(product, facet, wording))


def _values(product: Product, facet: str, wording: Wording) -> tuple[str, ...]:
    index = wording.index
    if facet not in index.facets or product.sku not in index:
        return ()
    values = index.values(facet, index.row(product.sku))
    return values[-1:] if facet == "category" else values
