"""Only what the assistant offered may act as a payload, and only what can be read reaches the other components.

Rasa turns any message that begins with "/" into the intent it names, so a shopper (or a text that someone asks them to
paste) could set intents and entities at will. `PayloadGuard` stands first in the pipeline: a payload that was offered
in this conversation passes on to Rasa's own handler at the pipeline's end; any other becomes out of scope. It hands
the text on as `rasa_addons.typed_text` leaves it: `/model/parse` has no channel in front that would do so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from rasa_addons.typed_text import cleaned, is_only_overlong

OUT_OF_SCOPE = "out_of_scope"

_SETTLED = "payload_settled"
_OFFER_LISTS = frozenset({"buttons", "quick_replies", "suggestions", "actions"})
"""Lists of choices in a bot event; what stands elsewhere (a product's facets) is catalogue text and offers nothing."""


def is_settled(message: Message) -> bool:
    """Tell whether the guard has decided about the message, so that other components have nothing to add."""
    return bool(message.get(_SETTLED))


def _offered_in(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key in _OFFER_LISTS and isinstance(value, list):
                yield from (
                    choice["payload"].strip()
                    for choice in value
                    if isinstance(choice, dict) and isinstance(choice.get("payload"), str)
                )
            elif key != "facets":
                yield from _offered_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from _offered_in(value)


def was_offered(payload: str, tracker: DialogueStateTracker | None) -> bool:
    """Tell whether the assistant offered exactly this payload in the conversation, as a button or a suggestion."""
    if tracker is None:
        return False
    return any(
        payload in _offered_in(event.data) for event in reversed(tracker.events) if isinstance(event, BotUttered)
    )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class PayloadGuard(GraphComponent):
    """First in the pipeline; settles every message that begins with "/", and those that nobody can read."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PayloadGuard:
        """Create the component; it has no settings and learns nothing."""
        return cls()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Return the training data as it is."""
        return training_data

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Let offered payloads pass and make the others out of scope; plain text is only cleaned.

        Without a tracker (`/model/parse`, `rasa test nlu`) nothing was offered.
        """
        for message in messages:
            typed = message.get(TEXT) or ""
            text = cleaned(typed)
            if text != typed:
                message.set(TEXT, text, add_to_output=True)
            if text.strip().startswith(INTENT_MESSAGE_PREFIX):
                if was_offered(text.strip(), tracker):
                    message.set(_SETTLED, True)
                    continue
                # The text goes as well: Rasa's handler at the end looks at nothing else. The event keeps it.
                message.set(TEXT, "", add_to_output=True)
            elif not is_only_overlong(text):
                continue
            self._refuse(message)
        return messages

    @staticmethod
    def _refuse(message: Message) -> None:
        intent = {"name": OUT_OF_SCOPE, "confidence": 1.0}
        message.set(_SETTLED, True)
        message.set(INTENT, intent, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [intent], add_to_output=True)
        message.set(ENTITIES, [], add_to_output=True)
