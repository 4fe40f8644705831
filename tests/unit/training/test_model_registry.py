import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from shopguide.errors import ModelCorrupt, ModelNotFound
from shopguide.recommender.artefacts import FORMAT, MANIFEST, ModelFolder, Version
from shopguide.training.registry import DRAFT, KEPT, Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(ModelFolder(tmp_path / "recommender"))


def publish(registry: Registry, part: str = "candidates", value: float = 1.0) -> Version:
    with registry.draft() as draft:
        draft.part(part, {"digest": f"{part} {value}"})
        draft.save(part, "numbers.npy", np.full(3, value, dtype=np.float32))
        draft.save(part, "ids.json", ["a", "é"])
        return registry.publish(draft)


def names(registry: Registry) -> list[str]:
    return [version.name for version in registry.folder.versions()]


def test_nothing_trained_is_no_model(registry: Registry) -> None:
    assert registry.folder.stamp() is None and names(registry) == []
    with pytest.raises(ModelNotFound):
        registry.folder.current()


def test_a_published_version_is_current_and_reads_back(registry: Registry) -> None:
    version = publish(registry, value=4.0)
    current = registry.folder.current()
    assert current.name == version.name
    array = current.array("candidates", "numbers.npy")
    assert array.tolist() == [4.0] * 3
    assert isinstance(array, np.memmap) and not array.flags.writeable
    assert current.json("candidates", "ids.json") == ["a", "é"]
    current.verify()


def test_parts_that_a_draft_lacks_come_from_the_current_version(registry: Registry) -> None:
    first = publish(registry, "candidates", 1.0)
    publish(registry, "vectors", 2.0)
    third = publish(registry, "reranker", 3.0)
    assert set(third.manifest["parts"]) == {"candidates", "vectors", "reranker"}
    assert third.manifest["inherited"]["candidates"] == first.name
    assert third.array("candidates", "numbers.npy").tolist() == [1.0] * 3
    third.verify()
    fourth = publish(registry, "candidates", 9.0)
    assert fourth.array("candidates", "numbers.npy").tolist() == [9.0] * 3
    assert fourth.array("reranker", "numbers.npy").tolist() == [3.0] * 3


def test_every_publication_changes_the_stamp(registry: Registry) -> None:
    stamps = set()
    for value in range(3):
        publish(registry, value=value)
        stamps.add(registry.folder.stamp())
    assert len(stamps) == 3


def test_rollback_goes_back_step_by_step_and_then_refuses(registry: Registry) -> None:
    first, second, third = (publish(registry, value=v).name for v in (1.0, 2.0, 3.0))
    assert registry.folder.current().name == third
    assert registry.rollback().name == second
    assert registry.rollback().name == first
    with pytest.raises(ModelNotFound):
        registry.rollback()
    assert registry.folder.current().name == first
    assert names(registry) == [first, second, third]


def test_promotion_checks_the_files_first(registry: Registry) -> None:
    first = publish(registry, value=1.0)
    second = publish(registry, value=2.0)
    (first.folder / "candidates" / "numbers.npy").write_bytes(b"rubbish")
    with pytest.raises(ModelCorrupt, match=r"candidates/numbers\.npy"):
        registry.promote(first.name)
    with pytest.raises(ModelNotFound):
        registry.promote("20990101T000000000-00000000")
    assert registry.folder.current().name == second.name
    third = publish(registry, value=3.0)
    assert registry.promote(second.name).name == registry.folder.current().name != third.name


@pytest.mark.parametrize("name", ["../recommender", ".draft-1-x", "", "nothing"])
def test_odd_names_are_no_versions(registry: Registry, name: str) -> None:
    publish(registry)
    with pytest.raises(ModelNotFound):
        registry.folder.version(name)


def test_damage_is_told_apart_from_absence(registry: Registry) -> None:
    version = publish(registry)
    with pytest.raises(ModelCorrupt, match="does not list"):
        version.path("candidates", "other.npy")
    (version.folder / "candidates" / "ids.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelCorrupt):
        version.json("candidates", "ids.json")
    (registry.folder.root / "current.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelCorrupt):
        registry.folder.current()


def test_pickles_are_refused(registry: Registry, tmp_path: Path) -> None:
    version = publish(registry)
    np.save(version.folder / "candidates" / "numbers.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelCorrupt):
        version.array("candidates", "numbers.npy")


def test_an_error_leaves_neither_draft_nor_version(registry: Registry) -> None:
    publish(registry)
    before = names(registry)

    def fail() -> None:
        with registry.draft() as draft:
            draft.part("candidates", {"digest": "x"})
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        fail()
    assert names(registry) == before
    assert not list(registry.folder.root.glob(f"{DRAFT}*"))


def _train_and_hang(root: Path, ready: Path) -> None:
    registry = Registry(ModelFolder(root))
    with registry.draft() as draft:
        draft.part("candidates", {"digest": "half"})
        draft.save("candidates", "numbers.npy", np.zeros(3))
        ready.touch()
        time.sleep(60)


def test_kill_9_during_training_leaves_the_old_version_serving_and_no_half_one(
    registry: Registry, tmp_path: Path
) -> None:
    old = publish(registry)
    ready = tmp_path / "ready"
    job = multiprocessing.get_context("spawn").Process(target=_train_and_hang, args=(registry.folder.root, ready))
    job.start()
    while not ready.exists():
        time.sleep(0.02)
    assert list(registry.folder.root.glob(f"{DRAFT}*"))
    os.kill(job.pid or 0, signal.SIGKILL)
    job.join()
    assert names(registry) == [old.name]
    assert registry.folder.current().name == old.name
    publish(registry, value=2.0)
    assert not list(registry.folder.root.glob(f"{DRAFT}*"))


def test_old_versions_are_cleared_away_but_never_the_current_or_a_way_back(registry: Registry) -> None:
    for value in range(3 * KEPT):
        publish(registry, value=value)
    kept = names(registry)
    pointer = registry.folder.pointer()
    assert pointer["version"] in kept and set(pointer["history"]) <= set(kept)
    assert len(kept) <= 2 * KEPT + 1
    for _ in range(KEPT):
        registry.rollback()


def test_versions_of_another_format_are_neither_listed_nor_built_upon(registry: Registry) -> None:
    old = publish(registry, "candidates")
    manifest = json.loads((old.folder / MANIFEST).read_text())
    (old.folder / MANIFEST).write_text(json.dumps({**manifest, "format": FORMAT - 1}))
    assert list(registry.folder.versions()) == []
    with pytest.raises(ModelCorrupt, match=f"reads format {FORMAT}"):
        registry.folder.current()
    new = publish(registry, "vectors")
    assert registry.folder.current().name == new.name and not new.has("candidates")
