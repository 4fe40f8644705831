"""Needs of shoppers: from their searches, and made from what they bought next."""

from datetime import timedelta

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnreadableFile
from shopguide.evaluation.reranker.logs import Wanted, cut_of, made, read_events, sampled, searched
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.mapping import EventMapping
from shopguide.ids import ShopperId
from tests.unit.recommender.synthetic import START, make_products

ANN, BOB = ShopperId("ann"), ShopperId("bob")


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex(make_products())


def event(minute: float, kind: str, shopper: ShopperId = ANN, sku: str | None = None, text: str | None = None):
    at = START + timedelta(minutes=minute)
    return FeedbackEvent(f"{shopper}-{minute}-{kind}", kind, shopper, at, sku, text=text)  # type: ignore[arg-type]


def test_a_search_is_answered_by_what_its_shopper_chose_and_did_not_reject(index) -> None:
    events = [
        event(0, "search", text="blue shoes"),
        event(1, "view", sku="P000"),
        event(2, "click", sku="P001"),
        event(3, "click", BOB, "P007"),
        event(4, "click", sku="P002"),
        event(5, "dislike", sku="P002"),
        event(29, "purchase", sku="P003"),
        event(31, "purchase", sku="P004"),
        event(40, "search", text="a lamp"),
        event(41, "view", sku="P005"),
        event(50, "search", text="a red lamp"),
        event(51, "add_to_cart", sku="P036"),
    ]
    found = searched(events, index)
    assert found == [
        Wanted("blue shoes", ANN, frozenset({index.row("P001"), index.row("P003")})),
        Wanted("a red lamp", ANN, frozenset({index.row("P036")})),
    ]


def test_made_needs_are_part_of_a_title_newly_bought(index) -> None:
    past = [event(0, "purchase", sku="P000")]
    window = [event(10, "purchase", sku="P000"), event(11, "purchase", sku="P001"), event(12, "click", BOB, "P002")]
    (need,) = made(past, window, index, 10)
    assert need.shopper == ANN and need.chosen == {index.row("P001")}
    words = need.text.split()
    title = index.product("P001").title.lower().split()  # type: ignore[arg-type]
    assert set(words) < set(title) and 0 < len(words) <= len(title) / 2
    assert made(past, window, index, 10) == [need]


def test_the_last_part_begins_between_two_moments() -> None:
    events = [event(minute, "click", sku="P000") for minute in (0, 1, 2, 3, 4, 5, 6, 7, 7, 9)]
    assert cut_of(events) == 7  # the eighth and the ninth are of one moment


def test_a_sample_keeps_the_order() -> None:
    needs = [Wanted(str(i), ANN, frozenset({i})) for i in range(50)]
    few = sampled(needs, 10)
    assert len(few) == 10 and [int(one.text) for one in few] == sorted(int(one.text) for one in few)
    assert sampled(needs, 50) == needs


def test_a_file_without_events_is_refused(tmp_path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind": "search"}\n', "utf-8")
    with pytest.raises(UnreadableFile, match="no event"):
        read_events(path, EventMapping())
