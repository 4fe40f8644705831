"""What a running dialogue server understands: a client of its `POST /model/parse`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
from pydantic import BaseModel, ValidationError

from shopguide.errors import DialogueServerUnavailable
from shopguide.evaluation.utterances import HELPERS, Mention


@dataclass(frozen=True, slots=True)
class Reading:
    """How one message was understood; a retrieval intent by its whole name (`faq/returns`).

    `ranking` are intents and their confidences as the server lists them, the answer first; empty if it lists none.
    """

    intent: str
    confidence: float
    mentions: tuple[Mention, ...]
    seconds: float = 0.0
    ranking: tuple[tuple[str, float], ...] = ()


class Parser(Protocol):
    """Understands messages; tests have one without a server."""

    def parse(self, text: str) -> Reading:
        """Return how a message without a conversation around it is understood."""


class _Intent(BaseModel):
    name: str | None = None
    confidence: float = 0.0
    full_retrieval_intent_name: str | None = None


class _Ranked(BaseModel):
    name: str | None = None
    confidence: float = 0.0


class _Parsed(BaseModel):
    intent: _Intent
    intent_ranking: list[_Ranked] = []
    entities: list[Mention] = []

    @property
    def name(self) -> str:
        """The answer by its whole name."""
        return self.intent.full_retrieval_intent_name or self.intent.name or ""

    def ranking(self) -> tuple[tuple[str, float], ...]:
        """Return the ranking; Rasa's own classifiers list the first, too, without what follows the slash."""
        ranked = [(row.name or "", row.confidence) for row in self.intent_ranking]
        if ranked and ranked[0][0] == self.intent.name:
            ranked[0] = (self.name, ranked[0][1])
        return tuple(ranked)


class DialogueParser:
    """A running dialogue server with its HTTP API enabled.

    Args:
        url: its address.
        token: of its HTTP API (`rasa run --auth-token`).
        timeout: seconds that one message may take.
        transport: for tests; the network by default.
    """

    def __init__(
        self, url: str, token: str = "", timeout: float = 60.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._token = {"token": token} if token else {}
        try:
            self._client = httpx.Client(
                base_url=self.url, timeout=httpx.Timeout(timeout, connect=5), transport=transport
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

    def parse(self, text: str) -> Reading:
        """Return how a message without a conversation around it is understood.

        Raises:
            DialogueServerUnavailable: the server cannot be reached, refuses the token or has no model.
        """
        start = time.perf_counter()
        body = self._ask({"text": text})
        seconds = time.perf_counter() - start
        try:
            parsed = _Parsed.model_validate(body)
        except ValidationError as error:
            raise self._no_dialogue_server() from error
        mentions = tuple(mention for mention in parsed.entities if mention.entity not in HELPERS)
        return Reading(parsed.name, parsed.intent.confidence, mentions, seconds, parsed.ranking())

    def _ask(self, body: Mapping[str, Any]) -> Any:
        try:
            response = self._client.post(
                "/model/parse", json=body, params=self._token, headers={"Accept": "application/json"}
            )
        except httpx.TimeoutException as error:
            raise DialogueServerUnavailable(f"The dialogue server at {self.url} did not answer in time.") from error
        except httpx.HTTPError as error:
            raise DialogueServerUnavailable(
                f"The dialogue server at {self.url} does not answer ({error}). `make run` starts it; --rasa-url or "
                "SHOPGUIDE_RASA_URL names another address."
            ) from error
        if response.status_code in (401, 403):
            refusal = "refuses this token" if self._token else "asks for a token"
            raise DialogueServerUnavailable(
                f"The dialogue server at {self.url} {refusal}: pass --token; that of `make run` is in .run/auth-token."
            )
        if response.status_code == 404:
            raise DialogueServerUnavailable(
                f"The dialogue server at {self.url} has no HTTP API: start it with --enable-api."
            )
        try:
            content = response.json()
        except ValueError as error:
            raise self._no_dialogue_server() from error
        if response.status_code != 200:
            why = content.get("message") if isinstance(content, Mapping) else None
            raise DialogueServerUnavailable(
                f"The dialogue server at {self.url} failed with status {response.status_code}: {why or 'no reason'}"
            )
        return content

    def _no_dialogue_server(self) -> DialogueServerUnavailable:
        return DialogueServerUnavailable(f"{self.url} answers, but not as a dialogue server does.")
