"""Figures by hand: rankings of the full catalogue, what lists are like, and groups."""

from math import log2
from typing import Any

import numpy as np
import pytest

from shopguide.evaluation.recommender.beyond import Lists
from shopguide.evaluation.recommender.groups import groupings_of
from shopguide.evaluation.recommender.measures import ACCURACY, AUC, NDCG, NOTHING, Field, Ranking, Tally
from shopguide.evaluation.recommender.splits import SplitName, split_of
from shopguide.recommender.features import Floats
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.groups import ACTIVITY, LEAST, MOST, gaps
from shopguide.training.metrics import ndcg, recall
from tests.unit.evaluation.bought import SHOPPERS, events, reading


def rows(*numbers: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.asarray(numbers, dtype=np.int32)


def scores(*numbers: float) -> Floats:
    return np.asarray(numbers, dtype=np.float32)


def measured(ranking: Ranking, relevant: int) -> dict[str, float]:
    tally = Tally()
    tally.add(ranking, relevant)
    return {name: float(values[0]) for name, values in tally.accuracy().items()}


def test_every_figure_of_one_ranking_by_hand() -> None:
    order = np.arange(20, dtype=np.int32)
    field = Field(order, None, seen=rows(0, 1), truth=rows(3, 5, 19))
    assert field.relevant == 3
    ranking = field.rank(-order.astype(np.float32))  # 2, 3, 4, 5, …: hits at ranks 2 and 4, the third one last of 18
    assert ranking.top.tolist() == list(range(2, 12))
    assert ranking.first == 2
    found = measured(ranking, field.relevant)
    assert found == pytest.approx(
        {
            NDCG: (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4)),
            "recall@10": 2 / 3,
            "precision@10": 0.2,
            "f1@10": 2 * 0.2 * (2 / 3) / (0.2 + 2 / 3),
            "map@10": (1 / 2 + 2 / 4) / 3,
            "hit_rate@10": 1.0,
            "mrr": 0.5,
            AUC: (14 + 13 + 0) / (3 * 15),
        }
    )
    assert set(found) == set(ACCURACY)


def test_figures_are_those_of_single_rankings_elsewhere() -> None:
    random = np.random.default_rng(0)
    tally, expected = Tally(), []
    for _ in range(50):
        truth = np.sort(random.choice(60, random.integers(1, 30), replace=False)).astype(np.int32)
        field = Field(random.permutation(60).astype(np.int32), None, rows(), truth)
        ranking = field.rank(random.random(60).astype(np.float32))
        tally.add(ranking, field.relevant)
        wanted = frozenset(truth.tolist())
        expected.append((ndcg(ranking.top.tolist(), wanted), recall(ranking.top.tolist(), wanted)))
    found = tally.accuracy()
    assert np.column_stack([found[NDCG], found["recall@10"]]) == pytest.approx(np.asarray(expected))


def test_who_knows_the_truth_scores_one_and_chance_half() -> None:
    random = np.random.default_rng(1)
    wise, lucky = Tally(), Tally()
    for _ in range(300):
        truth = np.sort(random.choice(200, 4, replace=False)).astype(np.int32)
        field = Field(random.permutation(200).astype(np.int32), None, rows(), truth)
        wise.add(field.rank(np.isin(np.arange(200), truth).astype(np.float32)), 4)
        lucky.add(field.rank(random.random(200).astype(np.float32)), 4)
    for name, values in wise.accuracy().items():
        best = {"precision@10": 0.4, "f1@10": 2 * 0.4 / 1.4}.get(name, 1.0)
        assert values == pytest.approx(np.full(300, best)), name
    assert lucky.accuracy()[AUC].mean() == pytest.approx(0.5, abs=0.03)
    assert lucky.accuracy()["recall@10"].mean() == pytest.approx(10 / 200, abs=0.02)


def test_ties_are_broken_by_lot_and_count_half() -> None:
    firsts, aucs, hits = [], [], []
    for seed in range(400):
        order = np.random.default_rng(seed).permutation(40).astype(np.int32)
        field = Field(order, None, rows(), rows(0))
        ranking = field.rank(np.ones(40, dtype=np.float32))
        firsts.append(ranking.first)
        aucs.append(ranking.auc)
        hits.append(bool(ranking.hits.any()))
        assert ranking.top.tolist() == order[:10].tolist()
        assert ranking.first == 1 + order.tolist().index(0)
    assert set(aucs) == {0.5}
    assert np.mean(firsts) == pytest.approx(20.5, abs=2)
    assert np.mean(hits) == pytest.approx(0.25, abs=0.07)


def test_what_was_seen_and_what_is_no_candidate_is_not_ranked() -> None:
    order = np.arange(9, dtype=np.int32)
    field = Field(order, rows(2, 4, 6, 8), seen=rows(8), truth=rows(4))
    ranking = field.rank(scores(9, 9, 3, 9, 2, 9, 1, 9, 9))
    assert ranking.top.tolist() == [2, 4, 6, *[NOTHING] * 7]
    assert (ranking.first, ranking.auc) == (2, 0.5)
    assert measured(ranking, 1)["precision@10"] == 0.1
    with pytest.raises(ValueError, match="no candidate"):
        Field(order, rows(2, 4), seen=rows(4), truth=rows(4))


def test_where_there_is_nothing_else_auc_says_nothing() -> None:
    field = Field(np.arange(3, dtype=np.int32), rows(1), rows(), rows(1))
    assert np.isnan(field.rank(scores(0, 0, 0)).auc)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        Field(np.arange(2, dtype=np.int32), None, rows(), rows(0)).rank(scores(1, np.nan))


