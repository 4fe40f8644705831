"""What the guide remembers of a shopper, in whatever order it was told."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopguide.catalogue.product import Product
from shopguide.conversation.turn import Turn
from shopguide.db.engine import Database
from shopguide.feedback.events import EventKind, FeedbackEvent, Slate, SlateItem
from shopguide.feedback.rewards import RewardRules
from shopguide.feedback.service import Feedback
from shopguide.guide.memory import Memory
from shopguide.guide.recording import Recorder
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.outbox.store import Deliveries
from shopguide.profiles.service import Profiles
from tests.support.shop import FakeIndex, FakeProducts, migrated_sqlite

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BEA, TALK = ShopperId("ann"), ShopperId("bea"), ConversationId("web-1")
TURN = Turn(TALK, ANN, "no", "dislike_product")
INDEX = FakeIndex(
    FakeProducts(
        Product(sku=Sku(sku), title=sku, brand=f"Brand {sku}", category=("Home", "Mugs"), facets={"colour": (colour,)})
        for sku, colour in (("A", "Blue"), ("B", "Red"), ("C", "Blue"))
    )
)


class Remembered:
    """A memory over a database of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "shop.db").write_bytes(migrated_sqlite())
        self.database = Database(f"sqlite:///{folder / 'shop.db'}")
        self.now = NOW
        self.profiles = Profiles(self.database, clock=lambda: self.now)
        self.feedback = Feedback(self.database, clock=lambda: self.now)
        self.recorder = Recorder(
            self.profiles,
            self.feedback,
            index=lambda: cast("Any", INDEX),
            together=self.database.together,
            marks=Deliveries(self.database),
            clock=lambda: self.now,
        )
        self.memory = Memory(self.profiles, self.feedback, self.recorder, clock=lambda: self.now)

    def judge(self, kind: EventKind, sku: str = "A", minutes: float = 0, **more: Any) -> bool:
        turn = more.pop("turn", TURN)
        return self.memory.judge(kind, turn, [Sku(sku)], slate=None, at=NOW + timedelta(minutes=minutes), **more)


@contextmanager
def fresh() -> Iterator[Remembered]:
    with tempfile.TemporaryDirectory() as folder:
        remembered = Remembered(Path(folder))
        yield remembered
        remembered.database.close()


@pytest.fixture
def remembered() -> Iterator[Remembered]:
    with fresh() as one:
        one.now = NOW + timedelta(hours=1)
        yield one


def rejected(one: Remembered, **how: Any) -> frozenset[Sku]:
    return one.memory.rejected(ANN, conversation_id=TALK, **how)


# --- judging


def test_the_same_judgement_repeated_by_the_dialogue_server_counts_once(remembered: Remembered) -> None:
    assert remembered.judge("like")
    assert remembered.judge("like", minutes=1)
    assert remembered.feedback.count() == 1


def test_who_changes_their_mind_and_changes_it_back_has_the_last_word(remembered: Remembered) -> None:
    for minutes, (kind, out) in enumerate(
        cast("list[tuple[EventKind, bool]]", [("dislike", True), ("like", False), ("dislike", True), ("like", False)])
    ):
        remembered.judge(kind, minutes=minutes)
        remembered.judge(kind, minutes=minutes)
        assert ("A" in rejected(remembered)) is out
    assert remembered.feedback.count() == 4


def test_a_judgement_teaches_in_its_conversation_and_for_whom_it_was(remembered: Remembered) -> None:
    remembered.judge("like", "A")
    remembered.judge("dislike", "B", recipient="dad")
    evidence = remembered.profiles._store.evidence(ANN, 99)
    assert {(p.recipient, p.source, p.conversation_id) for p in evidence} == {
        ("", "like", TALK),
        ("dad", "dislike", TALK),
    }
    assert rejected(remembered) == frozenset(), "what dad would not like says nothing of oneself"
    assert rejected(remembered, recipient="dad") == {"B"}


def test_a_product_bought_after_all_is_not_rejected(remembered: Remembered) -> None:
    remembered.judge("dislike")
    bought = FeedbackEvent("order", "purchase", ANN, NOW + timedelta(minutes=5), Sku("A"))
    remembered.recorder.take([bought])
    assert rejected(remembered) == frozenset()


