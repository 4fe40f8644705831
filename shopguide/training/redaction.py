"""Making trained models forget a shopper before the next training does.

A version knows shoppers by hashed keys, each with a vector. Both are overwritten in every version, also in those that a
rollback could bring back. What all shoppers together taught the embeddings stays until the next training.

A version's files must match its manifest at every moment. New files are written beside the old ones, then the manifest
names their digests, then they take their places; whoever is killed before the last step leaves files that the next
redaction moves.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.ids import ShopperId
from shopguide.recommender.artefacts import MANIFEST, ModelFolder, Version, file_digest
from shopguide.recommender.candidates.lightfm import shopper_key
from shopguide.training.registry import Registry, sync

PART = "candidates"
KEYS = "shopper_keys.npy"
FILES = ("shoppers.npy", KEYS)
"""Vectors move first: until the keys follow, the shopper's key leads to a neighbour's vector, nobody's loss."""
_FRESH = ".redacted-"


def forget_shopper(registry: Registry, shopper_id: ShopperId) -> int:
    """Take a shopper out of every version that knows them, and return how many these were; servers follow.

    Raises:
        ModelCorrupt: a manifest cannot be read.
    """
    if not registry.folder.root.is_dir():
        return 0
    with registry.locked():
        changed = 0
        for version in registry.folder.versions():
            _finish(version)
            changed += _redact(version, shopper_id)
        if changed:
            # The versions' names are the same: a new pointer tells servers to read them again.
            registry.touch()
    return changed


def knows(folder: ModelFolder, shopper_id: ShopperId) -> list[str]:
    """Return the names of the versions that know a shopper."""
    return [version.name for version in folder.versions() if len(set(_rows(version, shopper_id))) == 2]


def _rows(version: Version, shopper_id: ShopperId) -> tuple[int, int]:
    """Return where a version's rows of a shopper begin and end; nowhere: twice the same."""
    if f"{PART}/{KEYS}" not in version.manifest["files"]:
        return 0, 0
    keys, key = version.array(PART, KEYS), np.uint64(shopper_key(shopper_id))
    return int(np.searchsorted(keys, key, "left")), int(np.searchsorted(keys, key, "right"))


def _without(array: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    """Return a copy in which a neighbour's row stands in the place of these, or nothing if there is no neighbour.

    Arrays keep their shape and order: a server that reads one new and one old file still finds everybody's own vector.
    """
    copy = np.array(array)
    copy[start:end] = copy[end] if end < len(copy) else copy[start - 1] if start else 0
    return copy


def _redact(version: Version, shopper_id: ShopperId) -> int:
    start, end = _rows(version, shopper_id)
    if start == end:
        return 0
    files = dict(version.manifest["files"])
    for name in FILES:
        fresh = version.folder / PART / f"{_FRESH}{name}"
        with fresh.open("wb") as file:
            np.save(file, _without(version.array(PART, name), start, end), allow_pickle=False)
        sync(fresh)
        files[f"{PART}/{name}"] = file_digest(fresh)
    _write_manifest(version.folder, {**version.manifest, "files": files})
    _finish(version)
    return 1


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    fresh = folder / f".{MANIFEST}"
    fresh.write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    sync(fresh)
    fresh.replace(folder / MANIFEST)
    sync(folder)


def _finish(version: Version) -> None:
    """Move the new files into their places if the manifest names them already, and throw them away if not."""
    manifest = json.loads((version.folder / MANIFEST).read_text(encoding="utf-8"))
    for name in FILES:
        fresh = version.folder / PART / f"{_FRESH}{name}"
        if not fresh.is_file():
            continue
        if manifest["files"].get(f"{PART}/{name}") == file_digest(fresh):
            # Other versions may share the old file; it stays theirs.
            fresh.replace(version.folder / PART / name)
            sync(version.folder / PART)
        else:
            fresh.unlink()
