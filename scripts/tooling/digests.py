"""Whether a step is up to date: digests of what went into it, never dates."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Iterable, List

ROOT = Path(__file__).resolve().parents[2]


def files_under(*paths: Path) -> List[Path]:
    """List the files of these files and folders in a fixed order, without Python's caches."""
    found = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        found += [file for file in inside if file.is_file() and "__pycache__" not in file.parts]
    return sorted(set(found))


def digest(paths: Iterable[Path], *words: str) -> str:
    """Digest the contents and relative names of files and folders, and any words beside them."""
    sha = hashlib.sha256()
    for file in files_under(*paths):
        sha.update(str(file.relative_to(ROOT) if ROOT in file.parents else file.name).encode() + b"\0")
        sha.update(hashlib.sha256(file.read_bytes()).digest())
    for word in words:
        sha.update(word.encode() + b"\0")
    return sha.hexdigest()[:16]


class Stamps:
    """What each step last worked from: one small JSON file per step in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Dict[str, Any]:
        """Return what was noted; nothing if the step never ended or its note is unreadable."""
        try:
            noted = json.loads(self._path(name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def put(self, name: str, **noted: str) -> None:
        """Note what a step worked from; the note is there whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(name).with_suffix(".tmp")
        draft.write_text(json.dumps(noted, indent=1) + "\n", "utf-8")
        draft.replace(self._path(name))

    def drop(self, name: str) -> None:
        """Forget a step, so that it runs again."""
        if self._path(name).exists():
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"
