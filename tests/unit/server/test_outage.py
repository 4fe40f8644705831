"""Events while the database is away: they wait on the disk, and come in when it is back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shopguide.errors import DatabaseError
from shopguide.guide.recording import Recorder
from shopguide.ids import ConversationId, ShopperId
from shopguide.outbox.box import Outbox
from shopguide.server.app import create_app
from shopguide.server.security import ChatTokens
from tests.support.shop import CHAT_SECRET, FakeShop
from tests.unit.server.test_chat_identity import event, slate_of

ANN = ShopperId("ann")
EVENTS = [
    {"event_id": f"e{n}", "kind": "click", "shopper_id": "ann", "sku": "mug/1", "at": datetime.now(UTC).isoformat()}
    for n in range(3)
]


class Outage:
    """The way to the database, which can be cut."""

    def __init__(self, shop: FakeShop) -> None:
        self.over = False
        self._together = shop.database.together

    @contextmanager
    def together(self, patience: float | None) -> Iterator[None]:
        if not self.over:
            raise DatabaseError("sqlite:///shop.db: database is locked")
        with self._together(patience):
            yield


@pytest.fixture
def outage(shop: FakeShop) -> Outage:
    outage = Outage(shop)
    shop.recorder = recorder(shop, outage, shop.outbox)
    return outage


def recorder(shop: FakeShop, outage: Outage, outbox: Outbox) -> Recorder:
    index = shop.catalogue.index
    return Recorder(shop.profiles, shop.feedback, index=index, together=outage.together, outbox=outbox)  # type: ignore[arg-type]


def test_events_are_accepted_for_later_and_written_when_the_database_is_back(
    client: TestClient, shop: FakeShop, outage: Outage, key: dict[str, str]
) -> None:
    answer = client.post("/v1/events", json={"events": [*EVENTS, EVENTS[0]]}, headers=key)
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 0, "duplicates": 0, "refused": [], "queued": 3}
    assert shop.feedback.count() == 0
    numbers = client.get("/metrics").text
    assert 'shopguide_feedback_events_total{outcome="queued"} 3.0' in numbers
    assert 'shopguide_outbox_entries{state="all"} 3.0' in numbers
    outage.over = True
    deadline = time.monotonic() + 20
    while shop.feedback.count() < 3:
        assert time.monotonic() < deadline, "the chore delivers them"
        time.sleep(0.05)
    assert client.post("/v1/events", json=EVENTS[0], headers=key).json()["duplicates"] == 1
    assert not shop.profiles.taste(ANN).is_empty


def test_a_server_that_stops_delivers_what_it_can(shop: FakeShop, outage: Outage, app: FastAPI) -> None:
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        outage.over = False
        shop.recorder.take([])
        shop.recorder.keep(slate_of("web-1"))
        assert shop.outbox.waiting() == 1
        outage.over = True
    assert shop.outbox.waiting() == 0


def test_a_server_that_starts_delivers_what_an_earlier_one_left(
    shop: FakeShop, outage: Outage, no_actions: str
) -> None:
    shop.recorder.keep(slate_of("web-1"))
    outage.over = True
    with TestClient(create_app(shop.as_shop, actions=no_actions)):
        pass
    assert shop.feedback.latest_slate(ConversationId("web-1")) is not None


def test_when_not_even_the_disk_takes_them_the_shop_is_told_to_come_again(
    client: TestClient, shop: FakeShop, outage: Outage, key: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    shop.recorder = recorder(shop, outage, Outbox(tmp_path / "file" / "outbox.db"))
    answer = client.post("/v1/events", json=EVENTS[0], headers=key)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]


def test_the_chat_page_reports_on_a_slate_that_waits_itself(client: TestClient, shop: FakeShop, outage: Outage) -> None:
    token, _ = ChatTokens(CHAT_SECRET).issue(ConversationId("web-me"))
    recorder(shop, outage, shop.outbox).keep(slate_of("web-me", "s1"))
    answer = client.post(
        "/v1/chat/events", json={"events": [event(slate_id="s1")]}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["queued"] == 1
    assert answer.json()["refused"] == []
