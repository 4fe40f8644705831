"""How named products fare at each stage of one request: text search, bi-encoder, cross-encoder, blend."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shopguide.ids import Sku
from shopguide.recommender.blend import RERANK_WEIGHT, RERANK_WEIGHT_WITHOUT_WORDS
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.reranker import Reranker
from shopguide.recommender.texts import need_text, product_text
from shopguide.recommender.types import RankedProduct, RecommendationRequest


@dataclass(frozen=True)
class Stages:
    """One product at all stages; `None` where a stage says nothing of it.

    Args:
        sku: the product.
        place: among the named products by score, from 1; `None` if it is not in stock or breaks a constraint.
        bm25: the text search's score; `None` if it shares no word with the need.
        cosine: of the bi-encoder's vectors.
        logit: of the cross-encoder.
        probability: that it answers, after calibration.
        blend: the score before the cross-encoder.
        score: the score that places come from.
    """

    sku: Sku
    place: int | None
    bm25: float | None
    cosine: float | None
    logit: float | None
    probability: float | None
    blend: float | None
    score: float | None


def stages_of(
    recommender: Recommender, reranker: Reranker | None, request: RecommendationRequest, skus: Sequence[Sku]
) -> list[Stages]:
    """Return the stages of some products, by place; those without one last.

    Args:
        recommender: warmed up.
        reranker: the cross-encoder that it serves with, if there is one.
        request: the need; what it says of `k` and `among` is replaced.
        skus: the products.

    Raises:
        UnknownProduct: one of them is not on sale.
    """
    index = recommender.index
    rows = np.asarray([index.row(sku) for sku in skus], dtype=np.int32)
    found, scores = index.search(request.query, np.unique(rows), len(rows))
    bm25 = dict(zip(found.tolist(), scores.tolist(), strict=True))
    cosines = recommender.likeness(request.query) if request.query.strip() else None
    logits = probabilities = None
    need = need_text(request.query, request.constraints)
    if reranker is not None and need:
        texts = [product_text(index.product(sku)) for sku in skus]
        logits = reranker.score(need, texts, needed=len(texts)).logits
        probabilities = reranker.probabilities(logits)
    answer = recommender.recommend(replace(request, k=len(skus), among=frozenset(skus)))
    # A slate also minds variety and tries something now and then; here only scores count.
    items = sorted(answer.items, key=lambda item: -item.score)
    placed = {item.sku: (place, item) for place, item in enumerate(items, 1)}
    listed = []
    for position, (sku, row) in enumerate(zip(skus, rows.tolist(), strict=True)):
        place, item = placed.get(sku, (None, None))
        listed.append(
            Stages(
                sku,
                place,
                bm25.get(row),
                None if cosines is None else float(cosines[row]),
                None if logits is None else float(logits[position]),
                None if probabilities is None else float(probabilities[position]),
                None if item is None else _before_reranker(item, request),
                None if item is None else item.score,
            )
        )
    return sorted(listed, key=lambda stage: len(skus) if stage.place is None else stage.place - 1)


def _before_reranker(item: RankedProduct, request: RecommendationRequest) -> float:
    weight = RERANK_WEIGHT if request.query.strip() else RERANK_WEIGHT_WITHOUT_WORDS
    return round(item.score - weight * item.features.get("reranker", 0.0), 6)
