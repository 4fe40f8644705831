"""The lexicon's file format: JSON Lines, written by `shopguide lexicon export`, read by the dialogue server.

The first line is the header; then one line for each facet; then one for each value:

    {"type": "header", "format": 1, "digest": "…", "currency": "EUR", "language": "en", "source": "…"}
    {"type": "facet", "facet": "screen_size", "kind": "number", "unit": "in", "names": ["screen size", "screen"]}
    {"type": "value", "facet": "colour", "value": "navy blue", "forms": ["navy", "navy blue"], "count": 412}

`value` is canonical and folded (`lexicon.text.normalise`); `forms` are all the ways to say it, folded as well, the
value itself among them. `count` is the number of products; a form that could name two values belongs to the one with
more. The digest covers everything after the header; `source` is the digest of the catalogue that it was written from.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1


class LexiconError(Exception):
    """A lexicon file cannot be read; the message names the file, the line if there is one, and what is wrong."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        """Name the file, what is wrong with it, and on which line (from 1)."""
        super().__init__(f"{path}, line {line}: {reason}" if line else f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class FacetEntry:
    """A facet: its kind (`text`, `number` or `flag`), its unit if it is a number, and what people call it."""

    facet: str
    kind: str
    names: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True)
class ValueEntry:
    """A value of a text or flag facet, with every form that names it."""

    facet: str
    value: str
    forms: tuple[str, ...]
    count: int = 0


@dataclass(frozen=True)
class Lexicon:
    """Everything that a catalogue's shoppers may name."""

    currency: str
    language: str
    facets: tuple[FacetEntry, ...] = ()
    values: tuple[ValueEntry, ...] = ()
    digest: str = field(default="", compare=False)
    source: str = field(default="", compare=False)
    """The digest of the catalogue that it was written from; empty if the writer did not say."""


def _body(lexicon: Lexicon) -> list[str]:
    rows: Iterable[tuple[str, FacetEntry | ValueEntry]] = [
        *(("facet", facet) for facet in lexicon.facets),
        *(("value", value) for value in lexicon.values),
    ]
    return [json.dumps({"type": kind, **asdict(row)}, ensure_ascii=False) for kind, row in rows]


def digest_of(lexicon: Lexicon) -> str:
    """Return the digest of a lexicon's content: the same content has the same digest on every machine."""
    head = f"{lexicon.currency}\n{lexicon.language}\n"
    return hashlib.sha256((head + "\n".join(_body(lexicon))).encode()).hexdigest()


def write(lexicon: Lexicon, path: Path) -> str:
    """Write the file in one step (a reader sees the old one or the new one) and return its digest."""
    digest = digest_of(lexicon)
    header = {
        "type": "header",
        "format": FORMAT,
        "digest": digest,
        "currency": lexicon.currency,
        "language": lexicon.language,
        "source": lexicon.source,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join([json.dumps(header, ensure_ascii=False), *_body(lexicon)]) + "\n")
    # mkstemp keeps the file to its owner, but the dialogue server may run as somebody else; nothing in it is secret.
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return digest


def read(path: Path) -> Lexicon:
    """Read a lexicon file.

    Raises:
        LexiconError: the file is missing, empty, cut short or of another format, or a line is malformed; the digest is
            checked too, so that no half of a lexicon is ever taken for the whole.
    """
    lines = _lines(path)
    header = _header(path, lines)
    facets: list[FacetEntry] = []
    values: list[ValueEntry] = []
    for number, line in enumerate(lines[1:], 2):
        try:
            row = _row(line)
            kind = row.pop("type")
            if kind == "facet":
                facets.append(FacetEntry(**{**row, "names": tuple(row["names"])}))
            elif kind == "value":
                values.append(ValueEntry(**{**row, "forms": tuple(row["forms"])}))
            else:
                raise ValueError(f"unknown type {kind!r}")
        except KeyError as error:
            raise LexiconError(path, f"{error} is missing", number) from error
        except (ValueError, TypeError) as error:
            raise LexiconError(path, str(error), number) from error
    lexicon = Lexicon(
        currency=str(header.get("currency", "")),
        language=str(header.get("language", "")),
        facets=tuple(facets),
        values=tuple(values),
        digest=str(header.get("digest", "")),
        source=str(header.get("source", "")),
    )
    try:
        digest = digest_of(lexicon)
    except ValueError as error:  # half a character, escaped
        raise LexiconError(path, f"a text is not Unicode ({error})") from error
    if digest != lexicon.digest:
        raise LexiconError(path, "the content does not have the digest of its header: cut short, or changed by hand")
    return lexicon


def _lines(path: Path) -> list[str]:
    """Return the lines; a line separator within a text (U+2028, U+0085) ends none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LexiconError(path, error.strerror or str(error)) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LexiconError(path, f"not UTF-8 ({error.reason})", line) from error
    lines = text.removesuffix("\n").split("\n")
    if lines == [""]:
        raise LexiconError(path, "the file is empty")
    return lines


def _header(path: Path, lines: list[str]) -> dict[str, Any]:
    try:
        header = _row(lines[0])
    except ValueError as error:
        raise LexiconError(path, str(error), 1) from error
    if header.get("type") != "header":
        raise LexiconError(path, "the first line is no header", 1)
    if header.get("format") != FORMAT:
        raise LexiconError(path, f"format {header.get('format')!r}, this version reads {FORMAT}", 1)
    return header


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, character {error.pos + 1})") from error
    except RecursionError as error:
        raise ValueError("not JSON of a lexicon (nested too deeply)") from error
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    return row
