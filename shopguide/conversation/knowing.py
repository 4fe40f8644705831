"""What is known of a shopper, in words and as a payload: each thing with where it comes from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lexicon.text import normalise
from shopguide.conversation.answers import PAYLOAD_LIMIT
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes_privacy import Forgotten, Known, KnownValue, Origin
from shopguide.conversation.turn import Turn
from shopguide.conversation.wording import Wording
from shopguide.profiles.consent import PURPOSES, Consents

NOTICEABLE = 0.05
"""A taste weaker than this is not worth telling."""
MOST_TASTES = 12
MOST_OF_A_RECIPIENT = 4
MOST_ORIGINS = 2
MOST_SUGGESTED = 3

MEMORY = "memory"
"""The entity of buttons that delete one thing: `brand=kestrel`."""

_ALL = re.compile(r"\b(everything|all|entire|whole|account|(forget|delete|erase|remove) me)\b")


def known_words(known: Known, wording: Wording, now: datetime) -> dict[str, str]:
    """Return `tastes`, a line for each thing that is known (empty if nothing is), and `consent`, what was agreed to."""
    say = wording.say
    lines = [_line(value, wording, now) for value in _moods(known)]
    lines += [say("known.fact", fact=_line(fact, wording, now)) for fact in known.facts]
    for recipient, values in known.recipients.items():
        told = [_named(value, wording) for value in _strongest(values)[:MOST_OF_A_RECIPIENT]]
        if told:
            lines.append(say("known.recipient", recipient=recipient_words(recipient, wording), values=say.both(told)))
    if kept := _kept(known, wording):
        lines.append(say("known.kept", kept=kept))
    correct = say("known.correct") if lines and known.consents.personalisation else ""
    told_lines = "\n".join(f"- {line}" for line in lines)
    return {"tastes": told_lines, "consent": _consent(known.consents, wording) + correct}


def recipient_words(recipient: str, wording: Wording) -> str:
    """Return how to speak of a recipient to the shopper: "your dad", "someone else"."""
    key = f"recipient.{recipient}"
    return wording.say(key) if wording.say.has(key) else wording.say("recipient.other", recipient=recipient)


def kept_in_mind_note(keys: Sequence[str], recipient: str, wording: Wording) -> str:
    """Say which facts of a person the search takes into account; empty if there are none.

    Args:
        keys: as `Need.kept_in_mind` holds them ("size=43", "material!=wool").
        recipient: whose facts; empty: the shopper's own.
        wording: the words.
    """
    say = wording.say
    of = "_of" if recipient else ""
    who = recipient_words(recipient, wording) if recipient else ""
    told = []
    for key in keys:
        facet, unwanted, value = key.partition("!=")
        if not unwanted:
            facet, _, value = key.partition("=")
        words = wording.value(facet, value)
        if unwanted:
            told.append(say(f"kept_in_mind.not{of}", value=words, recipient=who))
        elif facet == "size":
            told.append(say(f"kept_in_mind.size{of}", value=words, recipient=who))
        else:
            told.append(say("kept_in_mind.other", facet=wording.facet(facet), value=words))
    return say("kept_in_mind.note", facts=say.both(told)) if told else ""


def known_payload(known: Known, need: Need, wording: Wording, now: datetime) -> dict[str, Any]:
    """Return what is known as channels carry it."""

    def entries(values: Iterable[KnownValue]) -> list[dict[str, Any]]:
        return [
            {
                "facet": value.facet,
                "value": value.value,
                "weight": round(value.weight, 3),
                **({"category": value.category} if value.category else {}),
                "from": _origins(value, wording, now),
            }
            for value in values
        ]

    tastes = _moods(known)
    return {
        "type": "profile",
        "available": known.available,
        "tastes": entries(tastes),
        "facts": entries(known.facts),
        "recipients": {who: entries(_strongest(v)[:MOST_OF_A_RECIPIENT]) for who, v in known.recipients.items()},
        "consents": {purpose: getattr(known.consents, purpose) for purpose in PURPOSES},
        "evidence": sum(origin.count for value in known.tastes for origin in value.origins),
        "events": dict(known.events),
        "slates": known.slates,
        "need": {slot: value for slot, value in need.slots().items() if value is not None},
        "suggestions": _suggestions([*known.facts, *tastes], wording),
    }


def named_values(turn: Turn, known: Known, wording: Wording) -> tuple[KnownValue, ...]:
    """Return the things that a message wants deleted, none if it means everything or names nothing that is known."""
    values = [*known.facts, *known.tastes]
    pressed = {str(mention.value) for mention in turn.mentions if mention.entity == MEMORY}
    if pressed:
        return tuple(value for value in values if f"{value.facet}={value.value}" in pressed)
    text = normalise(turn.text)
    named = {
        (value.facet, value.value): value
        for value in values
        for word in (value.value, normalise(wording.value(value.facet, value.value)))
        if word and re.search(rf"\b{re.escape(word)}\b", text)
    }
    if not named or _ALL.search(text):
        return ()
    return tuple(named.values())


def forgotten_words(forgotten: Forgotten, wording: Wording) -> str:
    """Return what was forgotten in one phrase: "Kestrel and size 43", "everything about your dad"."""
    values = dict.fromkeys(_named(value, wording) for value in forgotten.values)
    of_people = [
        wording.say("known.about_person", recipient=recipient_words(who, wording)) for who in forgotten.recipients
    ]
    return wording.say.both([*values, *of_people])


def _moods(known: Known) -> list[KnownValue]:
    """Return the strongest tastes; what is a fact is told as one."""
    facts = {(fact.facet, fact.value, fact.weight > 0) for fact in known.facts}
    return _strongest([value for value in known.tastes if (value.facet, value.value, value.weight > 0) not in facts])


def _strongest(values: Sequence[KnownValue]) -> list[KnownValue]:
    noticeable = [value for value in values if abs(value.weight) >= NOTICEABLE]
    return sorted(noticeable, key=lambda value: -abs(value.weight))[:MOST_TASTES]


def _line(value: KnownValue, wording: Wording, now: datetime) -> str:
    origins = _origins(value, wording, now)
    line = wording.say("known.value", facet=wording.facet(value.facet), value=_named(value, wording))
    if value.overruled:
        origins = wording.say("known.also").join([*([origins] if origins else []), _overruled(value, wording)])
    return wording.say("known.from", what=line, origins=origins) if origins else line


def _overruled(value: KnownValue, wording: Wording) -> str:
    """Say what was thought of a value before, so that a change of mind is seen to have been noticed."""
    say, last = wording.say, value.overruled[0]
    date = f"{last.latest:%d %b %Y}".lstrip("0")
    if last.value != value.value:
        return say("known.overruled.bound", bound=wording.value(value.facet, last.value), date=date)
    return say("known.overruled.yes" if last.polarity > 0 else "known.overruled.no", date=date)


def _named(value: KnownValue, wording: Wording) -> str:
    say = wording.say
    is_flag = value.value in ("yes", "no")
    words = wording.facet(value.facet) if is_flag else wording.value(value.facet, value.value)
    if value.facet == "size":
        words = say("reason.matches.size", values=words)
    if (value.weight < 0) != (value.value == "no"):
        words = say("known.not", value=words)
    if value.category and value.facet in ("size", "price"):
        words = say("known.about", value=words, category=wording.kind(value.category))
    return words


def _origins(value: KnownValue, wording: Wording, now: datetime) -> str:
    told = [_origin(origin, wording, now) for origin in value.origins[:MOST_ORIGINS]]
    return wording.say("known.also").join(told)


def _origin(origin: Origin, wording: Wording, now: datetime) -> str:
    say = wording.say
    number = "once" if origin.count == 1 else "often"
    what = say(f"known.origin.{origin.source}.{number}", count=origin.count)
    days = (now.date() - origin.latest.date()).days
    when = say("known.today") if days <= 0 else say("known.on", date=f"{origin.latest:%d %b %Y}".lstrip("0"))
    where = f"known.channel.{origin.channel}"
    return say("known.when", what=what, when=when) + (say(where) if say.has(where) else "")


def _kept(known: Known, wording: Wording) -> str:
    say = wording.say
    told = [
        say(f"known.events.{kind}.{'one' if count == 1 else 'many'}", count=f"{count:,}")
        for kind, count in known.events.items()
        if count
    ]
    if known.slates:
        told.append(say(f"known.slates.{'one' if known.slates == 1 else 'many'}", count=f"{known.slates:,}"))
    return say.both(told)


def _consent(consents: Consents, wording: Wording) -> str:
    told = {None: "open", True: "yes", False: "no"}
    remembering, learning = told[consents.personalisation], told[consents.analytics]
    return wording.say(f"known.consent.{remembering}.{learning}")


def _suggestions(values: Iterable[KnownValue], wording: Wording) -> list[Mapping[str, str]]:
    """Return buttons that delete the strongest things one by one; suggestions, so that no "yes" presses them."""
    found: list[Mapping[str, str]] = []
    for value in values:
        payload = f'/forget_me{{"{MEMORY}":"{value.facet}={value.value}"}}'
        if len(payload.encode()) <= PAYLOAD_LIMIT and len(found) < MOST_SUGGESTED:
            title = wording.say("known.forget", value=_named(value, wording))
            found.append({"title": title, "payload": payload})
    return found
