"""Times `POST /model/parse` of running dialogue servers and weighs their processes; JSON on stdout.

    python bench/understanding.py --token "$(cat .run/auth-token)"                      # the server of make run
    python bench/understanding.py --rasa-url ours=http://127.0.0.1:5005 --rasa-url stock=http://127.0.0.1:5006

Messages are drawn from words of this module, one to about thirty words long and none sent twice. A server keeps the
vectors of recent messages, so another run with the same `--seed` would time its cache: without it every run has its
own, which the report names. Messages are asked one at a time; several servers get each in turn and so meet the same
load of the machine, and the ratio of their medians to the first one's is given. Memory is read from /proc: it needs
Linux, servers on this machine, and the right to see their processes.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from shopguide.errors import ShopGuideError
from shopguide.evaluation.parsing import DialogueParser
from shopguide.settings import get_settings

WARM_UP = 10
TOKEN_OF_MAKE_RUN = Path(".run/auth-token")

OPENINGS = (
    "hi", "show me", "i am after", "could you find", "my brother asked for", "is there", "what about", "we would like",
    "not", "anything like", "tell me about", "how is", "no more", "i changed my mind about", "next please, but",
)  # fmt: skip
QUALITIES = (
    "blue", "sturdy", "waterproof", "formal", "the second", "quiet", "foldable", "leather", "large", "second hand",
    "very light", "wireless", "wool", "cheaper", "that red", "warm", "kid sized", "organic",
)  # fmt: skip
THINGS = (
    "rain jacket", "desk lamp", "trousers", "headphones", "tent", "office chair", "toner", "running shoes", "kettle",
    "backpack", "watch", "dress", "monitor", "blanket", "scarf", "tripod", "gift for a colleague",
)  # fmt: skip
ENDINGS = (
    "", "under {n} euro", "with {n} pockets", "in size {n}", "please", "for a trip of {n} days in late autumn",
    "because the one i bought {n} months ago fell apart and i do not want to go through that again",
    "but not from the brand we looked at {n} minutes ago",
)  # fmt: skip


def messages(n: int, seed: int) -> list[str]:
    """Return different messages."""
    source = random.Random(seed)
    found: dict[str, None] = {}  # in the order in which they were drawn
    while len(found) < n:
        parts = [source.choice(OPENINGS), source.choice(QUALITIES), source.choice(THINGS), source.choice(ENDINGS)]
        text = " ".join(part for part in parts if part and source.random() < 0.85)
        if text:
            found[text.format(n=source.randint(2, 400))] = None
    return list(found)


def process_at(url: str) -> int | None:
    """Return the process that listens at a local address, if this user may see it."""
    port = urlsplit(url).port or 80
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            _, local, _, state, *_, inode = row.split()[:10]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{inode}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(handle.readlink()) in sockets for handle in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:
            continue
    return None


def memory_of(process: int | None) -> dict[str, float | None]:
    """Return what a process holds and held at most, in MiB."""
    found: dict[str, float | None] = {"memory_mib": None, "peak_memory_mib": None}
    if process is not None:
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            for name, field in (("memory_mib", "VmRSS:"), ("peak_memory_mib", "VmHWM:")):
                if line.startswith(field):
                    found[name] = round(int(line.split()[1]) / 1024, 1)
    return found


def measure(servers: dict[str, DialogueParser], requests: int, seed: int) -> dict[str, object]:
    """Return the whole report."""
    texts = messages(requests + WARM_UP, seed)
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for text in texts:
        for name, server in servers.items():
            start = time.perf_counter()
            server.parse(text)
            taken[name].append(1000 * (time.perf_counter() - start))
    rows = []
    first = float(np.median(next(iter(taken.values()))[WARM_UP:]))
    for name, server in servers.items():
        p50, p95 = np.percentile(taken[name][WARM_UP:], [50, 95])
        rows.append(
            {
                "server": name,
                "p50_ms": round(float(p50), 1),
                "p95_ms": round(float(p95), 1),
                "p50_ratio": round(float(p50) / first, 2),
                **memory_of(process_at(server.url)),
            }
        )
    words = [len(text.split()) for text in texts[WARM_UP:]]
    return {
        "requests": requests,
        "seed": seed,
        "words": {"mean": round(float(np.mean(words)), 1), "most": max(words)},
        "servers": rows,
    }


def named_servers(addresses: Sequence[str], token: str) -> dict[str, DialogueParser]:
    """Return the servers by name; without addresses the one that the settings name."""
    if not addresses:
        kept = TOKEN_OF_MAKE_RUN.read_text("utf-8").strip() if TOKEN_OF_MAKE_RUN.exists() else ""
        return {"dialogue": DialogueParser(get_settings().rasa_url, token or kept)}
    pairs = [address.split("=", 1) if "=" in address else ("dialogue", address) for address in addresses]
    return {name: DialogueParser(url, token) for name, url in pairs}


def main() -> None:
    """Measure the servers that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rasa-url", action="append", default=[], metavar="[NAME=]URL", help="repeatable")
    parser.add_argument("--token", default="", help="of the servers' HTTP API")
    parser.add_argument("--requests", type=int, default=300, help="messages that are timed")
    parser.add_argument("--seed", type=int, default=None, help="of the messages; new for every run without it")
    arguments = parser.parse_args()
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    try:
        found = measure(named_servers(arguments.rasa_url, arguments.token), arguments.requests, seed)
    except ShopGuideError as error:
        sys.exit(f"bench/understanding.py: {error}")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
