"""Conversations are deleted when the guide server asks and when their shopper asks, and stay deleted."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import jwt
import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from serving import DEVELOPMENT, PRODUCTION, SECRET, FakeAgent, post, run, server
from yarl import URL

from rasa_addons.channels import IdentityError, verified_sender
from rasa_addons.erasure import ERASE_SLOT, Conversations, ForgettingTrackerStore, UnsupportedStore, backends
from rasa_addons.privacy import Refused, require_privacy_token

ODD = ["ann", "a b", "a/b/../c", "100%", "%41", "a?b=c#d", "läufer-红色", "'; drop table events; --", "../../status"]
SECONDS_APART = 10.0

Stores = Callable[[], TrackerStore]


def in_memory() -> TrackerStore:
    return InMemoryTrackerStore(Domain.empty())


@pytest.fixture(params=["memory", "sqlite"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """Make a store of each kind."""
    path = str(tmp_path / "tracker.db")
    return in_memory if request.param == "memory" else lambda: SQLTrackerStore(Domain.empty(), db=path)


def tracker_of(sender: str, *said: str, at: float = 0.0, events: list[Event] | None = None) -> DialogueStateTracker:
    """Return a conversation in which things were said, ten seconds apart."""
    uttered: list[Event] = [UserUttered(text, timestamp=at + SECONDS_APART * i) for i, text in enumerate(said)]
    slots = [AnySlot(ERASE_SLOT, mappings=[{}], influence_conversation=False)]
    return DialogueStateTracker.from_events(sender, uttered + (events or []), slots)


def token(expires_in: float = 60, secret: str = SECRET, **claims: Any) -> str:
    return jwt.encode({"aud": "privacy", "exp": int(time.time() + expires_in), **claims}, secret, algorithm="HS256")


async def call(url: str, method: str, path: str, body: Any = None, *, bearer: str | None = None) -> tuple[int, Any]:
    """Call a route as the guide server does, with JSON or bytes; return the status and the JSON."""
    headers = {"Authorization": f"Bearer {token() if bearer is None else bearer}"}
    data = body if body is None or isinstance(body, bytes) else json.dumps(body)
    address = URL(f"{url}/webhooks/privacy/{path}", encoded=True)  # the path is encoded already
    async with aiohttp.ClientSession() as session, session.request(method, address, data=data, headers=headers) as got:
        text = await got.text()
        if got.status >= 400:
            assert got.content_type == "application/problem+json"
            assert json.loads(text)["status"] == got.status
        return got.status, json.loads(text) if text else None


def path_of(conversation: str) -> str:
    return "conversations/" + quote(conversation, safe="").replace(".", "%2E")


async def say_nothing(message: UserMessage) -> None:
    return None


# -- what the guide server asks for -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ODD)
def test_a_conversation_is_deleted_and_no_other(new_store: Stores, sender: str) -> None:
    async def check() -> None:
        async with server(say_nothing, store=new_store()) as (url, agent):
            await agent.tracker_store.save(tracker_of(sender, "hello", "blue bags"))
            await agent.tracker_store.save(tracker_of(sender + "2", "hello"))
            assert await call(url, "GET", path_of(sender)) == (200, {"events": 2})
            for _ in range(2):  # nothing is left the second time, and that is well
                assert await call(url, "DELETE", path_of(sender)) == (204, None)
            assert await call(url, "GET", path_of(sender)) == (200, {"events": 0})
            assert await call(url, "GET", path_of(sender + "2")) == (200, {"events": 1})
            assert await agent.tracker_store.retrieve(sender) is None

    run(check)


@pytest.mark.parametrize("sender", ODD)
def test_what_was_said_is_told_to_the_guide_server(new_store: Stores, sender: str) -> None:
    async def check() -> None:
        async with server(say_nothing, store=new_store()) as (url, agent):
            answers: list[Event] = [BotUttered("Here you are.", timestamp=105), SlotSet("nothing", 1, timestamp=106)]
            await agent.tracker_store.save(tracker_of(sender, "hello", "blue bags", at=100, events=answers))
            await agent.tracker_store.save(tracker_of(sender + "2", "not mine"))
            path = path_of(sender).replace("conversations", "said", 1)
            assert await call(url, "GET", path) == (
                200,
                {
                    "said": [
                        {"at": 100.0, "by": "shopper", "text": "hello"},
                        {"at": 105.0, "by": "guide", "text": "Here you are."},
                        {"at": 110.0, "by": "shopper", "text": "blue bags"},
                    ]
                },
            )
            assert await call(url, "GET", "said/nobody") == (200, {"said": []})

    run(check)


def test_what_was_said_after_the_request_stays(new_store: Stores) -> None:
    async def check() -> None:
        async with server(say_nothing, store=new_store()) as (url, agent):
            await agent.tracker_store.save(tracker_of("ann", "before", "at the time", "after", at=100))
            assert (await call(url, "DELETE", path_of("ann") + "?until=110"))[0] == 204
            kept = await agent.tracker_store.retrieve("ann")
            assert [event.text for event in kept.events if isinstance(event, UserUttered)] == ["after"]

    run(check)


def test_many_are_deleted_in_one_call(new_store: Stores) -> None:
    async def check() -> None:
        async with server(say_nothing, store=new_store()) as (url, agent):
            for sender in ODD:
                await agent.tracker_store.save(tracker_of(sender, "hello", "hello again"))
            asked = {"conversations": [*ODD[1:], ODD[1], "never-seen"]}
            assert await call(url, "POST", "erase", asked) == (200, {"events": 2 * len(ODD[1:]), "failed": []})
            assert list(await agent.tracker_store.keys()) == [ODD[0]]

    run(check)


def test_one_that_cannot_be_deleted_is_named_and_keeps_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        async with server(say_nothing) as (url, agent):
            for sender in ("ann", "bob", "eve"):
                await agent.tracker_store.save(tracker_of(sender, "hello"))
            issue = agent.lock_store.issue_ticket

            def refuse_bob(conversation_id: str, *rest: Any) -> int:
                if conversation_id == "bob":
                    raise RuntimeError(f"no lock for {conversation_id}")
                return issue(conversation_id, *rest)

            agent.lock_store.issue_ticket = refuse_bob  # type: ignore[method-assign]
            asked = {"conversations": ["ann", "bob", "eve"]}
            assert await call(url, "POST", "erase", asked) == (200, {"events": 2, "failed": ["bob"]})
            assert list(await agent.tracker_store.keys()) == ["bob"]
            assert (await call(url, "DELETE", path_of("bob")))[0] == 503
        assert "could not be deleted" in caplog.text
        assert "bob" not in caplog.text

    run(check)


def test_conversations_expire_by_their_last_event(new_store: Stores) -> None:
    async def check() -> None:
        async with server(say_nothing, store=new_store()) as (url, agent):
            await agent.tracker_store.save(tracker_of("old", "hello", "bye", at=100))  # last: 110
            await agent.tracker_store.save(tracker_of("came back", "hello", "again", at=105))  # last: 115
            assert await call(url, "POST", "expire", {"before": 110}) == (200, {"conversations": 0})
            assert await call(url, "POST", "expire", {"before": 110.5}) == (200, {"conversations": 1})
            assert list(await agent.tracker_store.keys()) == ["came back"]

    run(check)


def test_deletion_waits_for_the_turn_that_is_going_on(new_store: Stores) -> None:
    async def check() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def turn(message: UserMessage) -> None:
            begun.set()
            await go_on.wait()
            await agent.tracker_store.save(tracker_of(message.sender_id, message.text))

        async with server(turn, store=new_store()) as (url, agent):
            await agent.tracker_store.save(tracker_of("ann", "hello"))
            talking = asyncio.create_task(post(url, {"sender": "ann", "message": "and a lamp"}))
            await begun.wait()
            deleting = asyncio.create_task(call(url, "DELETE", path_of("ann")))
            while agent.lock_store.conversation_locks["ann"].last_issued < 1:  # both have a ticket
                await asyncio.sleep(0.01)
            assert not deleting.done()
            go_on.set()
            await asyncio.gather(talking, deleting)
            assert await agent.tracker_store.retrieve("ann") is None

    run(check)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "erase", {}),
        ("POST", "erase", {"conversations": "ann"}),
        ("POST", "erase", {"conversations": ["ann", 1]}),
        ("POST", "erase", {"conversations": ["ann"], "until": "yesterday"}),
        ("POST", "erase", ["ann"]),
        ("POST", "expire", {}),
        ("POST", "expire", {"before": "yesterday"}),
        ("POST", "expire", {"before": True}),
        ("POST", "expire", {"before": "nan"}),
        ("POST", "expire", None),
        ("DELETE", "conversations/ann?until=soon", None),
    ],
)
def test_what_makes_no_sense_is_refused_and_deletes_nothing(method: str, path: str, body: Any) -> None:
    async def check() -> None:
        async with server(say_nothing) as (url, agent):
            await agent.tracker_store.save(tracker_of("ann", "hello"))
            assert (await call(url, method, path, body))[0] == 400
            assert (await call(url, "GET", path_of("ann"))) == (200, {"events": 1})

    run(check)


def test_broken_and_overlong_bodies_are_refused() -> None:
    async def check() -> None:
        async with server(say_nothing) as (url, _):
            assert (await call(url, "POST", "erase", b"{broken"))[0] == 400
            assert (await call(url, "POST", "erase", {"conversations": ["x"] * 1001}))[0] == 413

    run(check)


# -- who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "nonsense",
        token(expires_in=-60),
        token(expires_in=3600),
        token(secret="another secret that is as long as ours"),
        token(aud="chat"),
        jwt.encode({"sub": "web-1", "exp": int(time.time()) + 60}, SECRET, algorithm="HS256"),  # a chat token
        jwt.encode({"aud": "privacy"}, SECRET, algorithm="HS256"),
        jwt.encode({"aud": "privacy", "exp": int(time.time()) + 60}, "", algorithm="none"),
        jwt.encode({"aud": "privacy", "exp": int(time.time()) + 60}, SECRET * 2, algorithm="HS512"),
    ],
)
def test_only_the_guide_servers_token_opens_a_route(bearer: str) -> None:
    async def check() -> None:
        async with server(say_nothing, PRODUCTION) as (url, agent):
            await agent.tracker_store.save(tracker_of("ann", "hello"))
            for method, path, body in (
                ("GET", path_of("ann"), None),
                ("GET", "said/ann", None),
                ("DELETE", path_of("ann"), None),
                ("POST", "erase", {"conversations": ["ann"]}),
                ("POST", "expire", {"before": time.time() + 60}),
            ):
                assert (await call(url, method, path, body, bearer=bearer))[0] == 401
            assert await agent.tracker_store.retrieve("ann") is not None

    run(check)


def test_no_token_is_no_way_in_either() -> None:
    for header in (None, "", "Bearer", "Bearer ", f"Basic {token()}", token()):
        with pytest.raises(Refused):
            require_privacy_token(header, DEVELOPMENT)
    require_privacy_token(f"bearer {token()}", DEVELOPMENT)


def test_a_privacy_token_opens_no_conversation() -> None:
    with pytest.raises(IdentityError):
        verified_sender(token(sub="web-1"), PRODUCTION)


# -- forgetting inside a turn -----------------------------------------------------------------------------------------


def forgetting_turn(find_agent: Callable[[], FakeAgent]) -> Callable[[UserMessage], Any]:
    """Return a turn that ends as Rasa's does, by saving the tracker; "forget me" fills the slot in it."""

    async def turn(message: UserMessage) -> None:
        store = find_agent().tracker_store
        known = await store.retrieve(message.sender_id) or tracker_of(message.sender_id)
        tracker = tracker_of(message.sender_id, events=[*known.events, UserUttered(message.text)])
        await message.output_channel.send_response(message.sender_id, {"text": f"{len(tracker.events)} events"})
        if message.text == "forget me":
            tracker.update(SlotSet(ERASE_SLOT, True))
        await store.save(tracker)

    return turn


