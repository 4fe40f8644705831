"""From evidence to a taste.

For one facet value, after the latest removal (which takes back everything before it):

- A piece of evidence weighs `a = strength · TRUST[source] · 0.5^(age / HALF_LIFE[source])`.
- *Said* (slot, correction, critique, import): the latest polarity wins outright, and the pieces of that polarity since
  the last contradiction add up as in a noisy-or: `S = ±(1 − Π(1 − a))`.
- *Shown* (like, dislike, purchase, click): liking and disliking weigh against each other, `D = P − N`, each a noisy-or.
- `weight = S + (1 − |S|) · D`, always between -1 and 1: what was said rules for as long as it is fresh, and what was
  shown takes over as it fades.

A bound ("<=80") is overruled by a later bound of the same facet and operator. Weights under `NEGLIGIBLE` are left out.

The noisy-or is Pearl's (Probabilistic Reasoning in Intelligent Systems, 1988, section 4.3.2).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import prod

from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence, TasteProfile

TRUST: Mapping[str, float] = {
    "correction": 0.9,
    "import": 0.8,
    "slot": 0.6,  # a need of today, perhaps for somebody else
    "critique": 0.4,
    "like": 0.5,  # of a product with many values: any one of them may not be the reason
    "dislike": 0.4,
    "cart": 0.4,
    "purchase": 0.5,
    "search": 0.2,
    "fact": 1.0,
    "click": 0.1,
}
"""How much one fresh piece of evidence says."""

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
    "fact": 3650,
    "click": 14,
}
"""Days after which it says half as much."""

SAID = frozenset({"slot", "correction", "critique", "import"})
NEGLIGIBLE = 0.01

_SECONDS_A_DAY = 86_400.0
_BOUNDS = ("<=", ">=")


def derive_taste(shopper_id: ShopperId, evidence: Iterable[PreferenceEvidence], now: datetime) -> TasteProfile:
    """Weigh a shopper's evidence.

    Args:
        shopper_id: the shopper, copied into the result.
        evidence: in any order; of pieces at the same time the later in the sequence counts as later.
        now: when the taste is asked for; evidence from the future counts as fresh.
    """
    standing = _standing(sorted(evidence, key=lambda piece: piece.at))
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    for (facet, value), pieces in standing.items():
        weight = _weight(pieces, now)
        if abs(weight) >= NEGLIGIBLE:
            weights[facet][value] = weight
    return TasteProfile(shopper_id, dict(weights))


def _standing(ordered: Iterable[PreferenceEvidence]) -> dict[tuple[str, str], list[PreferenceEvidence]]:
    """Group evidence by facet value, without what was taken back or overruled."""
    standing: dict[tuple[str, str], list[PreferenceEvidence]] = defaultdict(list)
    for piece in ordered:
        key = (piece.facet, piece.value)
        if piece.polarity == 0 or piece.source == "removal":
            standing.pop(key, None)
            continue
        operator = piece.value[:2]
        if operator in _BOUNDS:
            for other in [(f, v) for f, v in standing if f == piece.facet and v[:2] == operator and v != piece.value]:
                del standing[other]
        standing[key].append(piece)
    return standing


def _weight(pieces: Sequence[PreferenceEvidence], now: datetime) -> float:
    said = [piece for piece in pieces if piece.source in SAID]
    shown = [piece for piece in pieces if piece.source not in SAID]
    stated = 0.0
    if said:
        polarity = said[-1].polarity
        contradicted = max((i for i, piece in enumerate(said) if piece.polarity != polarity), default=-1)
        stated = polarity * _noisy_or(said[contradicted + 1 :], now)
    inferred = _noisy_or([p for p in shown if p.polarity > 0], now) - _noisy_or(
        [p for p in shown if p.polarity < 0], now
    )
    return stated + (1 - abs(stated)) * inferred


def _noisy_or(pieces: Iterable[PreferenceEvidence], now: datetime) -> float:
    return 1.0 - prod(1.0 - _force(piece, now) for piece in pieces)


def _force(piece: PreferenceEvidence, now: datetime) -> float:
    days = max(0.0, (now - piece.at).total_seconds() / _SECONDS_A_DAY)
    decay: float = 0.5 ** (days / HALF_LIFE[piece.source])
    return piece.strength * TRUST[piece.source] * decay
