"""A lexicon file that is broken, from the start or on the way: the last good one serves, and the log says so once."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FASHION, lexicon_of
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message

from lexicon.entries import write
from rasa_addons.entity_extractor import LexiconEntityExtractor

MESSAGES = 20


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another_format(path: Path) -> None:
    header, *rest = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(header), "format": 9}), *rest]), "utf-8")


BREAKAGES: list[Callable[[Path], Any]] = [
    truncate,
    lambda path: path.write_text("", "utf-8"),
    lambda path: path.write_text("these are no lines of JSON\n", "utf-8"),
    another_format,
    lambda path: path.write_text("\n".join(path.read_text("utf-8").splitlines()[1:]), "utf-8"),
    lambda path: path.unlink(),
    directory,
    lambda path: path.write_bytes(b"\xff\xfe\x00" * 100),
]
NAMES = ["truncated", "empty", "no JSON", "another format", "no header", "missing", "a directory", "no UTF-8"]


def component(path: Path) -> LexiconEntityExtractor:
    config = {**LexiconEntityExtractor.get_default_config(), "lexicon": str(path), "poll_seconds": 0.0}
    return LexiconEntityExtractor.create(config, None, Resource("entities"), ExecutionContext(GraphSchema({}), "test"))


def parse(extractor: LexiconEntityExtractor, text: str) -> list[tuple[str, Any]]:
    [message] = extractor.process([Message({"text": text})])
    extractor._watch.wait()
    return [(entity["entity"], entity["value"]) for entity in message.get("entities", [])]


def colours(path: Path, colour: str) -> None:
    write(lexicon_of({**FASHION, "colour": {colour: ([colour], 5)}}), path)


def mended(path: Path, colour: str) -> None:
    """Put a good file where something else lies, as an operator does."""
    if path.is_dir():
        path.rmdir()
    colours(path, colour)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "lexicon.jsonl"
    colours(path, "green")
    return path


@pytest.mark.parametrize("damage", BREAKAGES, ids=NAMES)
def test_broken_while_running(path: Path, damage: Callable[[Path], Any], caplog: pytest.LogCaptureFixture) -> None:
    extractor = component(path)
    assert parse(extractor, "green") == [("colour", "green")]
    damage(path)
    assert [parse(extractor, "green") for _ in range(MESSAGES)] == [[("colour", "green")]] * MESSAGES
    [complaint] = complaints(caplog)
    assert str(path) in complaint
    assert "The last good one stays in use" in complaint
    mended(path, "vermilion")
    parse(extractor, "what is there now?")
    assert parse(extractor, "vermilion") == [("colour", "vermilion")]
    assert len(complaints(caplog)) == 1


@pytest.mark.parametrize("damage", BREAKAGES, ids=NAMES)
def test_broken_at_the_start(path: Path, damage: Callable[[Path], Any], caplog: pytest.LogCaptureFixture) -> None:
    damage(path)
    extractor = component(path)
    assert [parse(extractor, "green under 50") for _ in range(MESSAGES)] == [[]] * MESSAGES
    [complaint] = complaints(caplog)
    assert "No catalogue words are understood" in complaint
    mended(path, "green")
    parse(extractor, "what is there now?")
    assert ("colour", "green") in parse(extractor, "green under 50")


def test_the_same_thing_wrong_again_is_said_once_and_another_thing_is_said(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extractor = component(path)
    for content in ("", "", "no JSON", "no JSON"):
        path.unlink()
        path.write_text(content, "utf-8")
        parse(extractor, "green")
    assert len(complaints(caplog)) == 2


def test_the_old_file_put_back_is_in_order_and_the_log_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = path.read_bytes()
    extractor = component(path)
    for times in (1, 2):
        truncate(path)
        parse(extractor, "green")
        with caplog.at_level(logging.INFO):
            path.write_bytes(whole)
            parse(extractor, "green")
        assert caplog.text.count("is in order again") == times
        assert len(complaints(caplog)) == times


def test_a_lexicon_that_breaks_the_build_is_named_once_too(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    extractor = component(path)
    write(lexicon_of({"colour": {"green": ([5], 1)}}), path)
    assert [parse(extractor, "green") for _ in range(3)] == [[("colour", "green")]] * 3
    [complaint] = complaints(caplog)
    assert "cannot be used" in complaint
