"""Versions change under requests that are being answered."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId
from shopguide.recommender import live
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import Recommendation, RecommendationRequest
from shopguide.settings import Settings
from shopguide.training.data import TrainingData
from shopguide.training.job import train
from shopguide.training.registry import Registry
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles, make_events

REQUESTS = (
    RecommendationRequest(k=8),
    RecommendationRequest(shopper_id=ShopperId("shopper-3"), k=8),
    RecommendationRequest(constraints=(Constraint("category", "in", ("lamps",)),), k=8),
    RecommendationRequest(query="a blue velora", shopper_id=ShopperId("shopper-7"), k=8),
)
THREADS = 4
SERVED_EACH = 20
"""How often every version must have answered before the test is content."""
HANGING = 60.0
"""Seconds after which something hangs."""


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return Registry(ModelFolder(settings.models_dir / "recommender"))


@pytest.fixture
def versions(index: CatalogueIndex, settings: Settings, registry: Registry) -> list[str]:
    """Two versions that learnt from other events; the second one is current."""
    trained = []
    for seed in (3, 4):
        learnt = FakeFeedback(make_events(index, seed=seed))
        data = TrainingData(index, "catalogue-1", FakeProfiles(), learnt, settings)  # type: ignore[arg-type]
        train(data, only="candidates", force=True)
        trained.append(registry.folder.current().name)
    return trained


@pytest.fixture
def server(index: CatalogueIndex, settings: Settings) -> Callable[[], Recommender]:
    """Makes recommenders over the same shop."""
    feedback = FakeFeedback(make_events(index))
    return lambda: Recommender(FakeCatalogue(index), FakeProfiles(), feedback, settings)  # type: ignore[arg-type]


@pytest.fixture
def expected(
    server: Callable[[], Recommender], registry: Registry, versions: list[str]
) -> dict[str, list[Recommendation]]:
    """What each version answers where nothing changes."""
    answers = {}
    for version in versions:
        registry.promote(version)
        recommender = server()
        recommender.warm_up()
        answers[version] = [recommender.recommend(request) for request in REQUESTS]
    return answers


class Load:
    """Threads that request without a pause and hold every answer against the ones of its version."""

    def __init__(self, recommender: Recommender, expected: dict[str, list[Recommendation]]) -> None:
        self._recommender, self._expected = recommender, expected
        self.stopped = threading.Event()
        self.served: Counter[str] = Counter()
        self.mixed: list[Recommendation] = []

    def run(self, thread: int) -> None:
        for number in self._numbers(thread):
            answer = self._recommender.recommend(REQUESTS[number])
            self.served[answer.model_version] += 1
            if answer != self._expected[answer.model_version][number]:
                self.mixed.append(answer)

    def _numbers(self, start: int) -> Iterator[int]:
        while not self.stopped.is_set():
            yield start % len(REQUESTS)
            start += 1


def test_every_answer_under_promotions_and_rollbacks_comes_wholly_from_one_version(
    server: Callable[[], Recommender],
    registry: Registry,
    versions: list[str],
    expected: dict[str, list[Recommendation]],
) -> None:
    first, second = versions
    assert all(one.items != other.items for one, other in zip(*expected.values(), strict=True))
    recommender = server()
    recommender.warm_up()
    load = Load(recommender, expected)
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(load.run, thread) for thread in range(THREADS)]
        try:
            changes = 0
            while changes < 40 or min(load.served[version] for version in versions) < SERVED_EACH:
                assert not any(job.done() for job in running), "a request failed"
                assert changes < 1000, "the versions are not taken up"
                registry.rollback() if registry.folder.current().name == second else registry.promote(second)
                changes += 1
                load.stopped.wait(0.03)
        finally:
            load.stopped.set()
        for job in running:
            job.result(HANGING)
    assert not load.mixed
    assert load._recommender.recommend(REQUESTS[0]).model_version == registry.folder.current().name
    assert first in load.served


def test_a_new_version_that_takes_long_to_load_keeps_nobody_waiting(
    server: Callable[[], Recommender], registry: Registry, versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.02)
    released, real = threading.Event(), live.load

    def slow(index: Any, version: Any, encode: Any) -> Any:
        if version is not None and version.name == versions[0]:
            released.wait(HANGING)
        return real(index, version, encode)

    monkeypatch.setattr(live, "load", slow)
    recommender = server()
    assert recommender.recommend(REQUESTS[0]).model_version == versions[1]
    registry.promote(versions[0])
    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(recommender.recommend, request) for request in REQUESTS]
        try:
            waited = [answer.result(HANGING / 2).model_version for answer in answers]
        finally:
            released.set()
    assert waited == [versions[1]] * len(REQUESTS)
    building = recommender._live._building
    assert building is not None
    building.join(HANGING)
    assert recommender.recommend(REQUESTS[0]).model_version == versions[0]
