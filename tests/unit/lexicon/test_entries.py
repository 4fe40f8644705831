"""The lexicon file: what was written comes back whole, and anything else is refused by file, line and reason."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexicon.entries import FacetEntry, Lexicon, LexiconError, ValueEntry, read, write

LEXICON = Lexicon(
    "EUR",
    "zh",
    (FacetEntry("colour", "text", ("颜色", "colour")), FacetEntry("weight", "number", ("重量",), "kg")),
    (ValueEntry("colour", "红色", ("红色", "红"), 12), ValueEntry("brand", "a\u2028b\u0085c\x1cd", ("a\u2028b",), 1)),
)
HEADER = {"type": "header", "format": 1, "digest": "", "currency": "EUR", "language": "en", "source": ""}


def rows(*lines: object) -> str:
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"


def test_what_was_written_comes_back_whatever_characters_it_has(tmp_path: Path) -> None:
    digest = write(LEXICON, tmp_path / "lexicon.jsonl")
    found = read(tmp_path / "lexicon.jsonl")
    assert found == LEXICON
    assert found.digest == digest


def test_a_byte_order_mark_of_an_editor_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.jsonl"
    write(LEXICON, path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path) == LEXICON


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", None, "the file is empty"),
        ("\n", None, "the file is empty"),
        ("lexicon\n", 1, "not JSON"),
        (rows([]), 1, "not a JSON object"),
        (rows({"type": "value"}), 1, "no header"),
        (rows({**HEADER, "format": 2}, "what format 2 has"), 1, "format 2, this version reads 1"),
        (rows({"type": "header"}), 1, "format None"),
        (rows(HEADER), None, "does not have the digest"),
        (rows(HEADER, '{"type": "facet", "fac'), 2, "not JSON"),
        (rows(HEADER, {"type": "facet", "facet": "x", "kind": "text"}), 2, "'names' is missing"),
        (rows(HEADER, {"type": "facet", "facet": "x", "kind": "text", "names": None}), 2, "not iterable"),
        (rows(HEADER, {"type": "value", "facet": "x", "value": "y", "forms": [], "more": 1}), 2, "more"),
        (rows(HEADER, {"type": "price"}), 2, "unknown type 'price'"),
        (rows(HEADER, {"no": "type"}), 2, "'type' is missing"),
        (rows(HEADER, "", ""), 2, "not JSON"),
        (rows(HEADER, "[" * 100_000), 2, "nested too deeply"),
        (rows(HEADER, {"type": "value", "facet": "x", "value": "\udc00", "forms": []}), None, "not Unicode"),
    ],
)
def test_what_is_wrong_is_told_by_file_line_and_reason(
    tmp_path: Path, content: str, line: int | None, reason: str
) -> None:
    path = tmp_path / "lexicon.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(LexiconError) as raised:
        read(path)
    assert (raised.value.path, raised.value.line) == (path, line)
    assert reason in raised.value.reason
    assert str(raised.value).startswith(f"{path}, line {line}: " if line else f"{path}: ")


def test_other_encodings_are_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.jsonl"
    path.write_bytes(json.dumps(HEADER).encode() + b'\n{"type": "value", "value": "caf\xe9"}\n')
    with pytest.raises(LexiconError, match="line 2: not UTF-8"):
        read(path)
    path.write_text(json.dumps(HEADER), "utf-16")
    with pytest.raises(LexiconError, match="line 1: not UTF-8"):
        read(path)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="No such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(LexiconError, match=r"[Ii]s a directory|[Pp]ermission"):
        read(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.jsonl"
    write(LEXICON, path)
    path.chmod(0)
    with pytest.raises(LexiconError, match="Permission"):
        read(path)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_half_a_lexicon_is_never_taken_for_the_whole(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "lexicon.jsonl"
    write(LEXICON, path)
    whole = path.read_bytes()
    end = data.draw(st.integers(0, len(whole) - 2))  # only the last line's end is not needed
    path.write_bytes(whole[:end] + data.draw(st.binary(max_size=8)))
    if path.read_bytes() + b"\n" != whole:
        with pytest.raises(LexiconError):
            read(path)
