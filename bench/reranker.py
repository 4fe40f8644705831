"""Times the reranker alone, in a slate, and in a guide server that several shoppers ask; JSON on stdout.

    python -m bench.reranker                                   # everything, on a shop of 20,000 products made for this
    python -m bench.reranker --shop DIR                        # the same, kept in a folder for the next run
    python -m bench.reranker --model FOLDER                    # a trained reranker: models/recommender/VERSION/reranker
    python -m bench.reranker --parts pairs                     # pairs, slates, server: those named
    python -m bench.reranker --rasa-url URL --token TOKEN      # with /model/parse of a dialogue server beside it

`pairs`: 50 candidates of 64 tokens each on `--threads`, all models in turn. `plain` is what comes of the shelf: a
six-layer MiniLM cross-encoder in fp32 straight through transformers, texts tokenised at every request and padded to the
longest. The others are ours, which keep the tokens of products: the teacher, the student in fp32 and int8, and in bf16
where the processor has it. `times_faster` is the plain one's median over theirs; `cpu` is the sum over the threads.

`slates`: whole recommendations for a need in words, in this process: retrieval, blend, reranker, diversity, reasons.
`read` says how many products the reranker got through within its deadline.

`server`: a guide server on the same shop: seconds from start to ready, memory with everything loaded, and how many
slates are degraded while `--shoppers` ask and think for `--thinking` seconds in between.

Without `--model` the student is a cut of all-MiniLM-L6-v2 with a random head, which costs what a trained one costs.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from bench._guide_server import ENVIRONMENT, Crowd, GuideServer, served
from bench._large_shop import NEWCOMERS, Size, large_shop, settings_of
from bench.recommender import draw_requests, percentiles, shoppers_with_history, times
from bench.understanding import messages
from shopguide.bootstrap import Shop
from shopguide.evaluation.parsing import DialogueParser
from shopguide.recommender.artefacts import ModelFolder, file_digest
from shopguide.recommender.crossencoder import INT8_FILE, Precision, TorchCrossEncoder, has_bf16
from shopguide.recommender.encoder import encoder_folder
from shopguide.recommender.pipeline import RERANKED
from shopguide.recommender.reranker import NEED_TOKENS, PRODUCT_TOKENS, Reranker, Scored
from shopguide.recommender.types import RecommendationRequest
from shopguide.training.quantise import write_int8
from shopguide.training.registry import Registry

PARTS = ("pairs", "slates", "server")
TOKENS = 64
STUDENT_LAYERS = 3
WARM_UP = 3
WORDS = (
    "blue waterproof jacket with hood for men who walk to work in rain light desk lamp of steel three settings long "
    "cable quiet wireless keyboard in black leather boots size running shoes soft cotton shirt green kettle glass one "
    "litre office chair arm rests bag for a laptop of inches padded strap warm wool scarf red"
)
SEED = 0


def make_models(folder: Path) -> Path:
    """Save a student and its teacher, untrained, and quantise the student."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    source = encoder_folder("")
    torch.manual_seed(SEED)
    for place, layers in ((folder, STUDENT_LAYERS), (folder / "teacher", 2 * STUDENT_LAYERS)):
        model = AutoModelForSequenceClassification.from_pretrained(
            source, num_labels=1, num_hidden_layers=layers, local_files_only=True, dtype=torch.float32
        )
        model.save_pretrained(place)
        AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(place)
    write_int8(TorchCrossEncoder(folder), folder / INT8_FILE)
    return folder


def texts_of(tokens: int, n: int, source: random.Random) -> list[str]:
    """Return texts with so many tokens and more: every word is one token at least."""
    return [" ".join(source.choices(WORDS.split(), k=tokens)) for _ in range(n)]


