"""What understanding costs: trains our dialogue model and Rasa's stock pipeline, serves both, times and weighs them.

    python -m bench.dialogue_cost

JSON on stdout: how long training the whole of our model took and what it held at most; p50 and p95 of `/model/parse`,
the ratio to the stock pipeline and the memory of both servers' processes, measured as bench/understanding.py does:
each message goes to both in turn. Both have the policies of config.yml, so that only understanding differs.

The stock pipeline is what `rasa init` writes. It is trained for `--stock-epochs` only, because an answer takes as long
whatever the weights are; its training time is therefore not told. Servers keep to `--threads` as `make run` does, and
to two cores if `--cores` names them (Linux).
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench._pipelines import DIET, RASA_PYTHON, ROOT, BenchFailed, Pipeline, RasaSide, ours, rasa_environment, tell
from bench.understanding import measure
from shopguide.errors import ShopGuideError
from shopguide.evaluation.dialogue.servers import await_ready, free_port
from shopguide.evaluation.parsing import DialogueParser

READY_SECONDS = 600


def stock(epochs: int) -> Pipeline:
    """Return the pipeline that `rasa init` writes."""
    diet = [{**one, "epochs": epochs} if one["name"] == "DIETClassifier" else one for one in DIET]
    return [
        *diet,
        {"name": "ResponseSelector", "epochs": epochs, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ]


@contextmanager
def served(model: Path, folder: Path, threads: int) -> Iterator[DialogueParser]:
    """Run a dialogue server of a model, with nothing behind it, and stop it at the end.

    Raises:
        DialogueServerUnavailable: it ended, or was not ready in `READY_SECONDS`.
    """
    port, token, log = free_port(), secrets.token_urlsafe(16), folder / f"server-{model.parent.name}.log"
    endpoints, credentials = folder / "endpoints.yml", folder / "credentials.yml"
    endpoints.write_text("", "utf-8")  # conversations in memory: the shop's own are not touched
    credentials.write_text("rest:\n", "utf-8")
    command = [
        *(str(RASA_PYTHON), "-m", "rasa", "run", "--enable-api", "--interface", "127.0.0.1", "--port", str(port)),
        *("--model", str(model), "--auth-token", token),
        *("--endpoints", str(endpoints), "--credentials", str(credentials)),
    ]
    with log.open("wb") as out, subprocess.Popen(
        command, cwd=ROOT, env=rasa_environment(threads), stdin=subprocess.DEVNULL, stdout=out, stderr=out
    ) as server:  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            await_ready(server, f"{url}/status?token={token}", "dialogue", log, READY_SECONDS)
            with DialogueParser(url, token) as parser:
                yield parser
        finally:
            server.terminate()


def policies() -> list[dict[str, Any]]:
    """Return the policies of config.yml."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["policies"]
    return found


def main() -> None:
    """Train, serve and measure both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=300, help="messages that are timed")
    parser.add_argument("--seed", type=int, default=0, help="of the messages")
    parser.add_argument("--stock-epochs", type=int, default=2, help="of the stock pipeline")
    parser.add_argument("--threads", type=int, default=1, help="that each library of a server may use")
    parser.add_argument("--training-threads", type=int, default=2, help="that each library may use in training")
    parser.add_argument("--cores", help="two cores to keep to, such as 0,1")
    arguments = parser.parse_args()
    if arguments.cores:
        os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})
    pipelines = {"ours": ours(), "stock": stock(arguments.stock_epochs)}
    try:
        with tempfile.TemporaryDirectory(prefix="cost-") as name, ExitStack() as servers:
            folder = Path(name)
            side = RasaSide(folder, arguments.training_threads)
            trained = {}
            for arm, pipeline in pipelines.items():
                tell(f"{arm}: training the whole model")
                trained[arm] = side.train_whole(pipeline, policies())
            tell("starting both servers")
            running = {
                arm: servers.enter_context(served(one.model, folder, arguments.threads)) for arm, one in trained.items()
            }
            found = measure(running, arguments.requests, arguments.seed)
    except (ShopGuideError, BenchFailed) as error:
        sys.exit(f"bench/dialogue_cost.py: {error}")
    rows = found.pop("servers")
    assert isinstance(rows, list)
    for row in rows:
        row["p50_to_stock"] = round(row["p50_ms"] / next(one["p50_ms"] for one in rows if one["server"] == "stock"), 2)
    training = {
        "threads": arguments.training_threads,
        "seconds": trained["ours"].train_s,
        "cpu_seconds": trained["ours"].train_cpu_s,
        "peak_memory_mib": trained["ours"].peak_memory_mib,
    }
    told = {"cores": os.cpu_count() if not arguments.cores else len(arguments.cores.split(",")), "training": training}
    print(json.dumps({**told, **found, "servers": rows}, indent=1))


if __name__ == "__main__":
    main()
