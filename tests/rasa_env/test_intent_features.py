"""What the classifier sees of a message."""

from typing import Any

import numpy as np
import pytest

from rasa_addons.intent_features import MARK_NAMES, is_readable, marks, mask, spell_out, uncovered_words
from rasa_addons.intent_model import softmax, train


def at(text: str, words: str, kind: str, **more: Any) -> dict[str, Any]:
    start = text.index(words)
    return {"entity": kind, "value": words, "start": start, "end": start + len(words), **more}


def test_catalogue_words_give_way_to_their_kind() -> None:
    text = "not Nordhaus, in navy blue under 50 euros, like the second"
    found = [
        at(text, "Nordhaus", "brand", group="excluded"),
        at(text, "navy blue", "colour"),
        at(text, "50 euros", "price"),
        at(text, "second", "ordinal"),
    ]
    assert mask(text, found) == "not brand, in colour under price, like the second"
    assert uncovered_words(text, found) == ["not", "in", "under", "like", "the", "second"]


def test_of_two_overlapping_mentions_the_longer_counts() -> None:
    text = "Nordhaus trail jacket"
    found = [at(text, "jacket", "category"), at(text, "Nordhaus trail jacket", "product")]
    assert mask(text, found) == "this product"


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("blue", [at("blue", "blue", "colour")], {"value", "covered", "short"}),
        ("is it blue?", [at("is it blue?", "blue", "colour")], {"value", "short", "question"}),
        ("no nylon", [at("no nylon", "nylon", "material", group="excluded")], {"value", "excluded", "short"}),
        ("well hello over there", [], set()),
    ],
)
def test_marks(text: str, found: list[dict[str, Any]], expected: set[str]) -> None:
    assert {name for name, value in zip(MARK_NAMES, marks(text, found), strict=True) if value} == expected


def test_pictures_become_words_and_long_texts_end() -> None:
    assert spell_out("👟 under 50").split() == ["athletic", "shoe", "under", "50"]
    assert spell_out("👍🏽").split() == ["thumbs", "up"]
    assert len(spell_out("a" * 9999)) == 2000


@pytest.mark.parametrize(
    ("text", "readable"),
    [("blue", True), ("42", True), ("", False), ("?!", False), ("鞋子", False), ("a shirt 衬衫", True), ("Käse", True)],
)
def test_what_an_encoder_of_english_can_read(text: str, readable: bool) -> None:
    assert is_readable(text) is readable


def test_the_model_separates_is_calibrated_and_is_the_same_every_time() -> None:
    random = np.random.default_rng(0)
    centres = {"a": (3.0, 0.0), "b": (0.0, 3.0), "none": (-3.0, -3.0)}
    features = np.vstack([random.normal(centre, 1.8, (40, 2)) for centre in centres.values()]).astype(np.float32)
    labels = [label for label in centres for _ in range(40)]
    arguments = (features, labels, list(range(120)), [1.0] * 120)
    model = train(*arguments, c=1.0, rejection_label="none")
    confidence = softmax(model.logits(features))
    predicted = [model.labels[index] for index in confidence.argmax(axis=1)]
    right = np.mean([one == other for one, other in zip(predicted, labels, strict=True)])
    assert right > 0.8
    assert abs(confidence.max(axis=1).mean() - right) < 0.08
    assert 0 < model.threshold < 0.9
    again = train(*arguments, c=1.0, rejection_label="none")
    assert np.array_equal(model.weights, again.weights)
