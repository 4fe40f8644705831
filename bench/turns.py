"""How long a shopper waits: whole turns over REST by kind, p50 and p95; JSON on stdout.

    python -m bench.turns --dataset ../shared/datasets/icecat --cores 0,1
    python -m bench.turns --dataset … --shop DIR               # keeps the shop for the next run

Both servers run on this machine, the dialogue server with one thread, as `make run` starts them. `--conversations`
shoppers come one after the other, each with a kind of product and a brand of the catalogue, and say one message of each
kind. What a turn was is told by its reply: a message that should open a question but is answered with products is a
slate, and one whose reply is not of the kind that was asked for (a comparison without a comparison) is counted under
`unserved` and its time left out.

The shop is imported and its candidates are trained where `--shop` holds none yet. A reranker is taken from a trained
version (`--model models/recommender/VERSION`); without one the blend alone ranks.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench._pipelines import tell
from shopguide.bootstrap import Shop
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import ShopGuideError
from shopguide.evaluation.dialogue.client import Reply, RestGuide
from shopguide.evaluation.dialogue.scratch import settings_of
from shopguide.evaluation.dialogue.servers import MODEL, RASA, TOKEN, Servers
from shopguide.evaluation.reranker.layouts import find_layout
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.training.data import TrainingData
from shopguide.training.job import train

MESSAGES = (
    ("greeting", "hello"),
    ("ask", "I need {kind}"),
    ("slate", "{kind} from {brand}"),
    ("critique", "something cheaper"),
    ("slate", "show me {kind}"),
    ("more", "show me more"),
    ("details", "tell me about the first one"),
    ("question", "what colour is the first one?"),
    ("reviews", "what do people say about the first one?"),
    ("compare", "compare the first two"),
    ("explain", "why do you recommend the first one?"),
    ("faq", "can I send something back that I don't like?"),
    ("small_talk", "how are you?"),
    ("out_of_scope", "will it rain tomorrow?"),
)
"""Kind and message, in the order in which they are said."""
PROOF = {"details": "product", "question": "answer", "faq": "answer", "compare": "comparison", "slate": "slate",
         "more": "slate", "critique": "slate", "reviews": "answer"}  # fmt: skip
"""What a reply carries if it is of the kind."""
FEWEST = 20
"""Products of a kind and a brand that are talked about."""


def kind_of(meant: str, reply: Reply) -> str:
    """Return what a turn was, empty if its reply is not what was asked for."""
    types = {str(payload.get("type")) for payload in reply.payloads}
    if meant in ("ask", "slate") and reply.question and not types:
        return "ask"
    if meant == "ask":
        return "slate" if "slate" in types else ""
    proof = PROOF.get(meant)
    return meant if proof is None or proof in types else ""


def needs(index: CatalogueIndex, count: int, seed: int) -> list[dict[str, str]]:
    """Draw kinds of product with a brand that has several of them."""
    pairs = []
    for kind, n in index.facet_counts(None, "category"):
        if n >= FEWEST:
            rows = [row for row in range(len(index)) if kind in index.values("category", row)]
            brands = index.facet_counts(np.asarray(rows, dtype=np.int32), "brand")
            pairs += [{"kind": kind, "brand": index.display("brand", brand)} for brand, m in brands if m >= 5]
    if not pairs:
        raise SystemExit("bench/turns.py: no kind of product has enough of one brand")
    return random.Random(seed).choices(pairs, k=count)


def measure(guide: RestGuide, wanted: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Hold the conversations and return times by kind."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    unserved: defaultdict[str, int] = defaultdict(int)
    for number, need in enumerate([wanted[0], *wanted]):
        for meant, text in MESSAGES:
            begun = time.perf_counter()
            reply = guide.say(f"turns-{os.getpid()}-{number}", text.format(**need))
            took = time.perf_counter() - begun
            kind = kind_of(meant, reply)
            if number == 0:
                continue  # the first pays for what is loaded lazily
            if kind:
                seconds[kind].append(took)
            else:
                unserved[meant] += 1
    every = [one for took in seconds.values() for one in took]
    return {
        "kinds": {kind: figures(took) for kind, took in seconds.items()},
        "all": figures(every),
        "unserved": dict(unserved),
    }


def figures(took: Sequence[float]) -> dict[str, Any]:
    """Return the number of turns and their percentiles in milliseconds."""
    p50, p95 = np.percentile(took, (50, 95)) if took else (float("nan"), float("nan"))
    return {"turns": len(took), "p50_ms": round(1000 * float(p50), 1), "p95_ms": round(1000 * float(p95), 1)}


def shop_of(folder: Path, dataset: Path, model: Path | None) -> Shop:
    """Return the shop of a folder: imported, with its lexicon, trained where nothing is."""
    layout = find_layout(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop(settings_of(folder))
    if not len(shop.catalogue.index()):
        tell("importing")
        layout.import_products(shop.products, lambda _what, _share: None)
        shop = Shop(settings_of(folder))
    shop.lexicon.write()
    if model is not None:
        Workshop(folder).take_model(model, lambda _what, _share: None)
    elif not (shop.settings.models_dir / "recommender").exists():
        tell("training candidates")
        index = shop.catalogue.index()
        train(
            TrainingData(index, shop.products.digest(), shop.profiles, shop.feedback, shop.settings), only="candidates"
        )
    return shop


def main() -> None:
    """Make the shop, start the servers, measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="a folder with a catalogue")
    parser.add_argument("--shop", type=Path, help="keep the shop in this folder")
    parser.add_argument("--model", type=Path, help="take the reranker of this trained version")
    parser.add_argument("--dialogue-model", type=Path, default=Path("models") / MODEL)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="draws kinds and brands")
    parser.add_argument("--cores", help="two cores to keep to, such as 0,1")
    arguments = parser.parse_args()
    if arguments.cores:
        os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})
    try:
        with tempfile.TemporaryDirectory(prefix="turns-") as temporary:
            folder = arguments.shop or Path(temporary)
            shop = shop_of(folder, arguments.dataset, arguments.model)
            wanted = needs(shop.catalogue.index(), arguments.conversations, arguments.seed)
            servers = Servers(folder, shop.settings, RASA, arguments.dialogue_model)
            tell("starting both servers")
            with servers.guide(), servers.dialogue() as url, RestGuide(url, TOKEN) as guide:
                tell("talking")
                found = measure(guide, wanted)
    except ShopGuideError as error:
        sys.exit(f"bench/turns.py: {error}")
    cores = len(arguments.cores.split(",")) if arguments.cores else os.cpu_count()
    head = {"dataset": arguments.dataset.name, "products": len(shop.catalogue.index()), "cores": cores}
    print(json.dumps({**head, "conversations": arguments.conversations, **found}, indent=1))


if __name__ == "__main__":
    main()
