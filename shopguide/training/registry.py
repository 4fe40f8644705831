"""The write side of trained models: drafts that become versions in one step, promotion and rollback.

A version's folder appears by one rename, becomes current by one more and goes by one; whoever is killed in between
leaves a draft that nobody lists and that a later run clears away.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import ModelCorrupt, ModelNotFound
from shopguide.recommender.artefacts import FORMAT, MANIFEST, PARTS, POINTER, ModelFolder, Version, file_digest

MADE_WITH = (
    "shopguide",
    "numpy",
    "scipy",
    "lightfm-next",
    "implicit",
    "lightgbm",
    "torch",
    "transformers",
    "onnxruntime",
)
"""Packages whose versions a manifest names: the same data, seeds and packages make the same model."""
KEPT = 5
"""Versions kept beside the current one."""
DRAFT = ".draft-"
"""How folders begin that are no versions: not yet, or no longer."""


class Draft:
    """A folder in which one job writes its parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sections: dict[str, dict[str, Any]] = {}

    def part(self, part: str, section: Mapping[str, Any]) -> Path:
        """Open a part: returns its folder; `section` goes into the manifest as it is when the draft is published."""
        if part not in PARTS:
            raise ValueError(f"{part!r} is none of {', '.join(PARTS)}")
        folder = self.folder / part
        folder.mkdir(exist_ok=True)
        self.sections[part] = dict(section)
        return folder

    def save(self, part: str, name: str, value: NDArray[Any] | Mapping[str, Any] | list[Any]) -> None:
        """Write an array (`.npy`) or JSON into an open part."""
        path = self.folder / part / name
        if isinstance(value, np.ndarray):
            np.save(path, np.ascontiguousarray(value), allow_pickle=False)
        else:
            path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")

    def subfolder(self, part: str, name: str) -> Path:
        """Make a folder in an open part."""
        folder = self.folder / part / name
        folder.mkdir()
        return folder

    def write(self, part: str, name: str, text: str) -> None:
        """Write text into an open part."""
        (self.folder / part / name).write_text(text, encoding="utf-8")


