"""Tuning the encoder's last layers: what TensorFlow learns is what numpy answers with."""

import logging
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from rasa_addons.encoder import Layer, SentenceEncoder, load_encoder, read_layers, write_layers
from rasa_addons.intent_model import softmax
from rasa_addons.intent_tuning import Examples, Recipe, Tuned, tune

TEXTS = [
    "cheaper please",
    "something less expensive",
    "where is my parcel",
    "has it been sent yet",
    "hi",
    "good morning",
]
LABELS = np.array([0, 0, 1, 1, 2, 2], dtype=np.int32)
STILL = Recipe(layers=1, epochs=1, learning_rate=0.0, head_learning_rate=0.0, smoothing=0.0, dropout=0.0, scale=2.0)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


def examples(masked: list[str] | None = None, groups: np.ndarray | None = None) -> Examples:
    marks = np.eye(len(TEXTS), 3, dtype=np.float32)
    return Examples(TEXTS, masked or TEXTS, marks, LABELS, np.arange(len(TEXTS)) if groups is None else groups)


def logits(encoder: SentenceEncoder, tuned: Tuned, given: Examples) -> np.ndarray:
    own = encoder.with_last_layers(tuned.layers)
    features = np.hstack([own.encode(given.texts), own.encode(given.masked), given.marks])
    return np.asarray(features @ tuned.weights.T + tuned.bias)


def test_the_loss_that_is_learnt_from_is_that_of_the_answers(
    encoder: SentenceEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    given = examples(masked=["cheaper please", "something product", *TEXTS[2:]])
    with caplog.at_level(logging.INFO):
        tuned = tune(encoder, given, STILL)
    chosen = softmax(logits(encoder, tuned, given))[np.arange(len(LABELS)), LABELS]
    assert f"loss {-np.log(chosen).mean():.3f}" in caplog.text


def test_what_is_told_apart_at_first_by_chance_is_told_apart_after_tuning(encoder: SentenceEncoder) -> None:
    shuffled = Examples(
        TEXTS, TEXTS, np.zeros((6, 1), np.float32), np.array([0, 1, 0, 1, 0, 1], np.int32), np.arange(6)
    )
    before = tune(encoder, shuffled, Recipe(layers=1, epochs=0, scale=5.0))
    after = tune(encoder, shuffled, Recipe(layers=1, epochs=60, learning_rate=1e-3, smoothing=0.0, scale=5.0))

    def surely(tuned: Tuned) -> float:
        return float(softmax(logits(encoder, tuned, shuffled))[np.arange(6), shuffled.labels].min())

    assert surely(before) < 0.7
    assert surely(after) > 0.95
    assert np.array_equal(before.layers[0].up, encoder.last_layers(1)[0].up)
    assert not np.array_equal(after.layers[0].up, encoder.last_layers(1)[0].up)


def test_variants_of_a_sentence_count_as_one(encoder: SentenceEncoder, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tune(encoder, examples(groups=np.array([0, 0, 1, 1, 2, 2])), STILL)
        tune(encoder, examples(), STILL)
    first, second = (record.getMessage() for record in caplog.records if "loss" in record.getMessage())
    assert first != second


def test_layers_survive_storage(encoder: SentenceEncoder, tmp_path: Path) -> None:
    write_layers(tmp_path / "layers.npz", encoder.last_layers(2))
    back = read_layers(tmp_path / "layers.npz")
    assert len(back) == 2
    for field in fields(Layer):
        np.testing.assert_allclose(
            getattr(back[1], field.name), getattr(encoder.last_layers(1)[0], field.name), rtol=1e-3, atol=1e-6
        )
    np.testing.assert_allclose(encoder.with_last_layers(back).encode(TEXTS), encoder.encode(TEXTS), atol=2e-3)
