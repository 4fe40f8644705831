"""Intents of many domains from few examples: our pipeline next to Rasa's DIET on CLINC150; JSON on stdout.

    python -m bench.clinc150 --dataset ../shared/datasets/clinc150                # an hour or more: DIET
    python -m bench.clinc150 --dataset ../shared/datasets/clinc150 --intents 15   # a first look
    python -m bench.clinc150 --dataset ../shared/datasets/clinc150 --arms ours

The data set is that of Larson et al. 2019 (https://github.com/clinc/oos-eval): `train_val.json.gz` with the lists
`train`, `val`, `oos_train` and `oos_val` of [text, intent]. Both arms learn the same `--shots` examples of each intent,
drawn with `--seed`, and `--out-of-scope` examples of none of them; both answer the whole of `val` and `oos_val`.

Ours is the pipeline of config.yml without the lexicon. `accuracy` counts an in-scope line that is refused as wrong;
`accuracy_unrefused` takes the best intent of the ranking, whatever was refused. With `--keep FOLDER` the answers of an
arm without code of ours are kept there, with what they cost, and used again for the same data.
"""

import argparse
import gzip
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench._pipelines import DIET, BenchFailed, Pipeline, RasaSide, Row, is_stock, ours, tell
from shopguide.errors import ShopGuideError, UnreadableFile
from shopguide.evaluation.resampling import Array, draws, figure, interval, row, share
from shopguide.evaluation.utterances import FALLBACKS, OUT_OF_SCOPE

Line = tuple[str, str]
"""A text and its intent."""


@dataclass(frozen=True)
class Task:
    """What is learnt and what is asked."""

    train: list[Line]
    test: list[Line]

    @property
    def rows(self) -> list[Row]:
        """The examples as training takes them."""
        return [{"text": text, "intent": intent} for text, intent in self.train]

    @property
    def texts(self) -> list[str]:
        """What is asked."""
        return [text for text, _ in self.test]


def draw_task(dataset: Path, *, shots: int, out_of_scope: int, intents: int, seed: int) -> Task:
    """Read the data set and draw the training examples.

    Raises:
        UnreadableFile: the file is not that data set, or has too few examples.
    """
    file = dataset / "train_val.json.gz" if dataset.is_dir() else dataset
    try:
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            parts = json.load(opened)
        train, oos_train = parts["train"], parts["oos_train"]
        asked, oos_asked = parts["val"], parts["oos_val"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(f"{file}: not CLINC150 ({error!r})") from error
    source = random.Random(seed)
    of: dict[str, list[str]] = {}
    for text, intent in train:
        of.setdefault(intent, []).append(text)
    chosen = sorted(source.sample(sorted(of), intents)) if 0 < intents < len(of) else sorted(of)
    few = [intent for intent in chosen if len(of[intent]) < shots]
    if few or len(oos_train) < out_of_scope:
        raise UnreadableFile(f"{file}: fewer examples than asked for of {', '.join(few) or OUT_OF_SCOPE}")
    learnt = [(text, intent) for intent in chosen for text in source.sample(of[intent], shots)]
    learnt += [(text, OUT_OF_SCOPE) for text, _ in source.sample(oos_train, out_of_scope)]
    known = set(chosen)
    test = [(text, intent) for text, intent in asked if intent in known]
    return Task(learnt, test + [(text, OUT_OF_SCOPE) for text, _ in oos_asked])


def answer_of(parsed: dict[str, Any]) -> str:
    """Return the intent that was answered; every kind of refusal is out of scope."""
    name = parsed["intent"].get("full_retrieval_intent_name") or parsed["intent"].get("name") or OUT_OF_SCOPE
    return OUT_OF_SCOPE if name in FALLBACKS else str(name)


def best_of(parsed: dict[str, Any]) -> str:
    """Return the best intent of the ranking that is no refusal."""
    ranked = (one["name"] for one in parsed.get("intent_ranking") or [] if one["name"] not in FALLBACKS)
    return str(next(ranked, OUT_OF_SCOPE))


def score(arm: str, test: Sequence[Line], parsed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return an arm's figures with their intervals."""
    weights, inside, right = draws(len(test)), *_right(test, parsed)
    gold = [intent for _, intent in test]
    best = np.array([best_of(one) == want for one, want in zip(parsed, gold, strict=True)], dtype=float)
    refused = np.array([answer_of(one) == OUT_OF_SCOPE for one in parsed], dtype=float)
    outside = 1 - inside
    return row(
        arm,
        len(test),
        {
            "accuracy": share(weights @ right, weights @ inside),
            "accuracy_unrefused": share(weights @ (best * inside), weights @ inside),
            "oos_recall": share(weights @ (refused * outside), weights @ outside),
            "false_rejection": share(weights @ (refused * inside), weights @ inside),
        },
    )


def compare(
    test: Sequence[Line], first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]
) -> dict[str, object]:
    """Return by how much the first arm's in-scope accuracy is above the second's, on the same lines."""
    inside, ours_right = _right(test, first)
    _, theirs_right = _right(test, second)
    weights = draws(len(test))
    difference = share(weights @ (ours_right - theirs_right), weights @ inside)
    return {"measure": "accuracy", "difference": figure(difference), "ci": interval(difference)}


def _right(test: Sequence[Line], parsed: Sequence[dict[str, Any]]) -> tuple[Array, Array]:
    """Return which lines are in scope, and which of these were answered rightly."""
    inside = np.array([intent != OUT_OF_SCOPE for _, intent in test], dtype=float)
    right = np.array([answer_of(one) == intent for one, (_, intent) in zip(parsed, test, strict=True)], dtype=float)
    return inside, right * inside


def run_arm(arm: str, pipeline: Pipeline, task: Task, side: RasaSide, kept: Path | None) -> dict[str, Any]:
    """Train and ask an arm; return its costs and answers, or those kept from an earlier run."""
    if kept and kept.exists():
        tell(f"{arm}: from {kept}")
        found: dict[str, Any] = json.loads(kept.read_text("utf-8"))
        return found
    tell(f"{arm}: training on {len(task.train)} examples")
    trained = side.train(pipeline, task.rows)
    tell(f"{arm}: trained in {trained.train_s} s; asking {len(task.test)} lines")
    answers = side.read(trained.model, task.texts)
    p50, p95 = np.percentile([1000 * one["seconds"] for one in answers.parsed], [50, 95])
    found = {
        "costs": {
            "threads": side.threads,
            "train_s": trained.train_s,
            "train_cpu_s": trained.train_cpu_s,
            "train_peak_memory_mib": trained.peak_memory_mib,
            "parse_p50_ms": round(float(p50), 1),
            "parse_p95_ms": round(float(p95), 1),
            "parse_peak_memory_mib": answers.peak_memory_mib,
        },
        "answers": answers.parsed,
    }
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), "utf-8")
    return found


