"""What shoppers do changes what they see next, and nobody else's; with the real guide, recommender and database."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shopguide.bootstrap import Shop
from shopguide.catalogue.constraints import Constraint
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import Judged, SlateShown
from shopguide.conversation.turn import Mention, Turn
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ConversationId, ShopperId, Sku
from shopguide.profiles.consent import PURPOSES
from shopguide.settings import Settings
from tests.support.shop import API_KEY, CHAT_SECRET
from tests.unit.recommender.synthetic import make_products

ANN = ShopperId("ann")
SHOES = (Constraint("category", "in", ("shoes",)),)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(
        Settings(
            _env_file=None,
            database_url=f"sqlite:///{tmp_path / 'shop.db'}",
            models_dir=tmp_path / "models",
            lexicon_path=tmp_path / "lexicon.jsonl",
            text_index_dir=tmp_path / "text",
            outbox_path=tmp_path / "outbox.db",
            exploration_rate=0,
            consent="assumed",
            api_key=API_KEY,
            chat_secret=CHAT_SECRET,
            torch_threads=1,
        )
    )
    shop.products.put(make_products())
    yield shop
    shop.catalogue.close()
    shop.database.close()


def slate(shop: Shop, shopper: ShopperId = ANN, **more: Any) -> dict[str, Any]:
    return shop.guide.recommend(shopper_id=shopper, constraints=SHOES, k=5, **more)


def did(kind: str, sku: str, shopper: ShopperId = ANN, name: str = "") -> FeedbackEvent:
    return FeedbackEvent(f"{kind}-{sku}-{shopper}{name}", kind, shopper, datetime.now(UTC), Sku(sku))  # type: ignore[arg-type]


def test_a_click_changes_the_shoppers_next_slate_within_a_second_and_nobody_elses(shop: Shop) -> None:
    before, others = slate(shop), slate(shop, ShopperId("bea"))
    clicked = before["items"][-1]
    started = time.monotonic()
    shop.recorder.take([did("click", clicked["sku"])])
    after = slate(shop)
    assert time.monotonic() - started < 1
    assert [item["sku"] for item in after["items"]] != [item["sku"] for item in before["items"]]
    brands = [item["brand"] for item in after["items"]]
    assert brands.count(clicked["brand"]) > [item["brand"] for item in before["items"]].count(clicked["brand"])
    again = slate(shop, ShopperId("bea"))
    assert [item["sku"] for item in again["items"]] == [item["sku"] for item in others["items"]]


def test_impressions_say_what_was_shown_by_what_and_how_likely(shop: Shop) -> None:
    shown = slate(shop)
    logged = shop.feedback.slate(shown["slate_id"])
    assert [(item.sku, item.position) for item in logged.items] == [
        (item["sku"], item["position"]) for item in shown["items"]
    ]
    assert logged.policy == "popularity"
    assert {item.propensity for item in logged.items} == {1.0}


def turn(shopper: str, intent: str, *mentions: Mention, slate_id: str | None = None, text: str = "shoes") -> Turn:
    return Turn(ConversationId(f"web-{shopper}"), ShopperId(shopper), text, intent, mentions, current_slate=slate_id)


def test_many_shoppers_at_once_do_not_mix(shop: Shop) -> None:
    """Each searches, likes the second product, dislikes the first, and is reported with a purchase of their own."""
    index = shop.guide.index
    brands = ["velora", "harrowgate", "quillon", "osterby"]

    def one(number: int) -> tuple[str, list[str], list[str]]:
        shopper, brand = f"shopper-{number}", brands[number % 4]
        seen: list[str] = []
        need = Need().want("brand", (brand,))
        for _ in range(3):
            found = shop.guide.search(turn(shopper, "search_products", text=brand), need)
            assert isinstance(found, SlateShown)
            seen.append(found.slate_id)
            place = Mention("ordinal", 2)
            liked = shop.guide.like(turn(shopper, "like_product", place, slate_id=found.slate_id, text="the second"))
            first = Mention("ordinal", 1)
            shop.guide.dislike(turn(shopper, "dislike_product", first, slate_id=found.slate_id, text="not the first"))
            assert isinstance(liked, Judged) and liked.kept
        own = [sku for sku in index.skus if index.values("brand", index.row(sku)) == (brand,)]
        shop.recorder.take([did("purchase", own[0], ShopperId(shopper), str(n)) for n in range(5)])
        return brand, seen, own

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(one, range(24)))
    # Who waited too long for SQLite's lock has left it to the outbox.
    shop.recorder.deliver()
    for number, (brand, seen, own) in enumerate(results):
        shopper, talk = ShopperId(f"shopper-{number}"), ConversationId(f"web-shopper-{number}")
        history = shop.feedback.history(shopper, conversation_id=talk)
        assert {event.kind for event in history} >= {"like", "dislike", "purchase"}
        assert len([event for event in history if event.kind == "purchase"]) == 5
        assert {event.sku for event in history if event.sku} <= set(own)
        assert set(shop.profiles.taste(shopper).weights["brand"]) == {brand}
        assert {event.slate_id for event in history if event.slate_id} == set(seen)
        for slate_id in seen:
            logged = shop.feedback.slate(slate_id)  # type: ignore[arg-type]
            assert (logged.shopper_id, logged.conversation_id) == (shopper, talk)
            assert {item.sku for item in logged.items} <= set(own)
    assert shop.outbox.waiting() == 0


def test_what_was_disliked_is_not_shown_again(shop: Shop) -> None:
    need = Need().want("brand", ("velora",))
    first = shop.guide.search(turn("ann", "search_products", text="velora"), need)
    assert isinstance(first, SlateShown)
    place = Mention("ordinal", 1)
    shop.guide.dislike(turn("ann", "dislike_product", place, slate_id=first.slate_id, text="not the first one"))
    again = shop.guide.search(turn("ann", "search_products", text="velora"), need)
    assert isinstance(again, SlateShown)
    assert first.items[0].product.sku not in [shown.product.sku for shown in again.items]


def skus_of(payload: dict[str, Any]) -> list[str]:
    return [item["sku"] for item in payload["items"]]


def test_unasked_a_page_shows_something_else_every_time_and_a_need_the_same(shop: Shop) -> None:
    home = [skus_of(shop.guide.recommend(shopper_id=ANN, k=5)) for _ in range(6)]
    assert len({sku for slate in home for sku in slate}) == 30
    assert skus_of(slate(shop)) == skus_of(slate(shop))
    assert skus_of(shop.guide.recommend(shopper_id=ShopperId("bea"), k=5)) == home[0]


def test_without_consent_a_conversation_knows_only_what_it_showed_itself(shop: Shop) -> None:
    shop.consenting.decide(ANN, PURPOSES, granted=False, source="test")

    def surprise(talk: str) -> set[Sku]:
        asked = Turn(ConversationId(talk), ANN, "surprise me", "ask_recommendation")
        found = shop.guide.search(asked, Need())
        assert isinstance(found, SlateShown)
        return {shown.product.sku for shown in found.items}

    first = surprise("web-1")
    assert surprise("web-2") == first
    assert not surprise("web-1") & first


def test_a_slate_of_two_parts_keeps_the_limit_of_a_brand(shop: Shop) -> None:
    """One product says the words of the need, the others only fit."""
    shop.recorder.take([did("like", sku) for sku in ("P001", "P005", "P009", "P049", "P053")])
    need = Need().want("category", ("lamps",)).saying(["37"])
    found = shop.guide.search(turn("ann", "search_products", text="lamp 37"), need)
    assert isinstance(found, SlateShown)
    assert found.items[0].product.sku == "P037" and len(found.items) == 5
    brands = [shown.product.brand for shown in found.items]
    assert brands.count(brands[0]) == 2
