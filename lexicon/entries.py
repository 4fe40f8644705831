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
    """A lexicon file cannot be read; the message names the line and what is wrong with it."""


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
        LexiconError: the file is missing, has another format, or a line is malformed; the digest is checked too.
    """
    facets: list[FacetEntry] = []
    values: list[ValueEntry] = []
    header: dict[str, Any] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LexiconError(f"{path}: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            kind = row.pop("type")
            if kind == "header":
                header = row
            elif kind == "facet":
                facets.append(FacetEntry(**{**row, "names": tuple(row["names"])}))
            elif kind == "value":
                values.append(ValueEntry(**{**row, "forms": tuple(row["forms"])}))
            else:
                raise ValueError(f"unknown type {kind!r}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LexiconError(f"{path}: line {number}: {error}") from error
    if header.get("format") != FORMAT:
        raise LexiconError(f"{path}: format {header.get('format')!r}, this version reads {FORMAT}")
    lexicon = Lexicon(
        currency=str(header.get("currency", "")),
        language=str(header.get("language", "")),
        facets=tuple(facets),
        values=tuple(values),
        digest=str(header.get("digest", "")),
        source=str(header.get("source", "")),
    )
    if digest_of(lexicon) != lexicon.digest:
        raise LexiconError(f"{path}: the content does not have the digest that its header gives")
    return lexicon
