"""Times whole recommendations in one process, stage by stage; JSON on stdout.

    python -m bench.recommender --requests 200                 # catalogue, events and models of the configured shop
    python -m bench.recommender --products 20000               # a large shop, drawn, imported and trained for this
    python -m bench.recommender --products 20000 --shop DIR    # the same, kept in a folder for the next run

Requests are drawn with a fixed seed: anybody and nothing said, so that every product is scored; a shopper with a
history of 50 products; the same within a category; a need in words; both; and, in the large shop, shoppers who came
after the training, whose 50 clicks all fold in. Profile and history are read from the database each time, as for a
server's request. `wall` is what a shopper waits for, `cpu` what it costs where others use the machine as well. The
stages, in processor time, come from a second pass over the same requests; each has what it spent itself, not in another
stage.

The large shop has no reranker. With `--vectors` it has MiniLM vectors, and needs in words are encoded (minutes more).
"""

import argparse
import functools
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from bench._large_shop import NEWCOMERS, Size, large_shop
from shopguide.bootstrap import Shop, get_shop
from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.service import Feedback
from shopguide.ids import ShopperId
from shopguide.recommender import pipeline
from shopguide.recommender.blend import Blend, Signals
from shopguide.recommender.live import LiveModel
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.reasons import Explainer
from shopguide.recommender.types import Recommendation, RecommendationRequest
from shopguide.training.needs import NeedGenerator

HISTORY = 50
"""Products in the histories of the shoppers that are asked for, as near as there are."""
SHOPPERS = 100
SEED = 0

Kinds = Mapping[str, Sequence[RecommendationRequest]]


def draw_requests(
    index: CatalogueIndex, shoppers: Sequence[ShopperId], n: int, newcomers: Sequence[ShopperId] = ()
) -> Kinds:
    """Return `n` requests of each kind."""
    source = random.Random(SEED)
    needs = NeedGenerator(index, SEED).groups()
    categories = [value for value, _ in index.facet_counts(None, "category", 50)]

    def one_of(shoppers: Sequence[ShopperId]) -> ShopperId | None:
        return source.choice(shoppers) if shoppers else None

    def category() -> tuple[Constraint, ...]:
        return (Constraint("category", "in", (source.choice(categories),)),) if categories else ()

    request = RecommendationRequest
    kinds: dict[str, Callable[[], RecommendationRequest]] = {
        "everything": request,
        "shopper": lambda: request(shopper_id=one_of(shoppers)),
        "shopper_category": lambda: request(shopper_id=one_of(shoppers), constraints=category()),
        "words": lambda: request(query=next(needs).need),
        "shopper_words": lambda: request(shopper_id=one_of(shoppers), query=next(needs).need),
        "newcomer": lambda: request(shopper_id=one_of(newcomers)),
    }
    return {kind: [draw() for _ in range(n)] for kind, draw in kinds.items() if newcomers or kind != "newcomer"}


def shoppers_with_history(feedback: Feedback) -> list[ShopperId]:
    """Return the shoppers whose histories come nearest to `HISTORY` products."""
    touched: defaultdict[ShopperId, set[str]] = defaultdict(set)
    for event in feedback.interactions():
        if event.sku is not None:
            touched[event.shopper_id].add(event.sku)
    known = touched.keys() - set(NEWCOMERS)
    return sorted(known, key=lambda shopper: (abs(len(touched[shopper]) - HISTORY), shopper))[:SHOPPERS]


