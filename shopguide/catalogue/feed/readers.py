"""Reads catalogue files row by row: CSV, TSV, JSON and JSON Lines, plain or gzip, in constant memory."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from shopguide.errors import FeedError

Format: TypeAlias = Literal["csv", "tsv", "json", "jsonl"]
Record: TypeAlias = dict[str, Any]

FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
MAX_FIELD = 10_000_000
"""Characters in one field or one JSON object: more is a file that is not what it claims to be."""

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a feed; `problem` says why there is no record. Lines count from 1."""

    line: int
    record: Record | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A catalogue file.

    Args:
        path: where it lies.
        format: its format; by the file's name if `None`.
        encoding: of the text.
        items: for JSON: the keys that lead to the array of products; empty if the array is the document.
    """

    path: Path
    format: Format | None = None
    encoding: str = "utf-8"
    items: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the file's size in bytes, for progress."""
        return self.path.stat().st_size

    def rows(self, progress: Callable[[int], None] | None = None) -> Iterator[Row]:
        """Yield the rows.

        Args:
            progress: told the position in the file, in bytes of the file as it lies on disk, from time to time.

        Raises:
            FeedError: the file is missing, is of an unknown format, is cut short or is no text.
        """
        kind = self.format or self._format_by_name()
        try:
            with self._open(progress) as stream:
                if kind == "jsonl":
                    yield from _json_lines(stream)
                elif kind == "json":
                    yield from _json_array(stream, self.items)
                else:
                    yield from _delimited(stream, "\t" if kind == "tsv" else ",")
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, LookupError) as error:
            raise FeedError(f"{self.path}: {error}") from error
        except FeedError as error:
            raise FeedError(f"{self.path}: {error}") from error

    def _format_by_name(self) -> Format:
        name = Path(self.path.stem) if self.path.suffix in (".gz", ".gzip") else self.path
        try:
            return FORMATS[name.suffix.lower()]
        except KeyError:
            known = ", ".join(FORMATS)
            raise FeedError(f"{self.path}: format not known by the file's name ({known}, also with .gz)") from None

    @contextmanager
    def _open(self, progress: Callable[[int], None] | None) -> Iterator[io.TextIOBase]:
        with self.path.open("rb", buffering=0) as raw:
            source = io.BufferedReader(_Watched(raw, progress), _CHUNK)
            # Looked at, not read: the file may be a pipe, which cannot go back.
            zipped = source.peek(2)[:2] == b"\x1f\x8b"
            binary = gzip.GzipFile(fileobj=source) if zipped else source
            # utf-8-sig reads plain UTF-8 as well; spreadsheets put a mark in front.
            encoding = "utf-8-sig" if self.encoding.lower() in ("utf-8", "utf8") else self.encoding
            with io.TextIOWrapper(cast(BinaryIO, binary), encoding=encoding, newline="") as text:
                yield text


class _Watched(io.RawIOBase):
    """Tells how many bytes of a file have been read."""

    def __init__(self, raw: io.RawIOBase, progress: Callable[[int], None] | None) -> None:
        self._raw = raw
        self._progress = progress
        self._done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        count = self._raw.readinto(buffer)
        self._done += count or 0
        if self._progress:
            self._progress(self._done)
        return count


def _delimited(stream: io.TextIOBase, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if header is None:
                raise FeedError(f"line {reader.line_num}: {error}") from error
            yield Row(start, None, str(error))
            start = reader.line_num + 1
            continue
        line, start = start, reader.line_num + 1
        if header is None:
            header = _column_names(values)
        elif any(values):
            if len(values) != len(header):
                yield Row(line, None, f"{len(values)} columns where the header has {len(header)}")
            else:
                yield Row(line, dict(zip(header, values, strict=True)))


def _column_names(values: list[str]) -> list[str]:
    """Name nameless columns by their number ("column_11") and refuse names that stand twice."""
    names = [value.strip() or f"column_{number}" for number, value in enumerate(values, 1)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FeedError(f"line 1: columns named twice: {', '.join(sorted(twice))}")
    return names


def _json_lines(stream: io.TextIOBase) -> Iterator[Row]:
    line = 0
    while text := stream.readline(MAX_FIELD):
        line += 1
        if len(text) == MAX_FIELD and not text.endswith("\n"):
            raise FeedError(f"line {line} is longer than {MAX_FIELD} characters")
        if not text.strip():
            continue
        try:
            yield _row(line, json.loads(text))
        except (ValueError, RecursionError) as error:
            yield Row(line, None, f"no JSON: {error}")


def _row(line: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(line, value)
    return Row(line, None, f"no JSON object but {type(value).__name__}")


class _JsonScanner:
    """Walks through a JSON document that is not in memory."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in " \t\r\n":
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Step over one character."""
        found = self.peek()
        if found != expected:
            raise FeedError(f"line {self.line}: {expected!r} expected, {found or 'the end of the file'!r} found")
        self._at += 1

    def value(self) -> Any:
        """Read one value whole."""
        self.peek()
        wanted = 0
        while True:
            # A value that ends where the text in memory ends may go on ("12" of "123"): read on until it does not.
            if len(self._text) - self._at >= wanted or self._ended:
                try:
                    value, end = self._decoder.raw_decode(self._text, self._at)
                    if end < len(self._text) or self._ended:
                        self.line += self._text.count("\n", self._at, end)
                        self._at = end
                        return value
                except RecursionError as error:
                    raise FeedError(f"line {self.line}: JSON nested too deeply") from error
                except ValueError as error:
                    if self._ended:
                        raise FeedError(f"line {self.line}: no JSON: {error}") from error
                wanted = 2 * (len(self._text) - self._at)  # decoding again at every chunk would be quadratic
                if wanted > 2 * MAX_FIELD:
                    raise FeedError(f"line {self.line}: a value longer than {MAX_FIELD} characters")
            self._more()

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)


def _json_array(stream: io.TextIOBase, items: tuple[str, ...]) -> Iterator[Row]:
    scanner = _JsonScanner(stream)
    for key in items:
        _enter(scanner, key)
    scanner.take("[")
    while scanner.peek() not in ("]", ""):
        line = scanner.line
        yield _row(line, scanner.value())
        if scanner.peek() != "]":
            scanner.take(",")
    scanner.take("]")


def _enter(scanner: _JsonScanner, key: str) -> None:
    """Step into an object up to the value of a key."""
    scanner.take("{")
    while scanner.peek() == '"':
        name = scanner.value()
        scanner.take(":")
        if name == key:
            return
        scanner.value()
        if scanner.peek() != "}":
            scanner.take(",")
    raise FeedError(f"line {scanner.line}: no key {key!r} that leads to the products")
