"""Files put to dialogue servers, and what the report says."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from shopguide.errors import DialogueServerUnavailable, SettingsError
from shopguide.evaluation.nlu import ANY_CATALOGUE, Noised, listen, report
from shopguide.evaluation.parsing import DialogueParser
from shopguide.evaluation.picture import confusion_svg
from shopguide.evaluation.utterances import Utterance
from tests.unit.evaluation.fakes import FakeDialogue, entity, said


def utterance(text: str, intent: str, catalogue: str = "G", *entities: dict[str, Any]) -> Utterance:
    return Utterance.model_validate(
        {"id": text, "text": text, "intent": intent, "catalogue": catalogue, "entities": entities}
    )


def test_reads_an_answer_as_rasa_gives_it() -> None:
    text = "a red hat, cheaper"
    fake = FakeDialogue(
        {
            text: said(
                "chitchat/joke",
                0.7,
                entity(text, "red", "colour", "red", extractor="Lexicon"),
                entity(text, "cheaper", "critique", "price:down"),
            ),
            "parcel": said("faq/shipping", 0.8),
            "": {"intent": {"name": None, "confidence": 0.0}, "entities": []},
        }
    )
    with fake.parser() as parser:
        reading = parser.parse(text)
        assert (reading.intent, reading.confidence) == ("chitchat/joke", 0.7)
        assert [(found.entity, found.value) for found in reading.mentions] == [("colour", "red")]
        assert parser.parse("parcel").intent == "faq/shipping"
        assert parser.parse("").intent == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(401, json={"message": "not authenticated"}), "refuses this token"),
        (httpx.Response(404, text="not found"), "start it with --enable-api"),
        (httpx.Response(409, json={"message": "No agent loaded"}), "status 409: No agent loaded"),
        (httpx.Response(200, text="<html>"), "not as a dialogue server does"),
        (httpx.Response(200, json={"text": "hm"}), "not as a dialogue server does"),
        (httpx.ConnectError("refused"), "does not answer"),
        (httpx.ReadTimeout("late"), "did not answer in time"),
    ],
)
def test_what_is_wrong_with_the_server_is_said(answer: httpx.Response | Exception, why: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    parser = DialogueParser("http://dialogue", "secret token", transport=httpx.MockTransport(handle))
    with pytest.raises(DialogueServerUnavailable, match=why) as raised:
        parser.parse("hello")
    assert "secret" not in str(raised.value)


def test_something_that_is_no_address_is_said_so() -> None:
    with pytest.raises(DialogueServerUnavailable):
        DialogueParser("http://[::1", "").parse("hello")
    with pytest.raises(DialogueServerUnavailable):
        DialogueParser("localhost:5005", "").parse("hello")


def test_each_line_goes_to_the_server_of_its_catalogue_and_general_ones_to_all() -> None:
    fashion, office = FakeDialogue({}), FakeDialogue({})
    lines = [utterance("hat", "greet", "F"), utterance("toner", "greet", "E"), utterance("hey", "greet", "G")]
    heard = listen(lines, {"F": fashion.parser(), "E": office.parser()})
    assert (fashion.asked, office.asked) == (["hat", "hey"], ["toner", "hey"])
    assert [len(row.readings) for row in heard] == [1, 1, 2]


def test_nothing_is_asked_where_a_line_has_no_server() -> None:
    fashion = FakeDialogue({})
    with pytest.raises(SettingsError, match="catalogue E"):
        listen([utterance("hat", "greet", "F"), utterance("toner", "greet", "E")], {"F": fashion.parser()})
    assert fashion.asked == []


def test_the_report(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("the file itself is read elsewhere")
    text = "a red hat"
    red = entity(text, "red", "colour", "red")
    fake = FakeDialogue(
        {
            "hey": said("greet", 0.9),
            text: said("search_products", 0.8, red),
            "parcel": said("track_order", 0.7),
            "money back": said("faq/shipping", 0.7),
            "weather": said("out_of_scope", 0.6),
        }
    )
    lines = [
        utterance("hey", "greet"),
        utterance(text, "search_products", "F", red),
        utterance("parcel", "track_order"),
        utterance("money back", "faq/returns"),
        utterance("weather", "out_of_scope"),
    ]
    found = report(file, listen(lines, {ANY_CATALOGUE: fake.parser()}))
    intents, entities = found["models"]
    assert (intents["model"], intents["lines"], intents["intent_accuracy"]) == ("intents", 5, 0.8)
    assert (intents["false_rejection"], intents["oos_recall"]) == (0.0, 1.0)
    assert (entities["model"], entities["entity_f1"]) == ("entities", 1.0)
    assert [mistake["got"] for mistake in found["mistakes"]["intents"]] == ["faq/shipping"]
    assert found["split"] == "F+G"
    assert found["latency_ms"]["messages"] == 5


def test_noise_has_rows_of_its_own_and_what_it_costs(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("x")
    red = entity("a red hat", "red", "colour", "red")
    fake = FakeDialogue({"a red hat": said("search_products", 0.8, red), "hello": said("greet"), "helo": said("deny")})
    server = {ANY_CATALOGUE: fake.parser()}
    lines = [utterance("a red hat", "search_products", "F", red), utterance("hello", "greet")]
    worse = [lines[0], utterance("helo", "greet")]
    found = report(file, listen(lines, server), [Noised("typos", 7, listen(worse, server))])
    assert [(row["model"], row.get("intent_accuracy", row.get("entity_f1"))) for row in found["models"]] == [
        ("intents", 1.0),
        ("intents, typos", 0.5),
        ("entities", 1.0),
        ("entities, typos", 1.0),
    ]
    cost, nothing = found["paired"]
    assert (cost["model"], cost["against"], cost["intent_accuracy"]) == ("intents, typos", "intents", -0.5)
    assert cost["ci"]["intent_accuracy"] == [-1.0, 0.0]
    assert (nothing["against"], nothing["entity_f1"]) == ("entities", 0.0)
    [noise] = found["noise"]
    assert (noise["kind"], noise["seed"], noise["changed"]) == ("typos", 7, 1)
    assert [mistake["text"] for mistake in noise["mistakes"]["intents"]] == ["helo"]


def test_the_picture_is_well_formed_and_marks_what_is_off_the_diagonal() -> None:
    from xml.etree import ElementTree

    svg = confusion_svg(["a&b", "<c>"], [[3, 1], [0, 0.5]], "what <was> meant")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    tips = [title.text for title in root.iter(f"{space}title")]
    assert tips == ["a&b answered as a&b: 3 of 4", "a&b answered as <c>: 1 of 4", "<c> answered as <c>: 0.5 of 0.5"]
    assert svg.count('stroke="#c0392b"') == 1
