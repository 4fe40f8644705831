"""From a need to ranked products: filter, score, blend, rerank, diversify, explain."""

import logging
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from lexicon.text import normalise
from shopguide.catalogue.variants import ALONE
from shopguide.errors import DatabaseError
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.blend import RERANK_WEIGHT, RERANK_WEIGHT_WITHOUT_WORDS, BlendFeatures
from shopguide.recommender.candidates.base import Context, Interaction, top
from shopguide.recommender.exploration import Choice
from shopguide.recommender.fatigue import LOOKED_BACK, Seen, seen, sunk
from shopguide.recommender.features import Floats, ItemFeatures, Rows, feature_name
from shopguide.recommender.live import LiveModel
from shopguide.recommender.slate import NO_BRAND, SHORTLIST, Limits, fill, shortlist
from shopguide.recommender.snapshot import Snapshot
from shopguide.recommender.texts import need_text, product_text
from shopguide.recommender.types import RankedProduct, Recommendation, RecommendationRequest
from shopguide.settings import Settings

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.catalogue.live import LiveCatalogue
    from shopguide.feedback.service import Feedback
    from shopguide.profiles.service import Profiles, Recalled

log = logging.getLogger(__name__)

RERANKED = 50
"""Products that the cross-encoder reads at most; its deadline decides how many it does."""
PATIENCE = 0.4
"""A share of the distance from the best to the last product that a need in words is answered from: a product that lies
so far below a variant of what is chosen hardly answers it."""
RATING_MIDDLE = 3.0
LONGEST_BRAND = 4
"""Words that the name of a brand has at most."""


@dataclass(frozen=True)
class _Shortlist:
    """What a slate is chosen from.

    Args:
        positions: where its products stand among the rows of the request, [n].
        features: the same products, with what only they have: how tired the shopper is of them, and the reranker's
            relevance.
        scores: what they are ordered by, [n].
        read: what the reranker adds to the scores, [n].
        limits: what else bears on the slate.
    """

    positions: Rows
    features: BlendFeatures
    scores: Floats
    read: Floats
    limits: Limits


SOUGHT_SHARE = 0.2
"""Share of the matches that count as what shoppers choose most."""


