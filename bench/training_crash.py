"""Kills trainings, promotions and rollbacks at random moments while a recommender serves; JSON on stdout.

    python -m bench.training_crash --kills 200

One process trains candidates on a small shop, for real, and promotes and rolls back in between, without a pause. It is
killed with SIGKILL a random moment after it was seen in a random stage, and replaced. Another answers requests all the
while. After every kill each version that is listed must be whole and one of them current; in the end a training must
work and leave nothing behind but versions, and the recommender must serve the last one.
"""

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import lightfm  # noqa: F401  (here, so that no child has to)

from bench.crash import catalogue
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.live import LiveCatalogue
from shopguide.db.engine import Database
from shopguide.errors import ModelCorrupt, ModelNotFound
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import Feedback
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.service import Profiles
from shopguide.recommender.artefacts import ModelFolder, file_digest
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.registry import Draft, Registry

SHOPPERS = 40
EVENTS = 700
STAGES = ("nothing", "reading", "fitting", "writing files", "publishing", "moving the pointer")
STAGE_SECONDS = 5.0
"""How long a stage is waited for."""
TAKEN_UP_SECONDS = 10.0
"""How long the recommender may take to serve the last version."""


@dataclass(frozen=True)
class Place:
    """Where it all happens: a database, models, and the products.

    Args:
        folder: empty at first.
        index: the catalogue.
    """

    folder: Path
    index: CatalogueIndex

    @property
    def settings(self) -> Settings:
        """Settings of a shop in this folder, whatever the environment says."""
        url = f"sqlite:///{self.folder / 'shop.db'}"
        return Settings(_env_file=None, database_url=url, models_dir=self.folder / "models", exploration_rate=0.0)

    @property
    def models(self) -> ModelFolder:
        """The versions."""
        return ModelFolder(self.settings.models_dir / "recommender")

    def data(self) -> TrainingData:
        """Return what a training reads; with connections of this process's own."""
        database = Database(self.settings.database_url)
        return TrainingData(self.index, "catalogue", Profiles(database), Feedback(database), self.settings)

    def recommender(self) -> Recommender:
        """Return a recommender over the same."""
        data = self.data()
        live = cast("LiveCatalogue", Fixed(self.index))
        return Recommender(live, data.profiles, data.feedback, self.settings)


@dataclass(frozen=True)
class Fixed:
    """A live catalogue that does not change, and so needs no thread to look."""

    current: CatalogueIndex

    def index(self) -> CatalogueIndex:
        """Return the index."""
        return self.current


def seed_events(place: Place) -> None:
    """Let shoppers like products of one or two brands each."""
    database, source = Database(place.settings.database_url), random.Random(0)
    database.migrate()
    start = datetime.now(UTC) - timedelta(days=30)
    Feedback(database).record(
        FeedbackEvent(
            f"e{number}",
            source.choice(("view", "click", "like", "purchase")),
            ShopperId(f"shopper {number % SHOPPERS}"),
            start + timedelta(minutes=number),
            Sku(f"P{(number % SHOPPERS + 5 * source.randrange(6)) % 30}"),
        )
        for number in range(EVENTS)
    )
    database.close()  # no connection may be carried over a fork


def work(place: Place, seed: int, stage: Any) -> None:
    """Train, promote and roll back until killed; `stage` tells what is being done."""
    data, source, registry = place.data(), random.Random(seed), Registry(place.models)

    def telling(doing: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any, **options: Any) -> Any:
            stage.value = STAGES.index(doing)
            return call(*arguments, **options)

        return told

    def progress(what: str, _share: float) -> None:
        stage.value = STAGES.index("reading" if what.startswith("reading") else "fitting")

    with (
        patch.object(Draft, "save", telling("writing files", Draft.save)),
        patch("shopguide.training.registry.file_digest", telling("publishing", file_digest)),
        patch.object(Registry, "_write_pointer", telling("moving the pointer", Registry._write_pointer)),
    ):
        while True:
            stage.value = STAGES.index("nothing")
            chance = source.random()
            if chance < 0.6:
                train(data, only="candidates", force=True, progress=progress)
            elif chance < 0.8:
                able = [version.name for version in place.models.versions() if version.has("candidates")]
                registry.promote(source.choice(able))
            else:
                with suppress(ModelNotFound):  # nothing left to go back to
                    registry.rollback()


