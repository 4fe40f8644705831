"""When a text or a file holds an id."""

import gzip
import os
from pathlib import Path

import pytest

from shopguide.privacy.files import files_of, holds
from shopguide.privacy.needles import Needles


@pytest.mark.parametrize(
    "text",
    [
        "phone-4711",
        'sender "phone-4711" wrote',
        '{"sender_id": "phone-4711"}',
        "phone-4711:event-1",
        "clicked by phone-4711, twice",
    ],
)
def test_a_long_id_is_found_wherever_it_is_whole(text: str) -> None:
    assert Needles(["phone-4711"]).in_text(text)


@pytest.mark.parametrize("text", ["phone-47112", "xphone-4711", "phone-4711-b", "phone 4711", "PHONE-4711", ""])
def test_another_id_is_not(text: str) -> None:
    assert not Needles(["phone-4711"]).in_text(text)


def test_a_short_id_is_found_where_it_stands_for_itself() -> None:
    needles = Needles(["ann", ""])
    assert needles.in_text("ann") and needles.in_text('{"shopper": "ann"}')
    assert not needles.in_text("ann lee wrote a review")
    assert needles.short == {"ann"}


def test_an_id_is_found_as_json_writes_it() -> None:
    assert Needles(["käufer-größe"]).in_text('{"shopper": "k\\u00e4ufer-gr\\u00f6\\u00dfe"}')


def test_no_ids_are_found_nowhere() -> None:
    assert not Needles([]).in_text("anything")


@pytest.mark.parametrize("name", ["guide.log", "guide.log.1", "manifest.json", "LOG"])
def test_text_files(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("a line\nsender=ann-of-the-shop\n")
    assert holds(file, Needles(["ann-of-the-shop"]))
    assert not holds(file, Needles(["bob-of-the-shop"]))


def test_rotated_and_broken_logs(tmp_path: Path) -> None:
    whole, broken = tmp_path / "guide.log.2.gz", tmp_path / "guide.log.3.gz"
    whole.write_bytes(gzip.compress(b"sender=ann-of-the-shop\n"))
    broken.write_bytes(gzip.compress(os.urandom(5000))[:100])
    assert holds(whole, Needles(["ann-of-the-shop"]))
    assert not holds(broken, Needles(["ann-of-the-shop"]))


def test_bytes_are_compared_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopguide.privacy.files._CHUNK", 16)
    file = tmp_path / "shop.db"
    for offset in range(40):
        file.write_bytes(b"\0" * offset + b"ann-of-the-shop" + b"\1" * 9)
        assert holds(file, Needles(["ann-of-the-shop"])), offset
    file.write_bytes(b"\0" * 100 + b"ann")
    assert not holds(file, Needles(["ann", "ann-of-the-shop"])), "three bytes are found everywhere by chance"


def test_files_are_looked_at_once_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    file = tmp_path / "log" / "a.log"
    file.write_text("x")
    (tmp_path / "link.log").symlink_to(file)
    assert list(files_of([tmp_path, tmp_path / "log", file, tmp_path / "missing"])) == [file]