class Recommender:
    """Ranks the products that satisfy a need.

    Args:
        catalogue: the catalogue, following its changes.
        profiles: what shoppers are known to like.
        feedback: what they did.
        settings: where the models are, and the limits.
        chance: what exploration draws from; tests bring a seeded one.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        catalogue: "LiveCatalogue",
        profiles: "Profiles",
        feedback: "Feedback",
        settings: Settings,
        *,
        chance: random.Random | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._profiles = profiles
        self._feedback = feedback
        self._settings = settings
        self._chance = chance or random.Random()  # noqa: S311  (no secret depends on it)
        self._clock = clock
        self._live = LiveModel(catalogue.index, settings)

    def warm_up(self) -> None:
        """Load the models and wait for them; without it the first requests are answered while they load."""
        self._live.warm_up()

    def follow(self) -> None:
        """Begin to take up a new catalogue or model, if there is one."""
        self._live.snapshot()

    @property
    def model_version(self) -> str:
        """The version that serves now, `none` when nothing is trained."""
        return self._live.snapshot().model_version

    @property
    def index(self) -> "CatalogueIndex":
        """The catalogue that products are ranked from now; after an import it follows once everything is computed."""
        return self._live.snapshot().index

    def likeness(self, text: str) -> Floats | None:
        """Return the cosine of a text with every product, [n_products]; `None` without an encoder."""
        snapshot = self._live.snapshot()
        vector = self._live.encode(text) if snapshot.vectors is not None else None
        if snapshot.vectors is None or vector is None:
            return None
        return snapshot.vectors.dot(vector, np.arange(len(snapshot.index), dtype=np.int32))

    def sought(self, rows: Rows, index: "CatalogueIndex") -> Rows:
        """Return the products among `rows` that shoppers choose most, a fifth of them; none without any events.

        None either if the catalogue has moved on since `index`, whose rows they are.
        """
        snapshot = self._live.snapshot()
        if not len(rows) or snapshot.index is not index or not snapshot.popularity.from_events:
            return rows[:0]
        most = max(1, round(SOUGHT_SHARE * len(rows)))
        order = np.argsort(-snapshot.popularity.level[rows], kind="stable")
        return np.sort(rows[order[:most]])

    def vectors_of(self, texts: Sequence[str]) -> Floats | None:
        """Return the unit vectors of sentences, [n_texts, d]; `None` while the encoder is loading."""
        return self._live.vectors_of(texts)

    def recommend(self, request: RecommendationRequest) -> Recommendation:
        """Rank the products in stock that satisfy the constraints.

        Every item satisfies every constraint, no item is excluded, beside or the anchor itself, and none appears twice.
        Where nothing is asked for, nothing that was just shown comes again while there is something else. Scores order
        the items before diversity, limits and exploration, whose propensities the items carry; a shopper database that
        is down costs the memory, not the answer.
        """
        end = time.perf_counter() + self._settings.rerank_deadline_ms / 1000
        snapshot = self._live.snapshot()
        matching = snapshot.index.matching(request.constraints)
        rows = _without(snapshot.index, matching, request)
        context = self._context(snapshot, request)
        values = _features(snapshot, context, rows)
        listed, late = self._shortlist(snapshot, context, values, end)
        choices = self._chosen(snapshot, request, listed)
        chosen = [choice.candidate for choice in choices]
        reasons = (
            snapshot.explainer.reasons(
                context,
                values,
                listed.positions[chosen].tolist(),
                reranked=(listed.read[chosen] - listed.read.mean()).tolist(),
            )
            if chosen
            else []
        )
        items = tuple(
            RankedProduct(
                sku=snapshot.index.skus[int(listed.features.rows[choice.candidate])],
                score=round(float(listed.scores[choice.candidate]), 6),
                propensity=choice.propensity,
                reasons=why,
                features=listed.features.at(choice.candidate),
            )
            for choice, why in zip(choices, reasons, strict=True)
        )
        return Recommendation(
            items=items,
            total_matches=len(matching),
            policy=_policy(snapshot, "reranker" in listed.features.columns, self._exploration(request) > 0),
            model_version=snapshot.model_version,
            degraded=late if snapshot.trained else "model_missing",
            catalogue_revision=snapshot.index.revision,
        )

    def _context(self, snapshot: Snapshot, request: RecommendationRequest) -> Context:
        """Bring in what may be remembered: for somebody else their taste, never what the shopper did for themselves."""
        taste, known = TasteProfile(), False
        history: tuple[Interaction, ...] = ()
        shown = Seen()
        if request.shopper_id is not None and request.personal:
            try:
                recalled = self._profiles.recall(
                    request.shopper_id, recipient=request.recipient, conversation_id=request.conversation_id
                )
                if not request.recipient:
                    history, shown = self._own(snapshot.index, request.shopper_id, request.conversation_id, recalled)
                taste, known = recalled.taste, recalled.remembered and not request.recipient
            except DatabaseError as error:
                log.warning("answering without memory: %s", error)
        if not known:
            # Nor may a model know the shopper again by the id.
            request = replace(request, shopper_id=None)
        return Context(request, snapshot.features, taste, history, shown)

    def _own(
        self,
        index: "CatalogueIndex",
        shopper_id: ShopperId,
        conversation_id: ConversationId | None,
        recalled: "Recalled",
    ) -> tuple[tuple[Interaction, ...], Seen]:
        """Return what a shopper did and what they were shown lately, as far as either may be remembered.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        remembered, since = recalled.remembered, recalled.since
        history = interactions_of(
            index,
            self._feedback.history(shopper_id, conversation_id=conversation_id, remembered=remembered, since=since),
        )
        now = self._clock()
        sightings: dict[int, list[datetime]] = defaultdict(list)
        for one in self._feedback.sightings(
            shopper_id, now - LOOKED_BACK, conversation_id=conversation_id, remembered=remembered, since=since
        ):
            if one.sku in index:
                sightings[index.row(one.sku)].append(one.at)
        return history, seen(sightings, {item.row: item.at for item in history}, session_start=since, now=now)

    def _shortlist(
        self, snapshot: Snapshot, context: Context, values: BlendFeatures, end: float
    ) -> tuple[_Shortlist, str | None]:
        """Score the rows, read the best ones until `end`, and return them with what is degraded."""
        request = context.request
        n = max(request.k * SHORTLIST, RERANKED)
        weary = context.seen.weary(values.rows)
        scores = _rested(snapshot.blend.score(values), weary, n, is_open=request.is_open)
        limits = self._limits(snapshot, context, values.rows)
        positions = shortlist(scores, n, request.k, limits)
        columns = {name: column[positions] for name, column in values.columns.items()}
        if weary.any():
            columns["fatigue"] = weary[positions]
        reranked, degraded = self._rerank(snapshot, context, values.rows[positions], end)
        read = np.zeros(len(positions), dtype=np.float32)
        if reranked is not None:
            columns["reranker"] = reranked
            read = reranked * np.float32(RERANK_WEIGHT if request.query.strip() else RERANK_WEIGHT_WITHOUT_WORDS)
        features = replace(values, rows=values.rows[positions], columns=columns)
        return _Shortlist(positions, features, scores[positions] + read, read, limits.of(positions)), degraded

    def _rerank(self, snapshot: Snapshot, context: Context, rows: Rows, end: float) -> tuple[Floats | None, str | None]:
        """Return how probably each product answers the need (`None`: not reranked) and what is degraded.

        Products below those that there was time for take the lowest probability found.
        """
        request = context.request
        liked = context.taste if self._settings.rerank_taste else None
        need = need_text(request.query, request.constraints, liked)
        if not need or len(rows) < 2:
            return None, None
        reranker = self._live.reranker(snapshot.version)
        if reranker is None:
            loading = snapshot.version is not None and snapshot.version.has("reranker")
            return None, "reranker_late" if loading else "reranker_missing"
        started = time.perf_counter()
        head = rows[:RERANKED]
        texts = [product_text(snapshot.index.product(snapshot.index.skus[row])) for row in head]
        scored = reranker.score(
            need, texts, needed=min(request.k, len(head)), deadline_ms=1000 * (end - time.perf_counter())
        )
        if scored.late:
            log.info("reranker late after %.0f ms", 1000 * (time.perf_counter() - started))
            return None, "reranker_late"
        found = reranker.probabilities(scored.logits)
        filled = np.full(len(rows), found.min(), dtype=np.float32)
        filled[: len(found)] = found
        return filled, None

    def _limits(self, snapshot: Snapshot, context: Context, rows: Rows) -> Limits:
        """Return what bears on the slate beside the scores.

        A brand named in the need may come as often as it likes, and so may variants where an example is pointed at:
        nothing is more like it than they are.
        """
        request, features = context.request, snapshot.features
        brands = features.brands[rows]
        asked = _brands_named(request.query, features)
        beside = [snapshot.index.row(sku) for sku in request.beside if sku in snapshot.index]
        excluded = [snapshot.index.row(sku) for sku in request.exclude if sku in snapshot.index]
        return Limits(
            brands=np.where(np.isin(brands, asked), NO_BRAND, brands) if asked else brands,
            turns=context.seen.turns(rows) if request.is_open else np.zeros(len(rows), dtype=np.int32),
            variants=snapshot.variants[rows] if request.anchor is None else np.full_like(rows, ALONE),
            per_brand=self._settings.max_per_brand,
            patience=PATIENCE if request.query.strip() else math.inf,
            beside=features.brands[beside],
            known=snapshot.variants[[*beside, *excluded]],
        )

    def _chosen(self, snapshot: Snapshot, request: RecommendationRequest, listed: _Shortlist) -> list[Choice]:
        """Fill the slate."""
        rows = listed.features.rows
        strength = self._settings.diversity if request.k > 1 else 0.0
        rejected = listed.features.columns.get("disliked")
        return fill(
            listed.scores,
            snapshot.signals.likeness(rows) if strength else np.zeros((len(rows), len(rows)), dtype=np.float32),
            request.k,
            listed.limits,
            self._chance,
            strength=strength,
            rate=self._exploration(request),
            barred=np.flatnonzero(rejected).tolist() if rejected is not None else (),
        )

    def _exploration(self, request: RecommendationRequest) -> float:
        """Who points at an example wants what is most like it, who asks for one product the best: no chance there."""
        return self._settings.exploration_rate if request.k > 1 and request.anchor is None else 0.0


