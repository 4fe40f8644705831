"""Several acts in one message."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain

from rasa_addons.acts import Act, acts_of, in_order, parts_of
from rasa_addons.replies import answered

INTENTS = {
    "ship": "faq/shipping",
    "return": "faq/returns",
    "compare": "compare_products",
    "waterproof": "ask_product_question",
    "heavy": "ask_product_question",
    "backpack": "search_products",
    "under 50": "inform_preference",
    "cheaper": "critique_slate",
    "cart": "add_to_cart",
    "hello": "greet",
    "weather": "out_of_scope",
    "thanks": "thank",
}


async def parse(text: str) -> dict[str, Any]:
    found = [intent for word, intent in INTENTS.items() if word in text.lower()]
    return {"intent": {"name": found[0] if found else "out_of_scope", "confidence": 0.9}}


def acts(text: str) -> list[str]:
    return [act.text for act in asyncio.run(acts_of(text, parse))]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("compare the first two, and do you ship to Malta?", ["compare the first two", "do you ship to Malta?"]),
        ("Is it waterproof? And how heavy is it?", ["Is it waterproof?", "how heavy is it?"]),
        ("put the first in my cart and show me cheaper ones", ["put the first in my cart", "show me cheaper ones"]),
        ("a backpack under 50. what about returns", ["a backpack under 50.", "what about returns"]),
    ],
)
def test_acts_are_parted(text: str, parts: list[str]) -> None:
    assert acts(text) == parts


@pytest.mark.parametrize(
    ("entities", "references", "parts"),
    [
        (["category"], [], 1),
        (["category", "ordinal"], [], 2),
        (["product"], [], 2),
        (["category"], [{"kind": "it"}], 2),
    ],
)
def test_details_of_a_kind_are_a_search(entities: list[str], references: list[dict[str, Any]], parts: int) -> None:
    async def parsed(text: str) -> dict[str, Any]:
        if "see" not in text:
            return {"intent": {"name": "inform_preference", "confidence": 0.9}, "entities": [{"entity": "brand"}]}
        found = [{"entity": name} for name in entities]
        return {
            "intent": {"name": "ask_product_details", "confidence": 0.9},
            "entities": found,
            "references": references,
        }

    assert len(asyncio.run(acts_of("Only Kestrel for me. Let me see the chairs.", parsed))) == parts


@pytest.mark.parametrize(
    "text",
    [
        "a red and blue backpack",
        "a backpack, and i want it under 50",
        "cheaper and do show me a backpack",
        "hello. i need a backpack",
        "show me a backpack. thanks",
        "is it waterproof and is the weather nice",
        '/inform_preference{"answer":"colour=red"}',
        "compare the first two and compare the last two",
        "a backpack that is red and is waterproof",
        "a backpack. choose the waterproof one",
        "i need a backpack. put the red one in my cart",
        "and",
        "",
    ],
)
def test_one_act_stays_whole(text: str) -> None:
    assert acts(text) == [text]


def test_what_is_no_act_stays_with_its_neighbour() -> None:
    assert acts("hello. compare these two. do you ship to Malta? thanks") == [
        "hello. compare these two.",
        "do you ship to Malta? thanks",
    ]


def test_what_is_not_understood_well_is_not_parted() -> None:
    async def unsure(text: str) -> dict[str, Any]:
        return {"intent": {"name": "faq", "confidence": 0.4}}

    assert len(asyncio.run(acts_of("compare them, and do you ship?", unsure))) == 1


def test_no_more_than_three() -> None:
    text = "compare them. do you ship there? can i return it? put it in my cart"
    assert len(acts(text)) == 3
    assert parts_of(text) == ["compare them.", "do you ship there?", "can i return it?", "put it in my cart"]


def test_questions_go_before_the_search_and_an_answer_before_all() -> None:
    found = [Act("a backpack", "search_products"), Act("do you ship", "faq/shipping")]
    assert [act.base for act in in_order(found, question_open=False)] == ["faq", "search_products"]
    assert [act.base for act in in_order(found, question_open=True)] == ["search_products", "faq"]


class Processor:
    async def parse_message(self, message: UserMessage, tracker: Any) -> dict[str, Any]:
        return await parse(message.text or "")


def test_all_acts_are_served_in_one_turn_and_a_question_is_put_once() -> None:
    agent: Any = SimpleNamespace(processor=Processor(), tracker_store=InMemoryTrackerStore(Domain.empty()), domain=None)
    heard: list[str] = []

    async def serve(message: UserMessage) -> None:
        heard.append(message.text or "")
        buttons = [{"title": "Yes", "payload": "/affirm"}]
        await message.output_channel.send_response("s", {"text": f"re: {message.text}"})
        await message.output_channel.send_response("s", {"text": "Which colour?", "buttons": buttons})

    channel = CollectingOutputChannel()
    message = UserMessage("show me a backpack, and do you ship to Malta?", channel, "s")
    asyncio.run(answered(serve, lambda: agent)(message))
    assert heard == ["do you ship to Malta?", "show me a backpack"]
    texts = [reply["text"] for reply in channel.messages]
    assert texts == ["re: do you ship to Malta?", "re: show me a backpack", "Which colour?"]


def test_an_act_that_fails_takes_none_along() -> None:
    agent: Any = SimpleNamespace(processor=Processor(), tracker_store=InMemoryTrackerStore(Domain.empty()), domain=None)

    async def serve(message: UserMessage) -> None:
        if "compare" in (message.text or ""):
            raise RuntimeError("no")
        await message.output_channel.send_response("s", {"text": "We do."})

    channel = CollectingOutputChannel()
    asyncio.run(answered(serve, lambda: agent)(UserMessage("compare these, and do you ship?", channel, "s")))
    assert [reply["text"] for reply in channel.messages] == ["We do."]
