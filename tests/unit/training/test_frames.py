"""The validation window as tables: whose rows are which products, and how much of the catalogue top lists show."""

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.features import item_features
from shopguide.training.factors import FactorParameters
from shopguide.training.families import Fit
from shopguide.training.fitting import rehearse
from shopguide.training.frames import coverage
from shopguide.training.interactions import EventLog, temporal_split
from shopguide.training.stopwatch import Stopwatch
from tests.unit.recommender.synthetic import make_events
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
