"""Events teach tastes: once, and no more than they tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shopguide.errors import DatabaseError
from shopguide.feedback.events import FeedbackEvent
from shopguide.guide.learning import evidence_of
from shopguide.ids import ShopperId, Sku
from shopguide.profiles.preferences import PreferenceEvidence
from tests.support.shop import FakeShop

ANN = ShopperId("ann")
LIKE = FeedbackEvent("e1", "like", ANN, datetime.now(UTC), sku=Sku("mug/1"))


def take(shop: FakeShop, *events: FeedbackEvent) -> int:
    return shop.recorder.take(events).accepted


def test_a_like_teaches_what_the_product_is(shop: FakeShop) -> None:
    assert take(shop, LIKE) == 1
    weights = shop.profiles.taste(ANN).weights
    assert set(weights) == {"brand", "colour", "category"}
    assert set(weights["category"]) == {"mugs"}, "the leaf tells, the department does not"
    assert all(weight > 0 for values in weights.values() for weight in values.values())


def test_an_event_sent_twice_teaches_once(shop: FakeShop) -> None:
    take(shop, LIKE, LIKE)
    once = shop.profiles.taste(ANN).weight("brand", "kestrel")
    assert take(shop, LIKE) == 0
    assert shop.profiles.taste(ANN).weight("brand", "kestrel") == pytest.approx(once, abs=1e-4)


def test_a_purchase_says_more_than_a_click_and_a_dislike_the_opposite(shop: FakeShop) -> None:
    kinds: dict[str, float] = {}
    for kind in ("purchase", "like", "click", "dislike", "view", "dismiss"):
        shopper = ShopperId(kind)
        take(shop, replace(LIKE, event_id=kind, kind=cast("Any", kind), shopper_id=shopper))
        kinds[kind] = shop.profiles.taste(shopper).weight("brand", "kestrel")
    assert kinds["purchase"] > kinds["like"] > kinds["click"] > 0 > kinds["dislike"]
    assert kinds["view"] == kinds["dismiss"] == 0


@pytest.mark.parametrize(("stars", "sign"), [(5, 1), (4, 1), (3, 0), (2, -1), (1, -1)])
def test_a_rating_is_a_like_or_a_dislike_or_neither(shop: FakeShop, stars: float, sign: int) -> None:
    rating = replace(LIKE, kind="rating", value=stars)
    polarities = {piece.polarity for piece in evidence_of(rating, cast("Any", shop.catalogue.index()))}
    assert polarities == ({sign} if sign else set())


def test_a_refused_event_and_a_product_not_on_sale_teach_nothing(shop: FakeShop) -> None:
    take(shop, replace(LIKE, at=LIKE.at + timedelta(days=1)), replace(LIKE, event_id="e2", sku=Sku("gone")))
    assert shop.profiles.taste(ANN).is_empty
    assert shop.feedback.count() == 1


def test_an_event_and_what_it_teaches_are_kept_together_or_wait_together(
    shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(evidence: list[PreferenceEvidence]) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(shop.profiles, "record", down)
        assert shop.recorder.take([LIKE]).queued == 1
    assert shop.feedback.count() == 0
    assert shop.recorder.deliver() == 1
    assert shop.feedback.count() == 1
    assert not shop.profiles.taste(ANN).is_empty


def test_evidence_names_the_event_and_the_kind_of_product(shop: FakeShop) -> None:
    take(shop, LIKE)
    evidence = shop.profiles.show(ANN).evidence
    assert {(piece.event_id, piece.category) for piece in evidence} == {("e1", "mugs")}


def test_a_basket_teaches_as_a_basket(shop: FakeShop) -> None:
    take(shop, replace(LIKE, kind="add_to_cart"))
    assert {piece.source for piece in shop.profiles.show(ANN).evidence} == {"cart"}
