"""The catalogue's own words in a query."""

import os
from pathlib import Path

import pytest

from lexicon.entries import Lexicon, ValueEntry, write
from shopguide.guide.searchwords import SearchWords

VALUES = (
    ValueEntry("colour", "navy blue", ("navy", "navy blue"), 40),
    ValueEntry("colour", "blue", ("blue",), 90),
    ValueEntry("category", "running shoes", ("running shoes", "running shoe", "trainers"), 30),
    ValueEntry("category", "shoes", ("shoes", "shoe"), 200),
    ValueEntry("brand", "orange", ("orange",), 3),
    ValueEntry("colour", "orange", ("orange",), 12),
    ValueEntry("material", "leather", ("leather",), 70),
    ValueEntry("brand", "h&m", ("h&m",), 5),
    ValueEntry("feature", "water-proof", ("water-proof", "waterproof"), 5),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(Lexicon("EUR", "en", (), VALUES), tmp_path / "lexicon.jsonl")
    return tmp_path / "lexicon.jsonl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Navy-Blue running SHOES", [("category", "running shoes")]),
        ("navy blue running shoes", [("colour", "navy blue"), ("category", "running shoes")]),
        ("blue shoes", [("colour", "blue"), ("category", "shoes")]),
        ("shoes, blue!", [("category", "shoes"), ("colour", "blue")]),
        ("orange trainers", [("colour", "orange"), ("category", "running shoes")]),
        ("boots, not leather", []),
        ("blue shoes without leather", [("colour", "blue"), ("category", "shoes")]),
        ("H&M shoes", [("brand", "h&m"), ("category", "shoes")]),
        ("water-proof shoe", [("feature", "water-proof"), ("category", "shoes")]),
        ("something for the weekend", []),
        ("", []),
        ("鞋子 \0 ☕", []),
    ],
)
def test_the_longest_form_wins_and_negations_teach_nothing(
    path: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    assert SearchWords(path).named(text) == expected


def test_a_new_lexicon_is_taken_up_and_a_broken_one_is_not(path: Path) -> None:
    words = SearchWords(path)
    assert words.named("blue suede shoes") == [("colour", "blue"), ("category", "shoes")]
    write(Lexicon("EUR", "en", (), (*VALUES, ValueEntry("material", "suede", ("suede",), 9))), path)
    os.utime(path, (1, 1))
    assert ("material", "suede") in words.named("blue suede shoes")
    path.write_text("{")
    assert ("material", "suede") in words.named("blue suede shoes")
    path.unlink()
    assert ("material", "suede") in words.named("blue suede shoes")


def test_without_a_lexicon_nothing_is_named(tmp_path: Path) -> None:
    assert SearchWords(tmp_path / "none.jsonl").named("blue shoes") == []
