"""Times the top 100 of a million products of which a filter leaves one in a hundred; JSON on stdout.

    python -m bench.retrieval                      # a million products, 64 dimensions, 200 requests, one thread
    python -m bench.retrieval --products 100000    # smaller

Four ways to the same hundred products, request by request in turn, so that whatever else the machine does meets all of
them alike:

    ours                  the project's own path: LightFM's generator on the rows that are left, then `top`
    predict_then_mask     LightFM.predict on every product, the others masked afterwards
    predict_allowed       LightFM.predict on the products that are left
    numpy_then_mask       one product with the whole matrix, the others masked afterwards

The factors are drawn, not trained: time does not depend on what they say. LightFM's model gets the same arrays, and its
feature matrices ready-made, which it would otherwise build anew at every call. The hundred have to be the same.

The memory is that of two servers at a time, each of which has scored every product: what the pages of the factors take
in each, and which of them both share, when they map what training wrote and when each computes its own.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, cast

import numpy as np
from lightfm import LightFM as LightFMModel
from scipy.sparse import csr_matrix, identity
from threadpoolctl import threadpool_limits

from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import Context, top
from shopguide.recommender.candidates.lightfm import Factors, LightFM, shopper_key
from shopguide.recommender.features import Floats, ItemFeatures, Rows
from shopguide.recommender.types import RecommendationRequest

SEED = 0
TOP = 100
LEFT = 0.01
"""Share of the products that the filter leaves."""
FILTERS = 20
SHOPPERS = 50
FEATURES = 1_000
FEATURES_OF_A_PRODUCT = 3
REPRESENTATION, KEYS = "item_representation.npy", "item_key.npy"


@dataclass(frozen=True)
class Million:
    """What stands in for the catalogue index: nothing but names are asked of it here."""

    skus: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.skus)


@dataclass(frozen=True)
class Drawn:
    """A catalogue's features and a model's factors, drawn with the seed.

    Args:
        products: how many.
        dimensions: of the factors.
    """

    products: int
    dimensions: int
    index: Million = field(init=False)

    def __post_init__(self) -> None:
        """Name the products."""
        object.__setattr__(self, "index", Million(tuple(f"P{number}" for number in range(self.products))))

    @cached_property
    def features(self) -> ItemFeatures:
        """Every product has a few of the features."""
        entries = self.products * FEATURES_OF_A_PRODUCT
        columns = np.random.default_rng(SEED).integers(0, FEATURES, size=entries).astype(np.int32)
        matrix = csr_matrix(
            (np.ones(entries, dtype=np.float32), columns, np.arange(0, entries + 1, FEATURES_OF_A_PRODUCT)),
            shape=(self.products, FEATURES),
        )
        names = tuple(f"facet={number}" for number in range(FEATURES))
        nothing = np.zeros(self.products)
        return ItemFeatures(
            names,
            matrix,
            price_level=nothing,
            leaf=nothing.astype(np.int32),
            word_names=(),
            words=csr_matrix((self.products, 0), dtype=np.float32),
        )

    def factors(self, representation: Floats | None, keys: Any = None) -> Factors:
        """Return a model; without a representation a server has to compute one from the features."""
        draw, d = np.random.default_rng(SEED + 1), self.dimensions
        ids = sorted((shopper_key(shopper(number)), number) for number in range(SHOPPERS))
        return Factors(
            skus={},
            features=self.features.names,
            item_identity=np.zeros((0, d), dtype=np.float32),
            item_identity_bias=np.zeros(0, dtype=np.float32),
            item_feature=draw.normal(size=(FEATURES, d)).astype(np.float32),
            item_feature_bias=draw.normal(size=FEATURES).astype(np.float32),
            user_feature=np.zeros((FEATURES, d), dtype=np.float32),
            shopper_keys=np.asarray([key for key, _ in ids], dtype=np.uint64),
            shoppers=shopper_vectors(d)[[number for _, number in ids]],
            trained_until=0.0,
            item_representation=representation,
            item_key=keys,
        )

    def save(self, folder: Path) -> None:
        """Write what training would: representations, the bias in the last column, and their keys."""
        draw = np.random.default_rng(SEED + 2)
        shape = (self.products, self.dimensions + 1)
        np.save(folder / REPRESENTATION, draw.standard_normal(shape, dtype=np.float32))
        np.save(folder / KEYS, self.features.keys(self.index.skus))

    def generator(self, folder: Path | None) -> LightFM:
        """Return the generator as a server has it: mapping what a folder holds, or computing its own."""
        stored = None if folder is None else np.load(folder / REPRESENTATION, mmap_mode="r")
        keys = None if folder is None else np.load(folder / KEYS, mmap_mode="r")
        return LightFM(self.factors(stored, keys), cast("CatalogueIndex", self.index), self.features)


def shopper(number: int) -> ShopperId:
    """Return a shopper's id."""
    return ShopperId(f"shopper-{number}")


