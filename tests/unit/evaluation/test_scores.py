"""Scores on lines few enough to reckon by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from shopguide.evaluation.intents import Heard, IntentScores
from shopguide.evaluation.mentions import EntityScores
from shopguide.evaluation.parsing import Reading
from shopguide.evaluation.resampling import draws, interval, share
from shopguide.evaluation.utterances import Mention, Utterance


def mention(name: str, value: Any, start: int = 0, **more: Any) -> Mention:
    return Mention(entity=name, value=value, start=start, end=start + 1, **more)


def line(
    intent: str, *answers: str | tuple[str, float], also: Sequence[str] = (), catalogue: str = "G", **more: Any
) -> Heard:
    """An utterance with the answer of each server; `marked` and `found` are mentions."""
    marked, found = more.get("marked", ()), more.get("found", ())
    utterance = Utterance(
        id=intent, text="something said", intent=intent, entities=marked, catalogue=catalogue, also=tuple(also)
    )
    readings = []
    for answer in answers:
        label, confidence = answer if isinstance(answer, tuple) else (answer, 0.9)
        readings.append(Reading(label, confidence, tuple(found)))
    return Heard(utterance, tuple(readings))


def scores(*heard: Heard) -> IntentScores:
    return IntentScores("test", heard)


def test_accuracy_counts_what_is_right_too_and_shares_of_several_servers() -> None:
    found = scores(
        line("greet", "greet"),
        line("thank", "affirm", also=["affirm"]),
        line("chitchat/joke", "chitchat/about_you", catalogue="F"),
        line("faq/returns", "faq/shipping", catalogue="F"),
        line("deny", "deny", "affirm"),
    ).row()
    assert found["intent_accuracy"] == pytest.approx(3.5 / 5)
    assert found["intent_accuracy_F"] == pytest.approx(1 / 2)
    assert found["intent_accuracy_G"] == pytest.approx(2.5 / 3, abs=1e-4)
    low, high = found["ci"]["intent_accuracy"]
    assert 0 <= low < found["intent_accuracy"] < high <= 1
    assert "oos_recall" not in found  # no line to measure it on


def test_macro_averages_give_every_intent_the_same_weight() -> None:
    heard = [line("greet", "greet")] * 3 + [line("deny", "greet"), line("deny", "deny")]
    found = scores(*heard).row()
    assert found["macro_accuracy"] == pytest.approx((1 + 0.5) / 2)
    greet, deny = 2 * 3 / (3 + 4), 2 * 1 / (2 + 1)
    assert found["macro_f1"] == pytest.approx((greet + deny) / 2, abs=1e-4)
    rows = {row["intent"]: row for row in scores(*heard).by_intent()}
    assert rows["greet"] == {"intent": "greet", "lines": 3, "precision": 0.75, "recall": 1.0, "f1": round(greet, 4)}


def test_an_intent_that_only_answers_have_is_no_class_of_the_average() -> None:
    found = scores(line("greet", "greet"), line("greet", "help")).row()
    assert found["macro_accuracy"] == pytest.approx(0.5)
    assert found["macro_f1"] == pytest.approx(2 / 3, abs=1e-4)


def test_out_of_scope_far_and_near_as_they_stand_and_false_rejection() -> None:
    found = scores(
        line("out_of_scope", "out_of_scope"),
        line("greet", "nlu_fallback"),
        line("out_of_scope", "nlu_fallback"),
        line("out_of_scope", "greet"),
        line("out_of_scope", "out_of_scope", "greet"),
        line("deny", "deny"),
        line("deny", "greet"),
    ).row()
    assert found["oos_recall"] == pytest.approx(2.5 / 4)
    assert found["oos_recall_far"] == pytest.approx(1.0)
    assert found["oos_recall_near"] == pytest.approx(0.25)
    assert found["false_rejection"] == pytest.approx(1 / 3, abs=1e-4)


def test_calibration_error_and_reliability() -> None:
    heard = [line("greet", ("greet", 0.95)), line("greet", ("deny", 0.95)), line("greet", ("greet", 0.65))]
    found = scores(*heard)
    assert found.row()["ece"] == pytest.approx((abs(1.9 - 1) + abs(0.65 - 1)) / 3, abs=1e-4)
    assert found.reliability() == [
        {"from": 0.6, "to": 0.7, "lines": 1.0, "confidence": 0.65, "accuracy": 1.0},
        {"from": 0.9, "to": 1.0, "lines": 2.0, "confidence": 0.95, "accuracy": 0.5},
    ]
    assert scores(line("greet", ("greet", 1.0))).reliability()[0]["to"] == 1.0


def test_confusion_and_the_most_confident_mistakes_first() -> None:
    found = scores(
        line("greet", ("deny", 0.6), ("deny", 0.8)),
        line("deny", ("greet", 0.99)),
        line("deny", ("deny", 1.0)),
        line("thank", ("deny", 1.0), also=["deny"]),
    )
    assert found.confusion_table() == {
        "labels": ["deny", "greet", "thank"],
        "counts": [[1, 1, 0], [1, 0, 0], [0, 0, 1]],
    }
    assert [(row["got"], row["confidence"]) for row in found.mistakes()] == [("greet", 0.99), ("deny", 0.8)]


def test_entities_are_multisets_and_lines_that_ask_for_nothing_are_left_out() -> None:
    red, blue = mention("colour", "red"), mention("colour", "blue", 5)
    cheap = mention("price", 50, role="max")
    found = EntityScores(
        [
            line("search_products", "x", catalogue="F", marked=[red, red, cheap], found=[red, mention("price", 50)]),
            line("inform_preference", "x", marked=[blue], found=[blue, mention("size", "m")]),
            line("out_of_scope", "x", found=[red, red]),
            line("chitchat/joke", "x", found=[blue]),
        ]
    )
    row = found.row()
    assert row["lines"] == 2
    assert row["entity_precision"] == pytest.approx(2 / 4)
    assert row["entity_recall"] == pytest.approx(2 / 4)
    assert row["entity_f1"] == pytest.approx(0.5)
    assert row["entity_f1_F"] == pytest.approx(2 * 1 / (2 + 3))
    assert row["price_f1"] == 0.0
    assert row["span_f1"] == pytest.approx(2 * 3 / (4 + 4))
    assert "excluded_f1" not in row
    assert [(kind["entity"], kind["mentions"]) for kind in found.by_entity()] == [
        ("colour", 3),
        ("price", 1),
        ("size", 0),
    ]
    assert found.by_entity()[0]["recall"] == pytest.approx(2 / 3, abs=1e-4)
    assert [(row["missed"], row["extra"]) for row in found.mistakes()] == [
        (["colour=red", "price=50 (max)"], ["price=50"]),
        ([], ["size=m"]),
    ]


def test_a_line_read_twice_counts_half_for_each_reading() -> None:
    both = Heard(
        line("search_products", "x", marked=[mention("colour", "red")]).utterance,
        (Reading("x", 1, (mention("colour", "red"),)), Reading("x", 1, ())),
    )
    row = EntityScores([both]).row()
    assert (row["entity_precision"], row["entity_recall"]) == (1.0, 0.5)


def test_helpers_are_neither_right_nor_wrong() -> None:
    marked = [mention("critique", "price:down"), mention("colour", "red")]
    row = EntityScores([line("critique_slate", "x", marked=marked, found=[mention("colour", "red")])]).row()
    assert row["entity_f1"] == 1.0


def test_intervals_cover_the_mean_as_often_as_they_promise() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(100):
        sample = (random.random(120) < 0.8).astype(float)
        counts = draws(120, seed)
        low, high = interval(share(counts @ sample, counts.sum(axis=1))) or (0, 0)
        covered += low <= 0.8 <= high
    assert covered >= 88
