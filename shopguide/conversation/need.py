"""A need: what a shopper has asked for so far, and its two other shapes, slots and constraints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from lexicon.facets import SLOT_OF_FACET
from shopguide.catalogue.constraints import Constraint

NEED_SLOTS = (
    *SLOT_OF_FACET.values(),
    "price_min",
    "price_max",
    "min_rating",
    "other_facets",
    "excluded",
    "need_text",
    "asked_facets",
    "recipient",
    "kept_in_mind",
)
"""Every slot that a need fills."""

WAIVED = "=*"
"""What follows a facet in the slot `asked_facets` when the shopper said that it does not matter."""

CUMULATIVE = frozenset({"feature"})
"""Facets of which a product has several values at once, so that more values ask for more."""

_FACET_OF_SLOT = {slot: facet for facet, slot in SLOT_OF_FACET.items()}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest number that will do, both included, in the facet's unit."""

    low: float | None = None
    high: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether any number will do."""
        return self.low is None and self.high is None


@dataclass(frozen=True, slots=True)
class Need:
    """What must hold for every product shown, and what was asked on the way here.

    Args:
        wanted: facet → values, any of which will do; exact numbers are values too ("24").
        excluded: facet → values, none of which will do.
        bounds: number facet → bounds; `price` in the shop's currency, `rating` among them.
        words: the words of the need that no facet took, for text retrieval.
        asked: facets that were asked about.
        waived: facets that do not matter to the shopper.
        recipient: whom it is for, in the shopper's own word ("dad"); empty: for the shopper.
        kept_in_mind: what the profile brought in, each once ("size=43"): what has left again stays out.
    """

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    words: str = ""
    asked: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    recipient: str = ""
    kept_in_mind: tuple[str, ...] = ()

    @classmethod
    def from_slots(cls, slots: Mapping[str, Any]) -> Self:
        """Read a need from slots; slots that do not belong to a need are ignored, unset ones are empty."""
        wanted = {facet: _texts(slots.get(slot)) for slot, facet in _FACET_OF_SLOT.items()}
        bounds = {
            "price": Bounds(_number(slots.get("price_min")), _number(slots.get("price_max"))),
            "rating": Bounds(low=_number(slots.get("min_rating"))),
        }
        for facet, held in dict(slots.get("other_facets") or {}).items():
            if isinstance(held, Mapping):
                bounds[facet] = Bounds(_number(held.get(">=")), _number(held.get("<=")))
            else:
                wanted[facet] = _texts(held)
        seen = _texts(slots.get("asked_facets"))
        return cls(
            wanted={facet: values for facet, values in wanted.items() if values},
            excluded={
                facet: _texts(values) for facet, values in dict(slots.get("excluded") or {}).items() if _texts(values)
            },
            bounds={facet: held for facet, held in bounds.items() if not held.is_open},
            words=str(slots.get("need_text") or ""),
            asked=tuple(entry for entry in seen if not entry.endswith(WAIVED)),
            waived=tuple(entry.removesuffix(WAIVED) for entry in seen if entry.endswith(WAIVED)),
            recipient=str(slots.get("recipient") or ""),
            kept_in_mind=_texts(slots.get("kept_in_mind")),
        )

    def slots(self) -> dict[str, Any]:
        """Return the value of every slot in `NEED_SLOTS`; what is empty is `None`."""
        other: dict[str, Any] = {
            facet: list(values) for facet, values in self.wanted.items() if facet not in SLOT_OF_FACET
        }
        for facet, held in self.bounds.items():
            if facet not in ("price", "rating"):
                other[facet] = {op: bound for op, bound in ((">=", held.low), ("<=", held.high)) if bound is not None}
        price, rating = self.bound("price"), self.bound("rating")
        return {
            **{slot: list(self.wanted.get(facet, ())) or None for facet, slot in SLOT_OF_FACET.items()},
            "price_min": price.low,
            "price_max": price.high,
            "min_rating": rating.low,
            "other_facets": other or None,
            "excluded": {facet: list(values) for facet, values in self.excluded.items()} or None,
            "need_text": self.words or None,
            "asked_facets": [*(facet + WAIVED for facet in self.waived), *self.asked] or None,
            "recipient": self.recipient or None,
            "kept_in_mind": list(self.kept_in_mind) or None,
        }

    def bound(self, facet: str) -> Bounds:
        """Return the bounds of a number facet; open if nothing was said."""
        return self.bounds.get(facet, Bounds())

    @property
    def facets(self) -> tuple[str, ...]:
        """The facets that something positive is known of, `category` first."""
        known = [*self.wanted, *(facet for facet in self.bounds if facet not in self.wanted)]
        return tuple(sorted(known, key=lambda facet: facet != "category"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is asked for."""
        return not (self.wanted or self.excluded or self.bounds or self.words)

    def constraints(self) -> tuple[Constraint, ...]:
        """Return the need as constraints; the words of the need are none."""
        held: list[Constraint] = []
        for facet, values in self.wanted.items():
            # One colour of several will do; of several features a product must have every one.
            groups = [(value,) for value in values] if facet in CUMULATIVE else [values]
            held += [Constraint(facet, "in", group) for group in groups]
        held += [Constraint(facet, "not in", values) for facet, values in self.excluded.items()]
        for facet, bounds in self.bounds.items():
            if bounds.low is not None:
                held.append(Constraint(facet, ">=", value=bounds.low))
            if bounds.high is not None:
                held.append(Constraint(facet, "<=", value=bounds.high))
        return tuple(held)

    def want(self, facet: str, values: Iterable[str]) -> "Need":
        """Return the need with these values, and only these, wanted of a facet; none forgets the facet."""
        return replace(self, wanted=_put(self.wanted, facet, tuple(dict.fromkeys(values))))

    def exclude(self, facet: str, values: Iterable[str]) -> "Need":
        """Return the need with these values, and only these, excluded of a facet; none lifts the exclusion."""
        return replace(self, excluded=_put(self.excluded, facet, tuple(dict.fromkeys(values))))

    def within(self, facet: str, bounds: Bounds) -> "Need":
        """Return the need with other bounds on a number facet."""
        return replace(self, bounds=_put(self.bounds, facet, None if bounds.is_open else bounds))

    def without(self, facet: str) -> "Need":
        """Return the need without what was wanted of a facet; exclusions stay."""
        return self.want(facet, ()).within(facet, Bounds())

    def saying(self, words: Iterable[str]) -> "Need":
        """Return the need with more words to look for."""
        return replace(self, words=" ".join(dict.fromkeys([*self.words.split(), *words])))

    def ask(self, facet: str) -> "Need":
        """Return the need with a question about `facet` counted."""
        return replace(self, asked=(*self.asked, facet))

    def waive(self, facet: str) -> "Need":
        """Return the need with `facet` marked as one that does not matter."""
        return self if facet in self.waived else replace(self, waived=(*self.waived, facet))


def _put(mapping: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    rest = {name: held for name, held in mapping.items() if name != key}
    if value:
        # A facet that changes keeps its place, so that the need reads in the order in which it was said.
        return {**mapping, key: value}
    return rest


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(str(entry) for entry in value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