class Plain:
    """A six-layer cross-encoder in fp32 as transformers has it."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        torch.set_num_threads(threads)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        ).eval()

    def __call__(self, need: str, products: Sequence[str]) -> object:
        """Score the products."""
        import torch

        batch = self._tokenizer(
            [need] * len(products),
            list(products),
            padding=True,
            truncation=True,
            max_length=TOKENS,
            return_tensors="pt",
        )
        with torch.inference_mode():
            return self._model(**batch).logits[:, 0].numpy()


def pairs(model: Path, threads: int, turns: int) -> dict[str, Any]:
    """Return how long each model takes for 50 candidates, turn by turn."""
    source = random.Random(SEED)
    products = texts_of(PRODUCT_TOKENS, 4 * RERANKED, source)
    teacher = model / "teacher"
    ways: dict[str, Callable[[str, Sequence[str]], object]] = {"plain": Plain(teacher, threads)}
    ours: list[tuple[str, Path, Precision]] = [("teacher", teacher, "fp32"), ("student_fp32", model, "fp32")]
    ours += [("student_int8", model, "int8")] if (model / INT8_FILE).is_file() else []
    ours += [("student_bf16", model, "bf16"), ("teacher_bf16", teacher, "bf16")] if has_bf16() else []
    for name, folder, precision in ours:
        reranker = Reranker(folder, threads, backend=precision)
        reranker.load()
        for product in products:
            reranker.pairs.product(product)  # a server has seen them before
        ways[name] = lambda need, asked, one=reranker: one.score(need, asked, needed=len(asked))  # type: ignore[misc]
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for need in texts_of(TOKENS - PRODUCT_TOKENS - 3, turns + WARM_UP, source):
        asked = source.sample(products, RERANKED)
        for name, way in ways.items():
            started, busy = time.perf_counter(), time.process_time()
            way(need, asked)
            wall[name].append(1000 * (time.perf_counter() - started))
            cpu[name].append(1000 * (time.process_time() - busy))
    medians = {name: float(np.median(values[WARM_UP:])) for name, values in wall.items()}
    rows = {
        name: {
            **percentiles(values[WARM_UP:]),
            "cpu_p50_ms": round(float(np.median(cpu[name][WARM_UP:])), 2),
            "times_faster": round(medians["plain"] / medians[name], 2),
        }
        for name, values in wall.items()
    }
    return {
        "candidates": RERANKED,
        "tokens": min(TOKENS, NEED_TOKENS + PRODUCT_TOKENS + 3),
        "threads": threads,
        "turns": turns,
        "models": rows,
        "served": Reranker(model, threads).precision,
        "bytes": {
            file.name: file.stat().st_size
            for file in (model / "model.safetensors", model / INT8_FILE)
            if file.is_file()
        },
    }


def shop_with(model: Path, folder: Path, size: Size, threads: int) -> Shop:
    """Return the large shop with the reranker published, and the threads that a server has by default."""
    shop = large_shop(folder, size, vectors=True, say=_say)
    shop.catalogue.close()
    shop.database.close()
    registry = Registry(ModelFolder(folder / "models" / "recommender"))
    current = registry.folder.current()
    digest = "+".join(
        file_digest(model / name) for name in ("model.safetensors", INT8_FILE) if (model / name).is_file()
    )
    if not current.has("reranker") or current.part("reranker").get("digest") != digest:
        with registry.draft() as draft:
            place = draft.part("reranker", {"digest": digest})
            shutil.copytree(model, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
            registry.publish(draft)
    return Shop(settings_of(folder).model_copy(update={"torch_threads": threads}))


def needs_in_words(shop: Shop, n: int) -> Mapping[str, Sequence[RecommendationRequest]]:
    """Return requests with needs in words, of nobody and of shoppers with a history."""
    kinds = draw_requests(shop.catalogue.index(), shoppers_with_history(shop.feedback), n, NEWCOMERS)
    return {kind: kinds[kind] for kind in ("words", "shopper_words")}


def slates(shop: Shop, requests: Mapping[str, Sequence[RecommendationRequest]]) -> dict[str, Any]:
    """Return how long whole slates take, and how much of them was read."""
    recommender, read = shop.recommender, list[int]()
    recommender.warm_up()
    score = Reranker.score

    def counted(self: Reranker, need: str, products: Sequence[str], **limits: Any) -> Scored:
        scored = score(self, need, products, **limits)
        read.append(len(scored.logits))
        return scored

    found: dict[str, Any] = {"products": len(shop.catalogue.index()), "deadline_ms": shop.settings.rerank_deadline_ms}
    for kind, asked in requests.items():
        times(recommender.recommend, asked[:20])
        read.clear()
        with patch.object(Reranker, "score", counted):
            row = times(recommender.recommend, asked)
        least, middle = np.percentile(read, [5, 50]).astype(int).tolist()
        found[kind] = {**row, "read": {"p05": least, "p50": middle}}
    return found


def server(
    shop: Shop,
    requests: Sequence[RecommendationRequest],
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return what a guide server of the shop takes to start, weighs, and does for several shoppers at once."""
    with tempfile.TemporaryDirectory() as logs, served(shop.settings, Path(logs) / "guide.log") as guide:
        fresh = guide.memory_mib()
        crowd = Crowd(guide, requests, arguments.thinking)
        with crowd.shopping(arguments.shoppers):
            time.sleep(arguments.seconds)
        found = {
            "ready_s": round(guide.ready_s, 1),
            "ready_cpu_s": round(guide.ready_cpu_s, 1),
            "memory_mib": {"ready": fresh, "after": guide.memory_mib()},
            "shoppers": arguments.shoppers,
            "thinking_s": arguments.thinking,
            "slates": len(crowd.wall_ms),
            **percentiles(crowd.wall_ms),
            "degraded": dict(crowd.degraded),
            "degraded_share": round(1 - crowd.degraded["none"] / max(1, len(crowd.wall_ms)), 4),
        }
        if arguments.rasa_url:
            with DialogueParser(arguments.rasa_url, arguments.token) as parser:
                found["model_parse"] = parsing(parser, guide, requests, arguments.messages)
    return found


