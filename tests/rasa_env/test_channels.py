"""The channels on a real server, with a fake agent below and real clients above."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import jwt
import pytest
import rasa.core.actions.action
import socketio
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ConversationPaused
from rasa.shared.core.trackers import DialogueStateTracker
from serving import PRODUCTION, SECRET, Turn, post, run, server

from rasa_addons.channels import IdentityError, verified_sender
from rasa_addons.intent_features import MAX_CHARACTERS
from rasa_addons.settings import Settings

SLATE = {"type": "slate", "slate_id": "s1", "items": [{"sku": "a", "title": "<b>Lamp</b>"}], "room": "not a room"}
BUTTON = {"title": "Cheaper", "payload": '/critique_slate{"critique":"price:down"}'}


async def reply_with_slate(message: UserMessage) -> None:
    await message.output_channel.send_response(
        message.sender_id, {"text": "One lamp.\n\nLook:", "custom": dict(SLATE), "buttons": [BUTTON]}
    )


async def say_nothing(message: UserMessage) -> None:
    return None


async def reply_emptily(message: UserMessage) -> None:
    await message.output_channel.send_response(message.sender_id, {"text": "", "buttons": []})


async def fail(message: UserMessage) -> None:
    raise RuntimeError("the lock store is down")


def token(subject: Any = "web-1", secret: str = SECRET, expires_in: int = 60, **more: Any) -> str:
    return jwt.encode({"sub": subject, "exp": int(time.time()) + expires_in, **more}, secret, algorithm="HS256")


# -- REST ----------------------------------------------------------------------------------------------------


def test_rest_sends_text_buttons_and_payload_in_one_message() -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, _):
            status, replies = await post(url, {"sender": "ann", "message": "lamps"})
            assert status == 200
            expected = {"text": "One lamp.\n\nLook:", "custom": SLATE, "buttons": [BUTTON]}
            assert replies == [{"recipient_id": "ann", **expected}]
            _, streamed = await post(url, {"sender": "ann", "message": "lamps"}, "?stream=true")
            assert '"slate_id": "s1"' in streamed

    run(check)


@pytest.mark.parametrize("turn", [say_nothing, reply_emptily, fail])
def test_a_turn_without_a_reply_brings_an_apology(turn: Turn) -> None:
    async def check() -> None:
        async with server(turn) as (url, _):
            _, replies = await post(url, {"sender": "ann", "message": "lamps"})
            assert [reply["recipient_id"] for reply in replies] == ["ann"]
            assert "try again" in replies[0]["text"]
            assert "lock store" not in str(replies)

    run(check)


def test_the_apology_is_the_domains_where_it_has_one() -> None:
    async def check() -> None:
        async with server(say_nothing) as (url, agent):
            agent.domain = Domain.from_dict({"responses": {"utter_smalltalk_apology": [{"text": "Back soon."}]}})
            from rasa.core.nlg import TemplatedNaturalLanguageGenerator

            agent.nlg = TemplatedNaturalLanguageGenerator(agent.domain.responses)  # type: ignore[attr-defined]
            _, replies = await post(url, {"sender": "ann", "message": "lamps"})
            assert replies == [{"recipient_id": "ann", "text": "Back soon."}]

    run(check)


def test_a_paused_conversation_stays_silent() -> None:
    async def check() -> None:
        async with server(say_nothing) as (url, agent):
            await agent.tracker_store.save(DialogueStateTracker.from_events("ann", [ConversationPaused()]))
            assert (await post(url, {"sender": "ann", "message": "hello?"}))[1] == []
            assert (await post(url, {"sender": "bob", "message": "hello?"}))[1] != []

    run(check)


def test_a_long_message_is_shortened_and_the_shopper_told() -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, agent):
            _, replies = await post(url, {"sender": "ann", "message": "lamp " * 1000})
            assert len(agent.messages[0].text) == MAX_CHARACTERS
            assert "2,000" in replies[0]["text"]
            assert replies[1]["custom"]["type"] == "slate"

    run(check)


@pytest.mark.parametrize(
    "body",
    [
        {"sender": "ann"},
        {"sender": "ann", "message": {"text": "hi"}},
        {"sender": ["ann"], "message": "hi"},
        {"sender": "x" * 300, "message": "hi"},
        {"sender": "web-1", "message": "hi"},
        ["hi"],
        "hi",
        None,
    ],
)
def test_rest_refuses_what_it_cannot_take(body: Any) -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, agent):
            status, _ = await post(url, body)
            assert status == 400
            assert not agent.messages

    run(check)


def test_rest_lets_the_body_choose_no_channel_and_shares_no_default_conversation() -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, agent):
            for _ in range(2):
                await post(url, {"message": "hi", "input_channel": "socketio", "metadata": "not an object"})
            first, second = agent.messages
            assert first.input_channel == "rest"
            assert first.metadata is None
            assert first.sender_id != second.sender_id

    run(check)


def test_the_configured_guide_server_replaces_the_one_in_endpoints() -> None:
    async def check() -> None:
        async with server(say_nothing, Settings(action_url="http://guide:1/webhook")) as (_, agent):
            assert agent.action_endpoint.url == "http://guide:1/webhook"
        async with server(say_nothing) as (_, agent):
            assert agent.action_endpoint.url == "http://127.0.0.1:5055/webhook"
        assert rasa.core.actions.action.DEFAULT_REQUEST_TIMEOUT == 20

    run(check)


# -- Socket.IO -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def client(url: str, auth: Any) -> AsyncIterator[SimpleNamespace]:
    """Connect a real client; `events` collects what the server sends."""
    session = aiohttp.ClientSession()  # of our own: the client leaves its session open when it is refused
    connection = socketio.AsyncClient(reconnection=False, http_session=session)
    events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    answered = asyncio.Event()
    for name in ("bot_uttered", "session_confirm", "connect_error", "message_refused"):

        async def note(data: Any, name: str = name) -> None:
            await events.put((name, data))
            if name == "connect_error":
                answered.set()

        connection.on(name, note)
    connection.on("connect", answered.set)
    with contextlib.suppress(socketio.exceptions.ConnectionError):
        await connection.connect(url, auth=auth, transports=["polling"], wait=False)
    await asyncio.wait_for(answered.wait(), 5)
    try:
        yield SimpleNamespace(emit=connection.emit, events=events, connection=connection)
    finally:
        await connection.disconnect()
        await session.close()


def test_socketio_speaks_in_the_conversation_that_the_token_names() -> None:
    async def check() -> None:
        async with server(reply_with_slate, PRODUCTION) as (url, agent), client(url, {"token": token()}) as page:
            await page.emit("session_request", {"session_id": "web-2"})
            assert await page.events.get() == ("session_confirm", "web-1")
            await page.emit("user_uttered", {"message": "lamps", "session_id": "web-2"})
            name, reply = await page.events.get()
            assert name == "bot_uttered"
            assert reply == {"text": "One lamp.\n\nLook:", "custom": SLATE, "buttons": [BUTTON]}
        assert agent.messages[0].sender_id == "web-1"
        assert agent.messages[0].input_channel == "socketio"

    run(check)


def test_socketio_sends_a_reply_to_nobody_else() -> None:
    async def check() -> None:
        async with (
            server(reply_with_slate, PRODUCTION) as (url, _),
            client(url, {"token": token("web-1")}) as ann,
            client(url, {"token": token("web-2")}) as bob,
        ):
            await ann.emit("user_uttered", {"message": "lamps"})
            assert (await ann.events.get())[0] == "bot_uttered"
            await asyncio.sleep(0.1)
            assert bob.events.empty()

    run(check)


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        {"token": ""},
        {"token": "nonsense"},
        {"token": token(secret="another-shop's-secret-that-is-long-enough")},
        {"token": token(expires_in=-60)},
        {"token": token(subject="ann")},
        {"token": jwt.encode({"sub": "web-1"}, SECRET, algorithm="HS256")},
        {"token": jwt.encode({"sub": "web-1", "exp": 9e9}, None, algorithm="none")},
    ],
)
def test_socketio_refuses_an_unproven_identity_and_says_so(auth: Any) -> None:
    async def check() -> None:
        async with server(reply_with_slate, PRODUCTION) as (url, agent):
            async with client(url, auth) as page:
                name, told = await page.events.get()
                assert name == "connect_error"
                assert "token" in told["message"]
                assert not page.connection.connected
            assert not agent.messages

    run(check)


def test_in_development_no_token_brings_a_fresh_identity() -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, _):
            confirmed = []
            for _ in range(2):
                async with client(url, None) as page:
                    await page.emit("session_request", {"session_id": "web-1"})
                    confirmed.append((await page.events.get())[1])
            assert "web-1" not in confirmed
            assert confirmed[0] != confirmed[1]

    run(check)


@pytest.mark.parametrize("data", [None, "hi", {"text": "hi"}, {"message": 3}, {"message": ["hi"]}])
def test_socketio_refuses_a_malformed_message_and_goes_on(data: Any) -> None:
    async def check() -> None:
        async with server(reply_with_slate) as (url, agent):
            async with client(url, None) as page:
                await page.emit("user_uttered", data)
                assert (await page.events.get())[0] == "message_refused"
                await page.emit("user_uttered", {"message": "lamps", "metadata": "{broken"})
                assert (await page.events.get())[0] == "bot_uttered"
            assert len(agent.messages) == 1

    run(check)


def test_a_failing_turn_brings_an_apology_over_socketio() -> None:
    async def check() -> None:
        async with server(fail) as (url, _), client(url, None) as page:
            await page.emit("user_uttered", {"message": "lamps"})
            assert "try again" in (await page.events.get())[1]["text"]

    run(check)


def test_a_token_of_another_algorithm_is_not_believed() -> None:
    forged = jwt.encode({"sub": "web-1", "exp": time.time() + 60}, SECRET * 3, algorithm="HS512")
    with pytest.raises(IdentityError):
        verified_sender(forged, Settings(chat_secret=SECRET * 3))
