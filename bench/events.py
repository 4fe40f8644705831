"""Times what every turn and every report costs: writing events, reading a profile; JSON on stdout.

    python -m bench.events                              # SQLite, in a folder of its own
    python -m bench.events --url postgresql://…         # an empty database

An event is written as the API writes it: consents looked up, kept once, with what it teaches, on the disk. The profile
is that of a shopper with 500 pieces of evidence, among others.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.crash import catalogue
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import Feedback
from shopguide.guide.recording import Recorder
from shopguide.ids import ShopperId, Sku
from shopguide.outbox.box import Outbox
from shopguide.outbox.breaker import Breaker
from shopguide.outbox.store import Deliveries
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles

EVIDENCE = 500
OTHERS = 200
READER = ShopperId("reader")


def measure(url: str, folder: Path, repeats: int) -> dict[str, object]:
    """Return the whole report for an empty database."""
    database = Database(url)
    database.migrate()
    profiles, feedback = Profiles(database), Feedback(database)
    index = catalogue()
    recorder = Recorder(
        profiles,
        feedback,
        index=lambda: index,
        together=database.together,
        marks=Deliveries(database),
        outbox=Outbox(folder / "outbox.db"),
    )
    source = random.Random(0)
    numbers = iter(range(10_000_000))

    def events(count: int) -> list[FeedbackEvent]:
        return [
            FeedbackEvent(
                f"e{next(numbers)}",
                source.choice(("click", "like", "purchase", "view")),
                ShopperId(f"shopper {source.randrange(OTHERS)}"),
                datetime.now(UTC),
                Sku(f"P{source.randrange(30)}"),
            )
            for _ in range(count)
        ]

    for n in range(EVIDENCE):
        at = datetime.now(UTC) - timedelta(days=source.uniform(0, 300))
        value = f"value {source.randrange(60)}"
        profiles.record([PreferenceEvidence(READER, f"facet {n % 6}", value, 1, "like", at, 0.4)])
    for _ in range(20):
        recorder.take(events(100))
    report: dict[str, object] = {
        "database": url.partition(":")[0],
        "events_stored": feedback.count(),
        "write_1_event": _times(lambda: recorder.take(events(1)), repeats),
        "write_100_events": _times(lambda: recorder.take(events(100)), max(repeats // 4, 5)),
        "evidence_of_the_profile": EVIDENCE,
        "read_taste": _times(lambda: profiles.taste(READER), repeats),
        "read_history": _times(lambda: feedback.history(ShopperId("shopper 0")), repeats),
        "put_1_event_into_the_outbox": _times(_outbox(profiles, feedback, folder, events), repeats),
    }
    database.close()
    return report


def _outbox(
    profiles: Profiles, feedback: Feedback, folder: Path, events: Callable[[int], list[FeedbackEvent]]
) -> Callable[[], object]:
    """Return a write while the database is known to be away."""

    def away(patience: float | None) -> AbstractContextManager[None]:
        raise DatabaseError("away")

    recorder = Recorder(
        profiles,
        feedback,
        index=catalogue,
        together=away,
        outbox=Outbox(folder / "waiting.db"),
        breaker=Breaker(pause=3_600.0),
    )
    return lambda: recorder.take(events(1))


def _times(call: Callable[[], object], repeats: int) -> dict[str, float]:
    call()
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        taken.append(1_000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(taken, [50, 95])
    return {"calls": repeats, "p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--url", help="an empty database; otherwise SQLite in a folder of its own")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/shop.db"
        print(json.dumps(measure(url, Path(folder), arguments.repeats), indent=1))


if __name__ == "__main__":
    main()
