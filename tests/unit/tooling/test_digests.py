"""Digests and stamps: contents count, dates do not."""

import os
from pathlib import Path

from tooling.digests import Stamps, digest


def test_dates_do_not_count_and_contents_and_names_do(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("one")
    before = digest([tmp_path])
    os.utime(file, (1, 1))
    assert digest([tmp_path]) == before
    file.write_text("two")
    assert digest([tmp_path]) != before
    file.write_text("one")
    assert digest([tmp_path]) == before
    file.rename(tmp_path / "b.yml")
    assert digest([tmp_path]) != before


def test_python_caches_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one")
    before = digest([tmp_path])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert digest([tmp_path]) == before


def test_words_count(tmp_path: Path) -> None:
    assert digest([tmp_path], "a", "b") != digest([tmp_path], "ab")


def test_stamps_come_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "steps")
    assert stamps.get("demo") == {}
    stamps.put("demo", files="1", catalogue="2")
    assert stamps.get("demo") == {"files": "1", "catalogue": "2"}
    (tmp_path / "steps" / "demo.json").write_text("{half")
    assert stamps.get("demo") == {}
    stamps.drop("demo")
    stamps.drop("demo")
    assert not list((tmp_path / "steps").iterdir())
