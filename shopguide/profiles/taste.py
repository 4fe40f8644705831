"""From evidence to a taste.

For one facet value, after the latest removal (which takes back everything before it):

- A piece of evidence weighs `a(t) = strength · trust[source] · 0.5^(age / half-life[source])`.
- *Said* (slot, correction, critique, import): the latest polarity wins outright, and the pieces of that polarity since
  the last contradiction add up as in a noisy-or: `S = ±(1 − Π(1 − a))`.
- *Shown* (like, dislike, purchase, cart, search, click): for and against weigh against each other, `D = P − N`, each
  a noisy-or. Where D contradicts S, it counts by how far the last thing said has faded,
  `D · (1 − 0.5^(age / half-life))`.
- At the time T of the latest piece, `w(T) = S + (1 − |S|) · D`, always between -1 and 1: what was said rules while it
  is fresh, and what is shown takes over as it fades.
- Later, `w(t) = w(T) · A(t) / A(T)`, where A is the noisy-or of the pieces on the winning side. With nothing new a
  taste only fades; it never grows, nor turns into its contrary because one side fades sooner than the other.

A bound ("<=80") is overruled by a later bound of the same facet, operator and kind of product. Bounds and sizes count
for each kind of product by itself; `weights` hold the strongest. Weights under `NEGLIGIBLE` are left out.

The order of arrival does not matter: pieces are put in the order of their times, those of one moment by their content,
a removal first. Pieces that are equal in everything are one piece that came twice. Facts (`facts.py`) are no taste.

The noisy-or is Pearl's (Probabilistic Reasoning in Intelligent Systems, 1988, section 4.3.2).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import prod

from shopguide.errors import SettingsError
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import (
    SAID,
    Opinion,
    Overruled,
    PreferenceEvidence,
    Source,
    TasteProfile,
    is_bound,
    is_size,
)

TRUST: Mapping[str, float] = {
    "correction": 0.9,
    "import": 0.8,
    "slot": 0.6,  # a need of today
    "critique": 0.4,
    "like": 0.5,  # of a product with many values: any one of them may not be the reason
    "dislike": 0.4,
    "cart": 0.4,
    "purchase": 0.5,
    "search": 0.2,
    "click": 0.1,
}
"""How much one fresh piece of evidence says, by its source, unless the settings say otherwise."""

HALF_LIFE: Mapping[str, float] = {
    "correction": 120,
    "import": 365,
    "slot": 60,
    "critique": 30,
    "like": 120,
    "dislike": 120,
    "cart": 90,
    "purchase": 180,
    "search": 14,
    "click": 14,
}
"""Days after which it says half as much, unless the settings say otherwise."""

NEGLIGIBLE = 0.01

_SECONDS_A_DAY = 86_400.0
_Key = tuple[str, str, str | None]
"""Facet, value, and of bounds and sizes the kind of product."""


@dataclass(frozen=True)
class TasteRules:
    """How much evidence says, and for how long.

    Args:
        trust: source → what one fresh piece says, between 0 and 1.
        half_life: source → days after which it says half as much.
    """

    trust: Mapping[str, float] = field(default_factory=lambda: TRUST)
    half_life: Mapping[str, float] = field(default_factory=lambda: HALF_LIFE)

    @classmethod
    def from_settings(cls, trust: Mapping[str, float], half_life: Mapping[str, float]) -> "TasteRules":
        """Return the defaults with what a shop sets otherwise.

        Raises:
            SettingsError: a source that there is not, a trust outside 0 to 1, or a half-life that is not above 0.
        """
        for name, given, most in (("TRUST", trust, 1.0), ("HALF_LIFE_DAYS", half_life, float("inf"))):
            for source, value in given.items():
                if source not in TRUST:
                    raise SettingsError(f"SHOPGUIDE_TASTE_{name}: no source {source!r}; there are {', '.join(TRUST)}")
                if not (0.0 < value <= most or (value == 0.0 and name == "TRUST")):
                    raise SettingsError(f"SHOPGUIDE_TASTE_{name}: {value:g} of {source!r} is out of range")
        return cls({**TRUST, **trust}, {**HALF_LIFE, **half_life})

    def force(self, piece: PreferenceEvidence, at: datetime) -> float:
        """Return what a piece says at a time; one from the future is fresh."""
        return piece.strength * self.trust[piece.source] * self.share_left(piece, at)

    def share_left(self, piece: PreferenceEvidence, at: datetime) -> float:
        """Return the share of a piece's force that has not faded yet, between 0 and 1."""
        days = max(0.0, (at - piece.at).total_seconds() / _SECONDS_A_DAY)
        left: float = 0.5 ** (days / self.half_life[piece.source])
        return left


DEFAULT_RULES = TasteRules()


def derive_taste(
    shopper_id: ShopperId,
    evidence: Iterable[PreferenceEvidence],
    now: datetime,
    *,
    recipient: str = "",
    rules: TasteRules = DEFAULT_RULES,
) -> TasteProfile:
    """Weigh a shopper's evidence.

    Args:
        shopper_id: the shopper, copied into the result.
        evidence: in any order, twice or once.
        now: when the taste is asked for; evidence from the future counts as fresh.
        recipient: whose taste: the shopper's own, or that of somebody they shop for; nobody else's evidence counts.
        rules: how much evidence says.
    """
    own = {piece for piece in evidence if piece.recipient == recipient and piece.source != "fact"}
    opinions = [
        opinion
        for key, standing in _standing(sorted(own, key=_order)).items()
        if (opinion := _opinion(key, standing, now, rules)) is not None
    ]
    opinions.sort(key=lambda held: (-abs(held.weight), held.facet, held.value, held.category or ""))
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    for held in opinions:
        weights[held.facet].setdefault(held.value, held.weight)
    return TasteProfile(shopper_id, dict(weights), tuple(opinions))


