"""The blend: one score from what all generators and the shopper's profile say about a product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from shopguide.recommender.candidates.base import CandidateGenerator, Context, scale_to_best, share_of_ranks, top
from shopguide.recommender.candidates.families import FAMILIES
from shopguide.recommender.candidates.popularity import Popularity
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.trees import Trees
from shopguide.recommender.vectors import ItemVectors

RANK = "_rank"
"""Ending of the second column of a model of behaviour: the place of a product among the best ones."""
SCALED = (*FAMILIES, "taste_content")
"""Generators whose scores have no scale of their own: the best product has 1, the average one 0."""

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "lightfm": 1.0,  # behaviour of similar shoppers, -1 to 1
    "item_knn": 1.0,  # chosen by the same shoppers as this shopper's products, -1 to 1
    "popularity": 0.8,  # logarithm of what everybody did lately over the greatest one, 0 to 1
    "rating": 0.2,  # percentile of the smoothed rating, 0 to 1
    "taste": 0.8,  # facet values that the profile remembers, -1 to 1
    "ruled_out": -2.0,  # a facet value that the shopper once said they do not want, 0 to 1
    "lean": 0.8,  # facet values that the shopper's products share, 0 to 1
    "preferences": 1.5,  # this conversation's soft wishes, -1 to 1
    "price_fit": 0.2,  # nearness to the price level that the shopper chooses in the category, 0 to 1
    "taste_content": 0.4,  # texts like those of liked products, -1 to 1
    "text": 2.0,  # BM25 with the need in words, best match 1
    "query_content": 1.5,  # MiniLM cosine with the need in words, best match 1
    "anchor": 4.0,  # similarity to the product named as an example, 0 to 1
    "disliked": -3.0,  # the shopper rejected this very product
    "owned": -0.5,  # the shopper bought this very product already
}
"""What each feature counts before a shop's own events say better. The words of today outweigh behaviour."""

POPULARITIES = ("popularity", "popularity_ever", "recency", "never_chosen")
"""Features that tell how much a product was chosen by everybody: lately, ever, how lately, and at all."""
HABITS = (
    *(name + ending for name in SCALED for ending in ("", RANK)),
    *(*POPULARITIES, "rating", "taste", "lean", "price_fit"),
)
"""Features whose weights are fitted on a validation window; the others speak of this conversation, not of habits."""

NEWCOMER_BELOW = 4
"""Liked products below which a shopper is a newcomer: models know little of them, and popularity counts more."""


class Standing(StrEnum):
    """How well a shopper is known: by at least `NEWCOMER_BELOW` products, by less, or by nothing at all."""

    KNOWN = "known"
    NEWCOMER = "newcomer"
    STRANGER = "stranger"

    @classmethod
    def of(cls, liked: int, *, has_taste: bool) -> "Standing":
        """Return the standing of somebody who likes so many products."""
        if liked >= NEWCOMER_BELOW:
            return cls.KNOWN
        return cls.NEWCOMER if liked or has_taste else cls.STRANGER


TREE_DEPTH = 200
"""Products, the best by the weighted sum, that boosted trees put in order where they serve."""

RERANK_WEIGHT = 5.0
"""What the probability (0 to 1) that a product answers, as the cross-encoder reads it, counts where there is a need in
words. Probabilities of products that all answer differ by little, so that the other features order those."""
RERANK_WEIGHT_WITHOUT_WORDS = 0.6
"""The same where the need is only constraints, which all candidates meet already."""

MIN_PRICED = 2
"""Liked products with a price, below which nothing is said about the shopper's price level."""
PRICE_PRIOR = 4.0
"""Likes that a shopper's price level anywhere counts for beside what they chose in one category."""


