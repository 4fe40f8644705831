import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

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
    assert current.manifest["made_with"]["numpy"] == np.__version__
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


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_half_written(path: Path, *_: object, **__: object) -> None:
    path.write_bytes(b"\x93NUMPY")
    _die()


def _die_half_removed(folder: Path, **_: object) -> None:
    next(folder.rglob("numbers.npy")).unlink()
    _die()


POINTS: dict[str, tuple[object, str, Callable[..., None]]] = {
    "while a file is written": (np, "save", _die_half_written),
    "before the version appears": (Path, "rename", _die),
    "before the version is current": (Registry, "_point_to", _die),
    "before the pointer is in its place": (Path, "replace", _die),
    "before old versions go": (Registry, "_prune", _die),
    "while an old version goes": (shutil, "rmtree", _die_half_removed),
}
TOO_LATE = ("before old versions go", "while an old version goes")
"""By then the new version serves."""


def _publish_and_die(root: Path, point: str) -> None:
    owner, name, how = POINTS[point]
    with patch.object(owner, name, how):
        publish(Registry(ModelFolder(root)), value=-1.0)


# From Python 3.12 on, forking beside any thread warns; the child uses no lock of the parent's.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("point", POINTS)
def test_kill_9_at_any_point_leaves_a_whole_version_serving_and_no_half_one(
    registry: Registry, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopguide.training.registry.KEPT", 1)
    for value in range(4):  # so many that the next one has an old one removed
        publish(registry, value=value)
    old = registry.folder.current().name
    job = multiprocessing.get_context("fork").Process(target=_publish_and_die, args=(registry.folder.root, point))
    job.start()
    job.join()
    assert job.exitcode == -signal.SIGKILL
    serving = registry.folder.current()
    value = serving.array("candidates", "numbers.npy")[0]
    if point in TOO_LATE:
        assert serving.name != old and value == -1.0
    else:
        assert serving.name == old and value == 3
    for version in registry.folder.versions():
        version.verify()
    registry.rollback()
    publish(registry, value=100.0)
    assert [path.name for path in registry.folder.root.iterdir() if path.name.startswith(".")] == [".lock"]


def test_the_draft_of_a_job_that_runs_is_left_alone(registry: Registry) -> None:
    with registry.draft() as slow:
        slow.part("candidates", {"digest": "slow"})
        publish(registry, "vectors")
        slow.save("candidates", "numbers.npy", np.ones(3))
        assert registry.publish(slow).array("candidates", "numbers.npy").tolist() == [1.0] * 3


def test_old_versions_are_cleared_away_but_never_the_current_or_a_way_back(registry: Registry) -> None:
    for value in range(3 * KEPT):
        publish(registry, value=value)
    kept = names(registry)
    pointer = registry.folder.pointer()
    assert pointer["version"] in kept and set(pointer["history"]) <= set(kept)
    assert len(kept) <= 2 * KEPT + 1
    for _ in range(KEPT):
        registry.rollback()


def test_versions_of_another_format_are_listed_for_erasures_but_not_served(
    registry: Registry,
) -> None:
    old = publish(registry, "candidates")
    manifest = json.loads((old.folder / MANIFEST).read_text())
    (old.folder / MANIFEST).write_text(json.dumps({**manifest, "format": FORMAT - 1}))
    assert names(registry) == [old.name]
    with pytest.raises(ModelCorrupt, match=f"reads format {FORMAT}"):
        registry.folder.current()
    new = publish(registry, "vectors")
    assert registry.folder.current().name == new.name and not new.has("candidates")
