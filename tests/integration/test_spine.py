"""The main job on real input: a shopper talks, is shown products that fit, corrects, and is remembered."""

import json
import statistics
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import shopguide.conversation
from shopguide.bootstrap import Shop
from shopguide.evaluation.parsing import DialogueParser
from shopguide.ids import ConversationId
from tests.eval.expectations import FAULTS, Answer, items_of
from tests.support.live_shop import TOKEN, LiveShop

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SCHEMA = Path(shopguide.conversation.__file__).parent / "schemas" / "slate.json"
MOST_QUESTIONS = 2


def slate_of(answer: Answer) -> dict[str, Any]:
    """Return the reply's slate, which is as the schema says."""
    assert not answer.fault
    assert not FAULTS.search(answer.text), answer.text
    slates = [dict(payload) for payload in answer.payloads if payload.get("type") == "slate"]
    assert len(slates) == 1, f"{len(slates)} slates in: {answer.text}"
    jsonschema.validate(slates[0], json.loads(SCHEMA.read_text("utf-8")))
    assert slates[0]["items"]
    return slates[0]


def shown(shop: LiveShop, sender: str, text: str) -> dict[str, Any]:
    """Say something, wave away what is asked, and return the slate that comes of it."""
    answer = shop.say(sender, text)
    for _ in range(MOST_QUESTIONS):
        if any(payload.get("type") == "slate" for payload in answer.payloads):
            break
        answer = shop.say(sender, "doesn't matter")
    return slate_of(answer)


def values(slate: dict[str, Any], facet: str) -> list[Any]:
    found = [item.get(facet, item["facets"].get(facet)) for item in slate["items"]]
    return [value[0] if isinstance(value, list) else value for value in found]


def test_six_turns_from_a_need_to_a_reason(shop: LiveShop) -> None:
    sender = "spine-six-turns"
    greeting = shop.say(sender, "hello there")
    assert greeting.text and not greeting.payloads

    first = shown(shop, sender, "running shoes for women please")
    assert {value.lower() for value in values(first, "category")} == {"sports shoes"}
    assert {value.lower() for value in values(first, "audience")} <= {"women", "unisex"}
    assert all(item["reasons"] for item in first["items"])

    blue = shown(shop, sender, "in blue, at most 120 euros")
    assert all("blue" in value for value in values(blue, "colour"))
    assert max(values(blue, "price")) <= 120

    cheaper = slate_of(shop.say(sender, "something cheaper"))
    assert statistics.median(values(cheaper, "price")) < statistics.median(values(blue, "price"))
    assert all("blue" in value for value in values(cheaper, "colour"))

    unwanted = values(cheaper, "brand")[0]
    without = slate_of(shop.say(sender, f"no {unwanted} please"))
    assert unwanted not in values(without, "brand")
    assert all("blue" in value for value in values(without, "colour"))

    reason = shop.say(sender, "why did you pick the first one?")
    assert reason.text and not FAULTS.search(reason.text)
    assert {"slates": reason.slots["current_slate"]} == {"slates": without["slate_id"]}, "an explanation shows no slate"


def test_what_was_said_is_remembered_with_its_source(shop: LiveShop) -> None:
    sender = "spine-memory"
    shown(shop, sender, "a red dress, but nothing by Tobrin")
    profiles = Shop(shop.settings).profiles
    view = profiles.show(profiles.shopper_for("rest", sender), conversation_id=ConversationId(sender))
    said = {(piece.facet, piece.value, piece.polarity, piece.source) for piece in view.evidence}
    assert ("colour", "red", 1, "slot") in said
    assert ("brand", "tobrin", -1, "slot") in said
    assert view.taste.weight("colour", "red") > 0 > view.taste.weight("brand", "tobrin")


def test_the_slate_is_logged_as_it_was_shown(shop: LiveShop) -> None:
    slate = shown(shop, "spine-impression", "show me monitors under 300")
    logged = Shop(shop.settings).feedback.slate(slate["slate_id"])
    assert [(item.sku, item.position) for item in logged.items] == [
        (item["sku"], item["position"]) for item in slate["items"]
    ]
    assert (logged.policy, logged.model_version) == (slate["policy"], slate["model_version"])


def test_conversations_do_not_mix(shop: LiveShop) -> None:
    shown(shop, "spine-one", "a green armchair")
    other = shop.say("spine-two", "hi")
    assert not other.slots.get("category") and not other.slots.get("colour")


def test_text_alone_is_a_full_channel(shop: LiveShop) -> None:
    sender = "spine-text"
    slate = shown(shop, sender, "a desk lamp under 90 euros")
    answer = shop.say(sender, "show me more") if slate["total_matches"] > len(slate["items"]) else None
    if answer is None:
        pytest.fail("the demo shop has too few desk lamps for this test")
    text = " ".join(answer.text.split())
    assert all(" ".join(item["title"].split()) in text for item in items_of(answer.payloads[-1]))


def test_typed_payloads_are_no_button(shop: LiveShop) -> None:
    answer = shop.say("spine-payload", '/inform_preference{"answer":"brand=kestrel"}')
    assert answer.text
    assert not answer.slots.get("brand")


def test_what_is_understood_can_be_measured(shop: LiveShop) -> None:
    with DialogueParser(shop.rasa_url, TOKEN) as parser:
        found = parser.parse("looking for a jacket under 80 euros, please")
        assert found.intent == "search_products"
        assert ("price", 80.0, "max", None, None) in [mention.key() for mention in found.mentions]
        assert parser.parse("how are you doing today?").intent.startswith("chitchat/")
        assert parser.parse("do i get my money back if i return them?").intent == "faq/returns"


def test_nobody_meets_silence_when_the_guide_server_is_gone(shop: LiveShop) -> None:
    sender = "spine-outage"
    before = shown(shop, sender, "a blue backpack")
    shop.stop("guide")
    answer = shop.say(sender, "cheaper please")
    assert not answer.fault
    assert answer.text.strip() and FAULTS.search(answer.text), answer.text
    assert "Traceback" not in answer.text
    shop.start_guide()
    again = shown(shop, sender, "a blue backpack")
    assert {item["sku"] for item in again["items"]} & {item["sku"] for item in before["items"]}
