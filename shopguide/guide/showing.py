"""Showing products for a need: what fits, the nearest where nothing does, and the slate that is logged."""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answerable import answerable
from shopguide.conversation.narrowing import Narrowed, narrow
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import (
    NoMore,
    NothingFound,
    Relaxation,
    SearchOutcome,
    Shown,
    SlateShown,
)
from shopguide.conversation.question import Rows
from shopguide.conversation.relaxation import relaxations, relaxed
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import Understanding
from shopguide.feedback.events import Slate
from shopguide.guide.onscreen import comparable, held_anchor, newly_kept_in_mind, pointed_anchor
from shopguide.guide.remembering import Remembering
from shopguide.ids import Sku, SlateId
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.types import Recommendation, RecommendationRequest


class Showing(Remembering):
    """From a need to a slate, or to the ways out where nothing satisfies it."""

    def _show(
        self,
        turn: Turn,
        need: Need,
        understood: Understanding,
        slate: Slate | None,
        index: CatalogueIndex,
        *,
        seen: tuple[Sku, ...] = (),
        beside: frozenset[Sku] = frozenset(),
        without: frozenset[Sku] = frozenset(),
    ) -> SearchOutcome:
        searched, unlisted = answerable(need, index)
        rows = index.matching(searched.constraints())
        gave_way: tuple[str, ...] = ()
        wishes = TasteProfile()
        if not len(rows) and understood.soft:
            # What was only wished for gives way; it still counts as a wish.
            wished = tuple(facet for facet in searched.facets if facet in understood.soft)
            softened = searched
            for facet in wished:
                softened = softened.without(facet)
            if len(found := index.matching(softened.constraints())):
                wishes = TasteProfile(weights={f: dict.fromkeys(need.wanted.get(f, ()), 1.0) for f in wished})
                gave_way, searched, rows = wished, softened, found
                for facet in wished:
                    need = need.without(facet)
        if not len(rows):
            sold_out = len(index.matching(searched.constraints(), in_stock_only=False))
            ways = relaxations(searched, index)
            return NothingFound(need, ways, sold_out, searched, self._nearest(turn, searched, ways, index))
        anchor = pointed_anchor(understood, slate, index) or (
            held_anchor(need, slate, index) if slate is not None else None
        )
        narrowed = by_words(searched, index, rows)
        rejected = self._rejected(turn, need) | without
        request = RecommendationRequest(
            constraints=searched.constraints(),
            preferences=wishes,
            query=searched.words,
            shopper_id=turn.shopper_id,
            k=self._settings.slate_size,
            exclude=rejected | frozenset(seen),
            beside=beside,
            anchor=anchor,
            personal=turn.history,
            recipient=need.recipient,
            conversation_id=turn.conversation_id,
        )
        answer = self._recommend(request, narrowed, index)
        if answer.catalogue_revision != index.revision:
            # An import came between; nothing said of the old state would be sure to hold.
            return self._show(turn, need, understood, slate, self.index, seen=seen, beside=beside, without=without)
        if not answer.items and anchor is not None and not seen:
            # Nothing resembles the product pointed at, but it fits itself: the shopper is told that it is the one.
            anchor, request = None, replace(request, anchor=None)
            answer = self._recommend(request, narrowed, index)
        if not answer.items:
            if not seen:
                # Everything that fits was disliked before: better that than nothing.
                answer = self._recommend(replace(request, exclude=frozenset()), narrowed, index)
            else:
                ways = relaxations(searched, index)
                helpful = tuple(one for one in ways if one.count > len(narrowed.rows))
                return NoMore(need, len(narrowed.rows), helpful)
        unseen = sum(index.skus[row] not in rejected for row in narrowed.rows) if rejected else len(narrowed.rows)
        items = tuple(
            Shown(index.product(item.sku), position, item.reasons)
            for position, item in enumerate(answer.items, 1)
            if item.sku in index
        )
        outcome = SlateShown(
            slate_id=SlateId(uuid.uuid4().hex),
            reply_to=turn.intent,
            need=need,
            items=items,
            total=max(unseen, len(items)),
            remaining=max(unseen - len(items) - len(seen), 0),
            policy=answer.policy,
            model_version=answer.model_version,
            degraded=answer.degraded,
            anchor=index.product(anchor) if anchor is not None and understood.points else None,
            gave_way=gave_way,
            kept_in_mind=newly_kept_in_mind(need, slate),
            missing_words=narrowed.missing,
            unlisted=unlisted,
            searched=searched if unlisted else None,
            measured=measured(need, understood, comparable(slate, need, index)),
            note="more" if seen else "critique" if slate is not None and turn.intent == "critique_slate" else "",
        )
        resumed = {"shown": list(seen), "anchor": anchor, "critiques": dict(understood.critiques)}
        self._memory.keep(self._logged(turn, outcome, answer, resumed))
        return outcome

    def _nearest(self, turn: Turn, need: Need, ways: tuple[Relaxation, ...], index: CatalogueIndex) -> Product | None:
        """Return the product of the kind asked for that suits the shopper best, where nothing fits."""
        if not ways or "category" in ways[0].facets:
            return None
        request = RecommendationRequest(
            constraints=relaxed(need, ways[0]).constraints(),
            query=need.words,
            shopper_id=turn.shopper_id,
            k=1,
            exclude=self._rejected(turn, need),
            personal=turn.history,
            recipient=need.recipient,
            conversation_id=turn.conversation_id,
        )
        found = self._recommender.recommend(request).items
        return index.product(found[0].sku) if found and found[0].sku in index else None

    def _recommend(self, request: RecommendationRequest, narrowed: Narrowed, index: CatalogueIndex) -> Recommendation:
        """Ask for the products that say the words first, and fill the slate with the other matches."""
        kept = frozenset(index.skus[row] for row in narrowed.rows)
        everything = replace(request, among=kept) if request.query else request
        if len(narrowed.first) in (0, len(narrowed.rows)):
            return self._recommender.recommend(everything)
        first = frozenset(index.skus[row] for row in narrowed.first)
        best = self._recommender.recommend(replace(request, among=first))
        if len(best.items) >= request.k or len(first) == len(kept):
            return best
        taken = frozenset(item.sku for item in best.items)
        rest = self._recommender.recommend(
            replace(
                everything, k=request.k - len(taken), exclude=request.exclude | first, beside=request.beside | taken
            )
        )
        return replace(best, items=(*best.items, *rest.items), degraded=best.degraded or rest.degraded)


def measured(need: Need, understood: Understanding, slate: Slate | None) -> Mapping[str, str]:
    """Return the critiques that became bounds without a slate to compare with: "cheap laptop"."""
    if slate is not None:
        return {}
    return {facet: direction for facet, direction in understood.critiques.items() if facet in need.bounds}


def by_words(need: Need, index: CatalogueIndex, rows: Rows) -> Narrowed:
    """Return the products among the rows that the words of a need leave, all of them if it has none."""
    if not need.words:
        return Narrowed(rows, rows)
    return narrow(need.words, index, rows, by_all="category" not in need.wanted)
