"""What the dialogue server keeps of conversations, and how it is made to forget them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, cast
from urllib.parse import quote

from shopguide.errors import DialogueServerUnavailable
from shopguide.ids import ConversationId
from shopguide.privacy.tokens import Tokens

AUDIENCE = "privacy"
TOKEN_LIFETIME = timedelta(minutes=2)
MOST_AT_ONCE = 500
"""Conversations in one call; the dialogue server takes 1,000."""
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation."""

    at: datetime
    by: Literal["shopper", "guide"]
    text: str


class Conversations(Protocol):
    """The conversations that the dialogue server keeps."""

    def erase(self, conversations: Sequence[ConversationId], until: datetime) -> list[ConversationId]:
        """Delete what was said in conversations up to a time; return those where it failed.

        Raises:
            DialogueServerUnavailable: nobody answers; nothing is known of any of them.
        """

    def held(self, conversation: ConversationId) -> int:
        """Return how many events are kept of a conversation.

        Raises:
            DialogueServerUnavailable: nobody answers.
        """

    def said_in(self, conversation: ConversationId) -> list[Said]:
        """Return what was said in a conversation, the oldest first.

        Raises:
            DialogueServerUnavailable: nobody answers.
        """

    def expire(self, before: datetime) -> int:
        """Delete the conversations that ended before a time; return how many.

        Raises:
            DialogueServerUnavailable: nobody answers.
        """


class DialogueServer:
    """The conversations of a running dialogue server, by its routes under `/webhooks/privacy/`.

    Args:
        url: where it listens.
        secret: the chat secret that both servers share.
        timeout: seconds to wait for an answer.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout: float = TIMEOUT_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = f"{url.rstrip('/')}/webhooks/privacy"
        self._tokens = Tokens(secret, AUDIENCE)
        self._timeout = timeout
        self._clock = clock

    def erase(self, conversations: Sequence[ConversationId], until: datetime) -> list[ConversationId]:
        """Delete what was said in conversations up to a time; return those where it failed."""
        failed: list[ConversationId] = []
        for start in range(0, len(conversations), MOST_AT_ONCE):
            batch = list(conversations[start : start + MOST_AT_ONCE])
            answer = self._call("POST", "erase", {"conversations": batch, "until": until.timestamp()})
            refused = answer.get("failed")
            if not isinstance(refused, list):
                raise DialogueServerUnavailable("the dialogue server does not say what it deleted")
            failed += [one for one in batch if one in refused]
        return failed

    def held(self, conversation: ConversationId) -> int:
        """Return how many events are kept of a conversation."""
        return self._number(self._call("GET", f"conversations/{_in_path(conversation)}"), "events")

    def said_in(self, conversation: ConversationId) -> list[Said]:
        """Return what was said in a conversation, the oldest first."""
        answer = self._call("GET", f"said/{_in_path(conversation)}").get("said")
        try:
            return [
                Said(
                    datetime.fromtimestamp(float(one["at"]), UTC),
                    "shopper" if one["by"] == "shopper" else "guide",
                    str(one["text"]),
                )
                for one in cast("list[dict[str, Any]]", answer)
            ]
        except (TypeError, KeyError, ValueError, OverflowError):
            raise DialogueServerUnavailable("the dialogue server does not say what was said") from None

    def expire(self, before: datetime) -> int:
        """Delete the conversations that ended before a time; return how many."""
        return self._number(self._call("POST", "expire", {"before": before.timestamp()}), "conversations")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        import httpx

        token = self._tokens.issue(self._clock() + TOKEN_LIFETIME)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = httpx.request(
                method, f"{self._url}/{path}", json=body, headers=headers, timeout=self._timeout, trust_env=False
            )
            answer.raise_for_status()
            found = answer.json()
        except httpx.HTTPStatusError as error:
            # Not the error's own words: they quote the address, and that a conversation's id.
            raise DialogueServerUnavailable(f"the dialogue server answers {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise DialogueServerUnavailable(f"the dialogue server cannot be reached: {type(error).__name__}") from None
        except ValueError:
            raise DialogueServerUnavailable("what listens at the dialogue server's address is none") from None
        if not isinstance(found, dict):
            raise DialogueServerUnavailable("what listens at the dialogue server's address is none")
        return found

    @staticmethod
    def _number(answer: dict[str, Any], name: str) -> int:
        number = answer.get(name)
        if not isinstance(number, int):
            raise DialogueServerUnavailable("the dialogue server does not say how many")
        return number


def _in_path(conversation: ConversationId) -> str:
    # A dot by itself would be a step in the path.
    return quote(conversation, safe="").replace(".", "%2E")
