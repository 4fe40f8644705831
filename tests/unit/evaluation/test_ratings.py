"""Errors of predicted ratings: planted tastes are learnt, and nothing is chosen by the test."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import ratings as bench
from shopguide.errors import UnreadableFile
from shopguide.evaluation.recommender import ratings
from shopguide.evaluation.recommender.ratings import RatingParameters, predict, read_ratings, rmse_rows

QUICK = {
    "biases alone": (RatingParameters("biases", learning_rate=0.03, epochs=12),),
    "biased matrix factorisation": (
        RatingParameters("mf", 4, 0.01, learning_rate=0.03, epochs=25),
        RatingParameters("mf", 4, 10.0, learning_rate=0.03, epochs=2),
    ),
    "MLP": (RatingParameters("mlp", 8, 0.0, learning_rate=0.02, epochs=25),),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users and items of two kinds: one's own kind gets a star more, the other one less; some items are better."""
    source = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("ratings")
    lines: dict[str, list[str]] = {"ua.base": [], "ua.test": []}
    for user in range(1, 81):
        for place, item in enumerate(source.permutation(np.arange(1, 61))[:40]):
            stars = 3 + (1 if user % 2 == item % 2 else -1) + (1 if item % 5 == 0 else 0)
            lines["ua.base" if place < 30 else "ua.test"].append(f"{user}\t{item}\t{min(stars, 5)}\t0")
    for name, text in lines.items():
        (folder / name).write_text("\n".join(text) + "\n")
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> dict[str, dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ratings, "CANDIDATES", QUICK)
        return {row["model"]: row for row in rmse_rows(folder)}


def test_vectors_learn_whose_taste_is_whose_and_biases_cannot(rows) -> None:
    assert rows["biases alone"]["rmse"] > 0.8
    assert rows["biased matrix factorisation"]["rmse"] < 0.4
    assert rows["MLP"]["rmse"] < 0.4


def test_a_row_has_its_interval_and_the_better_parameters(rows) -> None:
    row = rows["biased matrix factorisation"]
    low, high = row["ci"]["rmse"]
    assert low < row["rmse"] < high
    assert row["ratings"] == 800 and row["parameters"]["penalty"] == 0.01
    assert row["validation_rmse"] == pytest.approx(row["rmse"], abs=0.15)


def test_nothing_is_chosen_by_the_test(folder: Path, rows, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "ua.base").write_text((folder / "ua.base").read_text())
    turned = [line.split("\t") for line in (folder / "ua.test").read_text().splitlines()]
    (tmp_path / "ua.test").write_text("\n".join(f"{u}\t{i}\t{6 - int(s)}\t0" for u, i, s, _ in turned))
    monkeypatch.setattr(ratings, "CANDIDATES", QUICK)
    for row in rmse_rows(tmp_path):
        for same in ("parameters", "validation_rmse"):
            assert row[same] == rows[row["model"]][same]


def test_predictions_can_be_repeated_and_stay_between_1_and_5_stars(folder: Path) -> None:
    base, test = read_ratings(folder / "ua.base"), read_ratings(folder / "ua.test")
    parameters = RatingParameters("mf", 4, 0.0, learning_rate=0.2, epochs=3)
    first, again, other = (predict(base, test, replace(parameters, seed=seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert first.min() >= 1.0 and first.max() <= 5.0


@pytest.mark.parametrize(("text", "why"), [("1\t2\n", "line 1 is no rating"), ("", "no ratings")])
def test_what_is_no_ratings_file_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "ua.base").write_text(text)
    with pytest.raises(UnreadableFile, match=f"ua.base: {why}"):
        read_ratings(tmp_path / "ua.base")
    with pytest.raises(UnreadableFile, match=r"ua\.test"):
        read_ratings(tmp_path / "ua.test")


def test_the_bench_prints_json(folder: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(ratings, "CANDIDATES", {"biases alone": (RatingParameters("biases", epochs=1),)})
    monkeypatch.setattr(sys, "argv", ["ratings", "--dataset", str(folder)])
    bench.main()
    assert [row["model"] for row in json.loads(capsys.readouterr().out)] == ["biases alone"]
    monkeypatch.setattr(sys, "argv", ["ratings", "--dataset", str(folder / "nowhere")])
    with pytest.raises(SystemExit, match=r"ua\.base"):
        bench.main()
