"""Reasons: facts about a product that moved its score, for whoever presents the slate to put into words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.product import Product
from shopguide.profiles.preferences import Opinion, TasteProfile
from shopguide.recommender.blend import Blend, BlendFeatures, Signals
from shopguide.recommender.candidates.base import Context, Interaction
from shopguide.recommender.types import Reason, ReasonKind

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

MAX_REASONS = 3
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

_EVIDENCE: Mapping[ReasonKind, tuple[str, ...]] = {
    "text": ("text", "query_content"),
    "taste": ("taste", "preferences", "lean"),
    "history": ("item_knn", "lightfm", "taste_content", "lean"),
    "similar": ("anchor",),
    "popular": ("popularity",),
    "rated": ("rating",),
}
"""The features behind each kind of reason: a reason is stated only if one of them lifted the product."""


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

    def reasons(self, context: Context, values: BlendFeatures, position: int) -> tuple[Reason, ...]:
        """Return the reasons for one row, what holds of the need first, then the strongest."""
        row = int(values.rows[position])
        product = self.index.product(self.index.skus[row])
        lifts = self._lifts(values, position)
        found: list[tuple[float, Reason]] = []
        for kind, features in _EVIDENCE.items():
            lift = sum(lifts.get(feature, 0.0) for feature in features)
            # A word of the need in the product's text is a reason however many other products have it too.
            if lift <= 0 and kind not in ("text", "similar"):
                continue
            data = self._fact(kind, context, product, row)
            if data is not None:
                found.append((lift, Reason(kind, data)))
        found.sort(key=lambda pair: -pair[0])
        matches = self._matches(context.request.constraints, row)
        reduced = _reduction(product)
        reasons = [
            *([Reason("matches", matches)] if matches else []),
            *(reason for _, reason in found),
            *([Reason("reduced", reduced)] if reduced else []),
        ]
        return tuple(reasons[:MAX_REASONS])

    def _lifts(self, values: BlendFeatures, position: int) -> dict[str, float]:
        """Return what each feature adds to this row's score over the mean of all rows."""
        return {
            name: self.blend.weights.get(name, 0.0) * (float(column[position]) - values.means[name])
            for name, column in values.columns.items()
        }

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

    def _fact(self, kind: ReasonKind, context: Context, product: Product, row: int) -> dict[str, Any] | None:
        facts: Mapping[str, Callable[[], dict[str, Any] | None]] = {
            "text": lambda: _shared_words(context.request.query, product),
            "taste": lambda: self._shared_taste(context, row),
            "history": lambda: self._nearest_liked(context, row),
            "similar": lambda: self._anchor(context),
            "popular": lambda: self._popularity(row),
            "rated": lambda: _good_rating(product),
        }
        return facts[kind]()

    def _shared_taste(self, context: Context, row: int) -> dict[str, Any] | None:
        """Name the wished or remembered facet value of this product that weighs most; wishes of today go first."""
        asked = {constraint.facet for constraint in context.request.constraints if constraint.op == "in"}
        for taste, source in ((context.request.preferences, "wish"), (context.taste, "profile")):
            best = _strongest(taste, {f: self.index.values(f, row) for f in taste.weights if f not in asked})
            if best:
                facet, value, weight = best
                data = {"facet": facet, "value": value, "weight": round(weight, 3), "source": source}
                return data | (_resting_on(taste.opinion(facet, value), context) if source == "profile" else {})
        return None

    def _nearest_liked(self, context: Context, row: int) -> dict[str, Any] | None:
        """Name the product of the shopper's history that this one resembles most."""
        others = [item for item in context.liked if item.row != row]
        if not others:
            return None
        rows = np.asarray([item.row for item in others], dtype=np.int32)
        likeness = self.signals.resemblance(row, rows)
        best = int(np.argmax(likeness))
        if likeness[best] < SIMILAR_FROM:
            return None
        return _named(self.index, others[best])

    def _anchor(self, context: Context) -> dict[str, Any] | None:
        anchor = context.request.anchor
        if anchor is None or anchor not in self.index:
            return None
        return {"sku": anchor, "title": self.index.product(anchor).title}

    def _popularity(self, row: int) -> dict[str, Any] | None:
        if not self.popularity_from_events:
            return None
        for generator in self.signals.generators:
            if generator.name == "popularity":
                level = float(getattr(generator, "level")[row])  # noqa: B009  (only popularity has levels)
                if level >= POPULAR_FROM:
                    return {"top_percent": max(1, round(100 * (1 - level)))}
        return None


def _named(index: "CatalogueIndex", item: Interaction) -> dict[str, Any]:
    product = index.product(index.skus[item.row])
    return {"sku": product.sku, "title": product.title, "event": item.kind}


def _strongest(taste: TasteProfile, values: Mapping[str, tuple[str, ...]]) -> tuple[str, str, float] | None:
    held = [(facet, value, taste.weight(facet, value)) for facet, own in values.items() for value in own]
    positive = [entry for entry in held if entry[2] > 0]
    return max(positive, key=lambda entry: entry[2]) if positive else None


def _resting_on(opinion: Opinion | None, context: Context) -> dict[str, Any]:
    """Return what an opinion rests on, so that the words for it can be exact: "you bought two of them"."""
    if opinion is None:
        return {}
    how, times = opinion.ground
    told = {"how": how, "times": times, "since": opinion.since.isoformat(), "latest": opinion.latest.isoformat()}
    return told | ({"recipient": context.request.recipient} if context.request.recipient else {})


def _shared_words(query: str, product: Product) -> dict[str, Any] | None:
    """Name the words of the need that stand in the product's title, brand, category or description."""
    said = dict.fromkeys(_WORD.findall(normalise(query)))
    if not said:
        return None
    text = normalise(" ".join([product.title, product.brand or "", *product.category, product.description]))
    own = set(_WORD.findall(text))
    own -= _FUNCTION_WORDS
    words = [word for word in said if word in own]
    return {"words": words} if words else None


def _good_rating(product: Product) -> dict[str, Any] | None:
    if product.rating is None or product.rating < RATED_FROM or product.rating_count < RATED_COUNT:
        return None
    return {"rating": product.rating, "count": product.rating_count}


def _reduction(product: Product) -> dict[str, Any] | None:
    if product.price is None or product.list_price is None or not 0 < product.price < product.list_price:
        return None
    percent = round(100 * float(1 - product.price / product.list_price))
    if percent < 1:
        return None
    return {"price": float(product.price), "list_price": float(product.list_price), "percent": percent}