def test_a_dislike_outlives_many_views(remembered: Remembered) -> None:
    remembered.judge("dislike")
    later = NOW + timedelta(minutes=1)
    remembered.recorder.take([FeedbackEvent(f"v{n}", "view", ANN, later, Sku("B")) for n in range(300)])
    assert rejected(remembered) == {"A"}


def test_what_was_rejected_elsewhere_counts_only_where_history_may(remembered: Remembered) -> None:
    remembered.recorder.take([FeedbackEvent("page", "dislike", ANN, NOW, Sku("C"))])
    remembered.judge("dislike")
    assert rejected(remembered) == {"A", "C"}
    assert rejected(remembered, remembered=False) == {"A"}, "a session that leaves history aside"
    remembered.profiles.set_consent(ANN, "personalisation", False, source="test")
    assert rejected(remembered) == {"A"}, "a shopper who refuses"
    assert remembered.memory.rejected(ANN, conversation_id=ConversationId("web-2")) == frozenset()
    remembered.now = NOW + timedelta(hours=3)
    assert rejected(remembered) == frozenset(), "the session is over"


# --- searching


def test_a_search_is_an_event_once_beside_each_slate(remembered: Remembered) -> None:
    for slate_id in (None, None, "s1"):
        turn = replace(TURN, current_slate=slate_id)
        assert remembered.memory.searched(turn, "blue mugs", NOW)
    assert remembered.memory.searched(TURN, "  ", NOW)
    assert remembered.memory.searched(replace(TURN, shopper_id=None), "blue mugs", NOW)
    found = remembered.feedback.history(ANN, conversation_id=TALK)
    assert [(one.kind, one.text) for one in found] == [("search", "blue mugs")] * 2
    assert remembered.profiles._store.evidence(ANN, 9) == [], "the slots that the words filled teach"


# --- in whatever order

events = st.lists(
    st.builds(
        FeedbackEvent,
        event_id=st.uuids().map(str),
        kind=st.sampled_from(["view", "click", "like", "dislike", "add_to_cart", "purchase", "dismiss"]),
        shopper_id=st.sampled_from([ANN, ANN, BEA]),
        # Few moments, so that many events share one.
        at=st.integers(0, 5).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        sku=st.sampled_from([Sku("A"), Sku("B"), Sku("C"), Sku("not sold")]),
        slate_id=st.sampled_from([None, SlateId("s1"), SlateId("s2")]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda event: event.event_id,
)


def state(batches: list[list[FeedbackEvent]]) -> list[object]:
    """Return everything that events change, after they arrived in batches."""
    with fresh() as one:
        one.now = NOW + timedelta(hours=1)
        for number, skus in enumerate(("AB", "BC"), 1):
            items = tuple(SlateItem(Sku(sku), place) for place, sku in enumerate(skus, 1))
            shown_at = NOW + timedelta(minutes=number)
            one.recorder.keep(Slate(SlateId(f"s{number}"), ANN, None, shown_at, "api", "p", "1", None, 9, items))
        for batch in batches:
            one.recorder.take(batch)
        found: list[object] = [list(one.feedback.rewards(RewardRules())), one.feedback.digest()]
        for shopper in (ANN, BEA):
            found.append(one.feedback.history(shopper))
            found.append(one.memory.rejected(shopper))
            evidence = one.profiles._store.evidence(shopper, 999)
            found.append(sorted(evidence, key=str))
            tastes = one.profiles.taste(shopper).weights
            found.append({(f, v): round(weight, 9) for f, values in tastes.items() for v, weight in values.items()})
        return found


@hypothesis_settings(max_examples=30, deadline=None)
@given(batch=events, data=st.data())
def test_order_of_arrival_and_repetition_do_not_matter(batch: list[FeedbackEvent], data: st.DataObject) -> None:
    arrived = data.draw(st.permutations([*batch, *data.draw(st.lists(st.sampled_from(batch), max_size=6))]))
    cut = data.draw(st.integers(0, len(arrived)))
    assert state([list(arrived[:cut]), list(arrived[cut:])]) == state([batch])
