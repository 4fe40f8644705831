"""What was shown again and again sinks, what was just shown comes again only if asked for; as far as is allowed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.profiles.preferences import TasteProfile
from shopguide.recommender.fatigue import HALF_LIFE, Seen, seen
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import Recommendation, RecommendationRequest
from shopguide.settings import Settings
from tests.unit.recommender.synthetic import FakeCatalogue, FakeFeedback, FakeProfiles

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NORA, HERE, THERE = ShopperId("nora"), ConversationId("web-1"), ConversationId("web-2")
HOME = RecommendationRequest(shopper_id=NORA)
LAMPS = replace(HOME, constraints=(Constraint("category", "in", ("lamps",)),))


def weariness(*ages: timedelta, touched: Sequence[timedelta] = ()) -> float:
    found = seen(
        {4: [NOW - age for age in ages]},
        {4: NOW - min(touched)} if touched else {},
        session_start=NOW,
        now=NOW,
    )
    return found.weariness.get(4, 0.0)


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_to_be_shown_once_is_free_and_every_further_occasion_costs() -> None:
    assert weariness(0 * DAY) == 0
    twice, thrice = weariness(2 * MINUTE, 3 * 60 * MINUTE), weariness(2 * MINUTE, 180 * MINUTE, 360 * MINUTE)
    assert 0.4 < twice < 0.5 < thrice < 0.75
    assert weariness(*[n * DAY for n in range(30)]) <= 1


def test_a_page_loaded_again_is_no_further_occasion() -> None:
    assert weariness(*[n * MINUTE for n in range(50)]) == 0


def test_it_passes_with_time() -> None:
    lately = weariness(1 * DAY, 2 * DAY, 3 * DAY)
    before = weariness(*[n * DAY + HALF_LIFE for n in (1, 2, 3)])
    assert lately > before > 0
    assert weariness(*[n * DAY + 3 * HALF_LIFE for n in (1, 2, 3)]) == 0


def test_only_what_came_after_the_shoppers_last_touch_was_passed_over() -> None:
    assert weariness(1 * DAY, 2 * DAY, 3 * DAY, touched=[4 * DAY]) == weariness(1 * DAY, 2 * DAY, 3 * DAY)
    assert weariness(1 * DAY, 2 * DAY, 3 * DAY, touched=[5 * DAY, DAY / 2]) == 0
    assert weariness(1 * DAY, 2 * DAY, 3 * DAY, touched=[2.5 * DAY]) == weariness(1 * DAY, 2 * DAY)


def test_turns_are_those_of_the_session_the_longest_ago_first() -> None:
    found = seen(
        {9: [NOW - MINUTE, NOW - 5 * MINUTE], 4: [NOW - 3 * MINUTE], 6: [NOW - 3 * MINUTE], 2: [NOW - DAY]},
        {},
        session_start=NOW - timedelta(hours=2),
        now=NOW,
    )
    rows = np.asarray([2, 4, 5, 9], dtype=np.int32)
    assert found.turns(rows).tolist() == [0, 1, 0, 2]
    assert Seen().turns(rows).tolist() == [0, 0, 0, 0]
    assert not Seen().weary(rows).any()


class Shop:
    """A recommender that logs what it shows, as the guide does, at a time that is set by hand."""

    def __init__(self, index: CatalogueIndex, settings: Settings) -> None:
        self.index = index
        self.now = NOW
        self.profiles = FakeProfiles()
        self.feedback = FakeFeedback()
        self.recommender = Recommender(
            FakeCatalogue(index),  # type: ignore[arg-type]
            self.profiles,  # type: ignore[arg-type]
            self.feedback,  # type: ignore[arg-type]
            settings,
            clock=lambda: self.now,
        )

    def answer(self, request: RecommendationRequest) -> Recommendation:
        self.profiles.session_start = self.now - timedelta(hours=2)
        return self.recommender.recommend(request)

    def show(
        self, request: RecommendationRequest, *, after: timedelta = MINUTE, session_only: bool = False
    ) -> list[Sku]:
        """Answer and log a slate, then let time pass."""
        shown = [item.sku for item in self.answer(request).items]
        self.log(shown, request.conversation_id, session_only=session_only)
        self.now += after
        return shown

    def log(self, skus: list[Sku], talk: ConversationId | None = None, *, session_only: bool = False) -> None:
        slate_id = SlateId(f"s{len(self.feedback.slates)}")
        items = tuple(SlateItem(sku, place) for place, sku in enumerate(skus, 1))
        self.feedback.slates[slate_id] = Slate(
            slate_id, NORA, talk, self.now, "api", "p", "v", None, 9, items, session_only=session_only
        )


@pytest.fixture
def shop(index: CatalogueIndex, settings: Settings) -> Shop:
    return Shop(index, settings)


def test_unasked_nothing_comes_again_until_all_was_shown_then_the_longest_ago_first(shop: Shop) -> None:
    everything = {shop.index.skus[row] for row in shop.index.matching()}
    shown: list[Sku] = []
    while len(everything) - len(shown) >= 5:
        slate = shop.show(HOME)
        assert len(slate) == 5 and not set(slate) & set(shown)
        shown += slate
    rest = everything - set(shown)
    slate = shop.show(HOME)
    assert set(slate[: len(rest)]) == rest
    assert set(slate[len(rest) :]) < set(shown[:5])


def test_after_the_session_the_best_comes_again(shop: Shop) -> None:
    first = shop.show(HOME, after=timedelta(hours=3))
    assert shop.show(HOME) == first


def test_a_need_put_again_is_answered_as_well_as_before(shop: Shop) -> None:
    for request in (LAMPS, replace(HOME, query="blue lamp"), replace(HOME, anchor=Sku("P040"))):
        assert shop.show(request) == shop.show(request)
    wish = replace(HOME, preferences=TasteProfile(weights={"colour": {"green": 1.0}}))
    assert shop.show(wish) == shop.show(wish)
    assert not set(shop.show(HOME)) & set(shop.show(HOME))
    never = replace(HOME, constraints=(Constraint("brand", "not in", ("velora",)),))
    assert not set(shop.show(never)) & set(shop.show(never)), "to want no Velora is no need"


def test_what_is_passed_over_day_after_day_sinks_and_comes_back(shop: Shop) -> None:
    first = [item.sku for item in shop.answer(LAMPS).items]
    for _ in range(5):
        shop.log(first[:1])
        shop.now += DAY
    tired = shop.answer(LAMPS)
    assert tired.items[0].sku != first[0]
    assert not any(item.features.get("fatigue") for item in tired.items if item.sku != first[0])
    shop.now += timedelta(days=40)
    assert [item.sku for item in shop.answer(LAMPS).items] == first


def test_what_was_looked_at_does_not_tire(shop: Shop) -> None:
    first = [item.sku for item in shop.answer(LAMPS).items]
    for day in range(5):
        shop.log(first[:1])
        shop.now += DAY
        shop.feedback.events.append(FeedbackEvent(f"v{day}", "view", NORA, shop.now, first[0]))
    assert first[0] in [item.sku for item in shop.answer(LAMPS).items]
    assert not any("fatigue" in item.features for item in shop.answer(LAMPS).items)


def test_a_product_asked_for_is_found_however_often_it_was_passed_over(shop: Shop) -> None:
    sku = Sku("P037")
    for _ in range(20):
        shop.log([sku])
        shop.now += DAY
    named = replace(HOME, query=shop.index.product(sku).title)
    assert shop.answer(named).items[0].sku == sku
    alone = replace(HOME, among=frozenset([sku]))
    assert [item.sku for item in shop.answer(alone).items] == [sku]


def test_it_is_remembered_exactly_as_far_as_what_the_shopper_did(shop: Shop) -> None:
    first = shop.show(replace(HOME, conversation_id=HERE), session_only=True)
    kept = shop.show(replace(HOME, conversation_id=THERE))
    assert kept == first, "what was shown elsewhere for its session only is not known here"
    assert not set(shop.show(replace(HOME, conversation_id=HERE), session_only=True)) & {*first, *kept}
    assert [item.sku for item in shop.answer(replace(HOME, personal=False)).items] == first
    assert [item.sku for item in shop.answer(replace(HOME, recipient="dad")).items] == first
    assert [item.sku for item in shop.answer(replace(HOME, shopper_id=ShopperId("bea"))).items] == first
    shop.profiles.withdrawn.add(NORA)
    assert [item.sku for item in shop.answer(replace(HOME, conversation_id=ConversationId("new"))).items] == first
    here = [item.sku for item in shop.answer(replace(HOME, conversation_id=HERE)).items]
    assert not set(here) & set(first)


def test_without_the_shopper_database_nothing_is_remembered_of_it(shop: Shop) -> None:
    first = shop.show(HOME)
    shop.feedback.down = True
    assert [item.sku for item in shop.answer(HOME).items] == first
