"""No turn ends in silence: what stands between Rasa and a channel's sender.

Rasa swallows an action server that is down, slow or broken, and the shopper would see nothing. `answered` runs one
turn behind a counting output channel and apologises when nothing was sent, unless the conversation is paused (a person
has taken over). A message of several acts (`acts`) is taken as so many messages, answered in one turn.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import rasa.core.actions.action
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.trackers import DialogueStateTracker

from rasa_addons.acts import acts_of, in_order, parts_of
from rasa_addons.discreet_logs import in_turn_of
from rasa_addons.erasure import forget_when_asked
from rasa_addons.intent_features import MAX_CHARACTERS
from rasa_addons.typed_text import cleaned

logger = logging.getLogger(__name__)

ACTION_TIMEOUT_SECONDS = 20
"""What Rasa waits for the action server; its own value, five minutes, is longer than anybody waits."""

_WORDING = {
    "utter_smalltalk_apology": "Sorry, I can't answer that right now. Please try again in a moment.",
    "utter_message_shortened": f"That was a long message: I read the first {MAX_CHARACTERS:,} characters of it.",
}
"""Used when domain.yml has no response of the name, and when no model is loaded."""

OnMessage = Callable[[UserMessage], Awaitable[Any]]
FindAgent = Callable[[], "Agent | None"]


def shorten_action_timeout() -> None:
    """Make Rasa give up on the action server after `ACTION_TIMEOUT_SECONDS`; it has no setting for it."""
    rasa.core.actions.action.DEFAULT_REQUEST_TIMEOUT = ACTION_TIMEOUT_SECONDS


class CountingOutputChannel(OutputChannel):
    """Passes everything on to another output channel and counts the replies that had something in them."""

    def __init__(self, inner: OutputChannel) -> None:
        """Wrap `inner`."""
        self._inner = inner
        self.sent = 0

    def name(self) -> str:  # type: ignore[override]  # Rasa asks the instance, to choose wording by channel
        """Return the name of the wrapped channel."""
        return self._inner.name()

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one reply on and count it once it is sent."""
        has_content = any(message.values())
        await self._inner.send_response(recipient_id, message)
        self.sent += has_content

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Send a text on; Rasa itself sends whole replies."""
        await self._inner.send_text_message(recipient_id, text, **kwargs)
        self.sent += 1

    def __getattr__(self, name: str) -> Any:
        """Give everything else of the wrapped channel."""
        return getattr(self._inner, name)


class GatheringOutputChannel(CountingOutputChannel):
    """Holds replies back until all acts of a message are served: what is put again later is put once."""

    def __init__(self, inner: OutputChannel) -> None:
        """Wrap `inner`."""
        super().__init__(inner)
        self._held: list[tuple[str, dict[str, Any]]] = []

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Hold one reply; a question that came before with the same answers gives way to it."""
        asked = _payloads(message)
        self._held = [one for one in self._held if not asked or _payloads(one[1]) != asked]
        self._held.append((recipient_id, message))

    async def send(self) -> None:
        """Send what was held, in its order."""
        held, self._held = self._held, []
        for recipient_id, message in held:
            await super().send_response(recipient_id, message)


def _payloads(message: dict[str, Any]) -> list[str]:
    return [str(button.get("payload")) for button in message.get("buttons") or ()]


async def _acts(agent: Agent | None, message: UserMessage) -> list[str]:
    """Return the acts of a message in the order in which they are served; the message itself if they cannot be told."""
    text = message.text or ""
    try:
        if len(parts_of(text)) < 2 or agent is None or agent.processor is None:
            return [text]
        processor = agent.processor
        tracker = await agent.tracker_store.retrieve(message.sender_id)

        async def parse(part: str) -> dict[str, Any]:
            found: dict[str, Any] = await processor.parse_message(UserMessage(part), tracker)
            return found

        acts = await acts_of(text, parse)
        asked = tracker is not None and bool(tracker.active_loop_name)
        return [act.text for act in in_order(acts, question_open=asked)]
    except Exception:
        logger.exception("A message was not looked through for several acts")
        return [text]


async def _wording(key: str, agent: Agent | None, message: UserMessage) -> str:
    """Return the domain's wording of a response in the shopper's language, or the one built in."""
    try:
        if agent is not None and agent.domain is not None and key in agent.domain.responses:
            known = await agent.tracker_store.retrieve(message.sender_id)
            tracker = known or DialogueStateTracker.from_events(message.sender_id, [])
            draft = await agent.nlg.generate(key, tracker, message.output_channel.name())
            if draft and draft.get("text"):
                return str(draft["text"])
    except Exception:
        logger.exception("No wording for %s from the domain", key)
    return _WORDING[key]


async def _is_paused(agent: Agent | None, sender_id: str) -> bool:
    if agent is None:
        return False
    try:
        tracker = await agent.tracker_store.retrieve(sender_id)
    except Exception:
        logger.exception("The tracker store does not answer")
        return False
    return tracker is not None and tracker.is_paused()


def answered(on_new_message: OnMessage, find_agent: FindAgent) -> OnMessage:
    """Return `on_new_message` with a reply guaranteed, and with messages that every part can take (`typed_text`).

    Whatever goes wrong below is logged here and not raised: the shopper has been told.
    """

    async def handle(message: UserMessage) -> None:
        typed = message.text or ""
        message.text = cleaned(typed)
        with in_turn_of(message.sender_id, typed, message.text):
            await take_turn(message, shortened=len(typed) > MAX_CHARACTERS)

    async def take_turn(message: UserMessage, shortened: bool) -> None:
        forget_when_asked(find_agent())  # each time: Rasa makes a new agent when it is handed a new model
        channel = message.output_channel
        if shortened:
            note = await _wording("utter_message_shortened", find_agent(), message)
            await channel.send_response(message.sender_id, {"text": note})
        acts = await _acts(find_agent(), message)
        counting = CountingOutputChannel(channel) if len(acts) == 1 else GatheringOutputChannel(channel)
        message.output_channel = counting
        with in_turn_of(message.sender_id, message.text, *acts):
            for act in acts:
                message.text = act
                try:
                    await on_new_message(message)
                except Exception:
                    logger.exception("A turn failed")
        if isinstance(counting, GatheringOutputChannel):
            await counting.send()
        if counting.sent or await _is_paused(find_agent(), message.sender_id):
            return
        logger.warning("A turn brought no reply: apologising")
        apology = await _wording("utter_smalltalk_apology", find_agent(), message)
        await channel.send_response(message.sender_id, {"text": apology})

    return handle
