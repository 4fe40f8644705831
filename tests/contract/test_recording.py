"""The one way in, on a real database of either kind: once, together, by consent, and through the outbox."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopguide.catalogue.product import Product
from shopguide.db.engine import Database
from shopguide.errors import DatabaseError, OutboxError
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.service import Feedback
from shopguide.guide.recording import Recorder
from shopguide.guide.standing import ERASED, WITHDRAWN
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.outbox.box import TRIES, Entry, Outbox
from shopguide.outbox.breaker import Breaker
from shopguide.outbox.store import KEPT_FOR, Deliveries
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from tests.support.shop import FakeIndex, FakeProducts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BEA, TALK = ShopperId("ann"), ShopperId("bea"), ConversationId("web-1")
CATALOGUE = FakeIndex(
    FakeProducts(
        [
            Product(sku=Sku(sku), title=sku, brand=brand, category=("Home", kind), facets={"colour": (colour,)})
            for sku, brand, kind, colour in (
                ("A", "Kestrel", "Mugs", "Blue"),
                ("B", "Norwell", "Lamps", "Red"),
                ("C", "Kestrel", "Lamps", "Blue"),
            )
        ]
    )
)


class Shop:
    """A recorder over real parts; `down` makes the database one that takes nothing."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.down = False
        self.now = NOW
        self.erased: dict[ShopperId, datetime] = {}
        self.tries = 0
        self.profiles = Profiles(database, clock=lambda: self.now)
        self.feedback = Feedback(database, clock=lambda: self.now)
        self.outbox = Outbox(folder / "outbox.db")
        self.recorder = self.another()

    def another(self, **parts: Any) -> Recorder:
        """Return a recorder as another process has it."""
        how: dict[str, Any] = {
            "index": lambda: CATALOGUE,
            "together": self.together,
            "marks": Deliveries(self.database),
            "outbox": self.outbox,
            "erased_at": self.erased.get,
            "named": lambda text: [("colour", "blue")] if "blue" in text else [],
            "mask": lambda text: text.replace("ann@example.org", "<e-mail>"),
            "clock": lambda: self.now,
            "breaker": Breaker(pause=0.0),
        }
        return Recorder(self.profiles, self.feedback, **how | parts)

    @contextmanager
    def together(self, patience: float | None = None) -> Iterator[None]:
        self.tries += 1
        if self.down:
            raise DatabaseError("database is locked")
        with self.database.together(patience):
            yield

    def evidence(self, shopper: ShopperId = ANN) -> list[PreferenceEvidence]:
        return self.profiles._store.evidence(shopper, 1_000)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def event(event_id: str, minutes: float = 5, **more: object) -> FeedbackEvent:
    at = NOW - timedelta(minutes=minutes)
    return replace(FeedbackEvent(event_id, "like", ANN, at, sku=Sku("A")), **more)  # type: ignore[arg-type]


def said(minutes: float = 5, value: str = "blue", **more: object) -> PreferenceEvidence:
    at = NOW - timedelta(minutes=minutes)
    piece = PreferenceEvidence(ANN, "colour", value, 1, "slot", at, conversation_id=TALK)
    return replace(piece, **more)  # type: ignore[arg-type]


def slate(slate_id: str, talk: ConversationId | None = TALK, shopper: ShopperId | None = ANN) -> Slate:
    items = (SlateItem(Sku("A"), 1, 1.0, 0.5), SlateItem(Sku("B"), 2, 0.95, 0.25))
    return Slate(SlateId(slate_id), shopper, talk, NOW, "search_products", "blend", "7", None, 9, items, (), {"x": [1]})


def agree(shop: Shop, personalisation: bool | None = None, analytics: bool | None = None) -> None:
    if personalisation is not None:
        shop.profiles.set_consent(ANN, "personalisation", personalisation, source="test")
    if analytics is not None:
        shop.profiles.set_consent(ANN, "analytics", analytics, source="test")


# --- once, and together


def test_an_event_is_kept_and_teaches_once_however_often_it_comes(shop: Shop) -> None:
    first = shop.recorder.take([event("e1"), event("e1"), event("e2", sku=Sku("B"))])
    assert (first.accepted, first.duplicates) == (2, 1)
    again = shop.another().take([event("e2", sku=Sku("B")), event("e1")])
    assert (again.accepted, again.duplicates) == (0, 2)
    assert len(shop.evidence()) == 6
    assert {piece.event_id for piece in shop.evidence()} == {"e1", "e2"}


