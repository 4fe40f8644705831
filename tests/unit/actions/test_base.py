"""No action leaves a shopper with silence or a stack trace."""

import asyncio
import json
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection

import actions.base
from actions.base import APOLOGY, GuideAction
from actions.search import ActionSearch, ValidateSearchForm
from shopguide.conversation.turn import Turn
from tests.unit.actions.conftest import Conversation


class Acting(GuideAction):
    """Says something and then does what the test wants."""

    def __init__(self, error: BaseException | None = None, seconds: float = 0.0) -> None:
        self.error, self.seconds = error, seconds

    def name(self) -> str:
        return "action_acting"

    async def perform(self, dispatcher: CollectingDispatcher, turn: Turn, tracker: Tracker) -> list[dict[str, Any]]:
        dispatcher.utter_message(text="half an answer")
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return []


@pytest.mark.parametrize("error", [RuntimeError("secret"), KeyError("x"), TimeoutError(), ConnectionError()])
def test_whatever_goes_wrong_is_an_apology(talk: Conversation, error: Exception) -> None:
    talk.hear("x", "greet")
    messages = talk.act(Acting(error))
    assert [message["response"] for message in messages] == [APOLOGY]
    assert "secret" not in json.dumps(messages)


def test_too_slow_is_an_apology(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions.base, "DEADLINE_SECONDS", 0.01)
    talk.hear("x", "greet")
    assert [message["response"] for message in talk.act(Acting(seconds=5))] == [APOLOGY]


def test_a_rejection_passes(talk: Conversation) -> None:
    talk.hear("x", "greet")
    with pytest.raises(ActionExecutionRejection):
        talk.act(Acting(ActionExecutionRejection("action_acting")))


def test_one_apology_a_turn(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @property
        def guide(self) -> object:
            raise RuntimeError("no database, no catalogue, nothing")

    monkeypatch.setattr(actions.base, "get_shop", Broken)
    talk.loop = "search_form"
    talk.hear("blue shoes", "search_products")
    assert [message["response"] for message in talk.act(ValidateSearchForm())] == [APOLOGY]
    # The form is left, so Rasa goes on to search; one apology is enough.
    assert talk.returned == [{"event": "slot", "timestamp": None, "name": "requested_slot", "value": None}]
    assert talk.act(ActionSearch()) == []
    talk.hear("hello?", "greet")
    assert [message["response"] for message in talk.act(ActionSearch())] == [APOLOGY]


def test_a_database_that_is_down_is_no_reason_to_apologise(talk: Conversation) -> None:
    talk.shop.profiles.down = talk.shop.feedback.down = True
    talk.hear("x", "search_products", {"entity": "colour", "value": "blue"}, {"entity": "category", "value": "shoes"})
    talk.act(ValidateSearchForm())
    (message,) = talk.act(ActionSearch())
    assert message["response"] == "utter_search_slate"


def test_rasa_sdk_finds_every_action_of_the_domain() -> None:
    from pathlib import Path

    import yaml

    executor = ActionExecutor()
    executor.register_package("actions")
    domain = yaml.safe_load(Path("domain.yml").read_text())
    # The executor takes every action class of the process; those of other tests are none of ours.
    ours = {name for name, run in executor.actions.items() if type(run.__self__).__module__.startswith("actions.")}
    assert ours == set(domain["actions"])
