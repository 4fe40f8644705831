"""No response is phrased alike twice in a row."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.actions.action import create_bot_utterance
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import read_endpoint_config

from rasa_addons.varied_replies import VariedReplies

# Only the responses: Rasa warns at the sight of any slot.
SHOP = Domain.from_dict({"responses": yaml.safe_load(Path("domain.yml").read_text("utf-8"))["responses"]})
DOMAIN = Domain.empty()
DOMAIN.responses = {
    "utter_hi": [{"text": "Hi {name}"}, {"text": "Hello {name}"}, {"text": "Hey {name}"}],
    "utter_once": [{"text": "Only this"}],
    "utter_other_language": [
        {"text": "Moin", "condition": [{"type": "slot", "name": "language", "value": "de"}]},
    ],
}


def say(nlg: NaturalLanguageGenerator, tracker: DialogueStateTracker, key: str, **words: Any) -> "str | None":
    reply = asyncio.run(nlg.generate(key, tracker, "rest", **words))
    if reply is None:
        return None
    text = str(reply["text"])
    reply["utter_action"] = key
    tracker.update(create_bot_utterance(reply))
    return text


def tracker() -> DialogueStateTracker:
    return DialogueStateTracker.from_events("c1", [])


def test_twice_in_a_row_is_never_the_same_and_all_have_their_turn() -> None:
    nlg, talk = VariedReplies(domain=DOMAIN), tracker()
    said = []
    for turn in range(60):
        said.append(say(nlg, talk, "utter_hi", name="Ann"))
        if turn % 3 == 0:
            say(nlg, talk, "utter_once")
    assert all(one != other for one, other in pairwise(said))
    assert set(said) == {"Hi Ann", "Hello Ann", "Hey Ann"}


def test_a_response_with_one_variation_is_said_as_it_is() -> None:
    nlg, talk = VariedReplies(domain=DOMAIN), tracker()
    assert [say(nlg, talk, "utter_once") for _ in range(3)] == ["Only this"] * 3


@pytest.mark.parametrize("key", ["utter_unknown", "utter_other_language"])
def test_what_there_is_no_wording_for_has_none(key: str) -> None:
    assert say(VariedReplies(domain=DOMAIN), tracker(), key) is None


def test_endpoints_name_it_and_rasa_makes_it() -> None:
    config = read_endpoint_config("endpoints.yml", endpoint_type="nlg")
    assert isinstance(NaturalLanguageGenerator.create(config, DOMAIN), VariedReplies)


def test_no_response_of_the_shop_repeats_itself_over_thirty_turns() -> None:
    nlg = VariedReplies(domain=SHOP)
    for key, variations in SHOP.responses.items():
        talk = tracker()
        # Braces without words stay as they are.
        said = [say(nlg, talk, key) for _ in range(30)]
        if len(variations) > 1:
            assert all(one != other for one, other in pairwise(said)), key
