from math import log2

import numpy as np
import pytest

from shopguide.training.metrics import interval, ndcg, paired, recall, summary


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