def test_an_event_and_its_evidence_stand_or_fall_together(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(evidence: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(shop.profiles, "record", broken)
    with pytest.raises(RuntimeError):
        shop.recorder.take([event("e1")])
    assert (shop.feedback.count(), shop.profiles.count()) == (0, 0)


def test_what_makes_no_sense_is_refused_and_makes_no_shopper(shop: Shop) -> None:
    result = shop.recorder.take([event("future", minutes=-60), event("good", shopper_id=BEA)])
    assert [event_id for event_id, _ in result.refused] == ["future"]
    assert (result.accepted, shop.profiles.count()) == (1, 1)


def test_a_search_of_the_shops_page_teaches_what_its_words_name_and_is_masked(shop: Shop) -> None:
    words = "blue mug for ann@example.org"
    shop.recorder.take(
        [
            event("page", kind="search", sku=None, text=words),
            event("chat", kind="search", sku=None, text=words, conversation_id=TALK),
        ]
    )
    (piece,) = shop.evidence()
    assert (piece.facet, piece.value, piece.source, piece.event_id) == ("colour", "blue", "search", "page")
    kept = shop.feedback.history(ANN)
    assert [one.text for one in kept] == ["blue mug for <e-mail>"]


def test_an_import_teaches_nothing_and_does_not_wait(shop: Shop) -> None:
    shop.recorder.take([event("e1")], teach=False, may_wait=False)
    assert shop.evidence() == []
    shop.down = True
    with pytest.raises(DatabaseError):
        shop.recorder.take([event("e2")], teach=False, may_wait=False)
    assert shop.outbox.waiting() == 0


# --- by consent


@pytest.mark.parametrize(
    ("personalisation", "analytics", "session_only"),
    [
        (None, None, {"event", "evidence", "slate"}),
        (True, None, {"slate"}),
        (None, True, {"evidence"}),
        (True, True, set()),
        (False, False, {"event", "evidence", "slate"}),
    ],
)
def test_what_a_conversation_brings_is_kept_by_consent(
    shop: Shop, personalisation: bool | None, analytics: bool | None, session_only: set[str]
) -> None:
    agree(shop, personalisation, analytics)
    shop.recorder.take([event("e1", conversation_id=TALK)])
    shop.recorder.learn([said(value="red")])
    shop.recorder.keep(slate("s1"))
    (kept,) = shop.feedback.history(ANN, conversation_id=TALK)
    assert kept.session_only is ("event" in session_only)
    assert {piece.session_only for piece in shop.evidence()} == {"evidence" in session_only}
    assert {piece.conversation_id for piece in shop.evidence()} == {TALK}
    assert shop.feedback.slate(SlateId("s1")).session_only is ("slate" in session_only)


def test_what_the_shop_reports_is_kept_as_it_is_until_the_shopper_wants_nothing_kept(shop: Shop) -> None:
    shop.recorder.take([event("e1")])
    agree(shop, personalisation=False)
    shop.recorder.take([event("e2", sku=Sku("B"))])
    assert {piece.event_id for piece in shop.evidence()} == {"e1"}, "nothing is learnt any more"
    agree(shop, analytics=False)
    result = shop.recorder.take([event("e3"), event("bea", shopper_id=BEA)])
    assert result.refused == [("e3", WITHDRAWN)]
    assert [one.event_id for one in shop.feedback.history(ANN)] == ["e2", "e1"]
    shop.recorder.keep(slate("api", talk=None))
    assert shop.feedback.slate(SlateId("api")).session_only


def test_slates_of_nobody_known_serve_their_conversation_only(shop: Shop) -> None:
    shop.recorder.keep(slate("page", talk=None, shopper=None))
    shop.recorder.keep(slate("chat", shopper=None))
    assert not shop.feedback.slate(SlateId("page")).session_only
    assert shop.feedback.slate(SlateId("chat")).session_only


def test_what_is_from_before_an_erasure_does_not_come_back(shop: Shop) -> None:
    shop.erased[ANN] = NOW - timedelta(minutes=10)
    result = shop.recorder.take([event("old", 11), event("new", 9)])
    assert result.refused == [("old", ERASED)]
    shop.recorder.learn([said(11, "red"), said(9, "green")])
    assert {piece.value for piece in shop.evidence() if piece.source == "slot"} == {"green"}
    shop.erased[ANN] = NOW
    shop.recorder.keep(slate("s1"))
    assert shop.feedback.latest_slate(TALK) is None


# --- the outbox


def test_writes_wait_while_the_database_is_away_and_come_in_once(shop: Shop) -> None:
    shop.down = True
    agreed = shop.recorder.take([event("e1"), event("e1"), event("far", minutes=-99)])
    assert (agreed.queued, agreed.accepted, len(agreed.refused)) == (1, 0, 1)
    assert shop.recorder.learn([said()])
    assert shop.recorder.keep(slate("s1"))
    assert shop.outbox.waiting() == 3
    assert shop.recorder.slate(SlateId("s1")) == slate("s1")
    assert shop.another().slate(SlateId("s1")) == slate("s1"), "another process finds it in the outbox"
    with pytest.raises(DatabaseError):
        shop.recorder.deliver()
    assert shop.outbox.waiting() == 3
    shop.down = False
    assert shop.recorder.deliver() == 3
    assert shop.outbox.waiting() == 0
    assert shop.feedback.count() == 1
    assert len(shop.evidence()) == 4
    assert [item.propensity for item in shop.feedback.slate(SlateId("s1")).items] == [1.0, 0.95]
    assert shop.recorder.deliver() == 0


def test_a_crash_between_writing_and_leaving_the_outbox_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.down = True
    shop.recorder.take([event("e1")])
    shop.recorder.learn([said()])
    shop.recorder.keep(slate("s1"))
    shop.down = False

    def killed(entries: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shop.outbox, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.recorder.deliver()
    before = sorted(map(str, shop.evidence()))
    assert shop.another().deliver() == 3
    assert sorted(map(str, shop.evidence())) == before
    assert shop.feedback.count() == 1


def test_a_write_whose_answer_was_lost_is_not_repeated(shop: Shop) -> None:
    """The database commits, and then the connection breaks: nobody knows whether it was written."""

    @contextmanager
    def lost(patience: float | None) -> Iterator[None]:
        with shop.database.together():
            yield
        raise DatabaseError("server closed the connection unexpectedly")

    recorder = shop.another(together=lost)
    assert recorder.learn([said()])
    assert recorder.take([event("e1")]).queued == 1
    assert shop.another().deliver() == 2
    assert len(shop.evidence()) == 4
    assert shop.feedback.count() == 1


def test_consent_is_what_it_is_when_a_write_arrives(shop: Shop) -> None:
    agree(shop, personalisation=True, analytics=True)
    shop.down = True
    shop.recorder.take([event("chat", conversation_id=TALK), event("page")])
    shop.recorder.learn([said()])
    shop.down = False
    agree(shop, personalisation=False, analytics=False)
    shop.recorder.deliver()
    assert shop.feedback.history(ANN) == []
    assert {piece.session_only for piece in shop.evidence()} == {True}


def test_one_entry_that_cannot_be_written_does_not_hold_up_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.down = True
    shop.recorder.take([event(f"e{n}") for n in range(5)])
    shop.outbox.put([Entry("event:bad", "event", '{"what": "is this"}', ANN)])
    shop.recorder.take([event("late")])
    shop.down = False
    assert shop.recorder.deliver() == 6
    assert shop.feedback.count() == 6
    for _ in range(TRIES):
        shop.recorder.deliver()
    assert (shop.outbox.waiting(), shop.outbox.set_aside()) == (1, 1)


def test_while_the_breaker_is_open_nobody_waits_for_the_database(shop: Shop) -> None:
    recorder = shop.another(breaker=Breaker(pause=60.0))
    shop.down = True
    recorder.take([event("e1")])
    tried = shop.tries
    for n in range(10):
        recorder.take([event(f"more{n}")])
        recorder.learn([said()])
        recorder.keep(slate(f"s{n}"))
    assert shop.tries == tried
    shop.down = False
    recorder.deliver()
    assert recorder.take([event("now")]).accepted == 1, "a delivery that gets through closes it"


def test_what_waits_counts_in_its_conversation(shop: Shop) -> None:
    recorder = shop.another(breaker=Breaker(pause=60.0))
    shop.down = True
    recorder.take([event("e1", kind="dislike", conversation_id=TALK), event("bea", shopper_id=BEA)])
    assert [one.event_id for one in recorder.waiting_events(ANN)] == ["e1"]


def test_without_room_to_wait_an_error_says_so(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = shop.another(outbox=Outbox(tmp_path / "file" / "outbox.db"))
    shop.down = True
    with pytest.raises(OutboxError):
        recorder.take([event("e1")])
    assert not recorder.learn([said()])
    assert not recorder.keep(slate("s1"))


def test_marks_of_deliveries_go_after_a_while(shop: Shop) -> None:
    marks = Deliveries(shop.database)
    assert marks.mark("k", NOW)
    assert not marks.mark("k", NOW)
    shop.now = NOW + KEPT_FOR + timedelta(days=1)
    shop.recorder.tidy()
    assert marks.mark("k", shop.now)


# --- in whatever order


def test_any_order_and_any_repetition_gives_the_same_in_the_end(shop: Shop) -> None:
    """Hypothesis does this on SQLite (tests/unit/feedback); here, that both databases sort alike."""
    kinds = ("like", "dislike", "click", "purchase", "add_to_cart")
    batch = [
        event(f"{name}{n}", minutes=n // 4, kind=kinds[n % 5], sku=Sku("ABC"[n % 3]))
        for n, name in enumerate(["é", "Z", "a", "_", "ß", "B"] * 4)
    ]
    source = random.Random(2)
    shuffled = batch + batch[:7]
    source.shuffle(shuffled)
    for one in shuffled:
        shop.recorder.take([one])
    expected = sorted(batch, key=lambda one: (one.at, one.event_id), reverse=True)
    assert [one.event_id for one in shop.feedback.history(ANN)] == [one.event_id for one in expected]