def serve(place: Place, stop: Any, results: Any) -> None:
    """Answer requests until told to stop, and then until the version that is current is served; report."""
    recommender, source = place.recommender(), random.Random(1)
    served: Counter[str] = Counter()
    degraded: Counter[str] = Counter()
    last, deadline = "", 0.0
    while not stop.is_set() or (last != place.models.current().name and time.monotonic() < deadline):
        if not stop.is_set():
            deadline = time.monotonic() + TAKEN_UP_SECONDS
        answer = recommender.recommend(
            RecommendationRequest(shopper_id=ShopperId(f"shopper {source.randrange(SHOPPERS)}"))
        )
        last = answer.model_version
        served[last] += 1
        degraded[answer.degraded or "none"] += 1
    results.put({"answers": sum(served.values()), "versions_served": len(served), "degraded": degraded, "last": last})


def run(folder: Path, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill so many trainings, and return what became of the versions and of the answers.

    Args:
        folder: empty.
        kills: how many.
        seed: of what is done and when it ends.
    """
    place, source = Place(folder, catalogue()), random.Random(seed)
    processes = multiprocessing.get_context("fork")
    seed_events(place)
    first = processes.Process(target=_train_once, args=(place,))
    first.start()
    first.join()
    stage, stop, results = processes.Value("i", 0, lock=False), processes.Event(), processes.SimpleQueue()
    server = processes.Process(target=serve, args=(place, stop, results), daemon=True)
    server.start()
    started, during, found = time.perf_counter(), Counter[str](), Counter[str]()
    for number in range(kills):
        worker = processes.Process(target=work, args=(place, seed * 100_000 + number, stage), daemon=True)
        stage.value = 0
        worker.start()
        _wait_for(stage, source.randrange(len(STAGES)))
        time.sleep(source.uniform(0.0, 0.05))
        found["died_by_themselves"] += not worker.is_alive()
        _kill(worker)
        during[STAGES[stage.value]] += 1
        found.update(_judged(place.models))
    last = processes.Process(target=_train_once, args=(place,))
    last.start()
    last.join()
    stop.set()
    answers: dict[str, Any] = results.get() if server.is_alive() else {"answers": 0, "degraded": {}, "last": "died"}
    server.join()
    found.update(_judged(place.models))
    hidden = [path.name for path in place.models.root.iterdir() if path.name.startswith(".") and path.name != ".lock"]
    return {
        "kills": kills,
        "seed": seed,
        "killed_while": dict(during),
        "died_by_themselves": found["died_by_themselves"],
        "half_versions_listed": found["half"],
        "without_a_current_version": found["headless"],
        "left_behind": len(hidden),
        "last_training_failed": last.exitcode != 0,
        "last_version_not_served": answers.pop("last") != place.models.current().name,
        "answers_without_a_model": answers["degraded"].get("model_missing", 0),
        **answers,
        "seconds": round(time.perf_counter() - started, 1),
    }


def _wait_for(stage: Any, wanted: int) -> None:
    """Wait until a worker is in a stage; not for long, because it may pass through between two looks."""
    deadline = time.monotonic() + STAGE_SECONDS
    while stage.value != wanted and time.monotonic() < deadline:
        time.sleep(0.0005)


def _train_once(place: Place) -> None:
    train(place.data(), only="candidates", force=True)


def _judged(models: ModelFolder) -> Counter[str]:
    """Count what is wrong with the versions."""
    wrong: Counter[str] = Counter()
    for version in models.versions():
        try:
            version.verify()
        except ModelCorrupt:
            wrong["half"] += 1
    try:
        models.current()
    except (ModelNotFound, ModelCorrupt):
        wrong["headless"] += 1
    return wrong


def _kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def flawless(report: dict[str, Any]) -> bool:
    """Whether every version was whole, one was always current, and nothing was left behind."""
    faults = (
        "died_by_themselves",
        "half_versions_listed",
        "without_a_current_version",
        "left_behind",
        "last_training_failed",
        "last_version_not_served",
        "answers_without_a_model",
    )
    return not any(report[fault] for fault in faults)


def main() -> int:
    """Run it and report; exit with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(report, indent=1))
    return 0 if flawless(report) else 1


if __name__ == "__main__":
    sys.exit(main())
