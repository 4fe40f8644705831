"""The classifier as trained on data/nlu: how well it generalises, what it reports, what it survives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file

from rasa_addons.intent_classifier import LinearIntentClassifier, UntrainedClassifierError

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = ExecutionContext(GraphSchema({}))

Trained = LinearIntentClassifier

# Rasa says it of every domain with session settings of before 3.0's default, when a model is opened.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The classifier out of the model that `make test` has trained: tuning it takes minutes."""
    archive = ROOT / "models/dialogue.tar.gz"
    assert archive.is_file(), "no model to test: `make test` trains it first, as does `rasa train`"
    storage, metadata = LocalModelStorage.from_model_archive(tmp_path_factory.mktemp("model"), archive)
    [node] = [
        node
        for node in metadata.predict_schema.nodes.values()
        if node.uses.__name__ == LinearIntentClassifier.__name__ and node.resource is not None
    ]
    yield LinearIntentClassifier.load(node.config, storage, node.resource, CONTEXT)


def parse(
    classifier: Trained, text: str, entities: list[dict[str, Any]] | None = None, tracker: Any = None
) -> dict[str, Any]:
    message = Message(data={"text": text, "entities": entities or []})
    classifier.process([message], tracker)
    return message.as_dict(only_output_properties=True)


def entity(text: str, words: str, kind: str, **more: Any) -> dict[str, Any]:
    start = text.index(words)
    return {"entity": kind, "value": words, "start": start, "end": start + len(words), **more}


def asking(facet: str = "colour") -> DialogueStateTracker:
    """A conversation in which a question of the search form is open."""
    events = [UserUttered("a shirt"), ActionExecuted("search_form"), ActiveLoop("search_form")]
    slot = AnySlot("requested_slot", mappings=[{}], influence_conversation=False)
    return DialogueStateTracker.from_events("ann", [*events, SlotSet("requested_slot", facet)], slots=[slot])


def shown() -> DialogueStateTracker:
    """A conversation in which products were shown."""
    slot = AnySlot("current_slate", mappings=[{}], influence_conversation=False)
    return DialogueStateTracker.from_events("ann", [SlotSet("current_slate", "s1")], slots=[slot])


def test_sentences_that_it_has_not_seen(classifier: Trained) -> None:
    trained_on = {example.get("text").casefold() for example in load_data(str(ROOT / "data/nlu")).intent_examples}
    held_out = [
        example
        for example in load_data(str(ROOT / "tests/nlu/intents.yml")).intent_examples
        if example.get("text").casefold() not in trained_on  # short ones ("see you tomorrow") are said by everybody
    ]
    assert len(held_out) > 60
    wrong = []
    for example in held_out:
        parsed = parse(classifier, example.get("text"), example.get("entities"))["intent"]["name"]
        if parsed != example.get("intent"):
            wrong.append((example.get("text"), example.get("intent"), parsed))
    assert len(wrong) <= 0.1 * len(held_out), wrong


def test_a_catalogue_that_it_has_never_met(classifier: Trained) -> None:
    for brand, thing, colour in (("zorvex", "flumbers", "quindle"), ("ab-9", "grommet kits", "rosso corsa")):
        text = f"i'd like {thing} by {brand} in {colour}"
        found = [entity(text, thing, "category"), entity(text, brand, "brand"), entity(text, colour, "colour")]
        assert parse(classifier, text, found)["intent"]["name"] == "search_products"
        text = f"not {brand} please"
        found = [entity(text, brand, "brand", group="excluded")]
        assert parse(classifier, text, found, shown())["intent"]["name"] == "inform_preference"


def test_a_retrieval_intent_is_reported_as_a_response_selector_would(classifier: Trained) -> None:
    parsed = parse(classifier, "please tell me a joke")
    assert parsed["intent"]["name"] == "chitchat"
    assert parsed["intent"]["full_retrieval_intent_name"] == "chitchat/joke"
    selector = parsed["response_selector"]
    assert "chitchat" in selector["all_retrieval_intents"]
    assert selector["chitchat"]["response"]["intent_response_key"] == "chitchat/joke"
    assert selector["chitchat"]["response"]["utter_action"] == "utter_chitchat/joke"
    assert 0 < selector["chitchat"]["response"]["confidence"] <= 1


