"""From a message to a need: fills, replacements, exclusions, removals and the questions they answer."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lexicon.facets import CORE_FACETS
from lexicon.text import normalise
from lexicon.units import convert, measures
from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.answers import Answer
from shopguide.conversation.categories import in_line, siblings, specific
from shopguide.conversation.need import CUMULATIVE, Bounds, Need
from shopguide.conversation.returning import going_back
from shopguide.conversation.turn import Mention, Turn
from shopguide.conversation.words import content_words, is_model, lone_number
from shopguide.ids import Sku

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

AROUND = 0.2
"""How far from an "about 50" a number may lie, as a share of it."""

MOST_CORRECTED = 5
"""A lone number this many times a bound, or less than this part of it, is said of something else."""

KEPT_AMONG_SIBLINGS = ("audience", "colour", "brand")
"""What a shopper who moves from loafers to running shoes still wants, and the price; sizes and features differ."""

KEPT_ELSEWHERE = ("audience",)
"""What a shopper who moves from shoes to umbrellas still wants: the person stays the same."""

_WAIVER_BEFORE = re.compile(
    r"\b(any|whatever|whichever|forget|drop|never ?mind|no matter|regardless of|skip|ignore|remove|lose|scrap|clear|"
    r"(don't|dont|do not) (care|mind)( about)?|no (particular|specific|preference)( on| for| about)?)"
    r"( which| what)?( the| a| of)*\s*$"
)
_WAIVER_AFTER = re.compile(
    r"^('s| is| are)?\s*(really )?(doesn't|doesnt|does not|don't|dont|do not|not|isn't|isnt|no longer|whatever|open|"
    r"irrelevant|up to you|no matter|unimportant)\b"
)
_ADDS = re.compile(r"^or\b|\b(also|too|as well|plus|add|include|including)\b")
_INSTEAD = re.compile(r"\b(make|rather|instead|meant?)\b")
_ONLY = re.compile(r"\b(only|just|must be|has to be)\b")
_AGAIN = re.compile(r"\b(again|still|even|further|not enough|more so|too)\b")
_SOFT = re.compile(r"\b(if possible|ideally|preferably|if you (have|can)|would be nice|if there (is|are))\b")


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a turn makes of a need.

    Args:
        need: the need after the turn.
        said: facets that the turn says something positive or negative about.
        critiques: facet → `up` or `down`, to be measured against what was shown.
        ordinals: places on the slate that the turn points at, from 1, or from -1 backwards.
        resembling: the product that the turn wants something like, where it gives no place for it.
        soft: facets whose new values were wished for rather than demanded ("if possible").
        switched: whether the shopper moved to another kind of product.
    """

    need: Need
    said: frozenset[str] = frozenset()
    critiques: Mapping[str, str] = field(default_factory=dict)
    ordinals: tuple[int, ...] = ()
    resembling: Sku | None = None
    soft: frozenset[str] = frozenset()
    switched: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether the turn told nothing that a need, a critique or a reference could be made of."""
        return not (self.said or self.critiques or self.points)

    @property
    def points(self) -> bool:
        """Whether the turn points at a product."""
        return bool(self.ordinals) or self.resembling is not None


def understand(need: Need, turn: Turn, index: "CatalogueIndex") -> Understanding:
    """Apply a turn to a need.

    Values of a facet replace those of earlier turns, except where the message adds ("black is fine too") or the
    facet is one of which a product has several at once (`feature`). A value both wanted before and excluded now
    leaves; it is remembered as excluded unless the same message puts another in its place. An excluded value that is
    named again is allowed again.
    """
    reading = _Reading(need, turn, index)
    reading.answers()
    reading.values()
    reading.numbers()
    reading.facet_names()
    reading.open_question()
    reading.words()
    return Understanding(
        need=reading.need,
        said=frozenset(reading.said),
        critiques=reading.critiques(),
        ordinals=ordinals(turn.mentions),
        soft=reading.soft(),
        switched=reading.switched,
    )


def insists(turn: Turn) -> bool:
    """Whether a message that names no direction asks for more of the last one ("still too much")."""
    return _AGAIN.search(normalise(turn.text)) is not None


def ordinals(mentions: Iterable[Mention]) -> tuple[int, ...]:
    """Return the places on the slate that a message points at, in the order of the message."""
    places: list[int] = []
    for mention in mentions:
        if mention.entity == "ordinal":
            held = mention.value if isinstance(mention.value, list) else [mention.value]
            places += [int(place) for place in held if str(place).lstrip("-").isdecimal()]
    return tuple(dict.fromkeys(places))


class _Reading:
    """One turn being applied; each step leaves `need` and `said` further on."""

    def __init__(self, need: Need, turn: Turn, index: "CatalogueIndex") -> None:
        self.before = need
        self.need = need
        self.turn = turn
        self.index = index
        self.text = normalise(turn.text)
        self.said: set[str] = set()
        self.switched = False

    # -- text values ------------------------------------------------------------------------------------------------

    def answers(self) -> None:
        """Take the buttons: they say exactly what they mean, so they always replace."""
        texts = [str(mention.value) for mention in self.turn.mentions if mention.entity == "answer"]
        for answer in (answer for text in texts for answer in Answer.parse_all(text)):
            if answer.facet not in self.index.facets:
                continue
            self.said.add(answer.facet)
            match answer.kind:
                case "want":
                    if answer.facet == "category":
                        self._move_to([answer.value])
                    self.need = self.need.within(answer.facet, Bounds()).want(answer.facet, [answer.value])
                case "exclude":
                    self._merge(answer.facet, [], [answer.value])
                case "bounds":
                    self.need = self.need.want(answer.facet, ()).within(answer.facet, answer.bounds)
                case "any":
                    # Of "shoes", asked what kind, only the kind does not matter.
                    if answer.facet != self.turn.open_question:
                        self.need = self.need.without(answer.facet).exclude(answer.facet, ())
                    self.need = self.need.waive(answer.facet)

    def values(self) -> None:
        """Take the facet values of the message, facet by facet."""
        wanted: dict[str, list[str]] = defaultdict(list)
        unwanted: dict[str, list[str]] = defaultdict(list)
        for mention in self.turn.mentions:
            facet = mention.facet if mention.entity == "facet_value" else mention.entity
            if facet is None or not (mention.entity in CORE_FACETS or mention.entity == "facet_value"):
                continue
            facet, value = self._as_listed(facet, normalise(str(mention.value)))
            (unwanted if mention.excluded else wanted)[facet].append(value)
        if wanted.get("category"):
            wanted["category"] = specific(self.index, wanted["category"])
            self._move_to(wanted["category"])
        for facet in dict.fromkeys([*wanted, *unwanted]):
            self.said.add(facet)
            self._merge(facet, wanted.get(facet, []), unwanted.get(facet, []))

    def _as_listed(self, facet: str, value: str) -> tuple[str, str]:
        """Return a feature as the catalogue lists it: many feeds have a yes-or-no column for what people call one."""
        flag = value.replace("-", " ").replace(" ", "_")
        is_flag = flag in self.index.facets and self.index.facets[flag].kind == "flag"
        return (flag, "yes") if facet == "feature" and is_flag else (facet, value)

    def _move_to(self, categories: list[str]) -> None:
        """Leave behind what belonged to the old kind of product, if this is another one."""
        old = self.need.wanted.get("category", ())
        pairs = [(new, held) for new in categories for held in old]
        if not pairs or any(in_line(self.index, new, held) for new, held in pairs):
            return
        self.switched = True
        near = any(siblings(self.index, new, held) for new, held in pairs)
        kept = KEPT_AMONG_SIBLINGS if near else KEPT_ELSEWHERE
        self.need = Need(
            wanted={facet: self.need.wanted[facet] for facet in kept if facet in self.need.wanted},
            # Who cannot stand a brand or a colour cannot stand it anywhere.
            excluded={facet: values for facet, values in self.need.excluded.items() if facet in ("brand", "colour")},
            bounds={"price": self.need.bound("price")} if near and "price" in self.need.bounds else {},
            recipient=self.need.recipient,
        )

    def _merge(self, facet: str, wanted: list[str], unwanted: list[str]) -> None:
        held, barred = self.need.wanted.get(facet, ()), self.need.excluded.get(facet, ())
        if self.turn.intent == "remove_preference" and not (set(unwanted) - set(held)):
            # "drop the blue", "no need for leather": what was wanted goes, nothing is excluded for it.
            gone = {value for value in (*wanted, *unwanted) if value in held}
            if gone:
                self.need = self.need.want(facet, [value for value in held if value not in gone])
                return
        allowed = [value for value in wanted if value in barred]
        self.need = self.need.exclude(facet, [value for value in barred if value not in allowed])
        if allowed and self.turn.intent != "search_products" and not _ONLY.search(self.text) and not held:
            wanted = [value for value in wanted if value not in allowed]
        kept = [value for value in held if value not in unwanted]
        if wanted:
            adds = bool(allowed) or facet in CUMULATIVE or (bool(_ADDS.search(self.text)) and facet != "category")
            self.need = self.need.want(facet, [*kept, *wanted] if adds else wanted)
        elif unwanted:
            self.need = self.need.want(facet, kept)
        # A contrast ("not white, black") is settled by the new value; only a bare "not white" is worth remembering.
        barring = [value for value in unwanted if not (wanted and value in held)]
        if barring:
            self.need = self.need.exclude(facet, [*self.need.excluded.get(facet, ()), *barring])

    # -- numbers ----------------------------------------------------------------------------------------------------

    def numbers(self) -> None:
        """Take prices, quantities and ratings."""
        found: dict[str, list[Mention]] = defaultdict(list)
        for mention in self.turn.mentions:
            facet = self._number_facet(mention)
            if facet is not None and isinstance(mention.value, int | float):
                found[facet].append(mention)
        for facet, mentions in found.items():
            self.said.add(facet)
            self._bound(facet, mentions)
        number = lone_number(self.turn)
        if number is not None and self.turn.intent in ("inform_preference", "critique_slate"):
            self._alone(number)

    def _alone(self, number: int) -> None:
        """Take a number that says of nothing what it is: a size of the kind wanted, a price, or the one bound anew."""
        wanted = self.need.wanted.get("category", ())
        bounded = [facet for facet, held in self.need.bounds.items() if held.low is None or held.high is None]
        corrects = len(bounded) == 1 and len(self.need.bounds) == 1
        if not (corrects and _INSTEAD.search(self.text)) and wanted:
            kinds = Constraint("category", "in", wanted)
            if len(self.index.matching([kinds, Constraint("size", "in", (str(number),))], in_stock_only=False)):
                self.said.add("size")
                self.need = self.need.want("size", [str(number)])
                return
        if wanted and not self.need.bounds and self._is_a_price(number):
            self.said.add("price")
            self.need = self.need.within("price", Bounds(high=number))
        if corrects and number:
            [facet] = bounded
            held = self.need.bound(facet)
            low = held.low is not None
            before = (held.low if low else held.high) or 0
            if not before / MOST_CORRECTED <= number <= before * MOST_CORRECTED:
                return
            self.said.add(facet)
            self.need = self.need.within(facet, Bounds(low=number) if low else Bounds(high=number))

    def _is_a_price(self, number: int) -> bool:
        """Whether some of the kind wanted cost less than a number, and some more."""
        rows = self.index.matching([Constraint("category", "in", self.need.wanted["category"])])
        prices = self.index.numeric("price")[rows]
        return bool((prices < number).any() and (prices > number).any())

    def _number_facet(self, mention: Mention) -> str | None:
        if mention.entity == "price":
            return "price"
        if mention.entity == "rating":
            return "rating"
        if mention.entity != "quantity":
            return None
        if mention.facet is not None:
            return mention.facet if mention.facet in self.index.facets else None
        asked = self.turn.open_question
        if mention.unit is not None:
            # Of several facets with this unit, the one that was asked about or else the one most products have.
            measured = measures(mention.unit)
            having = [name for name, info in self.index.facets.items() if info.unit and measures(info.unit) == measured]
            return asked if asked in having else max(having, key=lambda f: self.index.facets[f].coverage, default=None)
        kind = self.index.facets[asked].kind if asked is not None and asked in self.index.facets else None
        return asked if kind == "number" else None

    def _bound(self, facet: str, mentions: list[Mention]) -> None:
        low = high = None
        exact: list[str] = []
        for mention in mentions:
            number = self._in_facet_unit(facet, mention)
            role = mention.role or {"price": "max", "rating": "min"}.get(facet)
            if role == "min":
                low = number
            elif role == "max":
                high = number
            elif role == "around":
                low, high = round(number * (1 - AROUND), 2), round(number * (1 + AROUND), 2)
            else:
                exact.append(f"{number:g}")
        if exact:
            self.need = self.need.within(facet, Bounds()).want(facet, exact)
            return
        held = self.need.bound(facet)
        if low is None and held.low is not None and (high is None or held.low <= high):
            low = held.low
        elif high is None and held.high is not None and (low is None or low <= held.high):
            high = held.high
        if low is not None and high is not None and low > high:
            low, high = high, low
        self.need = self.need.want(facet, ()).within(facet, Bounds(low, high))

    def _in_facet_unit(self, facet: str, mention: Mention) -> float:
        """Return the number in the catalogue's unit: "2 TB" is 2000 where storage is listed in GB."""
        number = float(mention.value)  # type: ignore[arg-type]
        unit = self.index.facets[facet].unit if facet in self.index.facets else None
        converted = convert(number, mention.unit, unit) if mention.unit and unit else None
        return number if converted is None else converted

    # -- what does not matter ---------------------------------------------------------------------------------------

    def facet_names(self) -> None:
        """Take "any colour", "forget the brand": the facet no longer matters."""
        for mention in self.turn.mentions:
            facet = str(mention.value)
            if mention.entity != "facet_name" or facet in self.said or facet not in self.index.facets:
                continue
            dismissive = self.turn.intent in ("no_preference", "remove_preference")
            if dismissive or self._waives(mention):
                self.said.add(facet)
                self._waive(facet)

    def _waives(self, mention: Mention) -> bool:
        before, after = self.turn.text[: mention.start], self.turn.text[mention.end :]
        return bool(_WAIVER_BEFORE.search(normalise(before) + " ") or _WAIVER_AFTER.search(" " + normalise(after)))

    def _waive(self, facet: str) -> None:
        known = facet in self.need.wanted or facet in self.need.bounds
        self.need = (self.need.without(facet) if known else self.need.exclude(facet, ())).waive(facet)

    def open_question(self) -> None:
        """Take a "whatever" or a yes as the answer to the question that is open."""
        asked = self.turn.open_question
        if asked is None or asked in self.said:
            return
        if self.turn.intent == "affirm" and asked in self.index.facets and self.index.facets[asked].kind == "flag":
            self.said.add(asked)
            self.need = self.need.want(asked, ["yes"])
        elif self.turn.intent in ("no_preference", "deny") and not self.said:
            self.said.add(asked)
            # What was known before the question stays: of "shoes" only the kind does not matter.
            self.need = self.need.waive(asked)

    # -- the rest ---------------------------------------------------------------------------------------------------

    def words(self) -> None:
        """Keep the words that no entity took. An aside beside an answer is no need, a model number always is."""
        found = content_words(self.turn.text, self.turn.mentions)
        if self.turn.intent != "search_products" and self.said:
            found = tuple(word for word in found if is_model(word))
        elif self.turn.intent not in ("search_products", "inform_preference") or going_back(self.turn) is not None:
            found = ()
        if found:
            self.said.add("text")
            self.need = replace(self.need, words=" ".join(found))

    def soft(self) -> frozenset[str]:
        """Return the facet that an "if possible" is said of: the one named next to it, in the same clause if it can."""
        hedge = _SOFT.search(self.turn.text.casefold())
        named = [(m.start, m.end, m.facet or m.entity) for m in self.turn.mentions if m.entity != "category"]
        named = [entry for entry in named if entry[2] in self.said]
        if hedge is None or not named:
            return frozenset()

        def distance(entry: tuple[int, int, str]) -> int:
            start, end, _ = entry
            between = (
                self.turn.text[end : hedge.start()] if end <= hedge.start() else self.turn.text[hedge.end() : start]
            )
            return len(between) + 100 * sum(between.count(mark) for mark in ",;.")

        return frozenset({min(named, key=distance)[2]})

    def critiques(self) -> dict[str, str]:
        """Return the critiques whose facet the message does not bound itself."""
        found: dict[str, str] = {}
        for mention in self.turn.mentions:
            if mention.entity == "critique":
                facet, _, direction = str(mention.value).partition(":")
                if direction in ("up", "down") and facet not in self.said:
                    found[facet] = direction
        return found