@dataclass(frozen=True)
class Blend:
    """Weights of the features; features that are not named count nothing.

    Newcomers and strangers have weights of their own, where some were fitted. With trees, what habits say of the best
    `TREE_DEPTH` products for everybody else comes from them: brought to the mean and the spread of the weighted sums,
    so that the words of today keep their place beside habits.
    """

    weights: Mapping[str, float]
    newcomer_weights: Mapping[str, float] | None = None
    trees: Trees | None = None
    stranger_weights: Mapping[str, float] | None = None

    def score(self, values: "BlendFeatures") -> Floats:
        """Return the scores, [n_rows]."""
        weights = self.weights_for(values.standing)
        score = weighted_sum(weights, values.columns, len(values.rows))
        if self.trees is not None and self._by_trees(values):
            head = _Head.of(values, weights, score)
            score[head.places] += head.scaled(self.trees.predict(head.columns, head.habits)) - head.habits
        return score

    def _by_trees(self, values: "BlendFeatures") -> bool:
        return values.standing is Standing.KNOWN and len(values.rows) > 1

    def weights_json(self) -> dict[str, dict[str, float] | None]:
        """Return the weights, JSON-ready; `None` where none were fitted."""
        own = ("newcomer_weights", self.newcomer_weights), ("stranger_weights", self.stranger_weights)
        return {"weights": dict(self.weights), **{name: dict(w) if w is not None else None for name, w in own}}

    def weights_for(self, standing: Standing) -> Mapping[str, float]:
        """Return the weights for shoppers who are known so well."""
        own = {Standing.NEWCOMER: self.newcomer_weights, Standing.STRANGER: self.stranger_weights}.get(standing)
        return self.weights if own is None else own

    def counting(self, standing: Standing) -> frozenset[str] | None:
        """Return the features that count for shoppers who are known so well; `None`: all of them."""
        if self.trees is not None and standing is Standing.KNOWN:
            return None
        return frozenset(name for name, weight in self.weights_for(standing).items() if weight)

    def lifts(self, values: "BlendFeatures", positions: Sequence[int]) -> list[dict[str, float]]:
        """Return what each source adds to the scores of rows: how much a score falls if the source says nothing.

        A source is a feature with whatever else says the same thing in other words, see `source_of`. To say nothing is
        to say the same of every row, the mean over the rows; of a weighted sum the loss is then the weight times the
        distance from the mean. Below 0: without the source the score would be higher.

        Args:
            values: the features of the rows of a request.
            positions: of the rows to explain, in `values.rows`.
        """
        weights = self.weights_for(values.standing)
        found: list[dict[str, float]] = []
        for position in positions:
            added: dict[str, float] = {}
            for name, column in values.columns.items():
                lift = weights.get(name, 0.0) * (float(column[position]) - values.means[name])
                added[source_of(name)] = added.get(source_of(name), 0.0) + lift
            found.append(added)
        if self.trees is not None and self._by_trees(values):
            score = weighted_sum(weights, values.columns, len(values.rows))
            head = _Head.of(values, weights, score)
            raw = self.trees.predict(head.columns, head.habits)
            for number, position in enumerate(positions):
                place = np.flatnonzero(head.places == position)
                if len(place):
                    by_trees = _lifts_of_trees(
                        self.trees, values.means, head, raw, place=int(place[0]), added=found[number]
                    )
                    found[number] = {**found[number], **by_trees}
        return found


def source_of(name: str) -> str:
    """Return what a feature tells of: a model of behaviour, the popularity of a product, or just itself."""
    if name in POPULARITIES:
        return "popularity"
    return name.removesuffix(RANK)


@dataclass(frozen=True)
class _Head:
    """The best rows by the weighted sum, which trees put in order: positions, features, weighted sums of habits."""

    places: Rows
    columns: Mapping[str, Floats]
    habits: Floats

    @classmethod
    def of(cls, values: "BlendFeatures", weights: Mapping[str, float], score: Floats) -> "_Head":
        places = top(score, TREE_DEPTH)
        columns = {name: column[places] for name, column in values.columns.items()}
        habits = weighted_sum(weights, {name: columns[name] for name in HABITS if name in columns}, len(places))
        return cls(places, columns, habits)

    def scaled(self, raw: Floats) -> Floats:
        """Return scores of trees with the mean and the deviation of the weighted sums."""
        spread = float(raw.std())
        if spread < 1e-9:
            return self.habits
        return np.asarray((raw - raw.mean()) / spread * self.habits.std() + self.habits.mean(), dtype=np.float32)


