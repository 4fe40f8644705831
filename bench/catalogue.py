"""Times the catalogue: import, index, hard filters, facet counts, text retrieval; JSON on stdout.

    python bench/catalogue.py FEED --mapping MAPPING.yml [--judgments judgments.csv]

Works in a temporary shop of its own. `--judgments` (columns query, docid, final_rating) adds the nDCG@10 of the text
retrieval over the judged products of each query, with linear gain, mean over the queries that have a relevant one.
"""

import argparse
import csv
import json
import math
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.store import ProductStore
from shopguide.catalogue.textsearch import TextIndex
from shopguide.db.engine import Database
from shopguide.ids import Sku

REPEATS = 200


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Run something; return its result with the wall-clock and processor seconds it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def percentiles(calls: list[Callable[[], Any]]) -> dict[str, float]:
    """Return the median and the 95th percentile of the calls, in milliseconds."""
    times = []
    for call in calls:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return {"p50_ms": round(float(np.percentile(times, 50)), 3), "p95_ms": round(float(np.percentile(times, 95)), 3)}


def ndcg(index: CatalogueIndex, judgments: Path) -> float:
    """Return the mean nDCG@10 over judged products."""
    judged: defaultdict[str, dict[int, float]] = defaultdict(dict)
    with judgments.open(newline="") as file:
        for line in csv.DictReader(file):
            if Sku(line["docid"]) in index:
                judged[line["query"]][index.row(Sku(line["docid"]))] = float(line["final_rating"])
    scores = []
    for query, gains in judged.items():
        if not any(gains.values()):
            continue
        rows = np.array(sorted(gains), dtype=np.int32)
        found = index.search(query, rows, len(rows))[0].tolist()
        order = found + [row for row in rows.tolist() if row not in set(found)]
        gained = sum(gains[row] / math.log2(place + 2) for place, row in enumerate(order[:10]))
        best = sum(gain / math.log2(place + 2) for place, gain in enumerate(sorted(gains.values(), reverse=True)[:10]))
        scores.append(gained / best)
    return float(np.mean(scores))


def needs(index: CatalogueIndex, source: random.Random) -> list[tuple[Constraint, ...]]:
    """Return needs of one to three constraints, each with values of the catalogue."""
    facets = [name for name in ("category", "brand", "colour") if name in index.facets]
    values = {name: [value for value, _ in index.facet_counts(None, name, 40)] for name in facets}
    drawn = []
    for _ in range(REPEATS):
        chosen = source.sample(facets, source.randint(1, len(facets)))
        drawn.append(tuple(Constraint(name, "in", (source.choice(values[name]),)) for name in chosen))
    return drawn


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feed", type=Path)
    parser.add_argument("--mapping", type=Path, required=True)
    parser.add_argument("--judgments", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    report: dict[str, Any] = {"feed": options.feed.name}
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/shop.db")
        database.migrate()
        store, mapping = ProductStore(database), load_mapping(options.mapping)
        imported, report["import"] = timed(lambda: import_catalogue(store, options.feed, mapping))
        report["import"] |= {"products": imported.imported, "skipped": imported.skipped, "peak_rss_mb": peak()}
        _, report["import_again"] = timed(lambda: import_catalogue(store, options.feed, mapping))
        (_, digest, products), report["read"] = timed(store.snapshot)
        index, report["columns"] = timed(lambda: CatalogueIndex(products))
        text, report["text_build"] = timed(lambda: TextIndex.saved(Path(folder) / "text", digest, products))
        _, report["text_open"] = timed(lambda: TextIndex.saved(Path(folder) / "text", digest, products))
        database.close()
    index = CatalogueIndex(products, text=text)
    _, report["lexicon"] = timed(lambda: lexicon_of(index, currency="EUR"))
    report["peak_rss_mb"] = peak()
    source = random.Random(options.seed)
    drawn = needs(index, source)
    titles = [" ".join(source.choice(products).title.split()[:4]) for _ in range(REPEATS)]
    rows = [index.matching(need) for need in drawn]
    report["matching"] = percentiles([lambda need=need: index.matching(need) for need in drawn])
    report["facet_counts"] = percentiles([lambda r=r: index.facet_counts(r, "colour") for r in rows])
    report["search"] = percentiles([lambda q=q: index.search(q, None, 100) for q in titles])
    report["search_filtered"] = percentiles(
        [lambda q=q, r=r: index.search(q, r, 100) for q, r in zip(titles, rows, strict=True)]
    )
    if options.judgments:
        report["ndcg@10"] = round(ndcg(index, options.judgments), 4)
    print(json.dumps(report, indent=1))


def peak() -> int:
    """Return the most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
