"""Files that may hold an id: logs, models, exports, databases."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from shopguide.privacy.needles import Needles

TEXTS = frozenset({"", ".csv", ".html", ".json", ".jsonl", ".log", ".md", ".toml", ".tsv", ".txt", ".yaml", ".yml"})
_CHUNK = 1 << 22


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files at or below paths, each once; what is not there is not looked at, links are not followed."""
    seen: set[Path] = set()
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in below:
            if file.is_file() and not file.is_symlink() and (whole := file.resolve()) not in seen:
                seen.add(whole)
                yield file


def holds(path: Path, needles: Needles) -> bool:
    """Whether a file holds one of the ids.

    Text is read line by line, also where it is gzipped (rotated logs); of other files the bytes are compared, which
    finds long ids only.

    Raises:
        OSError: the file cannot be read.
    """
    text = path.with_suffix("") if path.suffix == ".gz" else path
    # Rotated: "guide.log.1".
    if text.suffix in TEXTS or text.suffix[1:].isdigit():
        return _in_lines(path, needles)
    return _in_bytes(path, needles)


def _in_lines(path: Path, needles: Needles) -> bool:
    if path.suffix != ".gz":
        with path.open(encoding="utf-8", errors="replace") as file:
            return any(needles.in_text(line.rstrip("\n")) for line in file)
    try:
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
            return any(needles.in_text(line.rstrip("\n")) for line in file)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return _in_bytes(path, needles)


def _in_bytes(path: Path, needles: Needles) -> bool:
    sought = needles.as_bytes
    longest = max(map(len, sought), default=0)
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            window = rest + chunk
            if any(one in window for one in sought):
                return True
            rest = window[len(window) - longest :] if longest and len(window) > longest else window
    return False
