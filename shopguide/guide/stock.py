"""The use cases of stock and of reductions."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.catalogue.variants import ALONE
from shopguide.conversation.answerable import answerable
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import NameUnknown, NoSlate, Shown, SlateShown, Unsold
from shopguide.conversation.outcomes_product import Available, NotReduced, OnSale, SaleOutcome, StockOutcome
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import ordinals, understand
from shopguide.guide.searching import SearchCases
from shopguide.ids import Sku, SlateId
from shopguide.recommender.types import RecommendationRequest

VARIABLE = ("colour", "size")
"""Facets in which somebody may want the same product otherwise."""
MOST_INSTEAD = 3
"""Products offered in place of one that is sold out."""


class StockCases(SearchCases):
    """Can I have it, and does it cost less than usual?"""

    def availability(self, turn: Turn, need: Need, focus: str | None = None) -> StockOutcome | Unsold:
        """Tell whether the product that a message means can be had, in the colour or size that it names.

        A question about no product in particular ("do you have red umbrellas") is a search.
        """
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        asked = _asked(turn)
        # "In blue" is what it is asked for in, and does not point at a blue one on screen.
        pointing = (
            replace(turn, mentions=tuple(one for one in turn.mentions if one.entity not in asked)) if asked else turn
        )
        meant = self._meant(pointing, slate, focus, index)
        if _is_about_the_shop(meant, turn):
            return self._searched(turn, need)
        if not isinstance(meant, tuple):
            return meant
        product = index.product(meant[0])
        position = next((item.position for item in slate.items if item.sku == product.sku), None) if slate else None
        had = {facet: set(index.values(facet, index.row(product.sku))) for facet in asked}
        lacking = {
            facet: tuple(value for value in values if not had[facet] & index.satisfying(facet, value))
            for facet, values in asked.items()
        }
        lacking = {facet: values for facet, values in lacking.items() if values}
        variant = self._variant(product.sku, lacking, index) if lacking else None
        return Available(
            product=product,
            position=position,
            asked=asked,
            lacking=lacking,
            variant=variant,
            choices={facet: _choices(product.sku, facet, index) for facet in lacking} if variant is None else {},
            instead=self._instead(turn, need, product.sku, index) if not product.in_stock else None,
        )

    def promotions(self, turn: Turn, need: Need, focus: str | None = None) -> SaleOutcome | Unsold:
        """Show what is reduced among what is looked for; about products that a message points at, tell it of them."""
        index = self.index
        slate = self._memory.slate(turn.current_slate)
        if ordinals(turn.mentions) or turn.references or any(one.entity == "product" for one in turn.mentions):
            meant = self._meant(turn, slate, focus, index)
            return OnSale(tuple(map(index.product, meant))) if isinstance(meant, tuple) else meant
        now = understand(need, replace(turn, intent="search_products"), index).need
        # What was in the question's own words ("sale", "bargains") is nothing to look for in texts.
        now = replace(now, words=need.words)
        searched, _ = answerable(now, index)
        rows = index.matching(searched.constraints())
        reduced = frozenset(index.skus[row] for row in rows if _is_reduced(index, int(row)))
        if not reduced:
            return NotReduced(now, sum(_is_reduced(index, int(row)) for row in index.matching()))
        return self._of_these(turn, now, searched, reduced, index, k=self._settings.slate_size, note="reduced")

    def _searched(self, turn: Turn, need: Need) -> StockOutcome | Unsold:
        turn = replace(turn, intent="search_products")
        considered = self.consider(turn, need)
        if isinstance(considered, Unsold):
            return considered
        return self.search(turn, considered.need if considered is not None else need)

    def _instead(self, turn: Turn, need: Need, sku: Sku, index: CatalogueIndex) -> SlateShown | None:
        """Show what is like a product that is sold out: of its kind, and as much of the need as anything satisfies."""
        leaf = index.values("category", index.row(sku))[-1:]
        wanted = answerable(need.want("category", leaf) if leaf else need, index)[0]
        if not len(index.matching(wanted.constraints())):
            wanted = Need().want("category", leaf)
        rows = index.matching(wanted.constraints())
        among = frozenset(index.skus[row] for row in rows) - {sku}
        if not among:
            return None
        shown = self._of_these(turn, wanted, wanted, among, index, k=MOST_INSTEAD, note="similar", anchor=sku)
        return shown if shown.items else None

    def _of_these(
        self,
        turn: Turn,
        need: Need,
        searched: Need,
        among: frozenset[Sku],
        index: CatalogueIndex,
        *,
        k: int,
        note: Literal["similar", "reduced"],
        anchor: Sku | None = None,
    ) -> SlateShown:
        """Rank some of the matches and log them as shown."""
        request = RecommendationRequest(
            constraints=searched.constraints(),
            shopper_id=turn.shopper_id,
            k=k,
            among=among,
            anchor=anchor,
            exclude=self._rejected(turn, need),
            personal=turn.history,
            recipient=need.recipient,
            conversation_id=turn.conversation_id,
        )
        answer = self._recommender.recommend(request)
        if not answer.items and anchor is not None:
            # Nothing is like it; what is of its kind still helps.
            answer = self._recommender.recommend(replace(request, anchor=None))
        items = tuple(
            Shown(index.product(item.sku), position, item.reasons)
            for position, item in enumerate((item for item in answer.items if item.sku in index), 1)
        )
        outcome = SlateShown(
            slate_id=SlateId(uuid.uuid4().hex),
            reply_to=turn.intent,
            need=need,
            items=items,
            total=max(len(among), len(items)),
            remaining=0,
            policy=answer.policy,
            model_version=answer.model_version,
            degraded=answer.degraded,
            searched=searched,
            note=note,
        )
        self._memory.keep(self._logged(turn, outcome, answer, {"anchor": anchor}))
        return outcome

    @staticmethod
    def _variant(sku: Sku, lacking: Mapping[str, tuple[str, ...]], index: CatalogueIndex) -> Product | None:
        """Return the variant that has what a product lacks, one in stock first."""
        group = index.variants[index.row(sku)]
        if group == ALONE:
            return None
        having = [
            index.product(index.skus[row])
            for row in np.flatnonzero(index.variants == group)
            if all(
                set(index.values(facet, int(row))) & index.satisfying(facet, value)
                for facet, values in lacking.items()
                for value in values
            )
        ]
        return next((one for one in having if one.in_stock), having[0] if having else None)


def _is_about_the_shop(meant: object, turn: Turn) -> bool:
    """Whether a message that means no product on the table asks for some kind of product."""
    if ordinals(turn.mentions) or any(one.entity == "product" for one in turn.mentions):
        return False
    named = any(one.entity == "category" for one in turn.mentions)
    return isinstance(meant, NoSlate | NameUnknown) and (named or (bool(turn.mentions) and meant == NoSlate()))


def _asked(turn: Turn) -> dict[str, tuple[str, ...]]:
    """Return the colours and sizes that a message names."""
    found: dict[str, tuple[str, ...]] = {}
    for facet in VARIABLE:
        values = tuple(str(one.value) for one in turn.mentions if one.entity == facet and not one.excluded)
        if values:
            found[facet] = values
    return found


def _choices(sku: Sku, facet: str, index: CatalogueIndex) -> tuple[str, ...]:
    """Return the values of a facet that a product or one of its variants in stock has."""
    row = index.row(sku)
    group = index.variants[row]
    rows = [row] if group == ALONE else np.flatnonzero(index.variants == group).tolist()
    values = [
        value
        for one in rows
        if one == row or index.product(index.skus[one]).in_stock
        for value in index.values(facet, one)
    ]
    return tuple(dict.fromkeys(values))


def _is_reduced(index: CatalogueIndex, row: int) -> bool:
    product = index.product(index.skus[row])
    return product.price is not None and product.list_price is not None and product.list_price > product.price
