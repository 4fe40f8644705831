"""Needs that the shop's own shoppers put into words, with what they chose: on slates, and after a search."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from shopguide.catalogue.constraints import Constraint
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent, Slate
from shopguide.ids import ShopperId, SlateId
from shopguide.recommender.texts import need_text, product_text
from shopguide.training.needs import NEGATIVES, Group

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

POSITIVE_KINDS = frozenset({"click", "like", "add_to_cart", "purchase"})
EXAMINED = 1.0
"""Severity of position bias: a position p is looked at with probability p^-1 (T. Joachims, A. Swaminathan and T.
Schnabel, "Unbiased Learning-to-Rank with Biased Feedback", 2017, section 6)."""
HEAVIEST = 4.0
"""Inverse propensities are clipped: one lucky click far down is no proof."""
SEARCH_LASTS = timedelta(minutes=30)
"""What a shopper chooses so long after a search, before the next one, answers it."""


def slate_groups(
    events: Iterable[FeedbackEvent],
    slate_of: Callable[[SlateId], Slate | None],
    index: "CatalogueIndex",
    limit: int = 2000,
) -> list[Group]:
    """Return groups from what shoppers chose on slates that answered a need in words.

    Passed over are products above the chosen one: those were seen for sure. A choice weighs what it says in likes, by
    the inverse of the probability that its position is looked at. Needs without words teach nothing here.
    """
    groups: list[Group] = []
    for event in events:
        if event.slate_id is None or event.sku is None or event.kind not in POSITIVE_KINDS or event.sku not in index:
            continue
        slate = slate_of(event.slate_id)
        if slate is None:
            continue
        need = _need_of(slate)
        above: list[str] = []
        position = 1
        for item in sorted(slate.items, key=lambda item: item.position):
            position = item.position
            if item.sku == event.sku:
                break
            if item.sku in index:
                above.append(product_text(index.product(item.sku)))
        if need and above:
            # The nearest above were passed over last; those far up may have been seen for another need.
            texts = (product_text(index.product(event.sku)), *above[-NEGATIVES:])
            weight = EVENT_WEIGHTS[event.kind] * min(position**EXAMINED, HEAVIEST)
            groups.append(Group(need, texts, weight))
        if len(groups) == limit:
            break
    return groups


def searches(events: Iterable[FeedbackEvent], index: "CatalogueIndex", limit: int = 2000) -> list[tuple[str, int]]:
    """Return what shoppers searched for with the row of what they chose next, each pair once, oldest first.

    Nobody wrote down what else was shown, so what does not answer has to be drawn by whoever learns from it.
    """
    asked: dict[ShopperId, FeedbackEvent] = {}
    found: dict[tuple[str, int], None] = {}
    for event in events:
        if event.shopper_id is None:
            continue
        if event.kind == "search":
            asked[event.shopper_id] = event
            continue
        search = asked.get(event.shopper_id)
        if search is None or event.kind not in POSITIVE_KINDS or event.sku is None or event.sku not in index:
            continue
        words = (search.text or "").strip()
        if words and event.at - search.at <= SEARCH_LASTS:
            found[words, index.row(event.sku)] = None
        if len(found) == limit:
            break
    return list(found)


def _need_of(slate: Slate) -> str:
    """Return the need that a slate answered as the reranker reads it, empty if it had no words of its own."""
    slots = slate.state.get("need")
    words = str(slots.get("need_text") or "").strip() if isinstance(slots, Mapping) else ""
    if not words:
        return ""
    wanted = [Constraint(c["facet"], "in", tuple(c["values"])) for c in slate.constraints if c["op"] == "in"]
    return need_text(words, wanted)
