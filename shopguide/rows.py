"""Rows of CSV, TSV and JSON Lines files, gzip included, one at a time, with their line numbers."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from shopguide.errors import UnreadableFile

MAX_CELL = 131_072
"""Characters of one cell of a table."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, or, if it cannot be read, why. `line` is its first line in the file, from 1."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    why: str | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with one row of an import; `field` is empty when it is the row as a whole."""

    line: int
    field: str
    why: str


def read_rows(path: Path) -> Iterator[Row]:
    """Stream the rows of a file; its name tells the format (.csv, .tsv, .jsonl, .ndjson, each also with .gz).

    Raises:
        UnreadableFile: no such file, another format, a broken archive, or a table without a header.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = (suffixes[:-1] if packed else suffixes)[-1:]
    if not kind or (kind[0] not in _DELIMITERS and kind[0] not in _JSON_LINES):
        raise UnreadableFile(f"{path}: the name ends in none of .csv, .tsv, .jsonl, .ndjson (or these with .gz)")
    row = Row(0)
    try:
        # Bytes that are not UTF-8 become lone surrogates, so that only their row is lost.
        text: IO[str]
        how: dict[str, Any] = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
        with gzip.open(path, "rt", **how) if packed else path.open(**how) as text:
            rows = _json_rows(text) if kind[0] in _JSON_LINES else _table_rows(text, _DELIMITERS[kind[0]])
            for row in rows:
                yield row
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path}: after line {row.line}: {error}") from error


def _json_rows(text: IO[str]) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            line.encode()
            values = json.loads(line)
        except UnicodeEncodeError:
            yield Row(number, why="is not UTF-8")
        except (ValueError, RecursionError) as error:
            yield Row(number, why=f"is not JSON: {error}")
        else:
            yield Row(number, values) if isinstance(values, dict) else Row(number, why="is not a JSON object")


def _table_rows(text: IO[str], delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)  # belongs to the process: the catalogue's reader allows more
    table = csv.reader(text, delimiter=delimiter)
    header = next(table, None)
    if not header:
        raise UnreadableFile(f"{getattr(text, 'name', 'file')}: line 1: no header")
    while True:
        line = table.line_num + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, why=str(error))
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            yield Row(line, why=f"has {len(cells)} columns, the header {len(header)}")
        elif any("\udc80" <= character <= "\udcff" for cell in cells for character in cell if character > "\ud7ff"):
            yield Row(line, why="is not UTF-8")
        else:
            yield Row(line, dict(zip(header, cells, strict=True)))
