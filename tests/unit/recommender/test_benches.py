"""The benchmarks of the recommender on little data: they run, and what they compare is the same."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench import reranker, retrieval
from bench.recommender import Stages, draw_requests, measure, shoppers_with_history
from shopguide.catalogue.index import CatalogueIndex
from shopguide.ids import ShopperId
from shopguide.recommender.candidates.base import top
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles, make_events
from tests.unit.recommender.tiny import save_tiny_reranker


@pytest.fixture
def shop(index: CatalogueIndex, settings: Settings) -> SimpleNamespace:
    catalogue, feedback = FakeCatalogue(index), FakeFeedback(make_events(index))
    recommender = Recommender(catalogue, FakeProfiles(), feedback, settings)  # type: ignore[arg-type]
    return SimpleNamespace(catalogue=catalogue, feedback=feedback, recommender=recommender)


def test_all_ways_find_the_same_products_and_are_timed(tmp_path: Path) -> None:
    drawn = retrieval.Drawn(products=20_000, dimensions=8)
    drawn.save(tmp_path)
    report = retrieval.measure(drawn, tmp_path, requests=3)
    assert report["rows_left"] == 200 and report["same_products"]
    ways = {name for name, row in report.items() if isinstance(row, dict)}
    assert ways == {"ours", "predict_then_mask", "predict_allowed", "numpy_then_mask"}
    assert report["ours"]["times_ours_p50"] == 1.0


def test_a_way_that_finds_others_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = retrieval.Drawn(products=20_000, dimensions=8)
    drawn.save(tmp_path)
    monkeypatch.setattr(retrieval, "shopper_vectors", lambda d: np.ones((retrieval.SHOPPERS, d), dtype=np.float32))
    found = retrieval.ways(drawn, tmp_path)
    rows = np.arange(0, 20_000, 100, dtype=np.int32)
    with monkeypatch.context() as other:
        other.setattr(retrieval, "ways", lambda *_: found | {"wrong": lambda _number, rows: rows[:100]})
        with pytest.raises(AssertionError, match="wrong differs"):
            retrieval.measure(drawn, tmp_path, requests=1)
    assert set(found["ours"](0, rows)) == set(found["predict_allowed"](0, rows))


def test_what_a_server_maps_is_what_the_bench_scores(tmp_path: Path) -> None:
    drawn = retrieval.Drawn(products=300, dimensions=4)
    drawn.save(tmp_path)
    mapped = np.load(tmp_path / retrieval.REPRESENTATION)
    rows = np.arange(300, dtype=np.int32)
    assert np.array_equal(drawn.generator(tmp_path)._items.of(rows), mapped)
    assert not np.array_equal(drawn.generator(None)._items.of(rows), mapped)


def test_the_best_come_first_and_equals_in_the_order_of_the_catalogue() -> None:
    scores = np.array([1.0, 3.0, 2.0, 3.0, 0.0], dtype=np.float32)
    assert top(scores, 3).tolist() == [1, 3, 2]
    assert top(scores, 9).tolist() == [1, 3, 2, 0, 4]
    assert top(scores[:0], 3).tolist() == []


def test_every_kind_of_request_is_timed_stage_by_stage(shop: SimpleNamespace) -> None:
    newcomers = (ShopperId("shopper-1"),)
    report = measure(shop, 4, newcomers)
    assert set(report["kinds"]) == {"everything", "shopper", "shopper_category", "words", "shopper_words", "newcomer"}
    for kind, row in report["kinds"].items():
        assert row["requests"] == 4
        stages = row["stages_cpu_mean_ms"]
        assert {"filter", "generator popularity", "generator text", "blend", "shortlist", "diversity"} <= set(stages)
        assert ("reasons" in stages) and stages["rest"] > 0, kind


def test_the_same_requests_are_drawn_every_time_and_newcomers_only_where_there_are_any(shop: SimpleNamespace) -> None:
    index = shop.catalogue.index()
    shoppers = shoppers_with_history(shop.feedback)
    assert draw_requests(index, shoppers, 5) == draw_requests(index, shoppers, 5)
    assert "newcomer" not in draw_requests(index, shoppers, 5)
    assert all(request.shopper_id in shoppers for request in draw_requests(index, shoppers, 5)["shopper"])


def test_a_stage_does_not_count_what_was_spent_inside_another() -> None:
    stages = Stages()

    def burn() -> int:
        return sum(range(300_000))

    inner = stages.timed("inner", burn)
    stages.timed("outer", lambda: [inner(), inner()])()
    assert stages.spent["inner"] > 10 * stages.spent["outer"] > 0


def test_every_model_of_a_folder_is_timed_on_the_same_pairs(tmp_path: Path) -> None:
    model = save_tiny_reranker(tmp_path / "student")
    save_tiny_reranker(model / "teacher", seed=1)
    report = reranker.pairs(model, threads=1, turns=2)
    assert {"plain", "teacher", "student_fp32"} <= set(report["models"]) and report["tokens"] == reranker.TOKENS
    assert report["models"]["plain"]["times_faster"] == 1.0
    assert all(row["p95_ms"] >= row["p50_ms"] > 0 for row in report["models"].values())
