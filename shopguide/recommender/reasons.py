"""Reasons: facts about a product that moved its score, for whoever presents the slate to put into words.

What moved it are the features whose removal would cost it most. Each is told by a fact of its own that holds in the
catalogue and in what shoppers did; a feature about which no such fact can be told is passed over in silence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.product import Product
from shopguide.profiles.preferences import Opinion, Source, TasteProfile
from shopguide.recommender.blend import Blend, BlendFeatures, Signals
from shopguide.recommender.candidates.base import Context, Grounded, Interaction
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.features import Floats, ItemFeatures, feature_name
from shopguide.recommender.types import Reason, ReasonKind

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

MAX_REASONS = 3
MOVERS = 2
"""Reasons are drawn from this many features, those whose removal would lower the score most."""
MOVED_FROM = 1e-6
"""What a feature must add at least to have moved anything: less is how numbers are rounded."""
POPULAR_FROM = 0.9
RATED_FROM = 4.0
RATED_COUNT = 5
SIMILAR_FROM = 0.5
_WORD = re.compile(r"[^\W_]{2,}")
_FUNCTION_WORDS = frozenset(
    {"an", "and", "are", "at", "by", "for", "from", "in", "is", "it", "my", "no", "not", "of", "on", "or", "some"}
    | {"that", "the", "this", "to", "with", "you", "your"}
)
"""Words that say nothing about a product, though they stand in its text."""

_KINDS: Mapping[str, Source] = {
    "purchase": "purchase",
    "add_to_cart": "cart",
    "like": "like",
    "rating": "like",
    "click": "click",
    "view": "click",
}
"""What a shopper did with products, what tells most first, in the words of evidence; a good rating is a like."""


@dataclass(frozen=True)
class Explainer:
    """Draws reasons from what moved the scores.

    Args:
        index: the catalogue.
        signals: the features' sources.
        blend: the weights they had.
        popularity_from_events: whether popularity rests on what shoppers did.
    """

    index: "CatalogueIndex"
    signals: Signals
    blend: Blend
    popularity_from_events: bool

    @cached_property
    def _grounded(self) -> tuple[Grounded, ...]:
        return tuple(generator for generator in self.signals.generators if isinstance(generator, Grounded))

    def reasons(
        self, context: Context, values: BlendFeatures, positions: Sequence[int], *, reranked: Sequence[float] = ()
    ) -> list[tuple[Reason, ...]]:
        """Return the reasons for rows: what holds of the need, what moved the score, the strongest first, the price.

        Args:
            context: what the request was answered from.
            values: the features of its rows.
            positions: of the rows to explain, in `values.rows`.
            reranked: what the reranker adds to their scores, less what it adds on average; nothing without one.
        """
        lifts = self.blend.lifts(values, positions)
        read = reranked or [0.0] * len(lifts)
        return [
            self._reasons(context, int(values.rows[position]), {**lift, "reranker": more})
            for position, lift, more in zip(positions, lifts, read, strict=True)
        ]

    def _reasons(self, context: Context, row: int, lifts: Mapping[str, float]) -> tuple[Reason, ...]:
        product = self.index.product(self.index.skus[row])
        movers = sorted((name for name, lift in lifts.items() if lift > MOVED_FROM), key=lambda name: -lifts[name])
        drawn: dict[ReasonKind, Reason] = {}
        # An example, or a word of the need in the product's text, is a reason however many other products have it too.
        for feature in (*movers[:MOVERS], "anchor", "text"):
            reason = self._drawn(feature, context, row)
            if reason is not None:
                drawn.setdefault(reason.kind, reason)
        matches = self._matches(context.request.constraints, row)
        reduced = _reduction(product)
        reasons = [
            *([Reason("matches", matches)] if matches else []),
            *drawn.values(),
            *([Reason("reduced", reduced)] if reduced else []),
        ]
        return tuple(reasons[:MAX_REASONS])

    def _drawn(self, feature: str, context: Context, row: int) -> Reason | None:
        """Return the fact that tells why a feature spoke for a product, `None` if there is none."""
        facts: Mapping[str, Callable[[Context, int], Reason | None]] = {
            "text": self._words,
            "query_content": self._words,
            "reranker": self._words,
            "taste": self._taste,
            "preferences": self._wish,
            "lean": self._habit,
            "taste_content": self._alike,
            "anchor": self._example,
            "popularity": self._popular if self.popularity_from_events else self._rated,
            "rating": self._rated,
        }
        if feature in facts:
            return facts[feature](context, row)
        if any(generator.name == feature for generator in self.signals.generators):
            return self._together(feature, context, row) or self._alike(context, row)
        return None

    def _matches(self, constraints: tuple[Constraint, ...], row: int) -> dict[str, Any] | None:
        """Name the constraints met, each with the product's own values; exclusions are not worth a word."""
        met: list[dict[str, Any]] = []
        for constraint in constraints:
            if constraint.op == "not in":
                continue
            entry: dict[str, Any] = {"facet": constraint.facet, "op": constraint.op}
            if constraint.op == "in":
                entry["values"] = list(constraint.values)
                entry["actual"] = list(self.index.values(constraint.facet, row))
            else:
                entry["value"] = constraint.value
                entry["actual"] = float(self.index.numeric(constraint.facet)[row])
            met.append(entry)
        return {"constraints": met} if met else None

    def _words(self, context: Context, row: int) -> Reason | None:
        words = _shared_words(context.request.query, self.index.product(self.index.skus[row]))
        return Reason("text", {"words": words}) if words else None

    def _wish(self, context: Context, row: int) -> Reason | None:
        """Name the facet value wished for in this conversation that weighs most."""
        best = self._strongest(context.request.preferences, context, row)
        return Reason("taste", _valued(*best, source="wish")) if best else None

    def _taste(self, context: Context, row: int) -> Reason | None:
        """Name the remembered facet value that weighs most, with what it rests on."""
        best = self._strongest(context.taste, context, row)
        if best is None:
            return None
        ground = _resting_on(context.taste.opinion(*best[:2]), context)
        return Reason("taste", _valued(*best, source="profile") | ground)

    def _habit(self, context: Context, row: int) -> Reason | None:
        """Name the facet value that the shopper's own products share most, and what was done with these."""
        lean = TasteProfile(weights=_by_facet(self.signals.features, context.lean, row))
        best = self._strongest(lean, context, row)
        if best is None:
            return None
        facet, value, _ = best
        kinds = [item.kind for item in context.liked if value in self.index.values(facet, item.row)]
        told = next((kind for kind in _KINDS if kind in kinds), None)
        if told is None:
            return None
        how = {"how": _KINDS[told], "times": sum(_KINDS.get(kind) == _KINDS[told] for kind in kinds)}
        return Reason("taste", _valued(*best, source="history") | how)

    def _strongest(self, taste: TasteProfile, context: Context, row: int) -> tuple[str, str, float] | None:
        """Return facet, value and weight of what weighs most of a product's values.

        Values that the need asks for are left out, all matches have them; so are those that no feature knows.
        """
        asked = {constraint.facet for constraint in context.request.constraints if constraint.op == "in"}
        held = [
            (facet, value, taste.weight(facet, value))
            for facet in taste.weights
            if facet not in asked
            for value in self.index.values(facet, row)
            if feature_name(facet, value) in self.signals.features.column
        ]
        best = max(held, key=lambda entry: entry[2], default=None)
        return best if best is not None and best[2] > 0 else None

    def _together(self, feature: str, context: Context, row: int) -> Reason | None:
        """Name the product of the shopper's own that is chosen by the same shoppers, the one that adds most.

        The feature's own model is asked first; of one whose scores rest on no single products another one tells.
        """
        for model in sorted(self._grounded, key=lambda model: model.name != feature):
            item = model.ground(context, row)
            if item is not None:
                return Reason("history", self._named(item) | {"link": "together"})
        return None

    def _alike(self, context: Context, row: int) -> Reason | None:
        """Name the product of the shopper's own that this one resembles most."""
        others = [item for item in context.liked if item.row != row]
        if not others:
            return None
        likeness = self.signals.resemblance(row, np.asarray([item.row for item in others], dtype=np.int32))
        best = int(np.argmax(likeness))
        if likeness[best] < SIMILAR_FROM:
            return None
        return Reason("history", self._named(others[best]) | {"link": "similar"})

    def _example(self, context: Context, row: int) -> Reason | None:
        anchor = context.request.anchor
        if anchor is None or anchor not in self.index:
            return None
        return Reason("similar", {"sku": anchor, "title": self.index.product(anchor).title})

    def _popular(self, context: Context, row: int) -> Reason | None:
        for generator in self.signals.generators:
            if isinstance(generator, Popularity):
                level = float(generator.level[row])
                if level >= POPULAR_FROM:
                    return Reason("popular", {"top_percent": max(1, round(100 * (1 - level)))})
        return None

    def _rated(self, context: Context, row: int) -> Reason | None:
        product = self.index.product(self.index.skus[row])
        if product.rating is None or product.rating < RATED_FROM or product.rating_count < RATED_COUNT:
            return None
        return Reason("rated", {"rating": product.rating, "count": product.rating_count})

    def _named(self, item: Interaction) -> dict[str, Any]:
        product = self.index.product(self.index.skus[item.row])
        return {"sku": product.sku, "title": product.title, "event": item.kind}


