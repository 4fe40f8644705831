"""Rows from files: formats, line numbers, and rows that cannot be read."""

import gzip
from pathlib import Path

import pytest

from shopguide.errors import UnreadableFile
from shopguide.rows import Row, read_rows


def write(folder: Path, name: str, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "\ufeffid,name\n1,Café\n\n2,b\n"),
        ("a.TSV", "id\tname\r\n1\tCafé\r\n\r\n2\tb\r\n"),
        ("a.b.jsonl", '{"id": "1", "name": "Café"}\n\n{"id": "2", "name": "b"}'),
        ("a.ndjson", '{"id": "1", "name": "Caf\\u00e9"}\n \n{"id": "2", "name": "b"}\n'),
    ],
)
def test_every_format_gives_the_same_rows_with_their_lines(
    tmp_path: Path, name: str, content: str, packed: str
) -> None:
    first = 1 if "json" in name else 2
    rows = list(read_rows(write(tmp_path, name + packed, content)))
    assert rows == [Row(first, {"id": "1", "name": "Café"}), Row(first + 2, {"id": "2", "name": "b"})]


def test_a_cell_may_span_lines(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, "a.csv", 'id,name\n1,"two\nlines"\n2,b\n')))
    assert [(row.line, row.values["id"]) for row in rows] == [(2, "1"), (4, "2")]


@pytest.mark.parametrize(
    ("name", "content", "line", "why"),
    [
        ("a.csv", b"id,name\n1,a,b\n2,b\n", 2, "3 columns"),
        ("a.csv", b"id,name\n1\n2,b\n", 2, "1 columns"),
        ("a.csv", b"id,name\n1,\xff\n2,b\n", 2, "UTF-8"),
        ("a.csv", b'id,name\n1,"' + b"x" * 200_000 + b'"\n2,b\n', 2, "limit"),
        ("a.jsonl", b'{"id": \n{"id": "2", "name": "b"}\n', 1, "not JSON"),
        ("a.jsonl", b'[1]\n{"id": "2", "name": "b"}\n', 1, "not a JSON object"),
        ("a.jsonl", b'{"id": "\xff"}\n{"id": "2", "name": "b"}\n', 1, "UTF-8"),
        ("a.jsonl", b"[" * 100_000 + b'\n{"id": "2", "name": "b"}\n', 1, "not JSON"),
    ],
)
def test_a_bad_row_is_told_and_the_next_one_is_read(
    tmp_path: Path, name: str, content: bytes, line: int, why: str
) -> None:
    bad, good = read_rows(write(tmp_path, name, content))
    assert bad.line == line
    assert bad.why is not None
    assert why in bad.why
    assert good.values == {"id": "2", "name": "b"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"id\n" + b"1\n" * 100_000)
    files = {
        write(tmp_path, "a.xlsx", ""): "ends in none of",
        write(tmp_path, "a.gz", ""): "ends in none of",
        write(tmp_path, "empty.csv", ""): "no header",
        tmp_path / "none.csv": "No such file",
    }
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-50])
    (tmp_path / "plain.csv.gz").write_bytes(b"id\n1\n")
    files |= {tmp_path / "cut.csv.gz": "after line", tmp_path / "plain.csv.gz": "after line"}
    for path, why in files.items():
        with pytest.raises(UnreadableFile, match=why) as raised:
            list(read_rows(path))
        assert path.name in str(raised.value)
