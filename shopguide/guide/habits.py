"""A shopper's habits, from what they did and the catalogue as it stands."""

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import EventKind, FeedbackEvent
from shopguide.feedback.service import Feedback
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.habits import CHOICE_WEIGHTS, Choice, ChoiceKind, Habits, habits_of
from shopguide.profiles.service import Profiles

CHOSEN = 500
"""The latest choices that habits rest on."""


def habits_for(
    shopper_id: ShopperId,
    *,
    profiles: Profiles,
    feedback: Feedback,
    index: CatalogueIndex,
    conversation_id: ConversationId | None = None,
) -> Habits:
    """Return a shopper's habits, from what may be remembered of them: products that are no longer on sale tell nothing.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    recalled = profiles.recall(shopper_id, conversation_id=conversation_id)
    events = feedback.history(
        shopper_id,
        CHOSEN,
        kinds=cast("tuple[EventKind, ...]", tuple(CHOICE_WEIGHTS)),
        conversation_id=conversation_id,
        remembered=recalled.remembered,
        since=recalled.since,
    )
    choices = list(choices_of(events, index))
    chosen = {choice.brand for choice in choices if choice.brand is not None}
    counts = index.facet_counts(None, "brand") if chosen else []
    shares = {brand: count / len(index) for brand, count in counts if brand in chosen}
    return habits_of(choices, recalled.taste, recalled.evidence, shares)


def choices_of(events: Iterable[FeedbackEvent], index: CatalogueIndex) -> Iterator[Choice]:
    """Return the products of events as choices, with where their prices stand among those of their category."""
    offered: dict[str, NDArray[np.float64]] = {}
    for event in events:
        if event.kind not in CHOICE_WEIGHTS or event.sku is None or event.sku not in index:
            continue
        row, prices = index.row(event.sku), index.numeric("price")
        leaf = next(iter(index.values("category", row)[-1:]), None)
        price = None if np.isnan(prices[row]) else float(prices[row])
        level = None
        if leaf is not None and price is not None:
            if leaf not in offered:
                rows = index.matching((Constraint("category", "in", (leaf,)),), in_stock_only=False)
                offered[leaf] = np.sort(prices[rows][~np.isnan(prices[rows])])
            level = _level(price, offered[leaf])
        yield Choice(
            at=event.at,
            kind=cast("ChoiceKind", event.kind),
            category=leaf,
            brand=next(iter(index.values("brand", row)), None),
            price=price,
            level=level,
        )


def _level(price: float, ordered: NDArray[np.float64]) -> float:
    """Return the share of prices below one, equal ones counting half."""
    below, upto = ordered.searchsorted(price, side="left"), ordered.searchsorted(price, side="right")
    return float((below + upto) / (2 * len(ordered)))