def test_a_turn_that_forgets_leaves_nothing_and_the_next_starts_anew(new_store: Stores) -> None:
    async def check() -> None:
        agents: list[FakeAgent] = []
        async with server(forgetting_turn(lambda: agents[0]), store=new_store()) as (url, agent):
            agents.append(agent)
            said = ["a red lamp", "forget me", "hello again"]
            replies = [(await post(url, {"sender": "ann", "message": text}))[1][0]["text"] for text in said[:2]]
            assert replies == ["1 events", "2 events"]
            assert await agent.tracker_store.retrieve("ann") is None
            assert await call(url, "GET", path_of("ann")) == (200, {"events": 0})
            assert (await post(url, {"sender": "ann", "message": said[2]}))[1][0]["text"] == "1 events"
            assert await call(url, "GET", path_of("ann")) == (200, {"events": 1})

    run(check)


def test_a_message_that_waits_behind_the_forgetting_finds_nothing(new_store: Stores) -> None:
    async def check() -> None:
        agents: list[FakeAgent] = []
        async with server(forgetting_turn(lambda: agents[0]), store=new_store()) as (url, agent):
            agents.append(agent)
            await agent.tracker_store.save(tracker_of("ann", *["earlier"] * 5))
            both = await asyncio.gather(
                post(url, {"sender": "ann", "message": "forget me"}), post(url, {"sender": "ann", "message": "hello"})
            )
            assert [replies[0]["text"] for _, replies in both] == ["6 events", "1 events"]

    run(check)


