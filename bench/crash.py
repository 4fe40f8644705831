"""Kills processes that write events, evidence and slates, and looks for what was lost or doubled; JSON on stdout.

    python -m bench.crash --kills 200                          # SQLite, in a folder of its own
    python -m bench.crash --kills 20 --url postgresql://…      # an empty database

Workers write without a pause and note each id once the call has returned. They are killed with SIGKILL at random
moments and replaced. Now and then another process locks the database for longer than they wait, so that they write to
the outbox; that one is killed too. In the end the outbox is delivered, and everything that was noted has to be in the
database exactly once, an event with all that it teaches.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import event as listening
from sqlalchemy import text

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.service import Feedback
from shopguide.guide.recording import Recorder
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.outbox.box import Outbox
from shopguide.outbox.breaker import Breaker
from shopguide.outbox.store import Deliveries
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles

WORKERS = 3
SHOPPERS = 20
LOCK_WAIT_MS = 60
"""How long a worker waits for a lock: not the 5 s of a server, so that outages are short and many."""
KINDS = ("like", "dislike", "click", "purchase", "add_to_cart", "view")
TAUGHT = 3
"""Pieces of evidence of an event, but for a view: brand, category and colour of its product."""


def catalogue() -> CatalogueIndex:
    """Return a few products that all teach the same number of things."""
    return CatalogueIndex(
        [
            Product(
                sku=Sku(f"P{n}"),
                title=f"Mug {n}",
                brand=f"Brand {n % 5}",
                category=("Home", "Mugs"),
                price=Decimal(n + 1),
                currency="EUR",
                facets={"colour": (f"colour {n % 7}",)},
            )
            for n in range(30)
        ]
    )


class Parts:
    """What a process writes with; made after the fork.

    Args:
        url: the shop database.
        folder: where the outbox is.
        index: the catalogue.
    """

    def __init__(self, url: str, folder: Path, index: CatalogueIndex) -> None:
        self.database = Database(url)
        listening.listen(self.database.engine, "connect", _impatient)
        self.outbox = Outbox(folder / "outbox.db")
        self.feedback = Feedback(self.database)
        self.recorder = Recorder(
            Profiles(self.database),
            self.feedback,
            index=lambda: index,
            together=self.database.together,
            marks=Deliveries(self.database),
            outbox=self.outbox,
            breaker=Breaker(pause=0.05),
        )


def work(url: str, folder: Path, index: CatalogueIndex, seed: int) -> None:
    """Write until killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  (for what it logs of outages)
    parts, source = Parts(url, folder, index), random.Random(seed)
    notes = os.open(folder / "notes", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    sent: list[FeedbackEvent] = []
    number = 0
    while True:
        number += 1
        name = f"{seed}-{number}"
        shopper = ShopperId(f"shopper {source.randrange(SHOPPERS)}")
        chance = source.random()
        if chance < 0.6:
            batch = [_event(f"{name}-{n}", shopper, source) for n in range(source.choice((1, 1, 1, 5)))]
            batch += source.sample(sent, min(len(sent), source.choice((0, 0, 2))))  # sent before: counts once
            result = parts.recorder.take(batch)
            assert not result.refused
            sent = [*sent, *batch][-50:]
            _note(notes, *(("queued" if result.queued else "kept", "event", one.event_id) for one in batch))
        elif chance < 0.8:
            slate = _slate(name, shopper, source)
            assert parts.recorder.keep(slate)
            _note(notes, ("kept", "slate", slate.slate_id))
        elif chance < 0.95:
            piece = PreferenceEvidence(shopper, "said", name, 1, "slot", datetime.now(UTC))
            assert parts.recorder.learn([piece])
            _note(notes, ("kept", "evidence", name))
        else:
            _delivered(parts)


def lock(url: str, seed: int) -> None:
    """Keep others from writing, again and again, until killed."""
    source = random.Random(seed)
    database = Database(url)
    with database.engine.connect() as connection:
        while True:
            sqlite = connection.dialect.name == "sqlite"
            how = "BEGIN IMMEDIATE" if sqlite else "LOCK TABLE feedback_events, slates, preferences IN EXCLUSIVE MODE"
            connection.exec_driver_sql(how)
            time.sleep(source.uniform(0.05, 0.4))
            connection.rollback()
            time.sleep(source.uniform(0.1, 0.6))


def run(url: str, folder: Path, kills: int, seed: int = 0) -> dict[str, object]:
    """Kill so many processes, and return what became of what they had written.

    Args:
        url: an empty database, whose schema is made here.
        folder: for outbox and notes, empty.
        kills: how many.
        seed: of what is written and when it ends.
    """
    database = Database(url)
    database.migrate()
    database.close()  # no connection may be carried over a fork
    index, source, processes = catalogue(), random.Random(seed), multiprocessing.get_context("fork")
    started = time.perf_counter()
    numbers = iter(range(1_000_000))

    def worker() -> BaseProcess:
        process = processes.Process(target=work, args=(url, folder, index, seed * 100_000 + next(numbers)), daemon=True)
        process.start()
        return process

    def locker() -> BaseProcess:
        process = processes.Process(target=lock, args=(url, next(numbers)), daemon=True)
        process.start()
        return process

    workers, locking = [worker() for _ in range(WORKERS)], locker()
    killed = died = 0
    try:
        while killed < kills:
            time.sleep(source.uniform(0.02, 0.5))
            place = source.randrange(WORKERS)
            died += not workers[place].is_alive()
            killed += _kill(workers[place])
            workers[place] = worker()
            if source.random() < 0.1:
                _kill(locking)
                locking = locker()
    finally:
        for process in (*workers, locking):
            _kill(process)
    report = _judged(Parts(url, folder, index), folder)
    return (
        {"database": url.partition(":")[0], "kills": killed, "died_by_themselves": died, "seed": seed}
        | report
        | {"seconds": round(time.perf_counter() - started, 1)}
    )


def _judged(parts: Parts, folder: Path) -> dict[str, object]:
    waited = parts.outbox.waiting()
    parts.recorder.deliver()
    notes = [line.split("\t") for line in (folder / "notes").read_text().splitlines() if line.count("\t") == 2]
    noted = {what: {name for _, kind, name in notes if kind == what} for what in ("event", "slate", "evidence")}
    with parts.database.engine.connect() as connection:
        stored = {
            "event": Counter(connection.execute(text("SELECT event_id FROM feedback_events")).scalars()),
            "slate": Counter(connection.execute(text("SELECT slate_id FROM slates")).scalars()),
            "evidence": Counter(
                connection.execute(text("SELECT value FROM preferences WHERE event_id IS NULL")).scalars()
            ),
        }
        views = set(connection.execute(text("SELECT event_id FROM feedback_events WHERE kind = 'view'")).scalars())
        taught = Counter(
            connection.execute(text("SELECT event_id FROM preferences WHERE event_id IS NOT NULL")).scalars()
        )
        items = Counter(connection.execute(text("SELECT slate_id FROM slate_items")).scalars())
    parts.database.close()
    wrong = [name for name in stored["event"] if taught[name] != (0 if name in views else TAUGHT)]
    return {
        "acknowledged": {what: len(names) for what, names in noted.items()},
        "acknowledged_while_locked": len({name for how, _, name in notes if how == "queued"}),
        "waited_at_the_end": waited,
        "still_waiting": parts.outbox.waiting(),
        "lost": sum(name not in stored[what] for what, names in noted.items() for name in names),
        "doubled": sum(count - 1 for counts in stored.values() for count in counts.values()),
        "events_without_their_evidence_or_with_too_much": len(wrong) + len(taught.keys() - stored["event"].keys()),
        "slates_cut_short": sum(items[name] != 3 for name in stored["slate"]),
    }


def _kill(process: BaseProcess) -> bool:
    alive = process.is_alive()
    process.kill()
    process.join()
    return alive


def _event(event_id: str, shopper: ShopperId, source: random.Random) -> FeedbackEvent:
    sku = Sku(f"P{source.randrange(30)}")
    return FeedbackEvent(event_id, source.choice(KINDS), shopper, datetime.now(UTC), sku)  # type: ignore[arg-type]


def _slate(name: str, shopper: ShopperId, source: random.Random) -> Slate:
    skus = source.sample(range(30), 3)
    items = tuple(SlateItem(Sku(f"P{sku}"), place, 0.9, 1.0) for place, sku in enumerate(skus, 1))
    talk = ConversationId(f"talk {name}")
    return Slate(SlateId(name), shopper, talk, datetime.now(UTC), "search", "blend", "1", None, 3, items)


def _delivered(parts: Parts) -> None:
    with suppress(DatabaseError):  # locked, perhaps
        parts.recorder.deliver()


def _note(notes: int, *lines: tuple[str, str, str]) -> None:
    # One write, in append mode: whole lines, whoever else writes. A killed process leaves it to the kernel.
    os.write(notes, "".join("\t".join(line) + "\n" for line in lines).encode())


def _impatient(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    if "sqlite" in type(connection).__module__:
        cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT_MS}")
    else:
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT_MS}ms'")
        connection.commit()  # type: ignore[attr-defined]
    cursor.close()


def main() -> int:
    """Run it and report; exit with 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--url", help="an empty database; otherwise SQLite in a folder of its own")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/shop.db"
        report = run(url, Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(report, indent=1))
    return 0 if flawless(report) else 1


def flawless(report: dict[str, object]) -> bool:
    """Whether nothing was lost, doubled or left behind."""
    faults = ("lost", "doubled", "events_without_their_evidence_or_with_too_much", "slates_cut_short", "still_waiting")
    return not any(report[fault] for fault in faults) and report["died_by_themselves"] == 0


if __name__ == "__main__":
    sys.exit(main())