def _lifts_of_trees(
    trees: Trees, means: Mapping[str, float], head: _Head, raw: Floats, *, place: int, added: Mapping[str, float]
) -> dict[str, float]:
    """Return what sources of habits add to one row by the trees: `added` is what they add to its weighted sum."""
    sources = sorted({source_of(name) for name in head.columns if name in HABITS})
    columns = {
        name: np.asarray(
            [means[name] if source_of(name) == source else column[place] for source in sources], dtype=np.float32
        )
        for name, column in head.columns.items()
    }
    habits = head.habits[place] - np.asarray([added[source] for source in sources], dtype=np.float32)
    lost = raw[place] - trees.predict(columns, habits)
    scale = float(head.habits.std()) / max(float(raw.std()), 1e-9)
    return {source: scale * float(loss) for source, loss in zip(sources, lost, strict=True)}


def weighted_sum(weights: Mapping[str, float], columns: Mapping[str, Floats], n: int) -> Floats:
    """Return the sum of weighted columns, [n]."""
    total = np.zeros(n, dtype=np.float32)
    for name, column in columns.items():
        weight = weights.get(name, 0.0)
        if weight:
            total += np.float32(weight) * column
    return total


@dataclass(frozen=True)
class BlendFeatures:
    """The features of the rows that a request left.

    Args:
        rows: of the catalogue, [n_rows].
        columns: the features that have something to say, [n_rows] each.
        standing: how well the shopper is known.
    """

    rows: Rows
    columns: Mapping[str, Floats]
    standing: Standing = Standing.STRANGER

    def at(self, position: int) -> dict[str, float]:
        """Return the features of one row, by its position in `rows`."""
        return {name: round(float(column[position]), 6) for name, column in self.columns.items()}

    @cached_property
    def means(self) -> Mapping[str, float]:
        """Each feature's mean over the rows."""
        return {name: float(column.mean()) if len(column) else 0.0 for name, column in self.columns.items()}


