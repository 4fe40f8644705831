"""Times whole recommendations in this process, with and without the reranker; JSON on stdout.

    python bench/recommender.py --requests 200        # catalogue, events and models of the configured shop

Reads the shop that SHOPGUIDE_* settings name. Requests are drawn with a fixed seed: shoppers with history, half of
them with a need in words made from the catalogue, some with constraints.
"""

import argparse
import json
import random
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import Recommendation, RecommendationRequest
from shopguide.training.needs import NeedGenerator


def draw_requests(
    index: CatalogueIndex, shoppers: Sequence[ShopperId], n: int, *, words: bool, seed: int = 0
) -> list[RecommendationRequest]:
    """Return requests as conversations make them; with `words`, every one has a need in words."""
    source = random.Random(seed)
    needs = NeedGenerator(index, seed).groups()
    categories = [value for value, _ in index.facet_counts(None, "category", 50)]
    requests = []
    for _ in range(n):
        constraints = []
        if categories and source.random() < 0.5:
            constraints.append(Constraint("category", "in", (source.choice(categories),)))
        requests.append(
            RecommendationRequest(
                constraints=tuple(constraints),
                query=next(needs).need if words else "",
                shopper_id=source.choice(shoppers) if shoppers and source.random() < 0.8 else None,
            )
        )
    return requests


def times(answer: Callable[[RecommendationRequest], Recommendation], requests: Sequence[RecommendationRequest]) -> dict:
    """Return percentiles in milliseconds and how often which degradation was stated."""
    taken, degraded, pairs = [], {}, 0
    for request in requests:
        start = time.perf_counter()
        found = answer(request)
        taken.append(1000 * (time.perf_counter() - start))
        degraded[found.degraded or "none"] = degraded.get(found.degraded or "none", 0) + 1
        pairs += any("reranker" in item.features for item in found.items)
    p50, p95 = np.percentile(taken, [50, 95])
    return {
        "requests": len(taken),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "reranked": pairs,
        "degraded": degraded,
    }


def measure(recommender: Recommender, index: CatalogueIndex, shoppers: Sequence[ShopperId], n: int) -> dict:
    """Return the whole report."""
    start = time.perf_counter()
    recommender.warm_up()
    loaded = time.perf_counter() - start
    plain = draw_requests(index, shoppers, n, words=False)
    worded = draw_requests(index, shoppers, n, words=True)
    for request in (*plain[:5], *worded[:5]):
        recommender.recommend(request)
    return {
        "products": len(index),
        "model_version": recommender.model_version,
        "load_s": round(loaded, 2),
        "without_words": times(recommender.recommend, plain),
        "with_words": times(recommender.recommend, worded),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure the configured shop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind")
    arguments = parser.parse_args()
    from shopguide.bootstrap import get_shop

    shop = get_shop()
    shoppers = sorted({event.shopper_id for event in shop.feedback.interactions()})
    print(json.dumps(measure(shop.recommender, shop.catalogue.index(), shoppers, arguments.requests), indent=1))


if __name__ == "__main__":
    main()