class Stages:
    """Adds up the processor time spent in each stage, without that of the stages inside it."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""

        @functools.wraps(call)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._inside.append(0.0)
            started = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                took = time.thread_time() - started
                self.spent[stage] += took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return wrapper

    def watching(self, recommender: Recommender) -> AbstractContextManager[object]:
        """Time the stages of a recommender's requests while the context is open."""
        watched: list[tuple[Any, str, str]] = [
            (LiveModel, "snapshot", "snapshot"),
            (CatalogueIndex, "matching", "filter"),
            (Recommender, "_context", "profile and history"),
            (Signals, "compute", "other features"),
            (Blend, "score", "blend"),
            (pipeline, "shortlist", "shortlist"),
            (Recommender, "_rerank", "reranker"),
            (Recommender, "_chosen", "diversity"),
            (Explainer, "reasons", "reasons"),
            (Recommender, "recommend", "rest"),
        ]
        generators = recommender._live.snapshot().signals.generators
        watched += [(type(generator), "scores", f"generator {generator.name}") for generator in generators]
        stack = ExitStack()
        for owner, name, stage in watched:
            stack.enter_context(patch.object(owner, name, self.timed(stage, getattr(owner, name))))
        return stack


def times(
    answer: Callable[[RecommendationRequest], Recommendation], requests: Sequence[RecommendationRequest]
) -> dict[str, Any]:
    """Return percentiles in milliseconds, how many products were scored, and what was degraded how often."""
    wall, cpu, matches = [], [], []
    degraded: defaultdict[str, int] = defaultdict(int)
    reranked = 0
    for request in requests:
        started, busy = time.perf_counter(), time.thread_time()
        found = answer(request)
        cpu.append(1000 * (time.thread_time() - busy))
        wall.append(1000 * (time.perf_counter() - started))
        matches.append(found.total_matches)
        degraded[found.degraded or "none"] += 1
        reranked += any("reranker" in item.features for item in found.items)
    return {
        "requests": len(requests),
        "products_scored_p50": int(np.median(matches)),
        "wall": percentiles(wall),
        "cpu": percentiles(cpu),
        "reranked": reranked,
        "degraded": dict(degraded),
    }


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def measure(shop: Shop, n: int, newcomers: Sequence[ShopperId] = ()) -> dict[str, Any]:
    """Return the whole report, of `n` requests of each kind."""
    index, recommender = shop.catalogue.index(), shop.recommender
    started = time.perf_counter()
    recommender.warm_up()
    loaded = time.perf_counter() - started
    kinds = draw_requests(index, shoppers_with_history(shop.feedback), n, newcomers)
    for requests in kinds.values():
        times(recommender.recommend, requests[:10])
    found = {kind: times(recommender.recommend, requests) for kind, requests in kinds.items()}
    for kind, requests in kinds.items():
        stages = Stages()
        with stages.watching(recommender):
            times(recommender.recommend, requests)
        slowest_first = sorted(stages.spent.items(), key=lambda item: -item[1])
        found[kind]["stages_cpu_mean_ms"] = {stage: round(1000 * spent / n, 3) for stage, spent in slowest_first}
    return {
        "products": len(index),
        "model_version": recommender.model_version,
        "load_s": round(loaded, 2),
        "kinds": found,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind")
    parser.add_argument("--products", type=int, default=0, help="a large shop of so many; 0: the configured one")
    parser.add_argument("--shoppers", type=int, default=2_000, help="of the large shop")
    parser.add_argument("--shop", type=Path, help="folder of the large shop, made if it is not there")
    parser.add_argument("--vectors", action="store_true", help="with MiniLM vectors of the large shop's products")
    arguments = parser.parse_args()
    temporary: AbstractContextManager[str] = nullcontext("") if arguments.shop else tempfile.TemporaryDirectory()
    with temporary as folder, threadpool_limits(1, user_api="blas"):  # as `make run` starts the guide server
        if arguments.products:
            size = Size(arguments.products, arguments.shoppers)
            shop = large_shop(arguments.shop or Path(folder), size, vectors=arguments.vectors, say=_say)
            report = measure(shop, arguments.requests, NEWCOMERS)
        else:
            shop = get_shop()
            report = measure(shop, arguments.requests)
        shop.catalogue.close()
        shop.database.close()
    print(json.dumps(report, indent=1))


def _say(what: str) -> None:
    print(what, file=sys.stderr)


if __name__ == "__main__":
    main()
