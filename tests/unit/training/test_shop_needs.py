from datetime import timedelta

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.ids import ShopperId, Sku, SlateId
from shopguide.recommender.texts import product_text
from shopguide.training.shopneeds import HEAVIEST, searches, slate_groups
from tests.unit.recommender.synthetic import START


def a_slate(slate_id: str, need: str, skus: tuple[str, ...]) -> Slate:
    items = tuple(SlateItem(Sku(sku), position) for position, sku in enumerate(skus, 1))
    return Slate(
        SlateId(slate_id), ShopperId("s"), None, START, "search_products", "blend", "v", None, 3, items,
        state={"need": {"need_text": need, "colour": ["red"]}},
        constraints=({"facet": "colour", "op": "in", "values": ["red"]}, {"facet": "price", "op": "<=", "value": 9.0}),
    )  # fmt: skip


def test_what_was_passed_over_on_a_slate_is_what_stood_above_the_choice(index: CatalogueIndex) -> None:
    slates = {
        SlateId("1"): a_slate("1", "something blue", ("P001", "P002", "P003", "P004")),
        SlateId("2"): a_slate("2", "", ("P001", "P002")),
        SlateId("3"): a_slate("3", "top choice", ("P001", "P002")),
    }

    def event(slate: str, sku: str, kind: str = "click") -> FeedbackEvent:
        return FeedbackEvent(f"{slate}{sku}{kind}", kind, ShopperId("s"), START, Sku(sku), SlateId(slate))  # type: ignore[arg-type]

    events = [
        event("1", "P003"),
        event("1", "P002", "dislike"),
        event("2", "P002"),
        event("3", "P001"),
        event("lost", "P002"),
    ]
    (group,) = slate_groups(events, slates.get, index)
    assert group.need == "something blue red"
    assert group.products == tuple(product_text(index.product(Sku(sku))) for sku in ("P003", "P001", "P002"))
    assert group.weight == pytest.approx(0.5 * 3)


def test_a_choice_far_down_weighs_more_but_not_without_end(index: CatalogueIndex) -> None:
    skus = tuple(f"P{number:03}" for number in range(1, 10))
    slates = {SlateId("1"): a_slate("1", "something blue", skus)}

    def weight(sku: str, kind: str) -> float:
        event = FeedbackEvent("e", kind, ShopperId("s"), START, Sku(sku), SlateId("1"))  # type: ignore[arg-type]
        (group,) = slate_groups([event], slates.get, index)
        return group.weight

    assert weight("P002", "click") < weight("P003", "click") < weight("P003", "purchase")
    assert weight("P008", "click") == weight("P009", "click") == pytest.approx(0.5 * HEAVIEST)


def test_what_a_search_was_answered_by_is_what_its_shopper_chose_soon_after(index: CatalogueIndex) -> None:
    def event(kind: str, minute: int, shopper: str = "s", sku: str | None = None, text: str | None = None):
        at = START + timedelta(minutes=minute)
        return FeedbackEvent(f"{kind}{minute}{shopper}", kind, ShopperId(shopper), at, sku and Sku(sku), text=text)  # type: ignore[arg-type]

    events = [
        event("click", 0, sku="P001"),
        event("search", 1, text="red lamp"),
        event("click", 2, "t", sku="P002"),
        event("view", 3, sku="P003"),
        event("click", 4, sku="P004"),
        event("click", 5, sku="P004"),
        event("search", 6, text="  "),
        event("click", 7, sku="P005"),
        event("search", 8, text="vase"),
        event("click", 60, sku="P006"),
        event("search", 61, text="vase"),
        event("purchase", 62, sku="GONE"),
        event("purchase", 63, sku="P007"),
    ]
    assert searches(events, index) == [("red lamp", index.row(Sku("P004"))), ("vase", index.row(Sku("P007")))]
    assert len(searches(events, index, limit=1)) == 1
