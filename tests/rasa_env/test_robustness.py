"""Whatever is typed, the pipeline answers: without a crash, within bounds that are counted, and never as a payload."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from conftest import FASHION, lexicon_of
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bench.hostile import MESSAGES, PAYLOADS, UNREADABLE
from lexicon.entries import write
from rasa_addons.entity_context import EntityContext
from rasa_addons.entity_extractor import LexiconEntityExtractor
from rasa_addons.extraction import EntityRules
from rasa_addons.intent_classifier import LinearIntentClassifier
from rasa_addons.intent_features import MAX_CHARACTERS
from rasa_addons.payload_guard import PayloadGuard
from rasa_addons.typed_text import LONGEST_WORD, cleaned, is_only_overlong

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = ExecutionContext(GraphSchema({}), "test")
DOMAIN = Domain.from_dict({"intents": ["start_over", "inform_preference", "search_products"], "entities": ["answer"]})
TAUGHT = 4  # one in so many of the training sentences: enough to answer

Parse = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parse]:
    """The whole pipeline as config.yml has it, over a small shop, taught with a part of the data."""
    folder = tmp_path_factory.mktemp("pipeline")
    write(lexicon_of(FASHION), folder / "lexicon.jsonl")
    config = {**LexiconEntityExtractor.get_default_config(), "lexicon": str(folder / "lexicon.jsonl")}
    extractor = LexiconEntityExtractor.create(config, None, Resource("entities"), CONTEXT)
    storage = LocalModelStorage(folder)
    classifier = LinearIntentClassifier.create({"tuned_layers": 0}, storage, Resource("intents"), CONTEXT)
    classifier.train(TrainingData(load_data(str(ROOT / "data/nlu")).intent_examples[::TAUGHT]))

    def run(text: str) -> dict[str, Any]:
        messages = [Message(data={"text": text, "message_id": "1", "metadata": None})]
        messages = classifier.process(extractor.process(PayloadGuard().process(messages)))
        [parsed] = RegexMessageHandler().process(messages, DOMAIN)
        return dict(parsed.as_dict(only_output_properties=True))

    yield run


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_answered_in_words_that_any_wire_takes(parse: Parse, name: str) -> None:
    parsed = parse(MESSAGES[name])
    assert parsed["intent"]["name"]
    assert 0 <= parsed["intent"]["confidence"] <= 1
    assert all(0 <= found["start"] < found["end"] <= MAX_CHARACTERS for found in parsed.get("entities", []))
    json.dumps(parsed, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_a_shopper_types_is_no_payload(parse: Parse, name: str) -> None:
    parsed = parse(MESSAGES[name])
    assert parsed["intent"] == {"name": "out_of_scope", "confidence": 1.0}
    assert parsed["entities"] == []


@pytest.mark.parametrize("name", UNREADABLE)
def test_where_there_is_nothing_to_read_nothing_is_understood(parse: Parse, name: str) -> None:
    parsed = parse(MESSAGES[name])
    assert parsed["intent"]["name"] == "out_of_scope"
    assert not parsed.get("entities")


def test_dirt_around_a_message_does_not_change_it(parse: Parse) -> None:
    clean = parse("green shoes under 50")
    assert [(found["entity"], found["value"]) for found in clean["entities"]] == [
        ("colour", "green"),
        ("category", "shoes"),
        ("price", 50),
    ]
    for dirty in ("green\x00shoes\x01under\x1b50", "green shoes under 50\ud800", "green shoes under 50" + " " * 20_000):
        found = parse(dirty)
        assert [(one["value"], one["start"], one["end"]) for one in found["entities"]] == [
            (one["value"], one["start"], one["end"]) for one in clean["entities"]
        ]


def test_the_same_message_fifty_times_is_understood_the_same_fifty_times(parse: Parse) -> None:
    first = parse("green shoes under 50")
    assert all(parse("green shoes under 50") == first for _ in range(50))


# -- the text itself ----------------------------------------------------------------------------------------------


def test_characters_are_replaced_one_for_one() -> None:
    assert cleaned("a\x00b\x7fc\x85d") == "a b c d"
    assert cleaned("a\ud800b\uffffc\U0001fffed") == "a\ufffdb\ufffdc\ufffdd"
    for kept in ("tab\tline\nend\r", "红色 👟 e\u0301 \u202e", "\u200d"):
        assert cleaned(kept) == kept
    assert len(cleaned("x" * 50_000)) == MAX_CHARACTERS


def test_a_word_may_be_long_and_a_stuck_key_is_none() -> None:
    assert is_only_overlong("x" * (LONGEST_WORD + 1))
    assert is_only_overlong("9" * 5_000 + "!!")
    assert not is_only_overlong("x" * LONGEST_WORD)
    assert not is_only_overlong("no " + "o" * 500)
    assert not is_only_overlong("我想买一双红色的运动鞋" * 20)
    assert not is_only_overlong("")


def test_what_comes_behind_the_guard_is_never_longer_than_the_limit() -> None:
    for text in MESSAGES.values():
        [message] = PayloadGuard().process([Message(data={"text": text})])
        assert len(message.get("text")) <= MAX_CHARACTERS


# -- bounded work, counted instead of timed -----------------------------------------------------------------------


def calls_of(function: Callable[[], object]) -> int:
    """Return how many calls, Python's and C's, a function makes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        *("green shoes ", "gren shos ", "not green or blue ", "under 50 ", "between 5 and ", "1 ", "kestrel h & m "),
        *("the second ", "cheaper ", "any colour ", "红色鞋", "a'", "<a", "x", "- ", "not "),
    ],
)
def test_twice_the_message_is_about_twice_the_work(fashion: EntityRules, piece: str) -> None:
    half, whole = (piece * MAX_CHARACTERS)[: MAX_CHARACTERS // 2], (piece * MAX_CHARACTERS)[:MAX_CHARACTERS]
    fashion.extract(whole)  # caches are filled
    small, large = (calls_of(lambda text=text: fashion.extract(text)) for text in (half, whole))
    assert large <= 2.6 * small + 200
    assert large <= 500 * MAX_CHARACTERS


# -- properties of the extractor ----------------------------------------------------------------------------------

SEEDS = range(12)
MESSAGES_OF_A_SEED = 40
PIECES = (
    *("green", "blue", "navy", "orange", "shoes", "shoe", "rain jackets", "mac", "nike", "h & m", "kestrl", "formal"),
    *("women", "my wife", "winter", "not", "no", "without", "anything but", "or", "and", "but", "except", "any", "the"),
    *(
        "under",
        "over",
        "between",
        "from",
        "to",
        "at least",
        "around",
        "50",
        "1k",
        "12.99",
        "€",
        "eur",
        "%",
        "size",
        "8",
    ),
    *(
        "second",
        "last two",
        "number",
        "2",
        "cheaper",
        "colour",
        "price",
        "rating",
        "4 stars",
        "15 inch",
        "two",
        "dozen",
    ),
    *(
        ".",
        ",",
        "!",
        "?",
        "-",
        "/",
        "'",
        '"',
        "(",
        ")",
        "\n",
        "  ",
        "",
        "\u00a0",
        "😀",
        "红色",
        "é",
        "\u0301",
        "\u200b",
    ),
    *("please", "i", "want", "zqxv", "GREEN", "Green", "greeN", "<b>", "</b>", "@", "#1", "no.", "½", "٣", "ﬁ", "İ"),
)
ANY_VALUE = {"price", "quantity", "rating", "ordinal", "size", "product", "facet_name", "critique"}


def any_message(source: random.Random) -> str:
    """Return pieces of messages and any characters, joined in any way."""
    pieces = [
        source.choice(PIECES) if source.random() < 0.9 else chr(source.randrange(1, 0xD800))
        for _ in range(source.randint(1, 25))
    ]
    return "".join(piece + source.choice((" ", " ", " ", "")) for piece in pieces)


@pytest.mark.parametrize("seed", SEEDS)
def test_entities_lie_in_the_text_apart_from_each_other_and_have_values_of_the_shop(
    fashion: EntityRules, seed: int
) -> None:
    values = {(facet, value) for facet, table in FASHION.items() for value in table}
    known = values | {
        (facet, value) for facet, table in fashion._vocabulary.generic.items() for value in table
    }  # heard although no product has it
    source = random.Random(seed)
    for _ in range(MESSAGES_OF_A_SEED):
        text = any_message(source)
        context = EntityContext(source.choice((None, "colour", "price", "size", "rating")), source.random() < 0.5, ())
        found = fashion.extract(text, context)
        json.dumps(found, allow_nan=False)
        end = 0
        for one in found:
            assert 0 <= one["start"] < one["end"] <= len(text), (text, one)
            assert one["start"] >= end, (text, found)
            end = one["end"]
            facet = one["facet"] if one["entity"] == "facet_value" else one["entity"]
            assert one["entity"] in ANY_VALUE or (facet, one["value"]) in known, (text, one)
        assert found == fashion.extract(text, context), "the same message, the same entities"