def _features(snapshot: Snapshot, context: Context, rows: Rows) -> BlendFeatures:
    """Return the features of the blend, with likeness to the product that the answer should resemble."""
    values = snapshot.signals.compute(context, rows, snapshot.blend)
    anchor = context.request.anchor
    if anchor is None or anchor not in snapshot.index:
        return values
    alike = snapshot.signals.resemblance(snapshot.index.row(anchor), rows)
    return replace(values, columns={**values.columns, "anchor": alike})


def _rested(scores: Floats, weary: Floats, n: int, *, is_open: bool) -> Floats:
    """Return a copy of the scores, less what weariness costs among the best `n`."""
    if not weary.any():
        return scores.copy()
    contenders = scores[top(scores, n)]
    return sunk(scores, weary, float(contenders[0] - contenders[-1]), is_open=is_open)


def interactions_of(index: "CatalogueIndex", events: Iterable[FeedbackEvent]) -> tuple[Interaction, ...]:
    """Sum up a shopper's events by product, strongest first; products no longer on sale are left out.

    The strongest event names what happened; the latest one tells when.
    """
    summed: dict[int, Interaction] = {}
    strongest: dict[int, float] = {}
    for event in events:
        if event.sku is None or event.sku not in index:
            continue
        row, weight = index.row(event.sku), event_weight(event)
        known = summed.get(row)
        if known is None:
            summed[row], strongest[row] = Interaction(row, weight, event.kind, event.at), abs(weight)
            continue
        kind = event.kind if abs(weight) > strongest[row] else known.kind
        strongest[row] = max(strongest[row], abs(weight))
        summed[row] = Interaction(row, known.weight + weight, kind, max(known.at, event.at))
    return tuple(sorted(summed.values(), key=lambda item: (-item.weight, item.row)))


