"""The shop's own policy documents: Markdown files of one folder, read as paragraphs under their headings."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

LARGEST = 256 * 1024
"""Bytes of a document; a larger one is no policy that people read."""

MOST_DOCUMENTS = 100
LONGEST = 900
"""Characters of a paragraph that is quoted; a longer one is cut at a word."""

_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_MARKS = re.compile(r"(\*\*|__|`)(.+?)\1|(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\3(?!\w)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as it is quoted.

    Args:
        text: plain text; the lines of a list stay lines.
        heading: the heading it stands under; empty right below the title.
        document: the document's title.
        topic: the file's name without its ending ("returns").
    """

    text: str
    heading: str
    document: str
    topic: str


@dataclass(frozen=True, slots=True)
class Documents:
    """What a folder holds: the paragraphs that can be quoted, and what could not be read and why."""

    paragraphs: tuple[Paragraph, ...] = ()
    problems: tuple[str, ...] = ()


def read_folder(folder: Path) -> Documents:
    """Read the Markdown files of a folder; what cannot be read is named under `problems`, the rest serves."""
    paragraphs: list[Paragraph] = []
    problems: list[str] = []
    for path in _files(folder, problems):
        try:
            paragraphs += _paragraphs(_text(path), path.stem)
        except ValueError as error:
            problems.append(f"{path.name}: {error}")
        except OSError as error:
            problems.append(f"{path.name}: {error.strerror or error}")
    return Documents(tuple(paragraphs), tuple(problems))


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a document does: names, times and sizes."""
    found = []
    for path in _files(folder, []):
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((path.name, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _files(folder: Path, problems: list[str]) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".md" and path.is_file())
    except OSError as error:
        problems.append(f"{folder}: {error.strerror or error}")
        return []
    if len(files) > MOST_DOCUMENTS:
        problems.append(f"{folder}: {len(files)} documents, the first {MOST_DOCUMENTS} are used")
    return files[:MOST_DOCUMENTS]


def _text(path: Path) -> str:
    """Return a document's text.

    Raises:
        ValueError: it is too large, not UTF-8 or holds nothing.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{size:,} bytes, more than {LARGEST:,}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise ValueError("binary, no text")
    if not text.strip():
        raise ValueError("empty")
    return text


def _paragraphs(text: str, topic: str) -> Iterator[Paragraph]:
    title = topic.replace("_", " ").replace("-", " ").capitalize()
    heading = ""
    for block in _blocks(_COMMENT.sub("", text).splitlines()):
        found = _HEADING.match(block[0])
        if found is None:
            yield Paragraph(_short(_plain(block)), heading, title, topic)
        elif block[0].startswith("# "):
            title, heading = _bare(found[1]), ""
        else:
            heading = _bare(found[1])


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield what stands together: a heading alone, else the lines between empty ones."""
    block: list[str] = []
    for line in lines:
        if (not line.strip() or _HEADING.match(line)) and block:
            yield block
            block = []
        if _HEADING.match(line):
            yield [line]
        elif line.strip():
            block.append(line.strip())
    if block:
        yield block


def _plain(lines: list[str]) -> str:
    """Join the lines of a paragraph; an entry of a list begins a line."""
    text = ""
    for line in lines:
        entry = re.match(r"(?:[-*+]|\d+[.)])\s+(.+)", line)
        text += ("\n- " + entry[1]) if entry else (" " + line)
    return _bare(text.strip())


def _bare(text: str) -> str:
    """Return a text without the marks of Markdown; a link keeps its address."""
    text = _LINK.sub(lambda found: f"{found[1]} ({found[2]})" if found[2] else found[1], text)
    return _MARKS.sub(lambda found: found[2] or found[4], text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
