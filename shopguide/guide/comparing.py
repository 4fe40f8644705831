"""The use case of a comparison."""

from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.comparing import MOST_COMPARED, compare, meant_apart
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import NoSlate, Shown, reasons_from_json
from shopguide.conversation.outcomes_product import CompareOutcome, NothingToCompare
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import ordinals
from shopguide.feedback.events import Slate
from shopguide.guide.parts import Parts
from shopguide.ids import Sku


class ComparisonCases(Parts):
    """Which of them, and in what do they differ?"""

    def compare(self, turn: Turn, need: Need, focus: str | None = None) -> CompareOutcome:
        """Put the products that a message means side by side; those on screen if it means none in particular."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        meant = self._compared(turn, slate, focus, index)
        if not isinstance(meant, tuple):
            return meant
        if len(meant) < 2:
            return NothingToCompare(index.product(meant[0]) if meant else None)
        asked, direction = _asked(turn)
        products = _shown(meant[:MOST_COMPARED], slate, index)
        compared = compare(products, need, index, asked=asked, direction=direction)
        return replace(compared, left_out=len(meant) - len(products))

    def _compared(
        self, turn: Turn, slate: Slate | None, focus: str | None, index: CatalogueIndex
    ) -> tuple[Sku, ...] | CompareOutcome:
        on_screen = tuple(item.sku for item in slate.items if item.sku in index) if slate is not None else ()
        last = Sku(focus) if focus is not None and Sku(focus) in index else None
        apart = meant_apart(turn, on_screen, index, last) if not ordinals(turn.mentions) else ()
        if len(apart) > 1:
            return apart
        pointed = bool(ordinals(turn.mentions) or turn.references or apart)
        named = any(mention.entity == "product" for mention in turn.mentions)
        # "Which of the two is cheaper" points at the cheaper one, and asks about both.
        furthest = not ordinals(turn.mentions) and any(one.kind == "most" for one in turn.references)
        if not (pointed or named) or furthest:
            return on_screen if on_screen else NoSlate()
        meant = self._meant(turn, slate, focus, index)
        if isinstance(meant, tuple) and len(meant) == 1 and last is not None and last != meant[0]:
            # "How does it compare with the second?"
            return (last, *meant)
        return meant


def _asked(turn: Turn) -> tuple[tuple[str, ...], str]:
    """Return the facets that a question is about, the likeliest first, and the direction it asks for."""
    for reference in turn.references:
        if reference.kind == "most":
            return reference.facets, reference.direction
    for mention in turn.mentions:
        if mention.entity == "critique":
            facet, _, direction = str(mention.value).partition(":")
            return (facet,), direction
    return tuple(str(one.value) for one in turn.mentions if one.entity == "facet_name"), ""


def _shown(skus: tuple[Sku, ...], slate: Slate | None, index: CatalogueIndex) -> list[Shown]:
    """Return products as the slate shows them; those that are not on it are numbered on."""
    items = slate.items if slate is not None else ()
    places = {item.sku: item.position for item in items}
    reasons = dict(slate.state.get("reasons") or {}) if slate is not None else {}
    following = iter(range(len(items) + 1, len(items) + len(skus) + 1))
    return [
        Shown(
            index.product(sku), places[sku] if sku in places else next(following), reasons_from_json(reasons.get(sku))
        )
        for sku in skus
    ]
