"""What the reranker is worth end to end: shoppers with a past say what they need, with the reranker and without."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.reranker.comparing import pairs_of, rows_of
from shopguide.evaluation.reranker.logs import Wanted
from shopguide.evaluation.reranker.measures import reciprocal_rank
from shopguide.evaluation.reranker.models import (
    BI_ENCODER,
    BM25,
    DEPTH,
    PIPELINE,
    STUDENT,
    WITHOUT_RERANKER,
    Bench,
    ranked_rows,
)
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.data import Progress
from shopguide.training.metrics import CUTOFF, Values, ndcg, recall

EVENTS = "events"
"""What these rows were measured on."""
NDCG, MRR, RECALL = f"ndcg@{CUTOFF}", "mrr", f"recall@{CUTOFF}"

Answer: TypeAlias = Callable[[Wanted], Sequence[int]]


def end_to_end(
    bench: Bench, workshop: Workshop, needs: Sequence[Wanted], progress: Progress
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows and differences: words alone, and the recommender that knows the shopper, with and without reranker.

    Args:
        bench: the models.
        workshop: the shop, with what its shoppers did before.
        needs: what they said after that, and chose.
        progress: see `Progress`.
    """
    answers: dict[str, Answer] = {
        ranker.name: lambda need, ranker=ranker: ranker.best(need.text).tolist()  # type: ignore[misc]
        for ranker in bench.rankers
        if ranker.name in (BM25, BI_ENCODER, STUDENT)
    }
    shop = workshop.shop
    no_time = shop.settings.model_copy(update={"rerank_deadline_ms": 0})
    without = Recommender(shop.catalogue, shop.profiles, shop.feedback, no_time)
    without.warm_up()
    answers |= {PIPELINE: _asking(bench.recommender, bench.index), WITHOUT_RERANKER: _asking(without, bench.index)}
    figures: dict[str, dict[str, Values]] = {}
    for done, (name, answer) in enumerate(answers.items(), 1):
        ranked = [(answer(need)[:DEPTH], need.chosen) for need in needs]
        figures[name] = {
            NDCG: np.asarray([ndcg(rows, chosen) for rows, chosen in ranked]),
            MRR: np.asarray([reciprocal_rank(rows, chosen) for rows, chosen in ranked]),
            RECALL: np.asarray([recall(rows, chosen) for rows, chosen in ranked]),
        }
        progress(EVENTS, done / len(answers))
    return rows_of(figures, EVENTS), pairs_of(figures, EVENTS)


def _asking(recommender: Recommender, index: CatalogueIndex) -> Answer:
    def answer(need: Wanted) -> Sequence[int]:
        request = RecommendationRequest(query=need.text, shopper_id=need.shopper, k=2 * DEPTH)
        found: list[int] = ranked_rows(recommender, index, request).tolist()
        return found

    return answer
