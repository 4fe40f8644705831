"""The choice of models, weights and trees on a planted window."""

from dataclasses import replace

import numpy as np
import pytest

from shopguide.recommender.blend import DEFAULT_WEIGHTS, HABITS, Blend, BlendFeatures, Standing, source_of
from shopguide.training.blendfit import METRIC, Rehearsal, choose, columns_of, fit_trees, folds_of, validate
from shopguide.training.frames import Frames, joined
from shopguide.training.weights import fit_weights


def planted(n_shoppers: int, telling: dict[str, float], *, n_rows: int = 40, seed: int = 0) -> Frames:
    """Frames in which the chosen product is that with the greatest planted sum; every other column is noise."""
    random = np.random.default_rng(seed)
    matrix = random.uniform(0, 1, size=(n_shoppers * n_rows, len(HABITS))).astype(np.float32)
    truth = sum(weight * matrix[:, HABITS.index(name)] for name, weight in telling.items())
    truth = truth + random.normal(0, 0.05, size=len(matrix))
    relevant = np.zeros((n_shoppers, n_rows), dtype=np.bool_)
    relevant[np.arange(n_shoppers), np.argmax(truth.reshape(n_shoppers, n_rows), axis=1)] = True
    return Frames(
        np.repeat(np.arange(n_shoppers, dtype=np.int32), n_rows),
        matrix,
        relevant.ravel(),
        np.ones(n_shoppers, dtype=np.int64),
        np.full(n_shoppers, 9),
        np.arange(n_shoppers, dtype=np.int32),
        np.tile(np.arange(n_rows, dtype=np.int32), n_shoppers),
    )


def nobody() -> Frames:
    return planted(1, {}).of(np.zeros(1, dtype=np.bool_))


def test_weights_follow_what_tells_and_what_speaks_of_a_shopper_never_counts_against_a_product() -> None:
    weights = fit_weights(planted(200, {"taste": 1.0, "lean": -1.0, "popularity": -0.5}), HABITS)
    assert weights["taste"] == max(weights[name] for name in HABITS)
    assert weights["lean"] == 0.0 and weights["popularity"] < 0.0
    assert weights["text"] == DEFAULT_WEIGHTS["text"]
    assert sum(weights[name] for name in HABITS if weights[name] > 0) == pytest.approx(
        sum(DEFAULT_WEIGHTS.get(name, 0.0) for name in HABITS), abs=0.01
    )


def test_no_choices_leave_the_default_weights() -> None:
    assert fit_weights(nobody(), HABITS)["lightfm"] == DEFAULT_WEIGHTS["lightfm"]


def test_models_that_tell_something_are_chosen_and_lightfm_always_is() -> None:
    frames = planted(300, {"ease": 1.0, "als_rank": 0.7})
    chosen, steps = choose(Rehearsal((), frames), ("lightfm", "item_knn", "ease", "als"))
    assert chosen[:3] == ("lightfm", "ease", "als")
    assert [len(step["models"]) for step in steps] == list(range(1, len(steps) + 1))


def test_columns_of_models_that_do_not_serve_are_left_out() -> None:
    assert "ease" not in columns_of(("lightfm",)) and "lightfm_rank" in columns_of(("lightfm",))
    assert "popularity" in columns_of(())


def test_trees_serve_only_where_they_rank_better_beyond_doubt() -> None:
    families = ("lightfm", "item_knn")
    straight = planted(600, {"lightfm": 1.0, "item_knn": 1.0})
    assert validate(Rehearsal(families, straight), families).kind == "linear"
    # A product is chosen for being neither high nor low: no weighted sum can say so.
    bent = planted(600, {"lightfm": 1.0})
    off = np.abs(bent.column("lightfm") - 0.5).reshape(600, -1)
    bent.relevant[:] = False
    bent.relevant[np.arange(600) * off.shape[1] + np.argmin(off, axis=1)] = True
    found = validate(Rehearsal(families, bent), families)
    rows = {row["model"]: row[METRIC] for row in found.models}
    assert found.kind == "trees" and rows["blend_trees"] > rows["blend_linear"]
    assert {pair["against"] for pair in found.pairs} >= {"popularity", "lightfm", "blend_linear"}


def test_trees_reorder_the_best_and_keep_the_scale_of_the_weighted_sums() -> None:
    frames = planted(200, {"lightfm": 1.0})
    weights = fit_weights(frames, HABITS)
    trees = fit_trees(frames, weights, HABITS)
    plain, with_trees = frames.score(Blend(weights)), frames.score(Blend(weights, trees=trees))
    for start in frames.starts[:5]:
        part = slice(int(start), int(start) + 40)
        assert with_trees[part].mean() == pytest.approx(plain[part].mean(), abs=1e-3)
        assert with_trees[part].std() == pytest.approx(plain[part].std(), abs=1e-3)
    assert not np.array_equal(np.argsort(plain), np.argsort(with_trees))


def newcomers(n_shoppers: int, telling: dict[str, float], *, seed: int = 1) -> Frames:
    frames = planted(n_shoppers, telling, seed=seed)
    frames.liked[:] = 1
    return frames


