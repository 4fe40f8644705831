"""The runner on a tiny sample: who is asked what, what counts, what is reported."""

import json
from pathlib import Path

import httpx
import pytest

from tests.eval import conversations
from tests.eval.dialogue import NoTracker, RestDialogue
from tests.eval.expectations import Answer
from tests.eval.scenarios import BadScenario, load

SAMPLE = Path(__file__).with_name("sample.yml")


class FakeDialogue:
    """Sells one mug, and a cheaper one to whoever insists in the same conversation."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = {}

    def say(self, sender: str, text: str) -> Answer:
        before = self.heard.setdefault(sender, [])
        before.append(text)
        if text == "nonsense":
            return Answer(texts=("What?",))
        price = 10.0 if len(before) == 1 or text == "a mug" else 5.0
        payload = {"type": "slate", "items": [{"sku": f"m{price:g}", "price": price}]}
        return Answer(texts=("Here.",), payloads=(payload,), slots={"category": ["mugs"]})


def test_scenarios_are_conversations_of_their_own_and_run_to_the_end() -> None:
    dialogue = FakeDialogue()
    results = conversations.hold_all(load(SAMPLE), dialogue, has=(), run="r1")
    assert sorted(dialogue.heard) == ["eval-r1-S01", "eval-r1-S03"]
    assert dialogue.heard["eval-r1-S03"] == ["nonsense", "a mug"]
    assert [result.passed for result in results] == [True, False, False]


def test_the_report_counts_scenarios_turns_and_first_failures() -> None:
    figures = conversations.report(conversations.hold_all(load(SAMPLE), FakeDialogue(), has=(), run="r1"))
    assert figures["scenarios"] == {"passed": 1, "of": 2, "rate": 0.5}
    assert figures["turns"] == {"passed": 3, "of": 4, "rate": 0.75}
    assert figures["by_catalogue"]["D"]["scenarios"]["passed"] == 1
    assert figures["skipped"] == [{"scenario": "S02", "why": "the catalogue has no price"}]
    (failure,) = figures["failures"]
    assert (failure["scenario"], failure["turn"], failure["key"]) == ("S03", 1, "text_any")
    assert "What?" in failure["why"]


def test_requirements_that_are_met_are_held() -> None:
    results = conversations.hold_all(load(SAMPLE), FakeDialogue(), has=("price",), run="r1")
    assert not any(result.skipped for result in results)


@pytest.mark.parametrize(
    "text",
    [
        "- {id: A, turns: [{user: hi, expect: {no_eror: true}}]}",
        "- {id: A, turns: [{user: hi}]}",
        "- {id: A, turn: []}",
        "{}",
        "- &A {id: A, turns: [{user: hi, expect: {no_error: true}}]}\n- *A",
        "[",
    ],
    ids=["unknown key", "no expect", "no turns", "no list", "ids twice", "no YAML"],
)
def test_a_file_that_would_measure_nothing_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.yml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadScenario):
        load(file)


def rasa(request: httpx.Request) -> httpx.Response:
    if request.method == "POST":
        body = json.loads(request.content)
        if body["message"] == "break":
            return httpx.Response(500)
        custom = {"type": "slate", "items": []}
        return httpx.Response(200, json=[{"text": body["sender"]}, {"custom": custom}, {"text": "And."}])
    if request.url.params.get("token") != "secret":
        return httpx.Response(401)
    assert request.url.path == "/conversations/me/tracker"
    return httpx.Response(200, json={"slots": {"colour": ["red"]}})


def test_the_rest_channel_and_the_tracker_make_one_answer() -> None:
    answer = RestDialogue("http://rasa.example", "secret", transport=httpx.MockTransport(rasa)).say("me", "hi")
    assert answer == Answer(("me", "And."), ({"type": "slate", "items": []},), {"colour": ["red"]})


def test_a_server_error_is_a_turn_without_a_reply() -> None:
    answer = RestDialogue("http://rasa.example", "secret", transport=httpx.MockTransport(rasa)).say("me", "break")
    assert "500" in answer.fault and not answer.texts


def test_slots_that_cannot_be_read_stop_the_run_without_telling_the_token() -> None:
    with pytest.raises(NoTracker) as caught:
        RestDialogue("http://rasa.example", "wrong-token", transport=httpx.MockTransport(rasa)).say("me", "hi")
    assert "wrong-token" not in str(caught.value)


def test_the_command_writes_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(conversations, "RestDialogue", lambda url, token: FakeDialogue())
    out = tmp_path / "deep" / "out.json"
    assert conversations.main([str(SAMPLE), "--json", str(out), "--min-scenarios", "0.5"]) == 0
    assert json.loads(out.read_text("utf-8"))["turns"]["passed"] == 3
    assert "all: 1 of 2 scenarios, 3 of 4 turns" in capsys.readouterr().out
    assert conversations.main([str(SAMPLE), "--min-scenarios", "0.6"]) == 1
    assert conversations.main([str(SAMPLE), "--only", "S01", "--min-scenarios", "1"]) == 0
    assert conversations.main([str(tmp_path / "missing.yml")]) == 2
