"""What the classifier sees of a message."""

from typing import Any

import numpy as np
import pytest

from rasa_addons.intent_features import MARK_NAMES, is_readable, marks, mask, spell_out, uncovered_words
from rasa_addons.intent_model import calibrated, fit, hold_out, softmax


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
    features = np.vstack([random.normal(centre, 1.8, (80, 2)) for centre in centres.values()]).astype(np.float32)
    truth = np.repeat(np.arange(3), 80)
    held_out = hold_out(truth, np.arange(240), 0.5)
    assert [held_out[truth == label].sum() for label in range(3)] == [40, 40, 40]
    arguments = (features[~held_out], truth[~held_out], np.ones(120))
    weights, bias = fit(*arguments, classes=3, c=1.0)
    model = calibrated(
        list(centres), 4 * weights, 4 * bias, features=features[held_out], truth=truth[held_out], rejection_label="none"
    )
    assert model.temperature > 2  # the weights were four times too sure
    confidence = softmax(model.logits(features[held_out]))
    right = np.mean(confidence.argmax(axis=1) == truth[held_out])
    assert right > 0.8
    assert abs(confidence.max(axis=1).mean() - right) < 0.08
    assert 0 < model.threshold < 0.9
    assert np.array_equal(weights, fit(*arguments, classes=3, c=1.0)[0])


def test_the_shift_multiplies_the_odds_of_rejection() -> None:
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(2), 50)
    features = (np.eye(2)[truth] + random.normal(0, 0.6, (100, 2))).astype(np.float32)
    given = {"features": features, "truth": truth, "rejection_label": "none"}
    weights, bias = np.eye(2, dtype=np.float32), np.zeros(2, dtype=np.float32)
    before = softmax(calibrated(["a", "none"], weights, bias, **given).logits(features))
    after = softmax(calibrated(["a", "none"], weights, bias, **given, rejection_shift=np.log(3.0)).logits(features))
    np.testing.assert_allclose(after[:, 1] / after[:, 0], 3 * before[:, 1] / before[:, 0], rtol=1e-3)


def test_variants_of_a_sentence_are_held_out_together() -> None:
    groups = np.repeat(np.arange(50), 2)
    held_out = hold_out(np.zeros(100, dtype=int), groups, 0.1)
    assert held_out.sum() == 10
    assert all(held_out[groups == group].all() or not held_out[groups == group].any() for group in range(50))


def test_a_class_without_a_row_is_never_answered() -> None:
    features = np.array([[1.0, 0.0], [0.0, 1.0]] * 5, dtype=np.float32)
    weights, bias = fit(features, np.array([0, 2] * 5), np.ones(10), classes=3, c=1.0)
    assert (features @ weights.T + bias).argmax(axis=1).tolist() == [0, 2] * 5


def test_without_held_out_rows_nothing_is_refused() -> None:
    weights, bias = np.eye(2, dtype=np.float32), np.zeros(2, dtype=np.float32)
    none = np.empty((0, 2), dtype=np.float32)
    model = calibrated(["a", "b"], weights, bias, features=none, truth=np.empty(0, dtype=int), rejection_label="b")
    assert (model.temperature, model.threshold) == (1.0, 0.0)
