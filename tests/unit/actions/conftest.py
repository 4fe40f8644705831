"""Actions over the small shop, called as the dialogue server calls them."""

import asyncio
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

import actions.base
from shopguide.catalogue.index import CatalogueIndex
from tests.unit.actions.own_data import FakeOwnData
from tests.unit.conversation.shop import Shop, products


class TalkingShop(Shop):
    """The small shop with all that actions reach for."""

    def __init__(self, index: CatalogueIndex) -> None:
        super().__init__(index)
        self.own_data = FakeOwnData()
        for case in ("what_is_known", "decide", "forget_named", "forget", "export_link"):
            setattr(self.guide, case, getattr(self.own_data, case))


class Conversation:
    """A tracker that takes in messages and the events of actions, and what the actions said."""

    def __init__(self, shop: TalkingShop) -> None:
        self.shop = shop
        self.slots: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.loop: str | None = None
        self.message: dict[str, Any] = {}

    def hear(self, text: str, intent: str, *entities: dict[str, Any]) -> None:
        """Take in a message as the dialogue server understood it, entities where their words stand."""
        for found in entities:
            at = text.find(str(found["value"]))
            if at >= 0:
                found |= {"start": at, "end": at + len(str(found["value"]))}
        self.message = {"text": text, "intent": {"name": intent, "confidence": 0.9}, "entities": list(entities)}
        self.events.append({"event": "user", "text": text, "parse_data": self.message})

    def act(self, action: Action) -> list[dict[str, Any]]:
        """Run an action, take over its events and messages, and return the messages."""
        dispatcher = CollectingDispatcher()
        tracker = Tracker(
            "c1", dict(self.slots), self.message, list(self.events), False, None, {"name": self.loop}, "action_listen"
        )
        self.returned = asyncio.run(action.run(dispatcher, tracker, {}))
        for message in dispatcher.messages:
            data = {"buttons": message["buttons"], "custom": message["custom"]}
            self.events.append({"event": "bot", "data": data, "metadata": {"utter_action": message["response"]}})
        for event in self.returned:
            self.events.append(event)
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.loop = event["name"]
        return dispatcher.messages


@pytest.fixture(scope="session")
def index() -> CatalogueIndex:
    """Return the index of the small shop."""
    return CatalogueIndex(products())


@pytest.fixture
def shop(index: CatalogueIndex, monkeypatch: pytest.MonkeyPatch) -> TalkingShop:
    """Let the actions work in the small shop."""
    shop = TalkingShop(index)
    monkeypatch.setattr(actions.base, "get_shop", lambda: shop)
    return shop


@pytest.fixture
def talk(shop: TalkingShop) -> Conversation:
    """Return a conversation that has not begun."""
    return Conversation(shop)


def entity(name: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return an entity as the extractor writes it."""
    return {"entity": name, "value": value, "start": 0, "end": 0, **more}
