"""Feed files: formats, gzip, broken rows, constant memory."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from shopguide.catalogue.feed.readers import FeedFile
from shopguide.errors import FeedError

RECORDS = [
    {"id": "1", "name": "Lamp, tall"},
    {"id": "2", "name": 'The "big" one\nin two lines'},
    {"id": "3", "name": "Café"},
]


def write_as(path: Path, records: list[dict[str, str]]) -> Path:
    name = path.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        text = "\n".join(map(json.dumps, records)) + "\n\n"
    elif name.endswith(".json"):
        text = json.dumps(records, indent=2)
    else:
        delimiter = "\t" if name.endswith(".tsv") else ","
        lines = [list(records[0]), *(list(record.values()) for record in records)]
        text = "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) + "\r\n" for line in lines)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", [f"feed.{kind}{gz}" for kind in ("csv", "tsv", "json", "jsonl") for gz in ("", ".gz")])
def test_every_format_gives_the_same_records(tmp_path: Path, name: str) -> None:
    rows = list(FeedFile(write_as(tmp_path / name, RECORDS)).rows())
    assert [row.record for row in rows] == RECORDS


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    assert [row.line for row in FeedFile(write_as(tmp_path / "a.csv", RECORDS)).rows()] == [2, 3, 5]
    assert [row.line for row in FeedFile(write_as(tmp_path / "a.jsonl", RECORDS)).rows()] == [1, 2, 3]
    assert [row.line for row in FeedFile(write_as(tmp_path / "a.json", RECORDS)).rows()] == [2, 6, 10]


def test_gzip_is_known_by_its_content_and_the_format_can_be_given(tmp_path: Path) -> None:
    path = write_as(tmp_path / "a.csv.gz", RECORDS).rename(tmp_path / "export")
    assert len(list(FeedFile(path, "csv").rows())) == 3
    with pytest.raises(FeedError, match="format not known"):
        list(FeedFile(path).rows())


def test_a_byte_order_mark_belongs_to_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfid,name\n1,x\n")
    assert [row.record for row in FeedFile(path).rows()] == [{"id": "1", "name": "x"}]


def test_columns_without_a_name_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,,\n1,x,y\n")
    assert [row.record for row in FeedFile(path).rows()] == [{"id": "1", "column_2": "x", "column_3": "y"}]


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        ("a.csv", "id,name\n1,a\n2\n3,c\n", 3, "1 columns where the header has 2"),
        ("a.csv", "id,name\n1,a\n2,b,c\n3,c\n", 3, "3 columns where the header has 2"),
        ("a.jsonl", '{"id": 1}\n{"id": \n{"id": 3}\n', 2, "no JSON"),
        ("a.jsonl", '{"id": 1}\n[2]\n{"id": 3}\n', 2, "list"),
        ("a.json", '[{"id": 1},\n 2,\n {"id": 3}]', 2, "int"),
    ],
)
def test_a_broken_row_is_named_and_the_others_come(
    tmp_path: Path, name: str, content: str, line: int, words: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    rows = list(FeedFile(path).rows())
    assert [row.record is not None for row in rows] == [True, False, True]
    assert rows[1].line == line
    assert words in rows[1].problem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'[{"id": 1}, {"id": 2}'),
        ("a.json", b'{"id": 1}'),
        ("a.json", b'[{"id": 1} {"id": 2}]'),
        ("a.json", b'[{"id": 1}, {"id": ]'),
        ("a.csv", b"id,id\n1,2\n"),
        ("a.csv", b"id\n\xff\xfe\n"),
        ("a.csv.gz", gzip.compress(b"id\n" + b"1\n" * 1000, mtime=0)[:-20]),
    ],
)
def test_a_broken_file_is_an_error_that_names_it(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FeedError, match=name):
        list(FeedFile(path).rows())


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="absent"):
        list(FeedFile(tmp_path / "absent.csv").rows())


def test_products_inside_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"made": {"by": [1, {"x": "]"}]}, "data": {"n": 2, "products": RECORDS}, "end": 1}))
    assert [row.record for row in FeedFile(path, items=("data", "products")).rows()] == RECORDS
    with pytest.raises(FeedError, match="no key 'goods'"):
        list(FeedFile(path, items=("data", "goods")).rows())


@pytest.mark.parametrize("name", ["big.json", "big.jsonl", "big.csv"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    records = [{"id": str(i), "name": "x" * 500} for i in range(20_000)]
    path = write_as(tmp_path / name, records)
    del records
    assert path.stat().st_size > 10_000_000
    tracemalloc.start()
    try:
        assert sum(1 for _ in FeedFile(path).rows()) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    path = write_as(tmp_path / "a.csv.gz", RECORDS * 500)
    told: list[int] = []
    list(FeedFile(path).rows(told.append))
    assert told[-1] == path.stat().st_size
