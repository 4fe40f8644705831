from datetime import timedelta

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku
from shopguide.recommender.pipeline import interactions_of
from shopguide.training.interactions import MIN_EVENTS, EventLog, temporal_split
from tests.unit.recommender.synthetic import START, make_events


@pytest.fixture
def events(index: CatalogueIndex) -> list[FeedbackEvent]:
    return make_events(index)


def test_events_come_oldest_first_whatever_order_they_are_read_in(index, events) -> None:
    log = EventLog.read(reversed(events), index)
    assert len(log) == len(events)
    assert np.all(np.diff(log.at) >= 0)
    assert log.until == events[-1].at.timestamp()


def test_products_no_longer_sold_and_searches_are_left_out(index) -> None:
    log = EventLog.read(
        [
            FeedbackEvent("1", "click", ShopperId("a"), START, Sku("gone")),
            FeedbackEvent("2", "search", ShopperId("a"), START),
            FeedbackEvent("3", "click", ShopperId("a"), START, Sku("P001")),
        ],
        index,
    )
    assert log.row.tolist() == [index.row(Sku("P001"))]


def test_what_speaks_against_a_product_outweighs_a_click(index) -> None:
    log = EventLog.read(
        [
            FeedbackEvent("1", "click", ShopperId("a"), START, Sku("P001")),
            FeedbackEvent("2", "dislike", ShopperId("a"), START, Sku("P001")),
            FeedbackEvent("3", "like", ShopperId("a"), START, Sku("P002")),
        ],
        index,
    )
    assert log.positive.toarray().nonzero()[1].tolist() == [index.row(Sku("P002"))]


def test_a_history_is_the_one_that_serves(index, events) -> None:
    log = EventLog.read(events, index)
    for shopper in (0, 17):
        own = [event for event in events if event.shopper_id == log.shoppers[shopper]]
        served = interactions_of(index, own)
        trained = log.history(shopper)
        assert [(i.row, i.kind, i.at) for i in trained] == [(i.row, i.kind, i.at) for i in served]
        assert [i.weight for i in trained] == pytest.approx([i.weight for i in served])


def test_the_window_is_later_than_the_past_and_asks_only_for_what_is_new(index, events) -> None:
    log = EventLog.read(events, index)
    split = temporal_split(log, share=0.3)
    assert split is not None
    assert 0 < len(split.past) < len(log)
    window = log.at[len(split.past) :]
    assert split.past.until < window.min()
    for shopper, rows in split.truth.items():
        seen = {item.row for item in split.past.history(shopper)}
        assert len(rows) and not seen & set(rows.tolist())
        chosen = log.row[len(split.past) :][log.shopper[len(split.past) :] == shopper]
        assert set(rows.tolist()) <= set(chosen.tolist())


def test_events_of_one_moment_are_not_torn_apart(index) -> None:
    events = [
        FeedbackEvent(str(i), "click", ShopperId(f"s{i % 50}"), START + timedelta(days=i // 100), Sku(f"P{i % 90:03d}"))
        for i in range(400)
    ]
    split = temporal_split(EventLog.read(events, index), share=0.1)
    assert split is not None and len(split.past) == 300


def test_few_events_are_no_validation(index, events) -> None:
    assert temporal_split(EventLog.read(events[: MIN_EVENTS - 1], index)) is None
    one_shopper = [FeedbackEvent(e.event_id, e.kind, ShopperId("one"), e.at, e.sku) for e in events]
    assert temporal_split(EventLog.read(one_shopper, index)) is None
