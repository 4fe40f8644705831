"""Facts about a person brought into a need: a size they take, what they cannot wear."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.categories import in_line
from shopguide.conversation.need import Need
from shopguide.profiles.facts import Fact

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

LISTED_FROM = 0.5
"""Share of a kind of product that must list a facet before a fact may narrow it: the others would be hidden unread."""

SAMPLE = 200
"""Products looked at to estimate that share."""


def applicable(facts: Iterable[Fact], need: Need, index: "CatalogueIndex") -> tuple[Fact, ...]:
    """Return the facts that narrow a need down, in their order.

    A size (or another thing that somebody takes or is) applies where the kind of product that is looked for comes in
    it and the need does not say one itself; what somebody cannot have applies wherever it would come up, unless the
    need asks for just that.

    Args:
        facts: about whom the need is for.
        need: what is looked for.
        index: the catalogue.
    """
    return tuple(fact for fact in facts if (_suits if fact.polarity > 0 else _would_come_up)(fact, need, index))


def with_facts(need: Need, facts: Iterable[Fact]) -> Need:
    """Return the need narrowed by facts: what somebody takes is wanted, what they cannot have is excluded."""
    for fact in facts:
        held = (need.wanted if fact.polarity > 0 else need.excluded).get(fact.facet, ())
        values = (*held, fact.value)
        need = need.want(fact.facet, values) if fact.polarity > 0 else need.exclude(fact.facet, values)
    return need


def _suits(fact: Fact, need: Need, index: "CatalogueIndex") -> bool:
    kinds = need.wanted.get("category", ())
    if not kinds or fact.facet not in index.facets or fact.facet in need.facets or fact.facet in need.waived:
        return False
    if fact.value in need.excluded.get(fact.facet, ()):
        return False
    if fact.category is not None and not all(in_line(index, fact.category, kind) for kind in kinds):
        return False
    kind = (Constraint("category", "in", kinds),)
    rows = index.matching(kind, in_stock_only=False)
    sample = rows[:: max(1, len(rows) // SAMPLE)]
    listing = sum(bool(index.values(fact.facet, int(row))) for row in sample)
    fitting = index.matching((*kind, Constraint(fact.facet, "in", (fact.value,))), in_stock_only=False)
    return len(fitting) > 0 and listing >= LISTED_FROM * len(sample)


def _would_come_up(fact: Fact, need: Need, index: "CatalogueIndex") -> bool:
    meant = index.satisfying(fact.facet, fact.value)
    if fact.value in need.excluded.get(fact.facet, ()) or meant & set(need.wanted.get(fact.facet, ())):
        return False
    kinds = need.wanted.get("category", ())
    kind = (Constraint("category", "in", kinds),) if kinds else ()
    if fact.category is not None and kinds and not any(in_line(index, fact.category, one) for one in kinds):
        return False
    left = index.matching((*kind, Constraint(fact.facet, "not in", (fact.value,))), in_stock_only=False)
    return len(left) < len(index.matching(kind, in_stock_only=False))
