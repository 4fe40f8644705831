"""The use case of going back to what was shown before."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answerable import answerable
from shopguide.conversation.categories import in_line
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Shown, SlateShown, reasons_from_json, sku_list
from shopguide.conversation.returning import going_back
from shopguide.conversation.turn import Turn
from shopguide.feedback.events import Slate
from shopguide.guide.parts import Parts
from shopguide.ids import SlateId
from shopguide.recommender.types import RankedProduct, Recommendation

FURTHEST = 40
"""Slates that a conversation is followed back."""


@dataclass(frozen=True, slots=True)
class NothingBefore:
    """There is nothing to go back to: nothing was shown before, or nothing of that kind."""

    kinds: tuple[str, ...] = ()


class ReturnCases(Parts):
    """Undo, and back to an earlier need."""

    def back(self, turn: Turn, need: Need) -> SlateShown | NothingBefore | None:
        """Show an earlier slate of this conversation again, with the need that it was for.

        One step back for "go back" and "undo that", and one more each time; the latest slate of a kind for "back to the
        shoes". A need for which nothing was found left the slate before it on screen: that is one step back. What is no
        longer on sale is left out.

        Returns:
            the slate, that there is none, or `None` if the message does not go back; nor does "back to the shoes" where
            no shoes were looked for, or still are: that is a search.
        """
        wanted = going_back(turn)
        if wanted is None:
            return None
        index = self.index
        current = self._memory.slate(turn.current_slate)
        is_left = current is not None and not need.is_empty and _need_of(current).slots() != need.slots()
        if wanted.kinds and current is not None and not is_left and _is_for(_need_of(current), wanted.kinds, index):
            return None
        earlier = self._earlier(turn)
        for slate in (current, *earlier) if is_left and current is not None else earlier:
            if wanted.kinds and not _is_for(_need_of(slate), wanted.kinds, index):
                continue
            if not _serves(slate, index):
                continue
            shown = self._shown_again(turn, slate, index)
            if shown.items:
                return shown
        return None if wanted.kinds else NothingBefore()

    def _earlier(self, turn: Turn) -> Iterator[Slate]:
        """Yield the slates before the one on screen, the latest first."""
        slate = self._memory.slate(turn.current_slate)
        for _ in range(FURTHEST):
            before = slate.state.get("before") if slate is not None else None
            slate = self._memory.slate(str(before)) if before is not None else None
            if slate is None or slate.conversation_id != turn.conversation_id:
                return
            yield slate

    def _shown_again(self, turn: Turn, slate: Slate, index: CatalogueIndex) -> SlateShown:
        reasons = dict(slate.state.get("reasons") or {})
        there = [item.sku for item in slate.items if item.sku in index and index.product(item.sku).in_stock]
        seen = sku_list(slate.state.get("shown"))
        outcome = SlateShown(
            slate_id=SlateId(uuid.uuid4().hex),
            reply_to=turn.intent,
            need=_need_of(slate),
            items=tuple(
                Shown(index.product(sku), place, reasons_from_json(reasons.get(sku)))
                for place, sku in enumerate(there, 1)
            ),
            total=max(slate.total_matches, len(there)),
            remaining=max(slate.total_matches - len(there) - len(seen), 0),
            policy="returned",
            model_version=slate.model_version,
            note="returned",
        )
        answer = Recommendation(
            tuple(RankedProduct(sku, 1.0) for sku in there),
            outcome.total,
            outcome.policy,
            outcome.model_version,
            catalogue_revision=index.revision,
        )
        # A second "go back" goes further, not forth again.
        kept = {"shown": list(seen), "anchor": slate.state.get("anchor"), "before": slate.state.get("before")}
        self._memory.keep(self._logged(turn, outcome, answer, kept))
        return outcome


def _need_of(slate: Slate) -> Need:
    return Need.from_slots(dict(slate.state.get("need") or {}))


def _serves(slate: Slate, index: CatalogueIndex) -> bool:
    """Whether a slate shows what its need asks for; one of products that were named in words need not."""
    fitting = index.matching(answerable(_need_of(slate), index)[0].constraints(), in_stock_only=False)
    rows = [index.row(item.sku) for item in slate.items if item.sku in index]
    return bool(np.isin(rows, fitting).all())


def _is_for(need: Need, kinds: tuple[str, ...], index: CatalogueIndex) -> bool:
    return any(in_line(index, kind, held) for kind in kinds for held in need.wanted.get("category", ()))
