"""The use cases of the shop's own API: recommendations without a conversation."""

import uuid
from collections.abc import Sequence
from typing import Any

from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.need import Bounds, Need
from shopguide.conversation.outcomes import Shown, SlateShown
from shopguide.conversation.presentation import constraint_payload, slate_payload
from shopguide.guide.impressions import impression
from shopguide.guide.parts import Parts
from shopguide.ids import ShopperId, Sku, SlateId
from shopguide.recommender.types import RecommendationRequest


class RequestCases(Parts):
    """What the shop's pages ask for."""

    def recommend(
        self,
        *,
        shopper_id: ShopperId | None = None,
        constraints: Sequence[Constraint] = (),
        query: str = "",
        k: int | None = None,
        exclude: Sequence[Sku] = (),
        anchor: Sku | None = None,
    ) -> dict[str, Any]:
        """Return a slate payload for a need that is given as constraints and words, and log it as shown.

        Raises:
            UnknownProduct: `anchor` is not on sale.
        """
        index = self.index
        if anchor is not None:
            index.product(anchor)
        answer = self._recommender.recommend(
            RecommendationRequest(
                constraints=tuple(constraints),
                query=query,
                shopper_id=shopper_id,
                k=k or self._settings.slate_size,
                exclude=frozenset(exclude),
                anchor=anchor,
            )
        )
        if answer.catalogue_revision != index.revision:
            index = self.index
        outcome = SlateShown(
            slate_id=SlateId(uuid.uuid4().hex),
            reply_to="api",
            need=need_of(constraints, query),
            items=tuple(
                Shown(index.product(item.sku), position, item.reasons)
                for position, item in enumerate(answer.items, 1)
                if item.sku in index
            ),
            total=answer.total_matches,
            remaining=0,
            policy=answer.policy,
            model_version=answer.model_version,
            degraded=answer.degraded,
        )
        payload = slate_payload(outcome, self.wording())
        payload["constraints"] = [constraint_payload(constraint, self.currency) for constraint in constraints]
        # Buttons belong to a conversation; a shop's page has its own.
        payload["suggestions"] = []
        if outcome.items:
            self._memory.keep(
                impression(
                    outcome,
                    answer.items,
                    shopper_id=shopper_id,
                    conversation_id=None,
                    at=self._clock(),
                    constraints=payload["constraints"],
                    state={},
                )
            )
        return payload


def need_of(constraints: Sequence[Constraint], query: str = "") -> Need:
    """Return constraints as a need, for wording."""
    need = Need(words=query)
    for constraint in constraints:
        if constraint.op == "in":
            need = need.want(constraint.facet, constraint.values)
        elif constraint.op == "not in":
            need = need.exclude(constraint.facet, constraint.values)
        else:
            held = need.bound(constraint.facet)
            low = constraint.value if constraint.op == ">=" else held.low
            high = constraint.value if constraint.op == "<=" else held.high
            need = need.within(constraint.facet, Bounds(low, high))
    return need