@pytest.mark.parametrize("value", [None, False, "true", 1])
def test_only_true_forgets(value: Any) -> None:
    async def check() -> None:
        store = ForgettingTrackerStore(InMemoryTrackerStore(Domain.empty()))
        await store.save(tracker_of("ann", "hello", events=[SlotSet(ERASE_SLOT, value)]))
        assert await store.retrieve("ann") is not None

    run(check)


def test_a_deletion_that_fails_is_said_without_saying_whose(caplog: pytest.LogCaptureFixture) -> None:
    class NoDisk(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            raise OSError(f"no disk for {key}")

    class Remote(TrackerStore):
        """A kind that nobody knows."""

    async def check() -> None:
        forgetting = tracker_of("web-zz9", "my secret", events=[SlotSet(ERASE_SLOT, True)])
        broken = InMemoryTrackerStore(Domain.empty())
        broken.store = NoDisk()
        for store in (broken, Remote(Domain.empty())):
            with caplog.at_level(logging.ERROR):
                await ForgettingTrackerStore(store).save(forgetting)
        assert caplog.text.count("could not be deleted") == 2
        assert "zz9" not in caplog.text and "secret" not in caplog.text

    run(check)


# -- the stores -------------------------------------------------------------------------------------------------------


def test_what_an_outage_left_in_memory_is_deleted_too(tmp_path: Path) -> None:
    async def check() -> None:
        sql = SQLTrackerStore(Domain.empty(), db=str(tmp_path / "tracker.db"))
        agent = FakeAgent(say_nothing, sql)
        await agent.tracker_store.save(tracker_of("ann", "hello"))
        save, sql.save = sql.save, None  # type: ignore[method-assign]  # the database is down
        await agent.tracker_store.save(tracker_of("ann", "hello", "are you there?"))
        sql.save = save  # type: ignore[method-assign]
        conversations = Conversations(agent)
        assert await conversations.count("ann") == 3
        assert await conversations.erase("ann") == 3
        assert await conversations.count("ann") == 0

    run(check)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_file_itself_holds_nothing_of_what_was_deleted(tmp_path: Path, journal: str) -> None:
    async def check() -> None:
        store = SQLTrackerStore(Domain.empty(), db=str(tmp_path / "tracker.db"))
        with store.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}")
        marker = "marzipan-and-lavender"
        await store.save(tracker_of("sender-marker", *[f"{marker} {n} " + "x" * 900 for n in range(50)]))
        await store.save(tracker_of("bob", "hello"))
        held = [file for file in tmp_path.iterdir() if marker.encode() in file.read_bytes()]
        assert held, "otherwise this test proves nothing"
        await Conversations(FakeAgent(say_nothing, store)).erase("sender-marker")
        for file in tmp_path.iterdir():
            assert marker.encode() not in file.read_bytes(), file.name
            assert b"sender-marker" not in file.read_bytes(), file.name
        assert await store.retrieve("bob") is not None

    run(check)


def test_another_kind_of_store_is_refused_by_name() -> None:
    class RemoteTrackerStore(TrackerStore):
        """A kind that nobody knows."""

    with pytest.raises(UnsupportedStore, match="RemoteTrackerStore"):
        backends(RemoteTrackerStore(Domain.empty()))

    async def check() -> None:
        async with server(say_nothing, store=RemoteTrackerStore(Domain.empty())) as (url, _):
            status, problem = await call(url, "DELETE", path_of("ann"))
            assert status == 501
            assert "RemoteTrackerStore" in problem["detail"]

    run(check)