@dataclass(frozen=True)
class Signals:
    """Where the features come from, for one catalogue and one model.

    Args:
        features: the item features.
        generators: the candidate generators, at most one of each name.
        popularity: one of them, which also knows ratings and how popularity came about.
        vectors: MiniLM vectors, if there are any.
    """

    features: ItemFeatures
    generators: Sequence[CandidateGenerator]
    popularity: Popularity
    vectors: ItemVectors | None = None

    def compute(self, context: Context, rows: Rows, blend: Blend | None = None) -> BlendFeatures:
        """Return the features of `rows` (ascending).

        Args:
            context: what they are computed from.
            rows: of the catalogue.
            blend: what takes time and counts nothing in it is left out; `None`: everything is computed.
        """
        standing = Standing.of(len(context.liked), has_taste=bool(context.taste_weights.any()))
        counting = blend.counting(standing) if blend is not None else None

        def counts(*names: str) -> bool:
            return counting is None or any(name in counting for name in names)

        columns: dict[str, Floats] = {}
        # What the shopper knows already is scored as well, but sets no scale: models put it first.
        new = np.ones(len(rows), dtype=np.bool_)
        new[_places(context, rows)] = False
        for generator in self.generators:
            if not counts(generator.name, generator.name + RANK):
                continue
            scores = generator.scores(context, rows)
            if scores is None:
                continue
            if generator.name in SCALED:
                columns[generator.name] = scale_to_best(scores, new)
                columns[generator.name + RANK] = share_of_ranks(scores, new)
            else:
                columns[generator.name] = scores
        columns |= {name: column[rows] for name, column in self.popularity.columns.items()}
        for name, wanted in (("taste", "taste_weights"), ("lean", "lean"), ("preferences", "preference_weights")):
            if counts(name) and (weights := getattr(context, wanted)).any():
                columns[name] = self.features.affinity(weights, rows)
        if context.ruled_out_weights.any():
            columns["ruled_out"] = self.features.strongest(context.ruled_out_weights, rows)
        if counts("price_fit") and (price_fit := self._price_fit(context, rows)) is not None:
            columns["price_fit"] = price_fit
        columns |= _own_history(context, rows)
        return BlendFeatures(rows, columns, standing)

    def _price_fit(self, context: Context, rows: Rows) -> Floats | None:
        """Return how near prices are to the level that the shopper chooses in each category, between 0 and 1.

        Where little was chosen in a category, its level is drawn to the one that the shopper chooses anywhere.
        """
        level, leaf = self.features.price_level, self.features.leaf
        paid = [(item.row, item.weight) for item in context.liked if not np.isnan(level[item.row])]
        if len(paid) < MIN_PRICED:
            return None
        chosen = np.asarray([row for row, _ in paid], dtype=np.int32)
        weights = np.asarray([weight for _, weight in paid])
        anywhere = float(np.average(level[chosen], weights=weights))
        size = int(leaf.max()) + 1
        total = np.bincount(leaf[chosen], weights=weights * level[chosen], minlength=size)
        count = np.bincount(leaf[chosen], weights=weights, minlength=size)
        usual = (total + PRICE_PRIOR * anywhere) / (count + PRICE_PRIOR)
        fit = 1.0 - np.abs(level[rows] - usual[leaf[rows]])
        fit[np.isnan(fit)] = 0.0
        return np.asarray(fit, dtype=np.float32)

    def resemblance(self, row: int, rows: Rows) -> Floats:
        """Return how alike products are to one product, between 0 and 1: facets, and texts where there are vectors."""
        facets = self.features.similarity(row, rows)
        if self.vectors is None:
            return facets
        vector = self.vectors.of(np.asarray([row], dtype=np.int32))[0]
        if not vector.any():
            return facets
        return np.asarray((facets + np.clip(self.vectors.dot(vector, rows), 0.0, 1.0)) / 2, dtype=np.float32)

    def likeness(self, rows: Rows) -> Floats:
        """Return `resemblance` between all pairs of a few rows, [n_rows, n_rows]."""
        chosen = self.features.matrix[rows]
        norms = self.features.norms[rows]
        facets = np.asarray((chosen @ chosen.T).todense(), dtype=np.float32) / np.outer(norms, norms)
        if self.vectors is None:
            return facets
        vectors = self.vectors.of(rows)
        known = vectors.any(axis=1)
        texts = np.clip(vectors @ vectors.T, 0.0, 1.0)
        return np.where(np.outer(known, known), (facets + texts) / 2, facets).astype(np.float32)


def _own_history(context: Context, rows: Rows) -> dict[str, Floats]:
    """Mark products that this shopper rejected or bought."""
    marks: dict[str, Floats] = {}
    for item in context.history:
        name = "disliked" if item.weight < 0 else "owned" if item.kind == "purchase" else None
        if name is None:
            continue
        position = int(np.searchsorted(rows, item.row))
        if position < len(rows) and rows[position] == item.row:
            marks.setdefault(name, np.zeros(len(rows), dtype=np.float32))[position] = 1.0
    return marks


def _places(context: Context, rows: Rows) -> Rows:
    """Return where the shopper's own products stand among `rows` (ascending)."""
    own = np.asarray([item.row for item in context.history], dtype=np.int32)
    place = np.searchsorted(rows, own)
    there = place < len(rows)
    there[there] = rows[place[there]] == own[there]
    return place[there].astype(np.int32)
