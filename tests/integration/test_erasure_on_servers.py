"""Both servers, real: somebody talks, takes a copy and is erased; nothing on the disk holds their account or words."""

import time
from urllib.parse import urlsplit

import httpx
import pytest

from shopguide.bootstrap import Shop
from shopguide.guide.proving import Proving
from shopguide.ids import ConversationId, ShopperId
from shopguide.privacy.files import files_of, holds
from shopguide.privacy.needles import Needles
from shopguide.settings import DEVELOPMENT_SECRET
from tests.support.live_shop import LiveShop

pytestmark = [
    pytest.mark.servers,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning"),
]

SENDER, OTHER = ConversationId("sender-zqxgone"), ConversationId("sender-zqxstays")
KEY = {"X-API-Key": DEVELOPMENT_SECRET}


@pytest.fixture
def own(shop: LiveShop) -> Shop:
    """The same shop as the servers', in this process."""
    return Shop(shop.settings)


def told(shop: LiveShop, own: Shop) -> ShopperId:
    """Let both talk; return who one of them is."""
    for sender in (SENDER, OTHER):
        for text in ("hello there", "I need running shoes under 120", "something cheaper"):
            shop.say(sender, text)
    return own.profiles.shopper_for("rest", SENDER)


def test_somebody_is_erased_from_both_servers(shop: LiveShop, own: Shop) -> None:
    who = told(shop, own)
    other = own.profiles.shopper_for("rest", OTHER)
    copy = httpx.get(f"{shop.guide_url}/v1/shoppers/{who}/export", headers=KEY, timeout=30).json()
    assert "I need running shoes under 120" in [said["text"] for said in copy["conversations"][0]["said"]]
    assert copy["shown"] and copy["shown"][0]["products"][0]["title"]

    link = urlsplit(httpx.post(f"{shop.guide_url}/v1/shoppers/{who}/copy-link", headers=KEY).json()["url"])
    page = httpx.get(f"{shop.guide_url}{link.path}?{link.query}", timeout=30)
    assert page.status_code == 200 and "running shoes" in page.text

    others = len(own.privacy.conversations.said_in(OTHER))
    answer = httpx.delete(f"{shop.guide_url}/v1/shoppers/{who}", headers=KEY, timeout=60).json()
    assert answer["complete"] and answer["erased"]["identities"] == 1

    proving = Proving(own.privacy, own.outbox, lambda _: [], [shop.folder])
    proof = proving.prove(who, [SENDER])
    # The write-ahead log is emptied as soon as no other connection reads.
    for _ in range(50):
        if proof.clean:
            break
        time.sleep(0.1)
        own.privacy.store.overwrite_log()
        proof = proving.prove(who, [SENDER])
    assert proof.clean, proof
    assert len(own.privacy.conversations.said_in(OTHER)) == others
    assert own.profiles.show(other)
    assert any(holds(file, Needles([OTHER])) for file in files_of([shop.folder])), "or the search finds nothing at all"

    assert own.profiles.shopper_for("rest", SENDER) != who, "whoever comes back is somebody new"
    assert shop.say(SENDER, "hello there").texts


def test_the_servers_delete_what_could_not_be_deleted_at_once(shop: LiveShop, own: Shop) -> None:
    who = told(shop, own)
    shop.stop("dialogue")
    answer = httpx.delete(f"{shop.guide_url}/v1/shoppers/{who}", headers=KEY, timeout=60).json()
    assert not answer["complete"]
    shop.start_dialogue()
    assert own.privacy.conversations.held(SENDER) > 0
    assert own.privacy.finish()
    assert own.privacy.conversations.held(SENDER) == 0
