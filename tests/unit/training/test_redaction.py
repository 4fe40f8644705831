"""Trained models forget a shopper without a training, and stay whole whatever happens in between."""

from pathlib import Path

import numpy as np
import pytest

from shopguide.errors import ModelCorrupt
from shopguide.ids import ShopperId
from shopguide.recommender.artefacts import ModelFolder
from shopguide.recommender.candidates.lightfm import shopper_key
from shopguide.training import redaction
from shopguide.training.redaction import forget_shopper, knows
from shopguide.training.registry import Registry

WHO = [ShopperId(f"shopper-{n}") for n in range(5)]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(ModelFolder(tmp_path / "recommender"))


def publish(registry: Registry, shoppers: list[ShopperId]) -> str:
    """Publish a version whose vectors are the shoppers' numbers."""
    keys = np.sort(np.asarray([shopper_key(who) for who in shoppers], dtype=np.uint64))
    numbers = {shopper_key(who): WHO.index(who) for who in shoppers}
    vectors = np.asarray([[numbers[int(key)]] * 3 for key in keys], dtype=np.float32).reshape(len(keys), 3)
    with registry.draft() as draft:
        draft.part("candidates", {"digest": "d"})
        draft.save("candidates", "shopper_keys.npy", keys)
        draft.save("candidates", "shoppers.npy", vectors)
        draft.save("candidates", "ids.json", {"skus": []})
        return registry.publish(draft).name


def vector(registry: Registry, who: ShopperId, name: str | None = None) -> float | None:
    """Return a shopper's vector as serving finds it."""
    version = registry.folder.version(name) if name else registry.folder.current()
    keys, vectors = version.array("candidates", "shopper_keys.npy"), version.array("candidates", "shoppers.npy")
    at = int(np.searchsorted(keys, np.uint64(shopper_key(who))))
    return float(vectors[at][0]) if at < len(keys) and int(keys[at]) == shopper_key(who) else None


@pytest.mark.parametrize("gone", WHO)
def test_one_is_forgotten_and_the_others_keep_their_own(registry: Registry, gone: ShopperId) -> None:
    publish(registry, WHO)
    assert forget_shopper(registry, gone) == 1
    registry.folder.current().verify()
    assert [vector(registry, who) for who in WHO] == [None if who == gone else float(n) for n, who in enumerate(WHO)]
    held = (registry.folder.current().folder / "candidates" / "shopper_keys.npy").read_bytes()
    assert shopper_key(gone).to_bytes(8, "little") not in held
    assert forget_shopper(registry, gone) == 0
    assert knows(registry.folder, gone) == []


def test_all_can_be_forgotten_one_by_one(registry: Registry) -> None:
    publish(registry, WHO)
    for count, who in enumerate(WHO, 1):
        assert forget_shopper(registry, who) == 1
        registry.folder.current().verify()
        for position, other in enumerate(WHO):
            assert vector(registry, other) == (None if position < count else float(position))


def test_every_version_forgets_also_those_that_share_files(registry: Registry) -> None:
    first = publish(registry, WHO)
    with registry.draft() as draft:
        draft.part("vectors", {"digest": "v"})
        second = registry.publish(draft).name
    assert knows(registry.folder, WHO[0]) == [first, second]
    assert forget_shopper(registry, WHO[0]) == 2
    for name in (first, second):
        registry.folder.version(name).verify()
        assert vector(registry, WHO[0], name) is None and vector(registry, WHO[1], name) == 1.0
    assert registry.rollback().name == first


def test_servers_are_told_and_only_if_something_changed(registry: Registry) -> None:
    name = publish(registry, WHO[:3])
    stamp = registry.folder.stamp()
    forget_shopper(registry, WHO[4])
    assert registry.folder.stamp() == stamp
    forget_shopper(registry, WHO[1])
    assert registry.folder.stamp() != stamp
    assert registry.folder.current().name == name


@pytest.mark.parametrize("step", range(5))
def test_whoever_is_killed_in_between_leaves_what_the_next_one_mends(
    registry: Registry, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(registry, WHO)
    left = [step]
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    try:
        forget_shopper(registry, WHO[2])
    except KeyboardInterrupt:
        pass
    else:
        assert step == 4, "manifest, two files and the pointer"
    monkeypatch.undo()
    if step == 0:
        registry.folder.current().verify()  # nothing happened yet
    forget_shopper(registry, ShopperId("somebody else"))
    registry.folder.current().verify()
    # Whatever is read in between, nobody gets another person's vector.
    assert all(vector(registry, who) in (None, float(n)) for n, who in enumerate(WHO) if who != WHO[2])
    forget_shopper(registry, WHO[2])
    registry.folder.current().verify()
    assert [vector(registry, who) for who in WHO] == [0.0, 1.0, None, 3.0, 4.0]
    assert not list(registry.folder.current().folder.rglob(f"*{redaction._FRESH}*"))


def test_no_models_and_no_shoppers_are_nothing_to_do(registry: Registry) -> None:
    assert forget_shopper(registry, WHO[0]) == 0
    assert not registry.folder.root.exists()
    with registry.draft() as draft:
        draft.part("vectors", {"digest": "v"})
        registry.publish(draft)
    assert forget_shopper(registry, WHO[0]) == 0


def test_a_broken_manifest_is_an_error(registry: Registry) -> None:
    name = publish(registry, WHO)
    (registry.folder.root / name / "manifest.json").write_text("{")
    with pytest.raises(ModelCorrupt):
        forget_shopper(registry, WHO[0])
