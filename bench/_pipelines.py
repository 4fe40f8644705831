"""Pipelines that the benchmarks train and ask, in the dialogue server's environment (`bench/_rasa_side.py`)."""

import copy
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import yaml

from shopguide.evaluation.parsing import DialogueParser, Reading

ROOT = Path(__file__).resolve().parents[1]
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"

Pipeline = list[dict[str, Any]]
Row = dict[str, Any]
"""A training example: text, intent (full label) and entities."""

# What `rasa init` gives, without the response selector, which has nothing to learn here, and the fallback classifier,
# which can only cost accuracy.
DIET: Pipeline = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "random_seed": 0},
    {"name": "EntitySynonymMapper"},
]

SPARSE: Pipeline = [
    {"name": "WhitespaceTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "LogisticRegressionClassifier", "random_state": 0},
]


class BenchFailed(Exception):
    """A step in the dialogue server's environment failed; the message ends with the end of its log."""


def ours(*, lexicon: bool = True) -> Pipeline:
    """Return the pipeline of config.yml; without the lexicon, the extractor is left out."""
    pipeline: Pipeline = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["pipeline"]
    return [one for one in pipeline if lexicon or "LexiconEntityExtractor" not in one["name"]]


def overridden(pipeline: Pipeline, settings: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline with settings of its intent classifier replaced."""
    changed = copy.deepcopy(pipeline)
    classifiers = [one for one in changed if one["name"].endswith("Classifier")]
    if not classifiers:
        raise BenchFailed("the pipeline has no intent classifier to override")
    classifiers[-1].update(settings)
    return changed


def is_stock(pipeline: Pipeline) -> bool:
    """Whether only Rasa's own components are in it: then the same data gives the same model, whatever our code is."""
    return not any("." in one["name"] for one in pipeline)


@dataclass(frozen=True)
class Trained:
    """A model that was trained, and what that took."""

    model: Path
    train_s: float
    train_cpu_s: float
    peak_memory_mib: float


@dataclass(frozen=True)
class Answers:
    """What a model answered, and the memory of the process that asked it."""

    parsed: list[dict[str, Any]]
    peak_memory_mib: float

    def readings(self) -> list[Reading]:
        """Return them as the evaluation of a running server has them."""
        return [reading(one) for one in self.parsed]

    def parse(self, text: str) -> Reading:
        """Return what was answered to one of the texts: so that these answers stand where a server would."""
        return reading(self._by_text[text])

    @cached_property
    def _by_text(self) -> dict[str, dict[str, Any]]:
        return {one["text"]: one for one in self.parsed}


def reading(parsed: Mapping[str, Any]) -> Reading:
    """Return an answer of the model as the evaluation of a running server has it: through the same client."""
    recorded = httpx.MockTransport(lambda _: httpx.Response(200, json=parsed))
    with DialogueParser("http://recorded", transport=recorded) as parser:
        return replace(parser.parse(""), seconds=float(parsed["seconds"]))


def rasa_environment(threads: int) -> dict[str, str]:
    """Return the environment of whatever runs Rasa: that of scripts/tooling/commands.py but for the threads."""
    return {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "RASA_TELEMETRY_ENABLED": "false",
    }


class RasaSide:
    """Runs steps in the dialogue server's environment.

    Args:
        folder: where models and logs go.
        threads: that each library may use.
        python: the interpreter of that environment.
    """

    def __init__(self, folder: Path, threads: int = 2, python: Path = RASA_PYTHON) -> None:
        self._folder = folder
        self.threads = threads
        self._python = python
        folder.mkdir(parents=True, exist_ok=True)

    def examples(self, paths: Sequence[Path]) -> list[Row]:
        """Return the examples of Rasa's training files."""
        found: list[Row] = self._run({"step": "examples", "paths": [str(path) for path in paths]})["rows"]
        return found

    def train(self, pipeline: Pipeline, rows: Sequence[Row], *, language: str = "en") -> Trained:
        """Train a pipeline on examples.

        Raises:
            BenchFailed: Rasa could not.
        """
        return self._train({"step": "train", "rows": list(rows)}, {"language": language, "pipeline": pipeline})

    def train_whole(self, pipeline: Pipeline, policies: list[dict[str, Any]]) -> Trained:
        """Train understanding and policies on the project's own data and domain.

        Raises:
            BenchFailed: Rasa could not.
        """
        return self._train({"step": "train_whole"}, {"language": "en", "pipeline": pipeline, "policies": policies})

    def _train(self, job: Mapping[str, Any], described: Mapping[str, Any]) -> Trained:
        folder = Path(tempfile.mkdtemp(prefix="train-", dir=self._folder))
        config = folder / "config.yml"
        whole = {"recipe": "default.v1", "assistant_id": "bench", **described}
        config.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
        found = self._run({**job, "folder": str(folder), "config": str(config)})
        return Trained(
            Path(found["model"]),
            round(found["train_s"], 1),
            round(found["train_cpu_s"], 1),
            found["peak_memory_mib"],
        )

    def read(self, model: Path, texts: Sequence[str], lexicon: Path | None = None) -> Answers:
        """Return what a model answers to texts, each without a conversation around it.

        Raises:
            BenchFailed: the model cannot be loaded, or a text broke it.
        """
        more = {"SHOPGUIDE_LEXICON_PATH": str(lexicon)} if lexicon else {}
        found = self._run({"step": "read", "model": str(model), "texts": list(texts)}, more)
        return Answers(found["answers"], found["peak_memory_mib"])

    def _run(self, job: Mapping[str, Any], more: Mapping[str, str] | None = None) -> dict[str, Any]:
        environment = {
            **rasa_environment(self.threads),
            "RASA_MAX_CACHE_SIZE": "0",
            "RASA_CACHE_DIRECTORY": str(self._folder / "cache"),
            **(more or {}),
        }
        result = Path(tempfile.mkstemp(prefix="result-", suffix=".json", dir=self._folder)[1])
        log = result.with_suffix(".log")
        with log.open("wb") as out:
            ran = subprocess.run(
                [str(self._python), "-m", "bench._rasa_side"],  # not the file: bench/ has names of libraries
                input=json.dumps({**job, "result": str(result)}).encode(),
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
                check=False,
            )
        if ran.returncode:
            tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
            raise BenchFailed(f"{job['step']} failed with code {ran.returncode}. The end of {log}:\n{tail}")
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
        return found


def tell(line: str) -> None:
    """Tell how far a benchmark is; the report goes to stdout, this does not."""
    print(line, file=sys.stderr, flush=True)