def report(dataset: Path, task: Task, told: dict[str, Any], arms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the whole report; `paired` compares the first arm with each other."""
    first, *others = arms
    return {
        "dataset": dataset.name,
        "split": "val",
        **told,
        "train": len(task.train),
        "in_scope": sum(intent != OUT_OF_SCOPE for _, intent in task.test),
        "out_of_scope": sum(intent == OUT_OF_SCOPE for _, intent in task.test),
        "models": [{**score(name, task.test, found["answers"]), **found["costs"]} for name, found in arms.items()],
        "paired": [
            {"model": first, "against": name, **compare(task.test, arms[first]["answers"], arms[name]["answers"])}
            for name in others
        ],
    }


def main() -> None:
    """Run the arms that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="the folder of CLINC150, or its file")
    parser.add_argument("--arms", default="ours,diet", help="of these: ours, diet")
    parser.add_argument("--shots", type=int, default=30, help="training examples of each intent")
    parser.add_argument("--out-of-scope", type=int, default=100, help="training examples of no intent")
    parser.add_argument("--intents", type=int, default=0, help="so many intents, drawn; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--threads", type=int, default=2, help="that each library may use")
    parser.add_argument("--keep", type=Path, help="folder for the answers of stock arms, used again")
    arguments = parser.parse_args()
    pipelines = {"ours": ours(lexicon=False), "diet": DIET}
    names = arguments.arms.split(",")
    if not set(names) <= set(pipelines):
        parser.error(f"--arms: {', '.join(pipelines)}")
    drawn = {name: getattr(arguments, name) for name in ("shots", "intents", "seed")}
    try:
        task = draw_task(arguments.dataset, **drawn, out_of_scope=arguments.out_of_scope)
        with tempfile.TemporaryDirectory(prefix="clinc150-") as folder:
            side = RasaSide(Path(folder), arguments.threads)
            arms = {}
            for name in names:
                asked = json.dumps([pipelines[name], task.train, task.test])
                key = hashlib.sha256(asked.encode()).hexdigest()[:16]
                keep = arguments.keep and is_stock(pipelines[name])
                kept = arguments.keep / f"clinc150-{name}-{key}.json" if keep else None
                arms[name] = run_arm(name, pipelines[name], task, side, kept)
    except (ShopGuideError, BenchFailed) as error:
        sys.exit(f"bench/clinc150.py: {error}")
    print(json.dumps(report(arguments.dataset, task, drawn, arms), indent=1))


if __name__ == "__main__":
    main()
