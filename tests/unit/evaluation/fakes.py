"""A dialogue server for tests: answers by rule, over the real client, without a network."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from shopguide.evaluation.parsing import DialogueParser

TOKEN = "open sesame"


class FakeDialogue:
    """Says of each text what it was told to say; anything else is out of scope."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as Rasa does."""
        if request.url.params.get("token") != TOKEN:
            return httpx.Response(401, json={"status": "failure", "message": "User is not authenticated."})
        assert (request.method, request.url.path) == ("POST", "/model/parse")
        text = json.loads(request.content)["text"]
        self.asked.append(text)
        return httpx.Response(200, json={"text": text, **self.answers.get(text, said("out_of_scope", 0.9))})

    def parser(self, token: str = TOKEN) -> DialogueParser:
        """Return a client that speaks to it."""
        return DialogueParser("http://dialogue", token, transport=httpx.MockTransport(self))


def said(intent: str, confidence: float = 0.9, *entities: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an answer; a retrieval intent is written as our classifier writes it."""
    block: dict[str, Any] = {"name": intent.partition("/")[0], "confidence": confidence}
    if "/" in intent:
        block["full_retrieval_intent_name"] = intent
    return {"intent": block, "entities": list(entities)}


def entity(text: str, words: str, name: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return an entity whose mention is where the words stand in the text."""
    start = text.index(words)
    return {"entity": name, "value": value, "start": start, "end": start + len(words), **more}
