import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.heldout import HeldOut, calibration, calibration_error, compare, first_stage, held_out
from shopguide.training.needs import NeedGenerator


def test_calibration_finds_the_odds_that_answers_were_drawn_with() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, 20_000).astype(np.float32)
    right = random.random(20_000) < 1 / (1 + np.exp(-(0.7 * logits - 1.2)))
    scale, shift = calibration(logits, right)
    assert (scale, shift) == (pytest.approx(0.7, abs=0.05), pytest.approx(-1.2, abs=0.1))
    assert calibration_error(1 / (1 + np.exp(-(scale * logits + shift))), right) < 0.02
    assert calibration_error(1 / (1 + np.exp(-logits)), right) > 0.05


def test_logits_that_say_nothing_are_not_turned_around() -> None:
    scale, _ = calibration(np.asarray([3.0, 2.0, -2.0, -3.0]), np.asarray([False, False, True, True]))
    assert scale > 0


def test_candidates_come_from_words_and_from_meaning(index: CatalogueIndex) -> None:
    random = np.random.default_rng(1)
    vectors = ItemVectors(random.normal(size=(len(index), 8)).astype(np.float32), np.arange(len(index), dtype=np.int32))
    near = np.zeros(8, dtype=np.float32)

    def encode(need: str) -> np.ndarray:
        return near + 1

    generator = NeedGenerator(index, 9, hostile=False)
    both = held_out(generator, 20, 6, vectors, encode)
    words = held_out(NeedGenerator(index, 9, hostile=False), 20, 6, None, None)
    assert len(both) == len(words) == 20
    liked = set(
        np.argsort(-(vectors.dot(encode(""), np.arange(len(index), dtype=np.int32))), kind="stable")[:6].tolist()
    )
    for case in both:
        assert case.right.any() and not case.right.all()
        assert {generator.text(row) for row in liked} <= set(case.texts)
        assert set(case.first) == {"text", "query_content"}
        assert first_stage(case) == pytest.approx(2.0 * case.first["text"] + 1.5 * case.first["query_content"])
    assert all(len(case.texts) <= 6 and set(case.first) == {"text"} for case in words)


def test_the_first_right_product_counts_and_ties_are_won() -> None:
    case = HeldOut("x", ("a", "b", "c"), np.asarray([False, True, True]), {})
    models, pairs = compare(
        [case, case],
        {"good": [np.asarray([0.0, 1.0, 0.5])] * 2, "bad": [np.asarray([1.0, 0.5, 0.0]), np.asarray([0.0, 0.0, 0.0])]},
        [("good", "bad")],
    )
    assert [row["mrr"] for row in models] == [1.0, 0.75]
    assert pairs[0]["difference"] == 0.25