def parsing(
    parser: DialogueParser, guide: GuideServer, requests: Sequence[RecommendationRequest], n: int
) -> dict[str, Any]:
    """Return how long /model/parse takes alone, and while somebody asks the guide server without a pause."""
    texts = messages(2 * n + WARM_UP, random.randrange(2**32))
    _parse_times(parser, texts[:WARM_UP])
    alone = percentiles(_parse_times(parser, texts[WARM_UP : WARM_UP + n]))
    crowd = Crowd(guide, requests, thinking_s=0.0)
    with crowd.shopping(1):
        beside = percentiles(_parse_times(parser, texts[WARM_UP + n :]))
    ratio = round(beside["p95_ms"] / alone["p95_ms"], 2)
    return {"messages": n, "alone": alone, "beside": beside, "p95_ratio": ratio, "slates_beside": len(crowd.wall_ms)}


def _parse_times(parser: DialogueParser, texts: Sequence[str]) -> list[float]:
    taken = []
    for text in texts:
        started = time.perf_counter()
        parser.parse(text)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the report of the parts that are asked for."""
    report: dict[str, Any] = {"model": "named" if arguments.model else "untrained, of the same size"}
    _say("preparing models")
    model = arguments.model or make_models(folder / "reranker")
    if "pairs" in arguments.parts:
        _say("pairs")
        report["pairs"] = pairs(model, arguments.threads, arguments.turns)
    if {"slates", "server"} & set(arguments.parts):
        size = Size(arguments.products, arguments.customers)
        shop = shop_with(model, arguments.shop or folder / "shop", size, arguments.threads)
        requests = needs_in_words(shop, arguments.requests)
        if "slates" in arguments.parts:
            _say("slates")
            report["slates"] = slates(shop, requests)
        if "server" in arguments.parts:
            _say("server")
            report["server"] = server(shop, [one for kind in requests.values() for one in kind], arguments)
        shop.catalogue.close()
        shop.database.close()
    return report


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--model", type=Path, help="folder of a reranker with its teacher; without it one is made")
    parser.add_argument("--threads", type=int, default=2, help="of the models")
    parser.add_argument("--turns", type=int, default=30, help="of the pairs")
    parser.add_argument("--products", type=int, default=20_000, help="of the shop")
    parser.add_argument("--customers", type=int, default=2_000, help="of the shop, with a history")
    parser.add_argument("--shop", type=Path, help="folder of the shop, made if it is not there")
    parser.add_argument("--requests", type=int, default=200, help="slates of each kind")
    parser.add_argument("--shoppers", type=int, default=8, help="who ask the server at once")
    parser.add_argument("--thinking", type=float, default=5.0, help="seconds between their requests")
    parser.add_argument("--seconds", type=float, default=180.0, help="for which they do")
    parser.add_argument("--rasa-url", help="of a dialogue server, to time /model/parse beside the reranker")
    parser.add_argument("--token", default="", help="of the dialogue server's HTTP API")
    parser.add_argument("--messages", type=int, default=150, help="that are parsed, alone and beside")
    arguments = parser.parse_args()
    os.environ.update(ENVIRONMENT)  # torch reads it when it is imported
    temporary: AbstractContextManager[str] = tempfile.TemporaryDirectory()
    with temporary as folder, threadpool_limits(1, user_api="blas"):  # as `make run` starts the guide server
        report = measure(arguments, Path(folder))
    print(json.dumps(report, indent=1))


def _say(what: str) -> None:
    print(what, file=sys.stderr)


if __name__ == "__main__":
    main()
