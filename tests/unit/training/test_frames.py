"""The validation window as tables: whose rows are which products, and how much of the catalogue top lists show."""

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.candidates.base import Context
from shopguide.recommender.features import item_features
from shopguide.recommender.snapshot import assemble
from shopguide.recommender.types import RecommendationRequest
from shopguide.training import frames as frames_module
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Fit
from shopguide.training.fitting import rehearse
from shopguide.training.frames import Case, coverage, make_frames
from shopguide.training.interactions import EventLog, temporal_split
from shopguide.training.stopwatch import Stopwatch
from tests.unit.recommender.synthetic import make_events, make_products
from tests.unit.training.test_blendfit import planted


def test_rows_are_products_that_the_shopper_had_not_touched_and_the_chosen_ones_are_marked(
    index: CatalogueIndex,
) -> None:
    split = temporal_split(EventLog.read(make_events(index), index))
    assert split is not None
    small = FactorParameters(dimensions=4, epochs=1)
    frames = rehearse(Fit(index, item_features(index), {}, small, lambda *_: None), split, Stopwatch(), []).frames
    assert len(frames.items) == len(frames.shopper) and frames.relevant.any()
    for shopper, position in enumerate(frames.positions.tolist()):
        rows = frames.shopper == shopper
        items = frames.items[rows].tolist()
        assert items == sorted(set(items)) and not {item.row for item in split.past.history(position)} & set(items)
        assert {item for item, chosen in zip(items, frames.relevant[rows], strict=True) if chosen} == (
            set(items).intersection(split.truth[position])
        )


def test_a_draw_of_the_catalogue_stands_beside_what_is_retrieved(monkeypatch: pytest.MonkeyPatch) -> None:
    # More products than any model retrieves, none of which anything speaks for: what is kept beyond is drawn.
    index = CatalogueIndex(make_products(1500))
    features = item_features(index)
    snapshot = assemble(index, features=features)
    cases = [Case(n, Context(RecommendationRequest(), features), [], np.asarray([7], dtype=np.int32)) for n in range(3)]
    drawn = make_frames(snapshot, cases)
    monkeypatch.setattr(frames_module, "BY_LOT", 0)
    retrieved = make_frames(snapshot, cases)
    beside = [set(drawn.items[drawn.shopper == n]) - set(retrieved.items[retrieved.shopper == n]) for n in range(3)]
    assert all(20 < len(rows) <= 50 for rows in beside) and beside[0] != beside[1]
    assert set(retrieved.items) <= set(drawn.items)


def test_coverage_counts_the_products_on_top_lists() -> None:
    frames = planted(3, {}, n_rows=20)
    scores = np.tile(-np.arange(20, dtype=np.float32), 3)
    scores[:20] *= -1  # the first shopper's list is the other way round
    times = frames.recommended(scores, 25)
    assert times.tolist() == [2] * 10 + [1] * 10 + [0] * 5
    assert frames.of(np.asarray([False, True, False])).recommended(scores[20:40], 25).tolist() == [1] * 10 + [0] * 15
    assert coverage("blend", times, 3) == {
        "model": "blend", "products": 25, "recommended": 20, "share": 0.8, "most": 0.6667, "often": [10, 10],
    }  # fmt: skip
    assert coverage("blend", np.zeros(0, dtype=np.int64), 0)["often"] == []
    assert coverage("blend", np.asarray([1, 2, 3, 4, 7, 8]), 8)["often"] == [1, 2, 2, 1]
