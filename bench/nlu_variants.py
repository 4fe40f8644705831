"""Trains variants of understanding and scores each on clean and noisy lines; a table on stderr, JSON on stdout.

    python -m bench.nlu_variants --file lines.jsonl --lexicon F=fashion.jsonl --lexicon E=electronics.jsonl
    python -m bench.nlu_variants --file lines.jsonl --lexicon models/lexicon.jsonl --variant 'clean={noise: false}'

`--file` is one as `shopguide evaluate nlu` takes it (docs/evaluation.md). Every variant learns data/nlu. It is one of
the pipelines `ours` (config.yml), `diet` (Rasa's default) and `sparse` (bags of words and logistic regression, Rasa's
own), or NAME=SETTINGS: ours with these settings of the intent classifier, as YAML.

A variant is scored on the lines as written and, for each `--noise` (repeatable; those of `shopguide evaluate nlu`), on
the lines as that noise leaves them. Differences to the first variant are paired, line by line.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench._pipelines import DIET, ROOT, SPARSE, BenchFailed, Pipeline, RasaSide, Row, ours, overridden, tell
from shopguide.errors import ShopGuideError
from shopguide.evaluation.intents import Heard, IntentScores
from shopguide.evaluation.mentions import EntityScores
from shopguide.evaluation.nlu import ANY_CATALOGUE, listen
from shopguide.evaluation.noise import KINDS, noisy
from shopguide.evaluation.resampling import Array, draws, figure, interval
from shopguide.evaluation.utterances import Utterance, read_utterances, scored_label

PIPELINES: Mapping[str, Callable[[], Pipeline]] = {"ours": ours, "diet": lambda: DIET, "sparse": lambda: SPARSE}
AS_WRITTEN = "as written"
SHOWN = ("intent_accuracy", "macro_f1", "oos_recall", "false_rejection", "ece")


@dataclass(frozen=True)
class Variant:
    """What is trained, under which name."""

    name: str
    pipeline: Pipeline


def variant(given: str) -> Variant:
    """Return the variant that a word or NAME=SETTINGS names.

    Raises:
        ValueError: it is neither a known word nor NAME=SETTINGS.
    """
    name, equals, settings = given.partition("=")
    if not equals and name in PIPELINES:
        return Variant(name, PIPELINES[name]())
    try:
        read = yaml.safe_load(settings) if equals else None
    except yaml.YAMLError as error:
        raise ValueError(f"{given}: {error}") from error
    if not name or not isinstance(read, dict):
        raise ValueError(f"{given}: one of {', '.join(PIPELINES)}, or NAME={{setting: value}}")
    return Variant(name, overridden(ours(), read))


def score(name: str, conditions: str, heard: Sequence[Heard]) -> dict[str, Any]:
    """Return a row of the report."""
    intents = IntentScores(name, heard).row()
    entities = EntityScores(heard).row()
    kept = {key: intents[key] for key in SHOWN if key in intents}
    ci = {key: intents["ci"][key] for key in kept}
    if "entity_f1" in entities:
        kept["entity_f1"], ci["entity_f1"] = entities["entity_f1"], entities["ci"]["entity_f1"]
    return {"model": name, "lines_are": conditions, "lines": len(heard), **kept, "ci": ci}


def right(heard: Sequence[Heard]) -> Array:
    """Return the share of each line's readings that have a right intent: [n_lines]."""
    return np.array(
        [np.mean([one.utterance.accepts(scored_label(reading.intent)) for reading in one.readings]) for one in heard]
    )


def compare(name: str, against: str, conditions: str, first: Array, second: Array) -> dict[str, Any]:
    """Return by how much one variant's accuracy is above another's on the same lines."""
    difference = draws(len(first)) @ (first - second) / len(first)
    return {
        "model": name,
        "against": against,
        "lines_are": conditions,
        "measure": "intent_accuracy",
        "difference": figure(difference),
        "ci": interval(difference),
    }


def table(report: Mapping[str, Any]) -> str:
    """Return the rows as a Markdown table."""
    columns = [key for key in (*SHOWN, "entity_f1") if any(key in row for row in report["models"])]
    lines = [" | ".join(["", "variant", "lines are", *columns, ""]).strip(), "| " + "--- | " * (len(columns) + 2)]
    for row in report["models"]:
        cells = [row["model"], row["lines_are"]]
        for key in columns:
            low, high = row["ci"].get(key) or (None, None)
            cells.append(f"{row[key]:.3f} ({low:.3f} to {high:.3f})" if key in row else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measure(
    side: RasaSide,
    rows: Sequence[Row],
    variants: Sequence[Variant],
    asked: Mapping[str, Sequence[Utterance]],
    lexicons: Mapping[str, Path],
) -> dict[str, Any]:
    """Return a row for each variant and condition, and the differences to the first variant."""
    found, paired, of_first = [], [], {}
    texts = list(dict.fromkeys(line.text for lines in asked.values() for line in lines))
    for one in variants:
        tell(f"{one.name}: training on {len(rows)} examples")
        trained = side.train(one.pipeline, rows)
        servers = {name: side.read(trained.model, texts, lexicon) for name, lexicon in lexicons.items()}
        for conditions, lines in asked.items():
            heard = listen(lines, servers)
            costs = {"train_s": trained.train_s, "train_cpu_s": trained.train_cpu_s}
            found.append({**score(one.name, conditions, heard), **costs})
            answered = right(heard)
            if conditions in of_first:
                paired.append(compare(one.name, variants[0].name, conditions, answered, of_first[conditions]))
            else:
                of_first[conditions] = answered
    return {"models": found, "paired": paired}


def main() -> None:
    """Train and score the variants that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, required=True, help="annotated lines")
    parser.add_argument("--lexicon", action="append", default=[], metavar="[CATALOGUE=]FILE", help="repeatable")
    parser.add_argument("--variant", action="append", default=[], metavar="WORD or NAME=SETTINGS", help="repeatable")
    parser.add_argument("--noise", action="append", default=[], choices=sorted(KINDS), help="repeatable")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "nlu", help="what is learnt")
    parser.add_argument("--threads", type=int, default=2, help="that each library may use")
    arguments = parser.parse_args()
    try:
        variants = [variant(given) for given in arguments.variant or PIPELINES]
    except ValueError as error:
        parser.error(str(error))
    pairs = [given.split("=", 1) if "=" in given else (ANY_CATALOGUE, given) for given in arguments.lexicon]
    lexicons = {name: Path(file) for name, file in pairs} or {ANY_CATALOGUE: ROOT / "models" / "lexicon.jsonl"}
    try:
        written = read_utterances(arguments.file)
        asked = {AS_WRITTEN: written, **{kind: [noisy(line, kind) for line in written] for kind in arguments.noise}}
        with tempfile.TemporaryDirectory(prefix="variants-") as folder:
            side = RasaSide(Path(folder), arguments.threads)
            report = measure(side, side.examples([arguments.data]), variants, asked, lexicons)
    except (ShopGuideError, BenchFailed) as error:
        sys.exit(f"bench/nlu_variants.py: {error}")
    tell(table(report))
    print(json.dumps({"dataset": arguments.file.name, **report}, indent=1))


if __name__ == "__main__":
    main()
