"""Catalogue words in messages that are about no goods ask for nothing: "my toner arrived broken" filters no search."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT
from rasa.shared.nlu.training_data.message import Message

from rasa_addons.payload_guard import is_settled

GOODS = frozenset(
    {"category", "brand", "colour", "material", "audience", "occasion", "feature", "facet_value", "product"}
)
"""Entities that say what somebody wants. Sizes, amounts and positions stay: "what is a 42 in your sizes"."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class AskedGoods(GraphComponent):
    """Takes the goods out of messages whose intent is about the service, the talk itself or somebody's data.

    Stands behind the intent classifier, which reads the entities before.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the configuration: `without`, the intents that are about no goods, and how sure they must be."""
        return {"without": [], "confidence": 0.5}

    def __init__(self, config: dict[str, Any]) -> None:
        """Take the intents."""
        self._without = frozenset(config["without"])
        self._confidence = float(config["confidence"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> AskedGoods:
        """Create the component."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Keep of each message what its intent can be about; a payload says what it says."""
        for message in messages:
            intent = message.get(INTENT) or {}
            about_none = intent.get("name") in self._without and intent.get("confidence", 0.0) >= self._confidence
            if about_none and not is_settled(message):
                kept = [entity for entity in message.get(ENTITIES) or [] if entity["entity"] not in GOODS]
                message.set(ENTITIES, kept, add_to_output=True)
        return messages
