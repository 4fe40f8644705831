"""Strange messages, broken lexicons and what is not served yet, through the REST channel of a real dialogue server."""

import json
import re
import time

import httpx
import pytest

from bench.hostile import MESSAGES, PAYLOADS
from tests.eval.expectations import FAULTS
from tests.support.live_shop import LiveShop

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def conversation(text: str) -> str:
    """Return a conversation's name that may stand in an address."""
    return re.sub(r"\W+", "-", text)


def replies(shop: LiveShop, sender: str, text: str) -> list[str]:
    """Say something and return the texts of the answer; half a character goes over the wire escaped."""
    body = json.dumps({"sender": sender, "message": text})
    answer = httpx.post(f"{shop.rasa_url}/webhooks/rest/webhook", content=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return [str(message["text"]) for message in answer.json() if message.get("text")]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_gets_a_sensible_answer(shop: LiveShop, name: str) -> None:
    texts = replies(shop, conversation(f"strange-{name}"), MESSAGES[name])
    assert texts
    assert not FAULTS.search(" ".join(texts)), texts
    assert "Traceback" not in " ".join(texts)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_that_was_typed_does_nothing(shop: LiveShop, name: str) -> None:
    sender = conversation(f"typed-{name}")
    replies(shop, sender, "a red backpack")
    before = shop.say(sender, "thanks").slots
    assert before["colour"] == ["red"]
    replies(shop, sender, MESSAGES[name])
    assert shop.say(sender, "thanks").slots == before


def test_the_same_message_fifty_times(shop: LiveShop) -> None:
    answers = [" ".join(replies(shop, "again-and-again", "i need shoes")) for _ in range(50)]
    assert all(answers)
    assert not [answer for answer in answers if FAULTS.search(answer) or "lost the thread" in answer]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("where is my parcel?", r"order"),
        ("put the second one in my basket", r"basket"),
        ("do i get my money back if i return them?", r"return"),
        ("can i pay with paypal?", r"pay"),
        ("i want to speak to a real person", r"person|fetch somebody"),
    ],
)
def test_what_is_not_served_yet_is_named_and_the_question_comes_back(shop: LiveShop, text: str, named: str) -> None:
    sender = conversation(f"later-{text}")
    question = shop.say(sender, "i need shoes").slots["requested_slot"]
    assert question
    answer = replies(shop, sender, text)
    assert re.search(named, answer[0]), answer
    assert re.search(r"yet|so far|still", answer[0]), answer
    assert len(answer) == 2, "the open question is put again"
    assert shop.say(sender, "how are you?").slots["requested_slot"] == question


def test_a_lexicon_broken_on_the_way_and_mended(shop: LiveShop) -> None:
    whole = shop.lexicon.read_bytes()
    said = "The last good one stays in use"
    before = shop.log("dialogue").count(said)
    try:
        shop.lexicon.write_bytes(whole[: len(whole) // 2])
        time.sleep(2.5)  # the server looks every two seconds
        for turn in range(5):
            assert shop.say(f"broken-{turn}", "a red backpack").slots["colour"] == ["red"]
        assert shop.log("dialogue").count(said) == before + 1
        assert f"{shop.lexicon}, line " in shop.log("dialogue")
    finally:
        shop.lexicon.write_bytes(whole)
    time.sleep(2.5)
    assert shop.say("mended", "a red backpack").slots["colour"] == ["red"]


def test_without_any_good_lexicon_the_server_talks_and_takes_up_a_mended_one(shop: LiveShop) -> None:
    whole = shop.lexicon.read_bytes()
    shop.stop("dialogue")
    try:
        shop.lexicon.write_text("these are no lines of JSON\n", "utf-8")
        shop.start_dialogue()
        assert replies(shop, "without-words", "hello there")
        assert not shop.say("without-words", "a red backpack").slots["colour"]
        assert "No catalogue words are understood" in shop.log("dialogue")
    finally:
        shop.lexicon.write_bytes(whole)
    time.sleep(2.5)
    replies(shop, "with-words", "hello again")
    assert shop.say("with-words", "a red backpack").slots["colour"] == ["red"]