def lists(vectors: ItemVectors | None = None, eligible: int = 160) -> Lists:
    data = reading()
    return Lists(split_of(data, SplitName.SHOPPER).past, data.features, vectors, eligible)


def top(*numbers: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return rows(*numbers, *[NOTHING] * (10 - len(numbers)))


def test_coverage_and_exposure_by_hand() -> None:
    found = lists(eligible=8).of_all(np.vstack([top(0, 1), top(0, 2), top(0, 3)]))
    assert found["coverage@10"] == 0.5
    # Of eight products one stands on three lists, three on one each, four on none.
    exposure = [0, 0, 0, 0, 1, 1, 1, 3]
    mean_difference = np.mean([abs(a - b) for a in exposure for b in exposure])
    assert found["gini@10"] == pytest.approx(mean_difference / (2 * np.mean(exposure)))
    even = lists(eligible=4).of_all(np.vstack([top(0, 1), top(2, 3)]))
    assert even == {"coverage@10": 1.0, "gini@10": 0.0}


def test_novelty_and_popularity_by_hand() -> None:
    here = lists()
    chosen = here.past.positive
    choosers = np.asarray((chosen > 0).sum(axis=0)).ravel()
    shoppers = np.count_nonzero(np.diff(chosen.indptr))
    best, nobodys = int(choosers.argmax()), int(choosers.argmin())
    assert choosers[nobodys] == 0
    found = here.of_shoppers(np.vstack([top(best), top(nobodys), top(best, nobodys)]), [0, 1, 2])
    rare, common = np.log2(shoppers), -np.log2(choosers[best] / shoppers)
    assert found["novelty@10"] == pytest.approx([common, rare, (common + rare) / 2])
    level = [(np.mean(choosers < n) + np.mean(choosers <= n)) / 2 for n in choosers]
    assert found["popularity@10"] == pytest.approx([level[best], level[nobodys], (level[best] + level[nobodys]) / 2])
    own = np.mean([level[row] for row in chosen[0].indices])
    assert found["popularity_bias@10"][0] == pytest.approx(level[best] - own)


def test_diversity_is_one_less_the_mean_cosine_of_pairs() -> None:
    vectors = np.random.default_rng(0).normal(size=(160, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    here = lists(ItemVectors(vectors, np.arange(160, dtype=np.int32)))
    # Even rows are lamps, odd ones mugs; the colour goes by the row modulo 4: two facets each.
    found = here.of_shoppers(np.vstack([top(0, 4, 8), top(0, 2, 1), top(5)]), [0, 1, 2])
    assert found["diversity@10"][:2] == pytest.approx([0.0, 1 - (0.5 + 0 + 0) / 3], abs=1e-6)
    assert np.isnan(found["diversity@10"][2])
    pairs = [vectors[a] @ vectors[b] for a, b in ((0, 2), (0, 1), (2, 1))]
    assert found["diversity_of_texts@10"][1] == pytest.approx(1 - np.mean(pairs), abs=1e-5)


def test_somebody_without_a_past_has_no_popularity_to_compare_with() -> None:
    data = reading()
    split = split_of(data, SplitName.COLD_SHOPPERS)
    here = Lists(split.past, data.features, None, 160)
    found = here.of_shoppers(np.vstack([top(0, 1)]), [split.shoppers[0]])
    assert np.isnan(found["popularity_bias@10"]).all() and not np.isnan(found["popularity@10"]).any()


def test_groups_of_the_data_set_and_thirds_by_activity() -> None:
    # How much somebody did has nothing to do with the order in which they first came.
    did_little = [event for n, event in enumerate(events()) if n < SHOPPERS or (n * 7919) % SHOPPERS % 3 or n % 5 == 0]
    split = split_of(reading(did_little), SplitName.TIME)
    groupings = groupings_of(split, split.shoppers)
    assert set(groupings) == {"club", ACTIVITY}
    did = np.bincount(split.past.shopper)
    by_third = {name: [did[s] for s, third in groupings[ACTIVITY].items() if third == name] for name in (LEAST, MOST)}
    assert max(by_third[LEAST]) <= min(by_third[MOST])
    assert abs(len(by_third[LEAST]) - len(split.shoppers) / 3) < 1


def test_a_gap_lies_between_the_best_and_the_worst_served_group() -> None:
    shoppers = list(range(120))
    of = {s: ("a", "b", "c")[s % 3] for s in shoppers[:110]} | dict.fromkeys(shoppers[110:], "few")
    values = np.asarray([{"a": 0.2, "b": 0.8, "c": 0.5}.get(of[s], 1.0) for s in shoppers])
    (row,) = gaps("m", NDCG, values, shoppers, {"letter": of})
    assert [group["group"] for group in row["groups"]] == ["a", "b", "c", "few"]
    assert row["gap"] == {"between": ["b", "a"], "difference": 0.6, "ci": [0.6, 0.6]}
    (alone,) = gaps("m", NDCG, values, shoppers, {"letter": dict.fromkeys(shoppers, "a")})
    assert "gap" not in alone
    thirds = dict(zip(shoppers, [LEAST, MOST] * 60, strict=True))
    (activity,) = gaps("m", NDCG, np.arange(120.0) % 2 == 0, shoppers, {ACTIVITY: thirds})
    assert activity["gap"]["between"] == [MOST, LEAST] and activity["gap"]["difference"] == -1.0