@dataclass
class _Standing:
    """The pieces of one facet value that nothing took back, oldest first, and the earlier bounds that it overrules."""

    pieces: list[PreferenceEvidence] = field(default_factory=list)
    overruled: list[PreferenceEvidence] = field(default_factory=list)


def _order(piece: PreferenceEvidence) -> tuple[datetime, int, str, str, str, float, str, str, str, str]:
    """Put pieces in the order of their times; of one moment a removal goes first and a rejection last, so it stands."""
    kind = 0 if _takes_back(piece) else 1 if piece.polarity > 0 else 2
    return (
        piece.at,
        kind,
        piece.facet,
        piece.value,
        piece.source,
        piece.strength,
        piece.slot or "",
        piece.conversation_id or "",
        piece.category or "",
        piece.event_id or "",
    )


def _takes_back(piece: PreferenceEvidence) -> bool:
    return piece.polarity == 0 or piece.source == "removal"


def _key(piece: PreferenceEvidence) -> _Key:
    scoped = is_bound(piece.value) or is_size(piece.facet)
    return piece.facet, piece.value, piece.category if scoped else None


def _standing(ordered: Iterable[PreferenceEvidence]) -> dict[_Key, _Standing]:
    """Group evidence by facet value (and kind of product), without what was taken back or overruled."""
    standing: dict[tuple[str, str], dict[str | None, _Standing]] = defaultdict(dict)
    # The bound that stands for a facet, an operator and a kind of product.
    bounds: dict[tuple[str, str, str | None], str] = {}
    for piece in ordered:
        facet, value, kind = _key(piece)
        kinds = standing[facet, value]
        if _takes_back(piece):
            # Of no kind in particular: of every kind.
            for other in [kind, None] if kind is not None else list(kinds):
                kinds.pop(other, None)
            continue
        held = kinds.setdefault(kind, _Standing())
        held.pieces.append(piece)
        if is_bound(value):
            before = bounds.get((facet, value[:2], kind), value)
            bounds[facet, value[:2], kind] = value
            if before != value and (gone := standing[facet, before].pop(kind, None)) is not None:
                held.overruled += [*gone.overruled, *gone.pieces]
    return {(facet, value, kind): held for (facet, value), kinds in standing.items() for kind, held in kinds.items()}


def _opinion(key: _Key, standing: _Standing, now: datetime, rules: TasteRules) -> Opinion | None:
    pieces = standing.pieces
    then = min(pieces[-1].at, now)
    said = [piece for piece in pieces if piece.source in SAID]
    # What was said before its contrary was said is over.
    contradicted = max((i for i, piece in enumerate(said) if piece.polarity != said[-1].polarity), default=-1)
    counting = [*said[contradicted + 1 :], *(piece for piece in pieces if piece.source not in SAID)]
    weight = _weight(counting, then, rules)
    winning = [piece for piece in counting if piece.polarity * weight > 0]
    if now > then and weight:
        weight *= _noisy_or(winning, now, rules) / _noisy_or(winning, then, rules)
    if abs(weight) < NEGLIGIBLE:
        return None
    losing = [piece for piece in pieces if piece.polarity * weight < 0]
    return Opinion(
        facet=key[0],
        value=key[1],
        weight=weight,
        since=min(piece.at for piece in winning),
        latest=max(piece.at for piece in winning),
        sources=_sources(winning),
        category=key[2],
        overruled=_overruled([*standing.overruled, *losing]),
    )


def _weight(pieces: Sequence[PreferenceEvidence], at: datetime, rules: TasteRules) -> float:
    """Return the weight at the time of the latest piece; what was said is of one polarity."""
    said = [piece for piece in pieces if piece.source in SAID]
    shown = [piece for piece in pieces if piece.source not in SAID]
    inferred = _noisy_or([p for p in shown if p.polarity > 0], at, rules) - _noisy_or(
        [p for p in shown if p.polarity < 0], at, rules
    )
    if not said:
        return inferred
    stated = said[-1].polarity * _noisy_or(said, at, rules)
    if inferred * stated < 0:
        inferred *= 1.0 - rules.share_left(said[-1], at)
    return stated + (1.0 - abs(stated)) * inferred


def _noisy_or(pieces: Iterable[PreferenceEvidence], at: datetime, rules: TasteRules) -> float:
    return 1.0 - prod(1.0 - rules.force(piece, at) for piece in pieces)


def _overruled(pieces: Iterable[PreferenceEvidence]) -> tuple[Overruled, ...]:
    groups: dict[tuple[str, int], list[PreferenceEvidence]] = defaultdict(list)
    for piece in pieces:
        groups[piece.value, piece.polarity].append(piece)
    found = [
        Overruled(value, polarity, max(piece.at for piece in group), _sources(group))
        for (value, polarity), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.latest.timestamp(), one.value, one.polarity)))


def _sources(pieces: Iterable[PreferenceEvidence]) -> dict[Source, int]:
    counted: Counter[Source] = Counter(piece.source for piece in pieces)
    return dict(sorted(counted.items()))
