"""Kill -9 while training leaves the old version serving and no half one; bench/training_crash.py does it at length."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.training_crash import flawless, run
from shopguide.bootstrap import Shop
from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.types import RecommendationRequest
from shopguide.settings import Settings
from shopguide.training.registry import DRAFT
from tests.unit.recommender.synthetic import make_events, make_products

ROOT = Path(__file__).resolve().parents[2]


# From Python 3.12 on, forking beside any thread warns; the children here use no lock of the parent's.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_trainings_and_promotions_leave_whole_versions_and_a_recommender_that_serves(tmp_path: Path) -> None:
    report = run(tmp_path, kills=12)
    assert flawless(report), report
    assert report["answers"] > 0
    assert len(report["killed_while"]) > 2, report


class Place:
    """A shop in a folder, and the command line over it."""

    def __init__(self, folder: Path) -> None:
        values = {
            "database_url": f"sqlite:///{folder / 'shop.db'}",
            "models_dir": str(folder / "models"),
            "text_index_dir": str(folder / "text_index"),
            "outbox_path": str(folder / "outbox.db"),
            "lexicon_path": str(folder / "lexicon.jsonl"),
        }
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            **{f"SHOPGUIDE_{name.upper()}": value for name, value in values.items()},
        }
        self.shop = Shop(Settings(**values))  # type: ignore[arg-type]
        self.models = ModelFolder(Path(values["models_dir"]) / "recommender")
        products = make_products()
        self.shop.products.put(products)
        self.shop.feedback.record(make_events(CatalogueIndex(products)))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from shopguide.cli import main; main()", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def shopguide(self, *arguments: str) -> Any:
        process = self.start(*arguments, "--json")
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return json.loads(told)

    def hidden(self) -> set[str]:
        return {path.name for path in self.models.root.iterdir() if path.name.startswith(".")}

    def wait_for_draft(self, job: subprocess.Popen[str]) -> None:
        while job.poll() is None and not any(name.startswith(DRAFT) for name in self.hidden()):
            time.sleep(0.001)


@pytest.mark.parametrize("moment", ["before there is a draft", "while there is one"])
def test_a_shopguide_train_that_is_killed_leaves_a_shop_that_serves_and_trains(tmp_path: Path, moment: str) -> None:
    place = Place(tmp_path)
    place.shopguide("train", "--only", "candidates")
    before = [version.name for version in place.models.versions()]
    job = place.start("train", "--only", "candidates", "--force")
    if moment == "while there is one":
        place.wait_for_draft(job)
    else:
        time.sleep(1.0)
    job.kill()
    job.communicate()
    assert job.returncode == -signal.SIGKILL
    listed = [version.name for version in place.models.versions()]
    for version in place.models.versions():
        version.verify()
    # The draft may have become a version between the look and the kill; then it is a whole one.
    assert listed[: len(before)] == before
    assert len(listed) <= len(before) + (1 if moment == "while there is one" else 0)
    answer = place.shop.recommender.recommend(RecommendationRequest())
    assert answer.degraded is None and answer.model_version == place.models.current().name
    report = place.shopguide("train", "--only", "candidates", "--force")
    assert place.shop.recommender.recommend(RecommendationRequest()).model_version == report["version"]
    assert [row["version"] for row in place.shopguide("models", "list")] == [*listed, report["version"]]
    assert place.hidden() == {".lock"}
    place.shop.catalogue.close()
    place.shop.database.close()
