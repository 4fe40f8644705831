"""The read side of trained models: versions in a folder, which one is current, and arrays checked against the manifest.

    models/recommender/
        current.json                        {"version": "20260131T120501-5f0c2a91", "history": [...]}
        20260131T120501-5f0c2a91/
            manifest.json                   what it was made from, how, how good it is, and the digest of every file
            candidates/*.json, *.npy        the blend, demand, and what is known of single shoppers
            candidates/<family>/…           one model of behaviour: LightFM, EASE, …
            candidates/report/…             the training told to people: Markdown, pictures, learning curves
            vectors/*.npy                   MiniLM vectors of product texts
            reranker/…                      the fine-tuned cross-encoder

Arrays are plain `.npy`, memory-mapped and shared by processes; nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopguide.errors import ModelCorrupt, ModelNotFound

FORMAT = 2
MANIFEST = "manifest.json"
POINTER = "current.json"
PARTS = ("candidates", "vectors", "reranker")
"""What a version may hold; each part is trained by itself and each may be missing."""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Version:
    """One trained version: its folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The version's name."""
        return self.folder.name

    def has(self, part: str) -> bool:
        """Return whether the version holds `part` (see `PARTS`)."""
        return part in self.manifest["parts"]

    def part(self, part: str) -> Mapping[str, Any]:
        """Return the manifest's section on a part.

        Raises:
            ModelNotFound: the version does not hold it.
        """
        try:
            section: Mapping[str, Any] = self.manifest["parts"][part]
        except KeyError:
            raise ModelNotFound(f"{self.name} has no {part}") from None
        return section

    def path(self, part: str, name: str) -> Path:
        """Return the path of a file that the manifest lists.

        Raises:
            ModelCorrupt: the manifest does not list it, or it is not there.
        """
        path = self.folder / part / name
        if f"{part}/{name}" not in self.manifest["files"]:
            raise ModelCorrupt(f"{self.name}: the manifest does not list {part}/{name}")
        if not path.is_file():
            raise ModelCorrupt(f"{self.name}: {part}/{name} is missing")
        return path

    def array(self, part: str, name: str) -> NDArray[Any]:
        """Return a memory-mapped, read-only array.

        Raises:
            ModelCorrupt: the file is missing or no array.
        """
        path = self.path(part, name)
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise ModelCorrupt(f"{self.name}: {part}/{name}: {error}") from error
        return array

    def json(self, part: str, name: str) -> Any:
        """Return what a JSON file holds.

        Raises:
            ModelCorrupt: the file is missing or no JSON.
        """
        try:
            return json.loads(self.path(part, name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelCorrupt(f"{self.name}: {part}/{name}: {error}") from error

    def verify(self, parts: tuple[str, ...] = PARTS) -> None:
        """Check the digests of all files of `parts`.

        Raises:
            ModelCorrupt: files and manifest disagree; the message names the first such file.
        """
        for name, digest in self.manifest["files"].items():
            if name.split("/", 1)[0] not in parts:
                continue
            path = self.folder / name
            if not path.is_file():
                raise ModelCorrupt(f"{self.name}: {name} is missing")
            if file_digest(path) != digest:
                raise ModelCorrupt(f"{self.name}: {name} does not have the digest that the manifest gives")


class ModelFolder:
    """The versions under one folder (`models_dir/recommender`). Reading only: `shopguide.training` writes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _pointer(self) -> Path:
        return self.root / POINTER

    def stamp(self) -> tuple[int, int] | None:
        """Return a value that changes whenever another version becomes current; asking costs next to nothing."""
        try:
            status = self._pointer.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def pointer(self) -> Mapping[str, Any]:
        """Return the pointer file: `version` and `history` (older ones, newest last); empty if nothing is current.

        Raises:
            ModelCorrupt: the pointer file is no JSON object with a version.
        """
        try:
            content = json.loads(self._pointer.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise ModelCorrupt(f"{self._pointer}: {error}") from error
        if not isinstance(content, dict) or not isinstance(content.get("version"), str):
            raise ModelCorrupt(f"{self._pointer}: names no version")
        return content

    def current(self) -> Version:
        """Return the version that serves.

        Raises:
            ModelNotFound: nothing is current.
            ModelCorrupt: the pointer or the manifest cannot be read.
        """
        pointer = self.pointer()
        if not pointer:
            raise ModelNotFound(f"{self.root}: nothing trained yet")
        return self.version(pointer["version"])

    def version(self, name: str) -> Version:
        """Return one version that this program can serve.

        Raises:
            ModelNotFound: there is no such version.
            ModelCorrupt: its manifest cannot be read, or is of another format.
        """
        version = self._read(name)
        if version.manifest.get("format") != FORMAT:
            raise ModelCorrupt(f"{version.folder / MANIFEST}: this program reads format {FORMAT}")
        return version

    def versions(self) -> Iterator[Version]:
        """Yield all whole versions, oldest first, of whatever format; one that is being written is not listed.

        Raises:
            ModelCorrupt: a manifest cannot be read.
        """
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            # Something else lies there, or a training removed the version meanwhile.
            with suppress(ModelNotFound):
                yield self._read(folder.name)

    def _read(self, name: str) -> Version:
        folder = self.root / name
        if "/" in name or name.startswith("."):
            raise ModelNotFound(f"{self.root}: no version {name!r}")
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise ModelNotFound(f"{self.root}: no version {name!r}") from None
        except (ValueError, OSError) as error:
            raise ModelCorrupt(f"{folder / MANIFEST}: {error}") from error
        if not isinstance(manifest, dict):
            raise ModelCorrupt(f"{folder / MANIFEST}: no manifest")
        return Version(folder, manifest)