def test_newcomers_get_their_own_weights_and_no_trees() -> None:
    families, anew = ("lightfm", "item_knn"), newcomers(200, {"popularity": 1.0})
    found = validate(Rehearsal(families, planted(200, {"lightfm": 1.0}), {"products chosen: 1": anew}), families)
    weights = found.blend.newcomer_weights
    assert weights is not None and weights["popularity"] > found.blend.weights["popularity"]
    assert anew.score(found.blend) == pytest.approx(anew.weighted(weights), abs=1e-5)
    assert {(row["told"], row["model"]) for row in found.newcomers} == {
        ("products chosen: 1", model) for model in ("popularity", "blend_default", "blend_linear")
    }


def test_strangers_are_served_by_what_suits_them_and_not_by_what_suits_newcomers() -> None:
    strangers = planted(200, {"popularity_ever": 1.0}, seed=2)
    strangers.liked[:] = 0
    strangers.matrix[:, HABITS.index("taste")] = 0.0
    told = {"products chosen: 0": strangers, "products chosen: 1": newcomers(200, {"popularity": 1.0})}
    blend = validate(Rehearsal(("lightfm",), planted(200, {"lightfm": 1.0}), told), ("lightfm",)).blend
    assert blend.stranger_weights is not None and blend.newcomer_weights is not None
    assert blend.stranger_weights["popularity_ever"] > 2 * blend.newcomer_weights["popularity_ever"]
    assert strangers.score(blend) == pytest.approx(strangers.weighted(blend.stranger_weights), abs=1e-5)


def test_few_newcomers_keep_the_default_weights_however_often_each_is_asked_about() -> None:
    told = {str(n): newcomers(20, {"popularity": 1.0}, seed=n) for n in range(5)}
    found = validate(Rehearsal(("lightfm",), planted(200, {"lightfm": 1.0}), told), ("lightfm",))
    assert found.blend.newcomer_weights == DEFAULT_WEIGHTS
    assert {row["model"] for row in found.newcomers} == {"popularity", "blend_default"}


def test_models_are_chosen_for_newcomers_as_far_as_newcomers_choose_something() -> None:
    families, anew = ("lightfm", "item_knn", "ease"), {"": newcomers(200, {"ease": 1.0})}
    frames = planted(200, {"item_knn": 1.0})
    assert choose(Rehearsal((), frames, anew), families)[0][1] == "item_knn"
    frames.liked[:] = 0
    assert choose(Rehearsal((), frames, anew), families)[0][1] == "ease"


def test_whoever_is_asked_about_more_than_once_is_always_in_the_same_fold() -> None:
    once = planted(60, {})
    folds = folds_of(joined([once, once]), seed=0)
    assert len(set(folds.tolist())) > 1 and (folds[:60] == folds[60:]).all()


def test_the_climb_finds_the_few_that_are_seen_where_the_likelihood_of_all_choices_does_not() -> None:
    frames = planted(150, {"popularity": 1.0}, n_rows=60)
    # Many choices follow one feature, but the first ten places are decided by another one.
    many = frames.column("popularity_ever") > 0.5
    frames.relevant[many] = np.random.default_rng(0).random(int(many.sum())) < 0.5
    frames.chosen[:] = np.bincount(frames.shopper, weights=frames.relevant)
    columns = ("popularity", "popularity_ever", "rating")
    plain, climbed = (fit_weights(frames, columns, climb=climb) for climb in (None, np.mean))
    reached = [frames.metrics(frames.weighted(weights))[METRIC].mean() for weights in (plain, climbed)]
    assert reached[1] > reached[0]


def test_metrics_of_frames_are_those_of_their_definition() -> None:
    frames = planted(3, {"taste": 1.0}, n_rows=20)
    scores = frames.column("taste")
    found = frames.metrics(scores)
    for shopper in range(3):
        part = slice(20 * shopper, 20 * shopper + 20)
        place = int(np.argsort(-scores[part]).tolist().index(int(np.argmax(frames.relevant[part]))))
        assert found[METRIC][shopper] == pytest.approx(1 / np.log2(place + 2) if place < 10 else 0.0)


def test_lifts_under_trees_name_what_a_real_removal_costs_most() -> None:
    frames = planted(300, {"lightfm": 1.0, "ease": 0.8})
    weights = fit_weights(frames, HABITS)
    blend = Blend(weights, trees=fit_trees(frames, weights, HABITS))
    agreed = 0
    for shopper in range(40):
        matrix = frames.matrix[40 * shopper : 40 * shopper + 40]
        columns = dict(zip(HABITS, matrix.T, strict=True))
        values = BlendFeatures(np.arange(40, dtype=np.int32), columns, Standing.KNOWN)
        score = blend.score(values)
        best = int(np.argmax(score))
        lost = {}
        for source in {source_of(name) for name in HABITS}:
            silent = {n: np.full(40, c.mean(), np.float32) for n, c in columns.items() if source_of(n) == source}
            lost[source] = score[best] - blend.score(replace(values, columns=columns | silent))[best]
        (lifts,) = blend.lifts(values, [best])
        agreed += max(lifts, key=lambda name: lifts[name]) in sorted(lost, key=lambda name: -lost[name])[:2]
    assert agreed >= 36
