"""A slate as it is logged: what was shown where, chosen by what, with which probability."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shopguide.conversation.outcomes import SlateShown, reasons_to_json
from shopguide.feedback.events import Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId
from shopguide.recommender.types import RankedProduct


def impression(
    outcome: SlateShown,
    ranked: Iterable[RankedProduct],
    *,
    shopper_id: ShopperId | None,
    conversation_id: ConversationId | None,
    at: datetime,
    constraints: Iterable[Mapping[str, Any]],
    state: Mapping[str, Any],
) -> Slate:
    """Return the record of a slate.

    Args:
        outcome: what is shown.
        ranked: the answer it was made of, with scores and propensities.
        shopper_id: who sees it, if that is known.
        conversation_id: where; `None` on the shop's own pages.
        at: when.
        constraints: as they stand on the slate, JSON-ready.
        state: what the dialogue needs to go on from this slate, JSON-ready; the reasons are added.
    """
    scored = {item.sku: item for item in ranked}
    return Slate(
        slate_id=outcome.slate_id,
        shopper_id=shopper_id,
        conversation_id=conversation_id,
        created_at=at,
        reply_to=outcome.reply_to,
        policy=outcome.policy,
        model_version=outcome.model_version,
        degraded=outcome.degraded,
        total_matches=outcome.total,
        items=tuple(
            SlateItem(
                shown.product.sku,
                shown.position,
                scored[shown.product.sku].propensity,
                scored[shown.product.sku].score,
            )
            for shown in outcome.items
        ),
        constraints=tuple(constraints),
        state={**state, "reasons": {shown.product.sku: reasons_to_json(shown.reasons) for shown in outcome.items}},
    )
