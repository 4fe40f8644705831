"""A guide server for benchmarks: started on a shop, asked by several shoppers at once, weighed."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shopguide.evaluation.dialogue.servers import await_ready, free_port
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
"""As scripts/tooling/commands.py starts the guide server."""
HANDED_ON = ("database_url", "models_dir", "text_index_dir", "outbox_path", "lexicon_path", "torch_threads", "consent")
"""Settings of the shop that the server's process is given."""


@dataclass(frozen=True)
class GuideServer:
    """A running server.

    Args:
        url: where it listens.
        process: its id.
        ready_s: seconds from its start until it said that it was ready.
        ready_cpu_s: processor seconds that it spent on that, which other processes do not lengthen.
        key: of its API.
    """

    url: str
    process: int
    ready_s: float
    ready_cpu_s: float
    key: str

    def memory_mib(self) -> dict[str, float]:
        """Return its resident and its proportional memory, in MiB (Linux)."""
        rows = Path(f"/proc/{self.process}/smaps_rollup").read_text("ascii").splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in rows if line.endswith("kB")}
        return {"rss": round(sizes["Rss"], 1), "pss": round(sizes["Pss"], 1)}

    def recommend(self, client: httpx.Client, request: RecommendationRequest) -> dict[str, Any]:
        """Return the slate for the words and the shopper of a request."""
        body = {"query": request.query, "shopper_id": request.shopper_id, "k": request.k}
        answer = client.post(f"{self.url}/v1/recommendations", json=body, headers={"X-API-Key": self.key})
        answer.raise_for_status()
        slate: dict[str, Any] = answer.json()
        return slate


@contextmanager
def served(settings: Settings, log: Path) -> Iterator[GuideServer]:
    """Run a guide server of a shop and stop it at the end.

    Raises:
        DialogueServerUnavailable: it ended, or was not ready in time.
    """
    port = free_port()
    own = {f"SHOPGUIDE_{name.upper()}": str(getattr(settings, name)) for name in HANDED_ON}
    command = [sys.executable, "-c", "from shopguide.cli import main; main()", "serve", "--port", str(port)]
    started = time.monotonic()
    with log.open("wb") as out, subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **ENVIRONMENT, **own}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
    ) as server:  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            await_ready(server, f"{url}/readyz", "guide", log)
            ready, key = time.monotonic() - started, settings.api_key.get_secret_value()
            yield GuideServer(url, server.pid, ready, _cpu_seconds(server.pid), key)
        finally:
            server.terminate()


def _cpu_seconds(process: int) -> float:
    """Return the processor seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Crowd:
    """Several shoppers who ask, think, and ask again, each in a thread.

    Args:
        server: whom they ask.
        requests: what they ask, drawn at random.
        thinking_s: how long they think on average; half as long to half as long again.
    """

    server: GuideServer
    requests: Sequence[RecommendationRequest]
    thinking_s: float
    wall_ms: list[float] = field(default_factory=list)
    degraded: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def shopping(self, shoppers: int) -> Iterator[None]:
        """Let them shop while the context is open."""
        threads = [threading.Thread(target=self._shop, args=(seed,), daemon=True) for seed in range(shoppers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _shop(self, seed: int) -> None:
        source = random.Random(seed)
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self._over.wait(self.thinking_s * source.uniform(0.5, 1.5)):
                started = time.perf_counter()
                slate = self.server.recommend(client, source.choice(self.requests))
                self.wall_ms.append(1000 * (time.perf_counter() - started))
                self.degraded[slate["degraded"] or "none"] += 1
