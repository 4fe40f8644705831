"""Trains the reranker's teacher in several ways for the same time and compares them on held-out needs; JSON on stdout.

    python -m bench.rerank_ablation                                                    # the demo shop, 5 minutes each
    python -m bench.rerank_ablation --catalogue FILE --mapping MAPPING.yml --minutes 10 --products 5000
    python -m bench.rerank_ablation --ways full lora                                   # those named

    full             everything but the token embeddings and the lowest layer: as `shopguide train` does it
    lora             low-rank adapters (E. Hu et al., 2021; rank 16 on queries, keys, values and dense layers) and the
                     output layer; needs `pip install "peft>=0.21,<1"`
    head             the upper two layers and the output layer
    not_hostile      as `full`, without misspelt needs and stuffed texts among the examples

All of them see needs drawn with the same seeds. `mrr` is that of the first product that answers, `stuffed_gain` how
many positions a product that does not answer gains when its text is stuffed with the need, with commands or with
another brand, `typo_cost` what a slip in the need costs the MRR.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from shopguide.catalogue.feed.importer import import_catalogue
from shopguide.catalogue.feed.mapping import load_mapping
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import lexicon_of
from shopguide.catalogue.store import ProductStore
from shopguide.db.engine import Database
from shopguide.ids import Sku
from shopguide.recommender.encoder import encoder_folder
from shopguide.recommender.features import Floats
from shopguide.recommender.reranker import PairTokenizer, Reranker
from shopguide.recommender.texts import product_text
from shopguide.training.finetuning import Tuning, by_labels, device, fine_tune, load_model, save_model
from shopguide.training.heldout import HeldOut, compare, held_out
from shopguide.training.needs import Group
from shopguide.training.rerankfit import HELD_OUT_SEED, NeedSource, RerankParameters
from shopguide.training.stuffing import STUFFINGS
from shopguide.training.wording import Wording, misspelt

DEMO = Path(__file__).resolve().parents[1] / "demo"
CASES = 150
CANDIDATES = 20
SEED = 5
RANK = 16
UPPER = 4
"""Layers below those that `head` trains."""


@dataclass(frozen=True)
class Way:
    """How a teacher is trained: what is done to the model first, and with which parameters."""

    prepare: Callable[[Any], None]
    parameters: RerankParameters


def _nothing(model: Any) -> None:
    """Leave a model as it is."""


def _with_adapters(model: Any) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    targets = ["query", "key", "value", "dense"]
    inject_adapter_in_model(
        LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=targets, exclude_modules=["classifier"]), model
    )
    model.classifier.requires_grad_(True)


def _merged(model: Any) -> None:
    """Fold adapters into the weights that they stand beside, so that the model is saved as any other."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if hasattr(child, "get_base_layer"):
                child.merge()
                setattr(parent, name, child.get_base_layer())


def ways(minutes: float) -> dict[str, Way]:
    """Return what is compared."""
    full = RerankParameters(minutes=minutes, teacher_share=1.0)
    return {
        "full": Way(_nothing, full),
        "lora": Way(_with_adapters, replace(full, frozen_layers=0, learning_rate=2 * full.learning_rate)),
        "head": Way(_nothing, replace(full, frozen_layers=UPPER)),
        "not_hostile": Way(_nothing, replace(full, hostile=False)),
    }


def train(way: Way, source: NeedSource, folder: Path, threads: int) -> dict[str, Any]:
    """Train one teacher and save it; return how far it came."""
    import torch

    torch.manual_seed(way.parameters.seed)
    start = encoder_folder("")
    model = load_model(start).to(device())
    way.prepare(model)
    tuning = Tuning(
        seconds=way.parameters.minutes * 60,
        threads=threads,
        learning_rate=way.parameters.learning_rate,
        head_learning_rate=way.parameters.head_learning_rate,
        frozen_layers=way.parameters.frozen_layers,
        warm_up=way.parameters.warm_up,
    )

    def batches(done: int) -> Iterator[list[Group]]:
        return source.batches(way.parameters.seed + done, way.parameters)

    done = fine_tune(model, batches, by_labels, PairTokenizer(start), tuning)
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    _merged(model)
    save_model(model, start, folder)
    return {**done.as_json(), "trained_parameters": trained}


