"""The part of the benchmarks that runs in the dialogue server's environment: train a pipeline, read texts with it.

Called by `bench._pipelines`, each time in a process of its own, so that its memory is this step's alone. The job comes
as JSON on stdin, the result goes to the file that the job names: libraries write to stdout as they like.
"""

import asyncio
import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_nlu(rows: list[dict[str, Any]], path: Path) -> None:
    """Write examples (`text`, `intent`, `entities`) as Rasa's own writer does."""
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLWriter
    from rasa.shared.nlu.training_data.message import Message
    from rasa.shared.nlu.training_data.training_data import TrainingData

    examples = [Message.build(row["text"], row["intent"], entities=row.get("entities") or None) for row in rows]
    RasaYAMLWriter().dump(str(path), TrainingData(examples))


def read_nlu(paths: list[str]) -> list[dict[str, Any]]:
    """Return the examples of Rasa's training files, with their full labels."""
    from rasa.shared.nlu.training_data.loading import load_data

    examples = [example for path in paths for example in load_data(path).intent_examples]
    return [
        {"text": one.get("text"), "intent": one.get_full_intent(), "entities": one.get("entities") or []}
        for one in examples
    ]


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Train understanding alone, with Rasa's own training; nothing comes from its cache."""
    from rasa.model_training import train_nlu

    folder = Path(job["folder"])
    data = folder / "nlu.yml"
    write_nlu(job["rows"], data)
    return timed(
        lambda: train_nlu(config=job["config"], nlu_data=str(data), output=str(folder), fixed_model_name="model")
    )


def train_whole(job: dict[str, Any]) -> dict[str, Any]:
    """Train understanding and policies on the project's own data and domain, as `rasa train` does."""
    from rasa.model_training import train as train_everything

    return timed(
        lambda: (
            train_everything(
                "domain.yml", job["config"], ["data"], output=job["folder"], fixed_model_name="model"
            ).model
        )
    )


def timed(training: Callable[[], Any]) -> dict[str, Any]:
    """Return the model that a training wrote and the time it took."""
    start, cpu = time.perf_counter(), time.process_time()
    model = training()
    if not model:
        raise SystemExit("nothing was trained")
    return {"model": model, "train_s": time.perf_counter() - start, "train_cpu_s": time.process_time() - cpu}


def read(job: dict[str, Any]) -> dict[str, Any]:
    """Return what the model answers to every text, and how long each took."""
    from rasa.core.agent import Agent

    agent = Agent.load(job["model"])

    async def ask() -> list[dict[str, Any]]:
        await agent.parse_message("hello")  # the first pays for what is built lazily
        answers = []
        for text in job["texts"]:
            start = time.perf_counter()
            parsed = await agent.parse_message(text)
            seconds = time.perf_counter() - start
            kept = {key: parsed.get(key) for key in ("intent", "intent_ranking", "entities")}
            answers.append({"text": text, **kept, "seconds": seconds})
        return answers

    return {"answers": asyncio.run(ask())}


def examples(job: dict[str, Any]) -> dict[str, Any]:
    """Return the examples of the training files that the job names."""
    return {"rows": read_nlu(job["paths"])}


STEPS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "train": train,
    "train_whole": train_whole,
    "read": read,
    "examples": examples,
}


def main() -> None:
    """Do one step."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)  # else every answer is written to the log, which takes time
    job = json.load(sys.stdin)
    result = STEPS[job["step"]](job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    if sys.platform == "darwin":
        peak /= 2**20
    Path(job["result"]).write_text(json.dumps({**result, "peak_memory_mib": round(peak, 1)}, default=str), "utf-8")


if __name__ == "__main__":
    main()
