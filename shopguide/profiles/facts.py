"""Facts about a person, apart from their moods: sizes they take, what they cannot wear. A fact does not fade.

Facts come from evidence with the source `fact` alone. It is taken back by a later piece without polarity that names it:
another fact, or a removal without a slot ("forget that I take 43"). A removal from a slot speaks of what is looked for
today and leaves the fact alone: whoever looks at 42 once still takes 43.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shopguide.profiles.preferences import PreferenceEvidence, is_size


@dataclass(frozen=True, slots=True)
class Fact:
    """What holds of a person for good, until they say otherwise.

    Args:
        facet: the facet.
        value: the folded value.
        polarity: 1 for what they take or are, -1 for what is impossible for them.
        category: the kind of product that it is about; `None`: whatever they look for.
        since: when it was said first.
        latest: when it was said last.
        times: how often it was said.
    """

    facet: str
    value: str
    polarity: Literal[-1, 1]
    category: str | None
    since: datetime
    latest: datetime
    times: int = 1


def derive_facts(evidence: Iterable[PreferenceEvidence], *, recipient: str = "") -> tuple[Fact, ...]:
    """Return the facts that stand, the latest first.

    The contrary of a fact takes its place. Another size takes the place of an earlier one for the same kind of product;
    two that were said at once stand beside each other ("42 or 43"). The order of arrival does not matter.

    Args:
        evidence: in any order, twice or once.
        recipient: whose facts: the shopper's own, or those of somebody they shop for.
    """
    own = {piece for piece in evidence if piece.recipient == recipient and _tells(piece)}
    standing: dict[tuple[str, str | None, str], list[PreferenceEvidence]] = defaultdict(list)
    for piece in sorted(own, key=_order):
        key = piece.facet, piece.category, piece.value
        if piece.polarity == 0:
            # Of no kind in particular: of every kind.
            kinds = {piece.category, None} if piece.category else {k[1] for k in standing}
            for kind in kinds:
                standing.pop((piece.facet, kind, piece.value), None)
            continue
        if is_size(piece.facet) and piece.polarity > 0:
            for other in [k for k, held in standing.items() if k[:2] == key[:2] and held[-1].at < piece.at]:
                if other != key and standing[other][-1].polarity > 0:
                    del standing[other]
        if standing[key] and standing[key][-1].polarity != piece.polarity:
            standing[key].clear()
        standing[key].append(piece)
    facts = [
        Fact(facet, value, 1 if held[-1].polarity > 0 else -1, category, held[0].at, held[-1].at, len(held))
        for (facet, category, value), held in standing.items()
    ]
    return tuple(
        sorted(facts, key=lambda fact: (-fact.latest.timestamp(), fact.facet, fact.value, fact.category or ""))
    )


def _tells(piece: PreferenceEvidence) -> bool:
    return piece.source == "fact" or (piece.polarity == 0 and piece.slot is None)


def _order(piece: PreferenceEvidence) -> tuple[datetime, int, str, str, str]:
    """Put pieces in the order of their times; of one moment what takes back goes first, what rules out last."""
    kind = {0: 0, 1: 1, -1: 2}[piece.polarity]
    return piece.at, kind, piece.facet, piece.value, piece.category or ""
