"""The dialogue server as a simulated shopper meets it: messages, replies and, for the checker, the slots after them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from shopguide.conversation.answers import Answer
from shopguide.errors import DialogueServerUnavailable

CHANNEL = "rest"
ANSWER = '/inform_preference{"answer":'


@dataclass(frozen=True)
class Button:
    """Something that can be pressed: what it says and what it sends."""

    title: str
    payload: str

    @property
    def answers(self) -> list[Answer]:
        """What it answers; empty if it is no answer."""
        if not self.payload.startswith(ANSWER):
            return []
        return Answer.parse_all(self.payload[len(ANSWER) :].rstrip("}").strip().strip('"'))


@dataclass(frozen=True)
class Reply:
    """Everything that came back for one message: texts, payloads, and the buttons in their order."""

    texts: tuple[str, ...] = ()
    payloads: tuple[Mapping[str, Any], ...] = ()
    buttons: tuple[Button, ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(self.texts)

    @property
    def slate(self) -> Mapping[str, Any] | None:
        """The last slate that was shown."""
        slates = [payload for payload in self.payloads if payload.get("type") == "slate"]
        return slates[-1] if slates else None

    @property
    def question(self) -> list[tuple[Button, list[Answer]]]:
        """The buttons that answer something, with what they answer."""
        return [(button, button.answers) for button in self.buttons if button.answers]


class Guide(Protocol):
    """Whoever answers; tests have one of their own."""

    def say(self, sender: str, text: str) -> Reply:
        """Send one message and return what came back."""


class RestGuide:
    """A running dialogue server.

    Args:
        url: its address.
        token: of its HTTP API, for the slots.
        slots: whether the slots are asked for after every message.
        timeout: seconds that one message may take.
        transport: for tests; the network by default.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        slots: bool = False,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._with_slots = slots
        try:
            self._client = httpx.Client(
                base_url=self.url, timeout=httpx.Timeout(timeout, connect=5), transport=transport, trust_env=False
            )
        except httpx.InvalidURL as error:
            raise DialogueServerUnavailable(f"{self.url} is not an address: {error}") from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connection."""
        self._client.close()

    def say(self, sender: str, text: str) -> Reply:
        """Send one message and return what came back.

        Raises:
            DialogueServerUnavailable: the server cannot be reached, or does not answer as a dialogue server does.
        """
        found = self._json("POST", "/webhooks/rest/webhook", json={"sender": sender, "message": text})
        if not isinstance(found, list):
            raise DialogueServerUnavailable(f"{self.url} did not answer with a list of messages")
        messages = [message for message in found if isinstance(message, Mapping)]
        payloads = tuple(message["custom"] for message in messages if isinstance(message.get("custom"), Mapping))
        return Reply(
            texts=tuple(str(message["text"]) for message in messages if message.get("text")),
            payloads=payloads,
            buttons=tuple(_buttons(messages)) + tuple(_buttons(payloads, "suggestions")),
            slots=self._slots(sender) if self._with_slots else {},
        )

    def _slots(self, sender: str) -> Mapping[str, Any]:
        parameters = {"include_events": "NONE", **({"token": self._token} if self._token else {})}
        found = self._json("GET", f"/conversations/{sender}/tracker", params=parameters)
        slots = found.get("slots") if isinstance(found, Mapping) else None
        return slots if isinstance(slots, Mapping) else {}

    def _json(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._client.request(method, path, **arguments)
            response.raise_for_status()
            return response.json()
        except httpx.HTTPStatusError as error:
            why = "refuses the token" if error.response.status_code in (401, 403) else "has no such API"
            code = error.response.status_code
            raise DialogueServerUnavailable(f"The dialogue server at {self.url} {why} (status {code}).") from None
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueServerUnavailable(
                f"The dialogue server at {self.url} does not answer: {type(error).__name__}"
            ) from error


def _buttons(found: Any, key: str = "buttons") -> list[Button]:
    return [
        Button(str(button.get("title", "")), str(button["payload"]))
        for one in found
        for button in one.get(key) or ()
        if isinstance(button, Mapping) and button.get("payload")
    ]
