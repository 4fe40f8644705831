"""A client of the dialogue server's REST channel."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from shopguide.errors import DialogueServerUnavailable


@dataclass(frozen=True, slots=True)
class Choice:
    """Something offered: what it says and the payload that choosing it sends."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the guide."""

    text: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


class TurnTimedOut(Exception):
    """No answer came in time; the server may still be working on it."""


class DialogueServer:
    """Where a conversation is held.

    Args:
        url: the dialogue server's address.
        timeout: seconds that a turn may take.
        transport: for tests; the network by default.
    """

    def __init__(self, url: str, timeout: float = 60.0, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, timeout=httpx.Timeout(timeout, connect=5), transport=transport)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def is_ready(self) -> bool:
        """Return whether the REST channel answers.

        Raises:
            DialogueServerUnavailable: something answers that has no REST channel.
        """
        try:
            response = self._client.get("/webhooks/rest/", timeout=5)
        except httpx.TimeoutException:
            return False
        except httpx.TransportError:
            return False
        except httpx.InvalidURL as error:
            raise DialogueServerUnavailable(f"{self.url} is not an address: {error}") from error
        if response.status_code >= 500:
            return False
        if response.status_code != 200:
            raise DialogueServerUnavailable(
                f"{self.url} answers, but has no REST channel (status {response.status_code}): is it a dialogue server?"
            )
        return True

    def await_ready(
        self,
        seconds: float,
        on_wait: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Return when the server answers; `on_wait` is called once if it does not do so at once.

        Raises:
            DialogueServerUnavailable: it did not answer within `seconds`.
        """
        end = clock() + seconds
        told = False
        while not self.is_ready():
            if clock() >= end:
                raise DialogueServerUnavailable(
                    f"The dialogue server at {self.url} does not answer. `make run` starts it; "
                    "--rasa-url or SHOPGUIDE_RASA_URL names another address."
                )
            if not told:
                told = True
                on_wait()
            sleep(0.5)

    def send(self, sender: str, message: str) -> list[Reply]:
        """Send one message and return the replies to it.

        Raises:
            TurnTimedOut: no answer came in time.
            DialogueServerUnavailable: the server cannot be reached, or its answer is no list of replies.
        """
        try:
            response = self._client.post("/webhooks/rest/webhook", json={"sender": sender, "message": message})
            response.raise_for_status()
            body = response.json()
        except httpx.TimeoutException as error:
            raise TurnTimedOut from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DialogueServerUnavailable(f"The dialogue server at {self.url} failed: {error}") from error
        except ValueError as error:
            raise DialogueServerUnavailable(f"{self.url} did not answer in JSON") from error
        if not isinstance(body, list):
            raise DialogueServerUnavailable(f"{self.url} did not answer with a list of replies")
        return [_reply(message) for message in body if isinstance(message, Mapping)]


def _reply(message: Mapping[str, Any]) -> Reply:
    custom = message.get("custom")
    payload: Mapping[str, Any] = custom if isinstance(custom, Mapping) else {}
    offered = [*(message.get("buttons") or ()), *(payload.get("suggestions") or ())]
    return Reply(
        text=str(message.get("text") or ""),
        custom=payload,
        choices=tuple(
            Choice(str(button["title"]), str(button["payload"]))
            for button in offered
            if isinstance(button, Mapping) and button.get("title") and button.get("payload")
        ),
    )
