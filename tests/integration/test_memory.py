"""Both servers, real: what one session says is used and explained in the next, seen, and forgotten for good."""

import httpx
import pytest

from shopguide.bootstrap import Shop
from shopguide.ids import ConversationId
from tests.support.live_shop import TOKEN, LiveShop

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def new_session(shop: LiveShop, sender: str) -> None:
    """Let the dialogue server begin another session, as it does by itself after an hour without a message."""
    events = [
        {"event": "action", "name": "action_session_start"},
        {"event": "session_started"},
        {"event": "action", "name": "action_listen"},
    ]
    address = f"{shop.rasa_url}/conversations/{sender}/tracker/events"
    httpx.post(address, params={"token": TOKEN}, json=events, timeout=30).raise_for_status()


def test_two_sessions_and_then_forgotten(shop: LiveShop) -> None:
    sender = "memory-two-sessions"
    asked = shop.say(sender, "running shoes for men, i always take size 43, and nothing from kestrel")
    assert "remember" in asked.text or "in mind for next time" in asked.text
    agreed = shop.say(sender, "yes")
    assert "remember" in agreed.text or "in mind" in agreed.text
    shop.say(sender, "i like the second one")

    new_session(shop, sender)
    again = shop.say(sender, "sports shoes under 90")
    assert "you take size 43" in again.text
    (slate,) = [payload for payload in again.payloads if payload["type"] == "slate"]
    assert all(item["brand"] != "Kestrel" for item in slate["items"])
    reasons = {reason["kind"] for item in slate["items"] for reason in item["reasons"]}
    assert reasons & {"taste", "history"}
    assert "next visit" not in again.text, "asked once"

    known = shop.say(sender, "what do you know about me?")
    assert "not Kestrel (you said so" in known.text
    assert "size 43 for shoes" in known.text

    assert "sure" in shop.say(sender, "forget me").text
    own = Shop(shop.settings)
    who = own.profiles.shopper_for("rest", sender)
    shop.say(sender, "yes")
    after = shop.say(sender, "what do you know about me?")
    assert "othing" in after.text and "Kestrel" not in after.text
    assert own.profiles.shopper_for("rest", sender) != who
    assert own.feedback.history(who) == []


def test_no_to_forgetting_keeps_everything_also_beside_an_open_question(shop: LiveShop) -> None:
    sender = "memory-second-thoughts"
    assert shop.say(sender, "i need shoes").slots["requested_slot"]
    question = shop.say(sender, "forget me")
    assert "sure" in question.text
    assert question.slots["requested_slot"] is None
    assert "eleted" in shop.say(sender, "no").text
    assert "shoes" in shop.say(sender, "what do you know about me?").text


def test_without_consent_nothing_outlasts_the_conversation(shop: LiveShop) -> None:
    sender = "memory-refused"
    shop.say(sender, "a red dress under 90")
    shop.say(sender, "no")
    profiles = Shop(shop.settings).profiles
    who = profiles.shopper_for("rest", sender)
    assert profiles.taste(who).is_empty
    assert profiles.taste(who, conversation_id=ConversationId(sender)).weight("colour", "red") > 0


def test_history_can_be_left_aside_for_a_session(shop: LiveShop) -> None:
    sender = "memory-aside"
    assert shop.say(sender, "running shoes for men, i always take size 43").slots["size"] == ["43"]
    shop.say(sender, "yes")
    new_session(shop, sender)
    shop.say(sender, "please don't use my history in this chat")
    without = shop.say(sender, "running shoes for women under 80")
    assert "43" not in without.text and not without.slots["size"]
    shop.say(sender, "use my history again")
    assert shop.say(sender, "running shoes for men under 90").slots["size"] == ["43"]
