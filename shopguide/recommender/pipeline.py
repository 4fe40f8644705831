"""From a need to ranked products: filter, score, blend, rerank, diversify, explain."""

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shopguide.errors import DatabaseError
from shopguide.feedback.events import EVENT_WEIGHTS, FeedbackEvent
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.blend import RERANK_WEIGHT, RERANK_WEIGHT_WITHOUT_WORDS, BlendFeatures
from shopguide.recommender.candidates.base import Context, Interaction, top
from shopguide.recommender.diversity import diversify
from shopguide.recommender.exploration import POOL, Choice, explore
from shopguide.recommender.features import Floats, Rows
from shopguide.recommender.live import LiveModel
from shopguide.recommender.reranker import relevance
from shopguide.recommender.snapshot import Snapshot
from shopguide.recommender.texts import need_text, product_text
from shopguide.recommender.types import RankedProduct, Recommendation, RecommendationRequest
from shopguide.settings import Settings

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.catalogue.live import LiveCatalogue
    from shopguide.feedback.service import Feedback
    from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

RERANKED = 24
"""Products that the cross-encoder reads."""
DIVERSIFIED_FROM = 8
"""The slate is chosen among this many times its size."""
RATING_MIDDLE = 3.0


class Recommender:
    """Ranks the products that satisfy a need.

    Args:
        catalogue: the catalogue, following its changes.
        profiles: what shoppers are known to like.
        feedback: what they did.
        settings: where the models are, and the limits.
        chance: what exploration draws from; tests bring a seeded one.
    """

    def __init__(
        self,
        catalogue: "LiveCatalogue",
        profiles: "Profiles",
        feedback: "Feedback",
        settings: Settings,
        chance: random.Random | None = None,
    ) -> None:
        self._profiles = profiles
        self._feedback = feedback
        self._settings = settings
        self._chance = chance or random.Random()  # noqa: S311  (no secret depends on it)
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

    def recommend(self, request: RecommendationRequest) -> Recommendation:
        """Rank the products in stock that satisfy the constraints.

        Every item satisfies every constraint, no item is excluded or the anchor itself, and none appears twice.
        Scores order the items before diversity and exploration, whose propensities the items carry; a shopper database
        that is down costs the memory, not the answer.
        """
        snapshot = self._live.snapshot()
        matching = snapshot.index.matching(request.constraints)
        rows = _without(snapshot.index, matching, request)
        context = self._context(snapshot, request)
        values = snapshot.signals.compute(context, rows)
        if request.anchor is not None and request.anchor in snapshot.index:
            columns = {
                **values.columns,
                "anchor": snapshot.signals.resemblance(snapshot.index.row(request.anchor), rows),
            }
            values = replace(values, columns=columns)
        scores = snapshot.blend.score(values)
        shortlist = top(scores, max(request.k * DIVERSIFIED_FROM, RERANKED))
        degraded = None if snapshot.trained else "model_missing"
        reranked, late = self._rerank(snapshot, context, rows[shortlist])
        read = np.zeros(len(shortlist), dtype=np.float32)
        if reranked is not None:
            weight = RERANK_WEIGHT if request.query.strip() else RERANK_WEIGHT_WITHOUT_WORDS
            scores = scores.copy()
            read = weight * reranked
            scores[shortlist] += read
        chosen, explored = self._chosen(snapshot, request, values, shortlist, scores)
        positions = [position for position, _ in chosen]
        places = [_place(shortlist, position) for position in positions]
        reasons = snapshot.explainer.reasons(
            context, values, positions, reranked=[float(read[place] - read.mean()) for place in places]
        )
        items = tuple(
            RankedProduct(
                sku=snapshot.index.skus[int(rows[position])],
                score=round(float(scores[position]), 6),
                propensity=propensity,
                reasons=why,
                features=values.at(position)
                | ({"reranker": round(float(reranked[place]), 6)} if reranked is not None else {}),
            )
            for (position, propensity), place, why in zip(chosen, places, reasons, strict=True)
        )
        return Recommendation(
            items=items,
            total_matches=len(matching),
            policy=_policy(snapshot, reranked is not None, explored),
            model_version=snapshot.model_version,
            degraded=degraded or late,
            catalogue_revision=snapshot.index.revision,
        )

    def _context(self, snapshot: Snapshot, request: RecommendationRequest) -> Context:
        """Bring in what may be remembered: for somebody else their taste, never what the shopper did for themselves."""
        taste, events, known = TasteProfile(), list[FeedbackEvent](), False
        if request.shopper_id is not None and request.personal:
            try:
                recalled = self._profiles.recall(
                    request.shopper_id, recipient=request.recipient, conversation_id=request.conversation_id
                )
                taste, known = recalled.taste, recalled.remembered and not request.recipient
                if not request.recipient:
                    events = self._feedback.history(
                        request.shopper_id,
                        conversation_id=request.conversation_id,
                        remembered=recalled.remembered,
                        since=recalled.since,
                    )
            except DatabaseError as error:
                log.warning("answering without memory: %s", error)
                taste, events, known = TasteProfile(), [], False
        if not known:
            # Nor may a model know the shopper again by the id.
            request = replace(request, shopper_id=None)
        return Context(request, snapshot.features, taste, interactions_of(snapshot.index, events))

    def _rerank(self, snapshot: Snapshot, context: Context, rows: Rows) -> tuple[Floats | None, str | None]:
        """Return the relevance of the shortlist (`None`: not reranked) and what is degraded.

        Products below those that there was time for take the lowest relevance found.
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
            need, texts, needed=min(request.k, len(head)), deadline_ms=self._settings.rerank_deadline_ms
        )
        if scored.late:
            log.info("reranker late after %.0f ms", 1000 * (time.perf_counter() - started))
            return None, "reranker_late"
        found = relevance(scored.logits)
        filled = np.full(len(rows), found.min(), dtype=np.float32)
        filled[: len(found)] = found
        return filled, None

    def _chosen(
        self,
        snapshot: Snapshot,
        request: RecommendationRequest,
        values: BlendFeatures,
        shortlist: Rows,
        scores: Floats,
    ) -> tuple[list[tuple[int, float]], bool]:
        """Return the rows' positions for the slate with their propensities, and whether chance had a part in it.

        Who points at an example wants what is most like it, and who asks for one product the best: no chance there.
        """
        rate = self._settings.exploration_rate if request.k > 1 and request.anchor is None else 0.0
        ordered = self._diverse(
            snapshot, values.rows[shortlist], scores[shortlist], request.k + POOL if rate > 0 else request.k
        )
        places = [int(shortlist[i]) for i in ordered]
        if rate > 0:
            rejected = values.columns.get("disliked")
            barred = {i for i, place in enumerate(places) if rejected is not None and rejected[place]}
            choices = explore(scores[places], request.k, rate, self._chance, barred)
        else:
            choices = [Choice(i) for i in range(len(places))]
        return [(places[choice.candidate], choice.propensity) for choice in choices], rate > 0

    @staticmethod
    def _diverse(snapshot: Snapshot, rows: Rows, scores: Floats, k: int) -> list[int]:
        if len(rows) <= 1 or k <= 1:
            return list(np.argsort(-scores, kind="stable")[:k])
        return diversify(scores, snapshot.signals.likeness(rows), k)


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


def _without(index: "CatalogueIndex", rows: Rows, request: RecommendationRequest) -> Rows:
    if request.among is not None:
        among = [index.row(sku) for sku in request.among if sku in index]
        rows = rows[np.isin(rows, np.asarray(among, dtype=np.int32))]
    excluded = {sku for sku in (*request.exclude, request.anchor) if sku is not None and sku in index}
    if not excluded:
        return rows
    return rows[~np.isin(rows, np.asarray([index.row(sku) for sku in excluded], dtype=np.int32))]


def _place(shortlist: Rows, position: int) -> int:
    return int(np.flatnonzero(shortlist == position)[0])


def _policy(snapshot: Snapshot, reranked: bool, explored: bool) -> str:
    parts = ("blend" if snapshot.trained else "popularity", "reranker" * reranked, "explore" * explored)
    return "+".join(filter(None, parts))
