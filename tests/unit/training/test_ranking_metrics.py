from math import log2

import numpy as np
import pytest

from shopguide.training.metrics import (
    RESAMPLES,
    auc,
    difference,
    interval,
    ndcg,
    paired,
    ratio,
    recall,
    resampled_means,
    summary,
)


def test_ndcg_by_hand() -> None:
    assert ndcg([7, 1, 2], frozenset({7})) == pytest.approx(1.0)
    assert ndcg([1, 7, 2], frozenset({7})) == pytest.approx(1 / log2(3))
    both = (1 + 1 / log2(4)) / (1 + 1 / log2(3))
    assert ndcg([7, 1, 8], frozenset({7, 8})) == pytest.approx(both)
    assert ndcg([1, 2], frozenset({7})) == 0.0
    assert ndcg([1], frozenset()) == 0.0


def test_what_comes_after_the_cutoff_counts_nothing() -> None:
    ranked = [*range(10), 99]
    assert ndcg(ranked, frozenset({99})) == 0.0
    assert recall(ranked, frozenset({99})) == 0.0


def test_recall_by_hand() -> None:
    assert recall([7, 1, 8], frozenset({7, 8, 9, 10})) == pytest.approx(0.5)
    assert recall(list(range(10)), frozenset(range(40))) == pytest.approx(1.0)


def test_an_interval_holds_the_mean_and_narrows_with_more_cases() -> None:
    values = np.random.default_rng(1).random(1000)
    low, high = interval(values)
    assert low < values.mean() < high
    few_low, few_high = interval(values[:50])
    assert high - low < few_high - few_low
    assert interval(values) == (low, high)


def test_a_clear_difference_is_off_zero() -> None:
    random = np.random.default_rng(2)
    theirs = random.random(300)
    row = paired("ours", "theirs", theirs + 0.05 + 0.01 * random.random(300), theirs, "ndcg@10")
    assert row["ci"][0] > 0 and row["difference"] == pytest.approx(0.055, abs=0.002)
    assert paired("a", "b", theirs, theirs, "ndcg@10")["ci"] == [0.0, 0.0]


def test_a_summary_has_the_keys_of_a_report() -> None:
    row = summary("x", {"ndcg@10": np.array([0.0, 1.0]), "recall@10": np.array([1.0, 1.0])})
    assert row["model"] == "x" and row["ndcg@10"] == 0.5 and set(row["ci"]) == {"ndcg@10", "recall@10"}


def test_a_resample_is_a_draw_of_cases() -> None:
    values = np.random.default_rng(3).random(40)
    draws = np.random.default_rng(0).integers(0, 40, size=(RESAMPLES, 40))
    assert resampled_means(values) == pytest.approx(values[draws].mean(axis=1))


def test_a_ratio_and_its_interval() -> None:
    theirs = np.random.default_rng(4).random(200)
    row = ratio("a", "b", 1.2 * theirs, theirs, "ndcg@10")
    assert (row["ratio"], row["ci"]) == (1.2, [1.2, 1.2])
    noisy = ratio("a", "b", np.random.default_rng(5).random(200), theirs, "ndcg@10")
    assert noisy["ci"][0] < noisy["ratio"] < noisy["ci"][1]
    assert ratio("a", "b", theirs, np.zeros(200), "ndcg@10")["ratio"] is None


def test_groups_of_different_people_are_resampled_apart() -> None:
    random = np.random.default_rng(6)
    row = difference("m", "f", random.random(400) + 0.2, random.random(300))
    assert row["between"] == ["m", "f"] and row["ci"][0] > 0.1 and row["ci"][1] < 0.3
    ours = random.random(300)
    low, high = difference("m", "f", ours, ours)["ci"]
    assert low < -0.01 and high > 0.01  # not the same people, so their noise does not cancel


def test_auc_by_hand() -> None:
    assert auc(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == pytest.approx(0.75)
    assert auc(np.array([1.0]), np.array([1.0, 1.0, 0.0])) == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert auc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    assert np.isnan(auc(np.array([1.0]), np.array([])))
