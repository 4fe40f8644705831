"""The Rasa component that finds entities: catalogue values through the lexicon, amounts and references by rules."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from rasa_addons.entity_context import EntityContext, context_of
from rasa_addons.extraction import EntityRules, Found
from rasa_addons.lexicon_watch import LexiconWatch
from rasa_addons.settings import read_settings

logger = logging.getLogger(__name__)

REFERENCES = "references"
"""What a message points at on screen, beside its entities: the guide's `actions/reading.py` reads it."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LexiconEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Extracts the entities of DESIGN section 5 from messages, and references to what is on screen.

    The lexicon is read when the model is loaded and again when its file changes. It is no part of the model: its
    values stay out of the component's fingerprint, so that a new catalogue needs no training.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the configuration: `lexicon` (a path; empty: SHOPGUIDE_LEXICON_PATH) and `poll_seconds`."""
        return {"lexicon": "", "poll_seconds": 2.0}

    def __init__(self, config: dict[str, Any]) -> None:
        """Watch the lexicon that the configuration or the environment names."""
        path = Path(config["lexicon"]) if config["lexicon"] else read_settings().lexicon_path
        self._watch = LexiconWatch(path, EntityRules, float(config["poll_seconds"]))
        self._warned = False

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LexiconEntityExtractor:
        """Create the component and read the lexicon, so that the first message need not wait for it."""
        component = cls(config)
        component._watch.current()
        return component

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Add the entities of each message; without a tracker they are read free of context."""
        rules = self._watch.current()
        if rules is None:
            return messages
        context = context_of(tracker)
        for message in messages:
            found = self._read(rules, message.get(TEXT) or "", context)
            entities = self.add_extractor_name(found.entities)
            message.set(ENTITIES, (message.get(ENTITIES) or []) + entities, add_to_output=True)
            if found.references:
                message.set(REFERENCES, found.references, add_to_output=True)
        return messages

    def _read(self, rules: EntityRules, text: str, context: EntityContext) -> Found:
        """Return what is in a text; a fault in a rule costs the entities of one message, never the turn."""
        try:
            return rules.read(text, context)
        except Exception:
            logger.exception("Reading the entities of a message of %d characters failed.", len(text))
            return Found([], [])
