"""The use cases around one product: details, why it was shown, like and dislike."""

from collections.abc import Iterator

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Details, Explained, Judged, NoSlate, reasons_from_json
from shopguide.conversation.turn import Turn
from shopguide.feedback.events import Slate
from shopguide.guide.parts import Parts
from shopguide.ids import Sku
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.recommender.types import Reason

TELLING = ("brand", "colour", "category", "material", "occasion")
"""Facets of a product from which a like or a dislike teaches something about the shopper."""

LIKE_STRENGTH = 0.4
DISLIKE_STRENGTH = 0.15
"""Whoever dislikes a product need not dislike its colour: a dislike says little about each facet."""


class ProductCases(Parts):
    """What a shopper asks or says about products that are on the table."""

    def details(self, turn: Turn, focus: str | None = None) -> Details | NoSlate:
        """Tell everything about the product that the message means; `focus` is the one talked about last."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not meant:
            return _which(slate)
        reasons, position = _shown_as(slate, meant[0])
        return Details(index.product(meant[0]), position, reasons)

    def explain(self, turn: Turn, need: Need, focus: str | None = None) -> Explained | NoSlate:
        """Tell why a product is on the slate; of the first one if the message means none in particular."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not meant and slate is not None and not any(m.entity == "ordinal" for m in turn.mentions):
            meant = [item.sku for item in slate.items if item.sku in index][:1]
        if not meant or slate is None:
            return _which(slate)
        reasons, position = _shown_as(slate, meant[0])
        shown_for = Need.from_slots(dict(slate.state.get("need") or need.slots()))
        return Explained(index.product(meant[0]), position, reasons, shown_for)

    def like(self, turn: Turn, focus: str | None = None) -> Judged | NoSlate:
        """Record that the shopper likes the products that the message means."""
        return self._judge(turn, focus, liked=True)

    def dislike(self, turn: Turn, focus: str | None = None) -> Judged | NoSlate:
        """Record that the shopper does not want to see the products that the message means."""
        return self._judge(turn, focus, liked=False)

    def _judge(self, turn: Turn, focus: str | None, *, liked: bool) -> Judged | NoSlate:
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._meant(turn, slate, focus, index)
        if not meant:
            return _which(slate)
        products = tuple(index.product(sku) for sku in meant)
        if turn.shopper_id is None:
            return Judged(products, liked, kept=False)
        kept = self._memory.judge("like" if liked else "dislike", turn.shopper_id, meant, slate=slate, at=self._clock())
        self._memory.learn([piece for sku in meant for piece in self._evidence(turn, sku, index, liked=liked)])
        return Judged(products, liked, kept)

    def _evidence(self, turn: Turn, sku: Sku, index: CatalogueIndex, *, liked: bool) -> Iterator[PreferenceEvidence]:
        if turn.shopper_id is None:
            return
        for facet in TELLING:
            values = index.values(facet, index.row(sku))
            # Of a category path the leaf tells; that it is clothing does not.
            for value in values[-1:] if facet == "category" else values:
                yield PreferenceEvidence(
                    shopper_id=turn.shopper_id,
                    facet=facet,
                    value=value,
                    polarity=1 if liked else -1,
                    source="like" if liked else "dislike",
                    at=self._clock(),
                    strength=LIKE_STRENGTH if liked else DISLIKE_STRENGTH,
                    conversation_id=turn.conversation_id,
                )


def _which(slate: Slate | None) -> NoSlate:
    return NoSlate(places=len(slate.items) if slate is not None else 0)


def _shown_as(slate: Slate | None, sku: Sku) -> tuple[tuple[Reason, ...], int | None]:
    """Return the reasons stored with the slate for a product, and its place there."""
    if slate is None:
        return (), None
    position = next((item.position for item in slate.items if item.sku == sku), None)
    return reasons_from_json(dict(slate.state.get("reasons") or {}).get(sku)), position
