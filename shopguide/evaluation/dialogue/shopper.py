"""A simulated shopper who talks: opens with one or two facets, reads what is shown, criticises, answers.

How many facets a message brings is drawn as people bring them: of the 215 messages in the 160 RecQuest dialogues
(bicycles and digital cameras; 1,578 messages of people) that added preferences to those the system had noted, 58 %
added one, 31 % two, 10 % three, 1 % more. The opening keeps to one or two.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.answers import Answer
from shopguide.evaluation.dialogue.client import Button, Reply
from shopguide.evaluation.dialogue.facts import Facts, about
from shopguide.evaluation.dialogue.phrases import Phrasebook
from shopguide.evaluation.dialogue.speech import Speech

FACETS_IN_A_MESSAGE = {1: 0.58, 2: 0.31, 3: 0.11}
OPENED_WITH = ("colour", "audience", "brand", "size", "material", "occasion", "price")
"""Facets that an opening may name beside the kind of thing: those that phrasings have a place for."""
NAMED = ("colour", "audience", "brand", "size", "material", "occasion", "category")
BY_BUTTON = 0.5
"""How often a question is answered by a button where one is true."""
ORDINALS = ("first", "second", "third", "fourth", "fifth")
ASIDES = (
    "ask_details", "ask_compare", "like_position", "exclude_value", "reject_slate", "off_topic_interruption",
    "open_vague",
)  # fmt: skip
PATIENCE = 2
"""How often the same wrong understanding is corrected before the search is started over."""


@dataclass(frozen=True)
class Message:
    """What is sent: words, or the payload of a button that is pressed. `act` says what it is meant to be."""

    text: str
    act: str
    pressed: bool = False

    @property
    def words(self) -> int:
        """Words that were typed for it."""
        return 0 if self.pressed else len(self.text.split())


@dataclass
class Shopper:
    """One search.

    Args:
        facts: what they know.
        phrases: how they speak.
        speech: what values are called.
        noise: how often a statement is wrong.
        source: draws what is left to chance.
        asides: how often something else is said instead: a question about what is shown, praise, small talk.
        told: facet → what was said of it last.
    """

    facts: Facts
    phrases: Phrasebook
    speech: Speech
    noise: float
    source: random.Random
    asides: float = 0.0
    told: dict[str, str] = field(default_factory=dict)
    _styles: tuple[str, ...] = ()
    _corrected: dict[str, int] = field(default_factory=dict)
    _opened: tuple[str, ...] = ()
    _restart: bool = False
    _sent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take one or two styles of speaking."""
        count = min(self.source.choice((1, 2)), len(self.phrases.styles))
        self._styles = tuple(self.source.sample(self.phrases.styles, count))

    # -- what to do next ----------------------------------------------------------------------------------------------

    def open(self) -> Message:
        """Say what is looked for: the kind of thing, with or without one facet more."""
        further = [facet for facet in OPENED_WITH if self._can_say(facet) and self._can_open(facet)]
        alone = FACETS_IN_A_MESSAGE[1] / (FACETS_IN_A_MESSAGE[1] + FACETS_IN_A_MESSAGE[2])
        chosen = [self.source.choice(further)] if further and self.source.random() > alone else []
        self._opened = tuple(chosen)
        return self._opening()

    def reply(self, reply: Reply) -> Message:
        """Return what is said or pressed next."""
        if self._restart:
            self._restart = False
            return self._opening()
        slate = reply.slate
        if self.asides and self.source.random() < self.asides:
            return self._aside(slate)
        if slate is not None:
            return self._corrects(slate) or self._criticises(slate) or self._says("show_more", {}, "more")
        if reply.question:
            return self._answers(reply.question)
        return self._opening()

    # -- acts ---------------------------------------------------------------------------------------------------------

    def _opening(self) -> Message:
        values = {"category": self._value("category"), **self._placeholders(self._opened)}
        return self._says("open_need", values, "open", must=("category", *self._opened))

    def _aside(self, slate: Mapping[str, Any] | None) -> Message:
        """Say something that does not bring the search on."""
        items: Sequence[Mapping[str, Any]] = (slate or {}).get("items") or ()
        values: dict[str, str] = {}
        if len(items) > 1:
            first, second = self.source.sample(range(min(len(items), len(ORDINALS))), 2)
            values = {"position": ORDINALS[first], "position2": ORDINALS[second]}
            unwanted = [value for value in _shown(items[0], "brand") if value not in self.facts.values.get("brand", ())]
            if unwanted:
                values["value"] = values["brand"] = self.speech.value("brand", unwanted[0], self.source)
        possible = [act for act in ASIDES if self.phrases.has(act, values)]
        return self._says(self.source.choice(possible), values, "aside") if possible else self._opening()

    def _answers(self, question: Sequence[tuple[Button, list[Answer]]]) -> Message:
        """Answer a question or take a way out that is offered, truthfully but for the noise."""
        facets = {answer.facet for _, answers in question for answer in answers}
        true = [button for button, answers in question if all(map(self.facts.accepts, answers))]
        wrong = [button for button, answers in question if not any(answer.kind == "any" for answer in answers)]
        known = len(facets) == 1 and next(iter(facets)) in self.facts.values
        facet = next(iter(facets))
        if known and self.source.random() < self.noise:
            others = [button for button in wrong if button not in true]
            if others:
                return self._presses(self.source.choice(others), facet)
        if true and (not known or self.source.random() < BY_BUTTON or not self._can_say(facet)):
            return self._presses(true[0], facet)
        if known and self._can_say(facet):
            return self._informs([facet, *self._volunteered({facet})])
        nothing = next((b for b, answers in question if any(one.kind == "any" for one in answers)), None)
        if nothing is not None and self.source.random() < BY_BUTTON:
            return self._presses(nothing, facet)
        if len(facets) > 1 and nothing is None:
            # Every way out that is offered gives up something that is needed.
            return self._starts_over()
        name = {"facet": self.speech.facet(facet)} if self.speech.can_name(facet) else {}
        return self._says("dont_know", name, "dont_know")

    def _corrects(self, slate: Mapping[str, Any]) -> Message | None:
        """Set right what the guide holds and is not so."""
        held = [one for one in map(_constraint, slate.get("constraints") or ()) if not self.facts.satisfies(one)]
        if not held:
            return None
        wrong = held[0]
        facet = wrong.facet
        self._corrected[facet] = self._corrected.get(facet, 0) + 1
        if self._corrected[facet] > PATIENCE:
            return self._starts_over()
        if facet not in self.facts.values or not self._can_say(facet):
            name = {"facet": self.speech.facet(facet)} if self.speech.can_name(facet) else {}
            return self._says("dont_care", name, "dont_care", must=tuple(name))
        if wrong.op == "in" and self.facts.index.facets[facet].kind != "number":
            old = self.speech.value(facet, wrong.values[0], self.source)
            values = {"old_value": old, "value": self._value(facet, honest=True)}
            return self._says("correct_value", values, "correct", must=("old_value", "value"))
        return self._informs([facet], honest=True)

    def _criticises(self, slate: Mapping[str, Any]) -> Message | None:
        """Name what sets the products shown most apart from the one that is looked for."""
        items: Sequence[Mapping[str, Any]] = slate.get("items") or ()
        differing = self._differing(items)
        if not differing:
            return None
        facet = differing[0]
        if self.facts.index.facets[facet].kind == "number":
            return self._towards(facet, items)
        more = self._how_many() - 1
        if more or self.source.random() < 0.5 or self.facts.index.facets[facet].kind == "flag":
            return self._informs(differing[: 1 + more])
        own = self.facts.values[facet]
        shown = next((value for value in _shown(items[0], facet) if value not in own), "")
        values = {"value": self._value(facet)}
        if shown:
            values["old_value"] = self.speech.value(facet, shown, self.source)
        return self._says("critique_swap_value", values, "critique", must=("value",))

    def _towards(self, facet: str, items: Sequence[Mapping[str, Any]]) -> Message:
        """Ask for more or less of a number, once each way, or say how much."""
        shown = [item.get("price") if facet == "price" else (item.get("facets") or {}).get(facet) for item in items]
        way = _direction(shown, float(self.facts.values[facet][0]))
        if not way or f"{facet}:{way}" in self.told or self.source.random() < 0.5:
            return self._informs([facet])
        self.told[f"{facet}:{way}"] = way
        if facet == "price":
            return self._says("critique_cheaper" if way == "down" else "critique_dearer", {}, "critique")
        act = "critique_facet_down" if way == "down" else "critique_facet_up"
        return self._says(act, {"facet": self.speech.facet(facet)}, "critique", must=("facet",))

    def _starts_over(self) -> Message:
        self._restart = True
        self._corrected.clear()
        self.told.clear()
        return Message("start over", "start_over")

    def _presses(self, button: Button, facet: str) -> Message:
        self.told[facet] = button.title
        return Message(button.payload, "press", pressed=True)

    def _informs(self, facets: Sequence[str], *, honest: bool = False) -> Message:
        """Say values of one facet or several in one message."""
        if len(facets) == 2 and "price" not in facets:
            values = self._placeholders(facets, honest=honest)
            if len(values) == 2 and self.phrases.has("inform_two_values", values, must=tuple(values)):
                return self._says("inform_two_values", values, "inform", must=tuple(values))
        said = [self._informs_one(facet, honest=honest) for facet in facets]
        return Message(", ".join([*(one.rstrip(".") for one in said[:-1]), said[-1]]), "inform")

    def _informs_one(self, facet: str, *, honest: bool) -> str:
        if facet == "price":
            self.told["price"] = "said"
            act = self.source.choice(("inform_price_max", "inform_price_around"))
            amount = about(self.facts.price, self.source) if act == "inform_price_max" else round(self.facts.price)
            values = {"price": self.speech.money(amount, self.source)}
            return self.phrases.say(act, values, self.source, must=("price",), styles=self._styles)
        word = self._value(facet, honest=honest)
        values = {"value": word, "facet": self.speech.facet(facet)} | ({facet: word} if facet in NAMED else {})
        must = "value" if not (facet in NAMED and self.source.random() < 0.5) else facet
        if not self.phrases.has("inform_value", values, must=(must,)):
            must = "value"
        return self.phrases.say("inform_value", values, self.source, must=(must,), styles=self._styles)

    def _says(self, act: str, values: Mapping[str, str], kind: str, *, must: tuple[str, ...] = ()) -> Message:
        """Put an act into words; whoever was not understood does not say the same words again if there are others."""
        for styles in (self._styles, self._styles, ()):
            text = self.phrases.say(act, values, self.source, must=must, styles=styles)
            if text not in self._sent:
                break
        self._sent.add(text)
        return Message(text, kind)

    # -- what there is to say -----------------------------------------------------------------------------------------

    def _can_say(self, facet: str) -> bool:
        return facet in self.facts.values and self.speech.can_name(facet)

    def _can_open(self, facet: str) -> bool:
        return self.phrases.has("open_need", {"category", facet}, must=("category", facet))

    def _value(self, facet: str, *, honest: bool = False) -> str:
        """Return one of the product's values in words, wrong as often as the noise says, and remember it as told."""
        wrong = None
        if not honest and facet != "category" and self.source.random() < self.noise:
            wrong = self.facts.wrong(facet, self.source)
        value = wrong or self.source.choice(self.facts.values[facet])
        self.told[facet] = value
        return self.speech.value(facet, value, self.source)

    def _placeholders(self, facets: Sequence[str], *, honest: bool = False) -> dict[str, str]:
        values = {}
        for facet in facets:
            if facet == "price":
                self.told["price"] = "said"
                values["price"] = self.speech.money(about(self.facts.price, self.source), self.source)
            elif facet in NAMED:
                values[facet] = self._value(facet, honest=honest)
        return values

    def _how_many(self) -> int:
        return self.source.choices(list(FACETS_IN_A_MESSAGE), list(FACETS_IN_A_MESSAGE.values()))[0]

    def _volunteered(self, besides: set[str]) -> list[str]:
        """Return facets that are told without being asked for, as often as people do."""
        open_facets = [f for f in NAMED if self._can_say(f) and f not in self.told and f not in besides]
        count = min(self._how_many() - 1, len(open_facets))
        return self.source.sample(open_facets, count)

    def _differing(self, items: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the facets not told yet in which products shown differ, those that most of them differ in first."""
        shares = {}
        for facet, own in self.facts.values.items():
            if facet in self.told or not self._can_say(facet) or not items:
                continue
            if facet == "price":
                apart = [item for item in items if not _near(item.get("price"), self.facts.price)]
            else:
                apart = [item for item in items if (seen := _shown(item, facet)) and not {*seen} & {*own}]
            if apart:
                shares[facet] = len(apart) / len(items)
        return sorted(shares, key=lambda facet: (-shares[facet], self.source.random()))


def _direction(shown: Sequence[Any], own: float) -> str:
    """Return whether a number lies below or above all that are shown, empty if it does not."""
    numbers = [float(one) for one in shown if isinstance(one, int | float)]
    if not numbers or math.isnan(own):
        return ""
    return "down" if own < min(numbers) else "up" if own > max(numbers) else ""


def _near(price: Any, own: float) -> bool:
    return isinstance(price, int | float) and abs(price - own) <= 0.2 * own


def _shown(item: Mapping[str, Any], facet: str) -> list[str]:
    """Return the folded values of a facet that an item of a slate shows."""
    held = item.get(facet) if facet in ("brand", "category") else (item.get("facets") or {}).get(facet)
    values = held if isinstance(held, list) else [] if held is None else [held]
    return [f"{one:g}" if isinstance(one, int | float) else str(one).casefold() for one in values]


def _constraint(payload: Mapping[str, Any]) -> Constraint:
    if payload["op"] in ("in", "not in"):
        return Constraint(payload["facet"], payload["op"], tuple(payload["values"]))
    return Constraint(payload["facet"], payload["op"], value=float(payload["value"]))