class Registry:
    """Writes versions into a model folder; several processes may do so at once.

    Args:
        folder: where the versions are.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.folder = folder

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Open a draft; it is removed at the end if it was not published, or by a later job if this one is killed."""
        path = self.folder.root / f"{DRAFT}{secrets.token_hex(8)}"
        with self.locked():
            self._clear_dead()
            path.mkdir()
            alive = os.open(path, os.O_RDONLY)
            # Let go by the system when the process ends, however it ends; a process id would come again.
            fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            yield Draft(path)
        finally:
            os.close(alive)
            shutil.rmtree(path, ignore_errors=True)

    def publish(
        self, draft: Draft, *, promote: bool = True, last: Callable[[Draft], object] = lambda _: None
    ) -> Version:
        """Make a draft a version, taking the parts it lacks over from the current one, and make it current.

        Args:
            draft: with at least one part.
            promote: leave the current version as it is if false.
            last: writes what must be as of now: meanwhile nobody else changes versions.
        """
        with self.locked():
            last(draft)
            inherited = self._inherit(draft)
            files = {
                str(path.relative_to(draft.folder)): file_digest(path)
                for path in sorted(draft.folder.rglob("*"))
                if path.is_file()
            }
            created = datetime.now(UTC)
            name = f"{created:%Y%m%dT%H%M%S%f}"[:-3] + f"-{secrets.token_hex(4)}"
            manifest = {
                "format": FORMAT,
                "version": name,
                "created_at": created.isoformat(timespec="seconds"),
                "made_with": {name: installed(name) for name in MADE_WITH},
                "parts": draft.sections,
                "inherited": inherited,
                "files": files,
            }
            (draft.folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
            for path in (draft.folder, *draft.folder.rglob("*")):
                sync(path)
            draft.folder.rename(self.folder.root / name)
            sync(self.folder.root)
            version = self.folder.version(name)
            if promote:
                self._point_to(name)
                self._prune()
            return version

    def promote(self, name: str) -> Version:
        """Make a version current, after checking all its files.

        Raises:
            ModelNotFound: there is no such version.
            ModelCorrupt: its files and manifest disagree.
        """
        with self.locked():
            version = self.folder.version(name)
            version.verify()
            self._point_to(name)
            return version

    def rollback(self) -> Version:
        """Make the version current that was so before.

        Raises:
            ModelNotFound: there is none.
            ModelCorrupt: its files and manifest disagree.
        """
        with self.locked():
            history = [name for name in self.folder.pointer().get("history", []) if self._exists(name)]
            if not history:
                raise ModelNotFound(f"{self.folder.root}: there is no version before the current one")
            version = self.folder.version(history[-1])
            version.verify()
            self._write_pointer({"version": history[-1], "history": history[:-1]})
            return version

    def touch(self) -> None:
        """Have servers read the current version again; the caller holds the lock."""
        if pointer := self.folder.pointer():
            self._write_pointer(pointer)

    def _exists(self, name: str) -> bool:
        return (self.folder.root / name / MANIFEST).is_file()

    def _inherit(self, draft: Draft) -> dict[str, str]:
        """Link the parts that the draft lacks; files of versions never change, so links are as good as copies."""
        inherited: dict[str, str] = {}
        try:
            current = self.folder.current()
        except (ModelNotFound, ModelCorrupt):
            return inherited
        for part in PARTS:
            if part in draft.sections or not current.has(part):
                continue
            for listed in current.manifest["files"]:
                if listed.split("/", 1)[0] == part:
                    target = draft.folder / listed
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _link(current.folder / listed, target)
            draft.sections[part] = dict(current.part(part))
            inherited[part] = current.manifest["inherited"].get(part, current.name)
        return inherited

    def _ranks(self, name: str) -> bool:
        """Whether a version can rank: vectors alone, which a first training publishes first, are no way back."""
        with suppress(ModelNotFound, ModelCorrupt):
            return self.folder.version(name).has("candidates")
        return False

    def _point_to(self, name: str) -> None:
        pointer = self.folder.pointer()
        history = [old for old in pointer.get("history", []) if old != name and self._exists(old)]
        if pointer and pointer["version"] != name and self._ranks(pointer["version"]):
            history.append(pointer["version"])
        self._write_pointer({"version": name, "history": history[-KEPT:]})

    def _write_pointer(self, content: Mapping[str, Any]) -> None:
        fresh = self.folder.root / f".{POINTER}-{secrets.token_hex(4)}"
        fresh.write_text(json.dumps(content), encoding="utf-8")
        sync(fresh)
        fresh.replace(self.folder.root / POINTER)
        sync(self.folder.root)

    def _prune(self) -> None:
        """Remove the oldest versions that are neither current nor in reach of a rollback."""
        pointer = self.folder.pointer()
        protected = {pointer["version"], *pointer["history"]}
        others = [version for version in self.folder.versions() if version.name not in protected]
        for version in others[: max(0, len(others) - KEPT)]:
            # A version that is half removed must not be listed.
            going = version.folder.rename(self.folder.root / f"{DRAFT}{version.name}")
            shutil.rmtree(going)

    def _clear_dead(self) -> None:
        """Remove what killed jobs left; the caller holds the lock."""
        for path in self.folder.root.glob(f"{DRAFT}*"):
            if not _alive(path):
                shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.root.glob(f".{POINTER}-*"):
            path.unlink()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing versions or the pointer meanwhile."""
        self.folder.root.mkdir(parents=True, exist_ok=True)
        with (self.folder.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _alive(draft: Path) -> bool:
    """Return whether the process that opened a draft still runs: it holds a lock on the folder."""
    try:
        descriptor = os.open(draft, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sync(path: Path) -> None:
    """See to it that a file, or the list of files of a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