def _valued(facet: str, value: str, weight: float, *, source: str) -> dict[str, Any]:
    return {"facet": facet, "value": value, "weight": round(weight, 3), "source": source}


def _by_facet(features: ItemFeatures, weights: Floats, row: int) -> dict[str, dict[str, float]]:
    """Return the weights of one product's features above 0, by facet and value."""
    found: dict[str, dict[str, float]] = {}
    for name in features.of(row):
        weight = float(weights[features.column[name]])
        if weight > 0:
            facet, _, value = name.partition("=")
            found.setdefault(facet, {})[value] = weight
    return found


def _resting_on(opinion: Opinion | None, context: Context) -> dict[str, Any]:
    """Return what an opinion rests on, so that the words for it can be exact: "you bought two of them"."""
    if opinion is None:
        return {}
    how, times = opinion.ground
    told = {"how": how, "times": times, "since": opinion.since.isoformat(), "latest": opinion.latest.isoformat()}
    return told | ({"recipient": context.request.recipient} if context.request.recipient else {})


def _shared_words(query: str, product: Product) -> list[str]:
    """Return the words of the need that stand in the product's title, brand, category or description."""
    said = dict.fromkeys(_WORD.findall(normalise(query)))
    if not said:
        return []
    text = normalise(" ".join([product.title, product.brand or "", *product.category, product.description]))
    own = set(_WORD.findall(text)) - _FUNCTION_WORDS
    return [word for word in said if word in own]


def _reduction(product: Product) -> dict[str, Any] | None:
    percent = product.percent_off
    if product.price is None or product.list_price is None or percent < 1:
        return None
    return {"price": float(product.price), "list_price": float(product.list_price), "percent": percent}
