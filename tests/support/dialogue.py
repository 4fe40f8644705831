"""A stand-in for the conversations that a dialogue server keeps."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from shopguide.errors import DialogueServerUnavailable
from shopguide.ids import ConversationId
from shopguide.privacy.conversations import Said


class FakeConversations:
    """Times of what was said, in a dictionary; `down` answers nobody, `stubborn` conversations cannot be deleted."""

    def __init__(self) -> None:
        self.events: dict[ConversationId, list[datetime]] = defaultdict(list)
        self.down = False
        self.stubborn: set[ConversationId] = set()
        self.calls = 0

    def said(self, conversation: ConversationId, at: datetime) -> None:
        """Keep that something was said."""
        self.events[conversation].append(at)

    def erase(self, conversations: Sequence[ConversationId], until: datetime) -> list[ConversationId]:
        """Delete what was said up to a time."""
        self._answer()
        for one in set(conversations) - self.stubborn:
            self.events[one] = [at for at in self.events[one] if at > until]
        return [one for one in conversations if one in self.stubborn]

    def held(self, conversation: ConversationId) -> int:
        """Return how many events are kept."""
        self._answer()
        return len(self.events[conversation])

    def said_in(self, conversation: ConversationId) -> list[Said]:
        """Return what was said: of every time the same."""
        self._answer()
        return [Said(at, "shopper", "hello") for at in self.events[conversation]]

    def expire(self, before: datetime) -> int:
        """Delete the conversations that ended before a time."""
        self._answer()
        old = [one for one, times in self.events.items() if times and max(times) < before]
        for one in old:
            del self.events[one]
        return len(old)

    def _answer(self) -> None:
        self.calls += 1
        if self.down:
            raise DialogueServerUnavailable("the dialogue server cannot be reached: ConnectError")
