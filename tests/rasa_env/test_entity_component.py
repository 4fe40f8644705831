"""The Rasa component: context from the tracker, reload of the lexicon, bounded time, and no crash on anything."""

import json
import logging
import time

import pytest
from conftest import FASHION, lexicon_of
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from lexicon.entries import write
from rasa_addons.entity_context import context_of
from rasa_addons.entity_extractor import LexiconEntityExtractor
from rasa_addons.lexicon_watch import LexiconWatch


def component(path) -> LexiconEntityExtractor:
    config = {**LexiconEntityExtractor.get_default_config(), "lexicon": str(path), "poll_seconds": 0.0}
    return LexiconEntityExtractor.create(config, None, Resource("entities"), ExecutionContext(GraphSchema({}), "test"))


def parse(extractor, text, tracker=None):
    [message] = extractor.process([Message({"text": text})], tracker)
    return [(entity["entity"], entity["value"]) for entity in message.get("entities", [])]


def tracker_with(*events) -> DialogueStateTracker:
    slots = [AnySlot(name, mappings=[]) for name in ("requested_slot", "current_slate")]
    return DialogueStateTracker.from_events("someone", list(events), slots=slots)


@pytest.fixture
def lexicon_path(tmp_path):
    path = tmp_path / "lexicon.jsonl"
    write(lexicon_of(FASHION), path)
    return path


def test_the_component_is_registered_and_names_itself(lexicon_path):
    registered = DefaultV1Recipe._from_registry("LexiconEntityExtractor")
    assert registered.clazz is LexiconEntityExtractor
    [message] = component(lexicon_path).process([Message({"text": "green"})])
    [entity] = message.get("entities")
    assert entity == {
        "entity": "colour", "value": "green", "start": 0, "end": 5, "extractor": "LexiconEntityExtractor",
    }  # fmt: skip


def test_entities_of_an_earlier_component_stay(lexicon_path):
    message = Message({"text": "green", "entities": [{"entity": "place", "value": "x", "start": 0, "end": 1}]})
    component(lexicon_path).process([message])
    assert [entity["entity"] for entity in message.get("entities")] == ["place", "colour"]


def test_the_open_question_comes_from_the_tracker(lexicon_path):
    extractor = component(lexicon_path)
    asking = tracker_with(ActiveLoop("search_form"), SlotSet("requested_slot", "price"))
    assert parse(extractor, "60", asking) == [("price", 60)]
    assert parse(extractor, "60", tracker_with(SlotSet("requested_slot", "price"))) == []
    assert parse(extractor, "60") == []


def test_the_slate_on_screen_comes_from_the_tracker(lexicon_path):
    slate = {"type": "slate", "items": [{"title": "Kestrel Storm Shirt"}, {"title": "Norwell Shirt"}]}
    shown = tracker_with(BotUttered("", {"custom": slate}))
    assert context_of(shown).titles == ("Kestrel Storm Shirt", "Norwell Shirt")
    extractor = component(lexicon_path)
    assert parse(extractor, "the kestrel storm shirt", shown) == [("product", "kestrel storm shirt")]
    assert parse(extractor, "2", shown) == [("ordinal", 2)]
    assert parse(extractor, "3", shown) == []


def test_a_missing_lexicon_is_no_failure(tmp_path, caplog):
    with caplog.at_level(logging.ERROR):
        extractor = component(tmp_path / "none.jsonl")
    assert parse(extractor, "green shoes") == []
    assert "cannot be read" in caplog.text


def test_a_new_lexicon_is_taken_up_and_a_broken_one_is_not(lexicon_path, caplog):
    extractor = component(lexicon_path)
    assert parse(extractor, "vermilion") == []
    write(lexicon_of({**FASHION, "colour": {"vermilion": (["vermilion"], 5)}}), lexicon_path)
    parse(extractor, "notice the change")
    extractor._watch.wait()
    assert parse(extractor, "vermilion") == [("colour", "vermilion")]
    with caplog.at_level(logging.ERROR):
        lexicon_path.write_text('{"type": "header", "format": 1', encoding="utf-8")
        parse(extractor, "notice the change")
        extractor._watch.wait()
    assert parse(extractor, "vermilion") == [("colour", "vermilion")]
    assert "The last good one stays in use" in caplog.text


def test_a_build_that_fails_keeps_the_last_one(lexicon_path):
    def build(lexicon):
        if len(lexicon.values) < 5:
            raise RuntimeError("too small")
        return len(lexicon.values)

    watch = LexiconWatch(lexicon_path, build, poll_seconds=0.0)
    built = watch.current()
    write(lexicon_of({"colour": {"green": (["green"], 1)}}), lexicon_path)
    watch.current()
    watch.wait()
    assert watch.current() == built


def test_the_file_is_looked_at_only_every_so_often(lexicon_path):
    watch = LexiconWatch(lexicon_path, lambda lexicon: lexicon.digest, poll_seconds=3600.0)
    first = watch.current()
    write(lexicon_of({"colour": {"green": (["green"], 1)}}), lexicon_path)
    assert watch.current() == first


NOISE = [
    *(
        "",
        " ",
        "\x00\n\t",
        "🙂🙂",
        "<b><i></b>",
        "'" * 500,
        '"' * 500,
        "- - -",
        "%%%",
        "$",
        "$ $",
        "€-€",
        "#",
        "k",
        "1k2k3k",
    ),
    *("½ ² ٣ १२", "shoes\u200bgreen", "e\u0301\u0301\u0301", "\udc00 green", "不要红色 no green ไม่เอา green", "1/0"),
    *(
        "not",
        "between and",
        "from to",
        "too",
        "any",
        "the",
        "not not not",
        "9" * 400,
        "1" + ",000" * 200,
        "hundred " * 60,
    ),
]


@pytest.mark.parametrize("text", NOISE, ids=range(len(NOISE)))
def test_no_message_is_a_crash(fashion, text):
    for open_facet in (None, "price", "size", "rating", "colour"):
        found = fashion.extract(text, context_of(None).__class__(open_facet, True, ("Green",)))
        assert all(0 <= e["start"] < e["end"] <= len(text) for e in found)
        json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    "piece",
    [
        "green shoes under 50 not red ",
        "1 ",
        "50-",
        "not ",
        "zqxv ",
        "kestrl ",
        "green ",
        "红色鞋",
        "<b>",
        '"15" ',
        "😀",
        "a'",
    ],
)
def test_time_is_bounded_for_long_messages(fashion, piece):
    text = (piece * 10_000)[:10_000]
    started = time.process_time()
    fashion.extract(text)
    assert time.process_time() - started < 1.0  # about 0.05 s; the margin is for busy machines


def test_the_message_that_meets_a_new_lexicon_is_read_with_it(lexicon_path):
    watch = LexiconWatch(lexicon_path, lambda lexicon: lexicon.digest, poll_seconds=0.0)
    first = watch.current()
    write(lexicon_of({"colour": {"green": (["green"], 1)}}), lexicon_path)
    assert watch.current() != first
