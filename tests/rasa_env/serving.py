"""Our channels on a real server, with a fake agent below."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from rasa.core.channels.channel import UserMessage, register
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import EndpointConfig
from sanic import Sanic

from rasa_addons.channels import GuideRestInput, GuideSocketIOInput
from rasa_addons.privacy import PrivacyRoutes
from rasa_addons.settings import Settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"
PRODUCTION = Settings(environment="production", chat_secret=SECRET)
DEVELOPMENT = Settings(chat_secret=SECRET)

Turn = Callable[[UserMessage], Awaitable[None]]


class FakeAgent:
    """What a channel needs of Rasa's agent; each turn is a function, and has the conversation's lock as Rasa's has."""

    def __init__(self, turn: Turn, store: TrackerStore | None = None) -> None:
        self.turn = turn
        self.processor = None  # no model: a message is one act
        self.domain = Domain.empty()
        self.tracker_store: TrackerStore = FailSafeTrackerStore(store or InMemoryTrackerStore(self.domain))
        self.lock_store = InMemoryLockStore()
        self.action_endpoint = EndpointConfig("http://127.0.0.1:5055/webhook")
        self.messages: list[UserMessage] = []

    async def handle_message(self, message: UserMessage) -> None:
        self.messages.append(message)
        async with self.lock_store.lock(message.sender_id):
            await self.turn(message)


@asynccontextmanager
async def server(
    turn: Turn, settings: Settings = DEVELOPMENT, store: TrackerStore | None = None
) -> AsyncIterator[tuple[str, FakeAgent]]:
    """Run the channels on a free port, as `rasa run` does."""
    agent = FakeAgent(turn, store)
    before, records = getattr(Sanic, "test_mode", False), logging.getLogRecordFactory()
    Sanic.test_mode = (
        True  # it rewrites its own methods at every start; outside this mode it can do so once in a process
    )
    app = Sanic(f"channels_{time.monotonic_ns()}", configure_logging=False)
    app.ctx.agent = agent
    register([GuideRestInput(settings), GuideSocketIOInput(settings), PrivacyRoutes(settings)], app, route="/webhooks/")
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    running = await app.create_server(sock=listening, return_asyncio_server=True, access_log=False)
    await running.startup()
    await running.after_start()
    try:
        yield f"http://127.0.0.1:{port}", agent
    finally:
        running.close()
        await running.wait_closed()
        Sanic.test_mode = before
        logging.setLogRecordFactory(records)  # a server makes the whole process discreet
        logging.captureWarnings(False)


async def post(url: str, body: Any, query: str = "") -> tuple[int, Any]:
    """Send one message over REST; return the status and the replies, or the text that came instead."""
    address = f"{url}/webhooks/rest/webhook{query}"
    async with aiohttp.ClientSession() as session, session.post(address, json=body) as response:
        text = await response.text()
        return response.status, (await response.json()) if response.status == 200 and not query else text


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test that awaits things."""
    asyncio.set_event_loop_policy(
        asyncio.DefaultEventLoopPolicy()
    )  # Sanic's import chose uvloop, whose loops close slowly
    asyncio.run(asyncio.wait_for(test(), 30))
