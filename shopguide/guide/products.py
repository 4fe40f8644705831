"""The use cases around one product: details, why it was shown, like and dislike."""

from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Details, Explained, Judged, NoSlate, Unresolved, reasons_from_json
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import ordinals
from shopguide.feedback.events import Slate
from shopguide.guide.parts import Parts
from shopguide.ids import Sku
from shopguide.recommender.types import Reason

TOLD_AT_ONCE = 3
"""Products whose details one message can ask for."""


class ProductCases(Parts):
    """What a shopper asks or says about products that are on the table."""

    def details(self, turn: Turn, focus: str | None = None) -> Details | Unresolved:
        """Tell everything about the products that the message means; `focus` is the one talked about last."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not isinstance(meant, tuple):
            return meant
        first, *others = [_told(sku, slate, index) for sku in meant[:TOLD_AT_ONCE]]
        return replace(first, beside=tuple(others))

    def explain(self, turn: Turn, need: Need, focus: str | None = None) -> Explained | Unresolved:
        """Tell why a product is on the slate; of the first one if the message means none in particular."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if meant == NoSlate(len(slate.items) if slate is not None else 0) and slate is not None and not _points(turn):
            meant = tuple(item.sku for item in slate.items if item.sku in index)[:1]
        if not isinstance(meant, tuple):
            return meant
        if slate is None or not meant:
            return NoSlate()
        reasons, position = _shown_as(slate, meant[0])
        shown_for = Need.from_slots(dict(slate.state.get("need") or need.slots()))
        return Explained(index.product(meant[0]), position, reasons, shown_for)

    def like(self, turn: Turn, focus: str | None = None) -> Judged | Unresolved:
        """Record that the shopper likes the products that the message means."""
        return self._judge(turn, focus, liked=True)

    def dislike(self, turn: Turn, focus: str | None = None) -> Judged | Unresolved:
        """Record that the shopper does not want to see the products that the message means."""
        return self._judge(turn, focus, liked=False)

    def _judge(self, turn: Turn, focus: str | None, *, liked: bool) -> Judged | Unresolved:
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not isinstance(meant, tuple):
            return meant
        products = tuple(index.product(sku) for sku in meant)
        if turn.shopper_id is None:
            return Judged(products, liked, kept=False)
        kept = self._memory.judge(
            "like" if liked else "dislike",
            turn,
            meant,
            slate=slate,
            at=self._clock(),
            recipient=_recipient(slate),
        )
        return Judged(products, liked, kept)


def _recipient(slate: Slate | None) -> str:
    """Return whom a slate was for, if not for the shopper."""
    return Need.from_slots(dict(slate.state.get("need") or {})).recipient if slate is not None else ""


def _points(turn: Turn) -> bool:
    return bool(ordinals(turn.mentions) or turn.references)


def _told(sku: Sku, slate: Slate | None, index: CatalogueIndex) -> Details:
    reasons, position = _shown_as(slate, sku)
    return Details(index.product(sku), position, reasons)


def _shown_as(slate: Slate | None, sku: Sku) -> tuple[tuple[Reason, ...], int | None]:
    """Return the reasons stored with the slate for a product, and its place there."""
    if slate is None:
        return (), None
    position = next((item.position for item in slate.items if item.sku == sku), None)
    return reasons_from_json(dict(slate.state.get("reasons") or {}).get(sku)), position