def test_every_intent_of_the_design_is_reported_as_itself(classifier: Trained) -> None:
    assert parse(classifier, "where is my parcel")["intent"]["name"] == "track_order"
    intent = parse(classifier, "how do i send something back for a refund")["intent"]
    assert (intent["name"], intent["full_retrieval_intent_name"]) == ("faq", "faq/returns")
    assert set(read_yaml_file(ROOT / "domain.yml")["intents"]) == load_data(str(ROOT / "data/nlu")).intents


def test_a_bare_value_means_what_the_conversation_makes_of_it(classifier: Trained) -> None:
    blue = [entity("blue", "blue", "colour")]
    assert parse(classifier, "blue", blue)["intent"]["name"] == "inform_preference"
    lamps = [entity("lamps", "lamps", "category")]
    assert parse(classifier, "lamps", lamps)["intent"]["name"] == "search_products"
    assert parse(classifier, "lamps", lamps, asking("category"))["intent"]["name"] == "inform_preference"
    assert parse(classifier, "lamps", lamps, asking("colour"))["intent"]["name"] == "search_products"
    under = [entity("under 50", "50", "price", role="max")]
    assert parse(classifier, "under 50", under, asking())["intent"]["name"] == "inform_preference"
    assert parse(classifier, "anything", [], asking())["intent"]["name"] == "no_preference"


def test_an_open_question_does_not_drown_the_words(classifier: Trained) -> None:
    for text, expected in (("start over", "start_over"), ("bye", "goodbye"), ("what can you do?", "help")):
        assert parse(classifier, text, [], asking())["intent"]["name"] == expected


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n", "…", "!!!", "🦄🦄🦄", "\u200d", "你好，我想买鞋", "مرحبا", "\x00\x01", "asdf qwer zxcv"],
)
def test_what_cannot_be_read_is_out_of_scope(classifier: Trained, text: str) -> None:
    assert parse(classifier, text)["intent"]["name"] == "out_of_scope"


@pytest.mark.parametrize(
    "text",
    ["blue " * 2000, "x" * 10_000, "👟" * 3000, "I want 红色 shoes מה", "a\u0301" * 100, "é" * 9],
    ids=["words", "letters", "pictures", "scripts", "accents", "stuck key"],
)
def test_odd_messages_do_not_break_it(classifier: Trained, text: str) -> None:
    parsed = parse(classifier, text)
    assert 0 <= parsed["intent"]["confidence"] <= 1
    assert len(parsed["intent_ranking"]) <= 10


@pytest.mark.parametrize("span", [(0, 99), (-1, 2), (3, 1), (None, None), ("a", "b")])
def test_entities_with_odd_spans_do_not_break_it(classifier: Trained, span: tuple[Any, Any]) -> None:
    found = [{"entity": "colour", "value": "blue", "start": span[0], "end": span[1]}]
    assert parse(classifier, "in blue", found)["intent"]["name"]


def test_pictures_are_read_as_words(classifier: Trained) -> None:
    assert parse(classifier, "👍")["intent"]["name"] == "affirm"
    assert parse(classifier, "👎 number 2", [])["intent"]["name"] == "dislike_product"


def test_confidences_are_honest(classifier: Trained) -> None:
    """Calibration on sentences it has not seen: mean confidence is near the share it gets right."""
    held_out = load_data(str(ROOT / "tests/nlu/intents.yml")).intent_examples
    sure, right = 0.0, 0
    for example in held_out:
        intent = parse(classifier, example.get("text"), example.get("entities"))["intent"]
        sure += intent["confidence"]
        right += intent["name"] == example.get("intent")
    assert abs(sure - right) / len(held_out) < 0.2


def test_without_training_it_says_what_to_do(tmp_path: Path) -> None:
    storage = LocalModelStorage(tmp_path)
    fresh = LinearIntentClassifier.create({}, storage, Resource("intents"), CONTEXT)
    with pytest.raises(UntrainedClassifierError, match="rasa train"):
        parse(fresh, "hello")
    with pytest.raises(UntrainedClassifierError, match="two intents"):
        fresh.train(TrainingData([Message.build("hello", "greet")]))