def stuffed_gains(reranker: Reranker, index: CatalogueIndex, cases: Sequence[HeldOut]) -> Floats:
    """Return by how many positions a wrong product in the middle climbs when it is stuffed, [n_cases]."""
    source = random.Random(SEED)
    sku_of: dict[str, Sku] = {product_text(index.product(sku)): sku for sku in index.skus}
    brands = sorted({value for row in range(len(index)) for value in index.values("brand", row)})
    gains = []
    for number, case in enumerate(cases):
        scores = reranker.score(case.need, case.texts, needed=1).logits
        wrong = [i for i in np.argsort(-scores, kind="stable").tolist() if not case.right[i]]
        place = wrong[len(wrong) // 2]
        stuff = STUFFINGS[number % len(STUFFINGS)]
        text = product_text(stuff(index.product(sku_of[case.texts[place]]), case.need, brands, source))
        stuffed = reranker.score(case.need, [text], needed=1).logits[0]
        others = np.delete(scores, place)
        gains.append(float((others >= scores[place]).sum() - (others >= stuffed).sum()))
    return np.asarray(gains, dtype=np.float32)


def measure(source: NeedSource, names: Sequence[str], minutes: float, threads: int) -> dict[str, Any]:
    """Train and compare; return the report."""
    cases = held_out(source.generator(HELD_OUT_SEED, hostile=False), CASES, CANDIDATES, None, None)
    slips = random.Random(SEED)
    typed = [replace(case, need=misspelt(case.need, slips)) for case in cases]
    rows, scores, slipped = {}, {"bm25": [case.first["text"] for case in cases]}, {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            done = train(ways(minutes)[name], source, Path(folder), threads)
            reranker = Reranker(Path(folder), threads, "fp32")
            ask = partial(reranker.score, needed=1)
            scores[name] = [ask(case.need, case.texts).logits for case in cases]
            slipped[name] = [ask(case.need, case.texts).logits for case in typed]
            gains = stuffed_gains(reranker, source.index, cases)
        rows[name] = done | {"stuffed_gain": round(float(gains.mean()), 2), "most_gained": int(gains.max())}
    models, pairs = compare(cases, scores, [(name, names[0]) for name in names[1:]])
    after, _ = compare(typed, slipped, [])
    mrr_after = {row["model"]: row["mrr"] for row in after}
    for row in models:
        if (name := row["model"]) in rows:
            row.update(rows[name], typo_cost=round(row["mrr"] - mrr_after[name], 4))
    return {"minutes": minutes, "threads": threads, "needs": len(cases), "models": models, "paired": pairs}


def catalogue(feed: Path, mapping: Path, products: int | None) -> CatalogueIndex:
    """Import a catalogue, or some of its products drawn by lot."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/shop.db")
        database.migrate()
        store = ProductStore(database)
        import_catalogue(store, feed, load_mapping(mapping))
        revision, _, found = store.snapshot()
        database.close()
    if products is not None and products < len(found):
        found = tuple(random.Random(SEED).sample(list(found), products))
    return CatalogueIndex(found, revision)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, default=DEMO / "catalogue.jsonl.gz")
    parser.add_argument("--mapping", type=Path, default=DEMO / "mapping.yml")
    parser.add_argument("--products", type=int, help="so many, drawn by lot; default: all")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=list(ways(1)), default=list(ways(1)))
    arguments = parser.parse_args()
    index = catalogue(arguments.catalogue, arguments.mapping, arguments.products)
    source = NeedSource(index, Wording(lexicon_of(index, currency="EUR").values))
    print(json.dumps(measure(source, arguments.ways, arguments.minutes, arguments.threads), indent=1))


if __name__ == "__main__":
    main()