def shopper_vectors(dimensions: int) -> Floats:
    """Return the shoppers' representations, [n_shoppers, d]."""
    return np.random.default_rng(SEED + 3).standard_normal((SHOPPERS, dimensions), dtype=np.float32)


def model_of(representation: Floats) -> LightFMModel:
    """Return a LightFM model with these factors."""
    model = LightFMModel(no_components=representation.shape[1] - 1)
    model._initialize(model.no_components, 1, 1)  # its gradients, which predicting does not read, have to be there
    model.item_embeddings = np.ascontiguousarray(representation[:, :-1])
    model.item_biases = np.ascontiguousarray(representation[:, -1])
    model.user_embeddings = shopper_vectors(model.no_components)
    model.user_biases = np.zeros(SHOPPERS, dtype=np.float32)
    return model


def ways(drawn: Drawn, folder: Path) -> dict[str, Callable[[int, Rows], Rows]]:
    """Return the ways from (shopper, rows left) to the rows of the best products, best first."""
    generator, features = drawn.generator(folder), drawn.features
    representation = np.load(folder / REPRESENTATION)
    model, everything = model_of(representation), np.arange(drawn.products, dtype=np.int32)
    of_users = identity(SHOPPERS, dtype=np.float32, format="csr")
    of_items = identity(drawn.products, dtype=np.float32, format="csr")

    def ours(number: int, rows: Rows) -> Rows:
        context = Context(RecommendationRequest(shopper_id=shopper(number)), features)
        scores = generator.scores(context, rows)
        assert scores is not None
        return rows[top(scores, TOP)]

    def predict(number: int, rows: Rows) -> Floats:
        return np.asarray(model.predict(number, rows, of_items, of_users, num_threads=1))

    def masked(scores: Floats, rows: Rows) -> Rows:
        allowed = np.full(len(scores), -np.inf, dtype=np.float32)
        allowed[rows] = scores[rows]
        return top(allowed, TOP)

    def whole(number: int) -> Floats:
        return np.asarray(model.item_embeddings @ model.user_embeddings[number] + model.item_biases)

    return {
        "ours": ours,
        "predict_then_mask": lambda number, rows: masked(predict(number, everything), rows),
        "predict_allowed": lambda number, rows: rows[top(predict(number, rows), TOP)],
        "numpy_then_mask": lambda number, rows: masked(whole(number), rows),
    }