def event_weight(event: FeedbackEvent) -> float:
    """Return what an event says about its product, in likes; a rating of 5 is a like, of 1 a dislike."""
    weight = EVENT_WEIGHTS.get(event.kind, 0.0)
    if event.kind == "rating":
        return weight * max(-1.0, min(1.0, ((event.value or RATING_MIDDLE) - RATING_MIDDLE) / 2.0))
    return weight


def _brands_named(query: str, features: ItemFeatures) -> list[int]:
    """Return the columns of the brands that stand in the words of a need."""
    words = normalise(query).split()
    spans = (
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + LONGEST_BRAND, len(words)) + 1)
    )
    return [features.column[name] for span in spans if (name := feature_name("brand", span)) in features.column]


def _without(index: "CatalogueIndex", rows: Rows, request: RecommendationRequest) -> Rows:
    if request.among is not None:
        among = [index.row(sku) for sku in request.among if sku in index]
        rows = rows[np.isin(rows, np.asarray(among, dtype=np.int32))]
    left_out = (*request.exclude, *request.beside, request.anchor)
    excluded = {sku for sku in left_out if sku is not None and sku in index}
    if not excluded:
        return rows
    return rows[~np.isin(rows, np.asarray([index.row(sku) for sku in excluded], dtype=np.int32))]


def _policy(snapshot: Snapshot, reranked: bool, explored: bool) -> str:
    parts = ("blend" if snapshot.trained else "popularity", "reranker" * reranked, "explore" * explored)
    return "+".join(filter(None, parts))
