"""The dialogue server as the runner sees it: the REST channel, and the tracker for the slots."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from tests.eval.expectations import Answer


class Dialogue(Protocol):
    """Holds conversations; tests have a fake one."""

    def say(self, sender: str, text: str) -> Answer:
        """Send one message; return the reply and the slots after it."""


class NoTracker(Exception):
    """The server does not show its trackers: it needs `--enable-api` and the right token."""


class RestDialogue:
    """A running dialogue server.

    Args:
        rasa_url: its address.
        token: of its HTTP API.
        timeout: seconds that one turn may take.
        transport: for tests.
    """

    def __init__(
        self, rasa_url: str, token: str = "", timeout: float = 60.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(base_url=rasa_url.rstrip("/"), timeout=timeout, transport=transport)
        self._token = token

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def say(self, sender: str, text: str) -> Answer:
        """Send one message; return the reply and the slots after it.

        Raises:
            NoTracker: the tracker cannot be read, so that no slot could be compared.
        """
        fault = ""
        messages: list[Mapping[str, Any]] = []
        try:
            response = self._client.post("/webhooks/rest/webhook", json={"sender": sender, "message": text})
            response.raise_for_status()
            messages = [message for message in response.json() if isinstance(message, Mapping)]
        except (httpx.HTTPError, ValueError, TypeError) as error:
            fault = f"no reply: {type(error).__name__}: {error}"
        payloads = [message["custom"] for message in messages if isinstance(message.get("custom"), Mapping)]
        return Answer(
            texts=tuple(str(message["text"]) for message in messages if message.get("text")),
            payloads=tuple(payloads),
            slots=self._slots(sender),
            fault=fault,
        )

    def _slots(self, sender: str) -> Mapping[str, Any]:
        parameters = {"include_events": "NONE", **({"token": self._token} if self._token else {})}
        try:
            response = self._client.get(f"/conversations/{sender}/tracker", params=parameters)
            response.raise_for_status()
            slots = response.json()["slots"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise NoTracker(f"{type(error).__name__}: {error}".replace(self._token or "\0", "…")) from None
        return slots if isinstance(slots, Mapping) else {}