def measure(drawn: Drawn, folder: Path, requests: int) -> dict[str, Any]:
    """Time the ways in turn.

    Raises:
        AssertionError: two of them disagree on the best products.
    """
    found = ways(drawn, folder)
    draw = np.random.default_rng(SEED + 4)
    left = max(int(LEFT * drawn.products), TOP)
    filters = [np.sort(draw.choice(drawn.products, left, replace=False)).astype(np.int32) for _ in range(FILTERS)]
    wall: dict[str, list[float]] = {way: [] for way in found}
    cpu: dict[str, list[float]] = {way: [] for way in found}
    for request in range(-len(filters), requests):
        number, rows = request % SHOPPERS, filters[request % FILTERS]
        best = {}
        for way, answer in found.items():
            started, busy = time.perf_counter(), time.thread_time()
            best[way] = answer(number, rows)
            if request >= 0:  # before that, caches and pages are warmed
                cpu[way].append(1000 * (time.thread_time() - busy))
                wall[way].append(1000 * (time.perf_counter() - started))
        for way, rows_found in best.items():
            assert set(rows_found.tolist()) == set(best["ours"].tolist()), f"request {request}: {way} differs"
    ours = np.median(wall["ours"])
    return {
        way: {
            "wall": percentiles(wall[way]),
            "cpu": percentiles(cpu[way]),
            "times_ours_p50": round(float(np.median(wall[way]) / ours), 1),
            "times_ours_p95": round(float(np.percentile(wall[way], 95) / np.percentile(wall["ours"], 95)), 1),
        }
        for way in found
    } | {"same_products": True, "rows_left": left}


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def memory(drawn: Drawn, folder: Path) -> dict[str, Any]:
    """Return what the factors take in each of two processes at a time, in MiB: mapped, and computed by each."""
    processes = multiprocessing.get_context("spawn")
    report = {}
    for how, where in (("mapped", folder), ("own", None)):
        barrier = processes.Barrier(2)
        results = processes.SimpleQueue()
        servers = [processes.Process(target=_serve, args=(drawn, where, barrier, results)) for _ in range(2)]
        for server in servers:
            server.start()
        report[how] = [results.get() for _ in servers]
        for server in servers:
            server.join()
    return report


def _serve(drawn: Drawn, folder: Path | None, barrier: Barrier, results: Any) -> None:
    """Load the factors as a server does, score every product, and report while the other process does the same."""
    context = Context(RecommendationRequest(shopper_id=shopper(0)), drawn.features)
    before = _private()
    generator = drawn.generator(folder)
    generator.scores(context, np.arange(drawn.products, dtype=np.int32))
    barrier.wait()
    pages = _pages_of(folder / REPRESENTATION) if folder else {}
    results.put({"private_growth_mib": round(_private() - before, 1), "pages_of_the_factors_mib": pages, **_rollup()})
    barrier.wait()


def _rollup() -> dict[str, float]:
    """Return this process's memory, in MiB."""
    found = _numbers(Path("/proc/self/smaps_rollup").read_text().splitlines())
    return {
        "rss_mib": found["Rss"],
        "pss_mib": found["Pss"],
        "shared_mib": round(found["Shared_Clean"] + found["Shared_Dirty"], 1),
        "private_mib": round(found["Private_Clean"] + found["Private_Dirty"], 1),
    }


def _private() -> float:
    return _rollup()["private_mib"]


def _pages_of(path: Path) -> dict[str, float]:
    """Return the resident pages of a mapped file, in MiB, and how many of them other processes have mapped too."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith(str(path)))
    found = _numbers(lines[start + 1 : start + 20])
    return {
        "resident": found["Rss"],
        "shared": round(found["Shared_Clean"] + found["Shared_Dirty"], 1),
        "private": round(found["Private_Clean"] + found["Private_Dirty"], 1),
    }


def _numbers(lines: list[str]) -> dict[str, float]:
    pairs = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): round(int(kilobytes) / 1024, 1) for name, kilobytes, _ in pairs}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=64)
    parser.add_argument("--requests", type=int, default=200)
    arguments = parser.parse_args()
    drawn = Drawn(arguments.products, arguments.dimensions)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        drawn.save(folder)
        report: dict[str, Any] = {
            "products": arguments.products,
            "dimensions": arguments.dimensions,
            "requests": arguments.requests,
            "seed": SEED,
            "top": TOP,
        }
        report |= {"ways": measure(drawn, folder, arguments.requests), "memory": memory(drawn, folder)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
