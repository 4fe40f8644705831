"""What has been kept long enough goes, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopguide.db.engine import Database
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.service import Feedback
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.privacy.retention import Limits, Retention
from shopguide.privacy.service import Privacy
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from tests.support.dialogue import FakeConversations
from tests.support.shop import migrated_sqlite

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TALK = ConversationId("talk")
ALL = Limits(
    session=timedelta(hours=2),
    events=30 * DAY,
    slates=20 * DAY,
    preferences=40 * DAY,
    conversations=10 * DAY,
    shoppers=50 * DAY,
    withdrawn=5 * DAY,
    tombstones=3 * DAY,
)


class Shop:
    """A shop whose time can be set."""

    def __init__(self, database: Database) -> None:
        self.now = NOW
        self.database = database
        self.profiles = Profiles(database, clock=lambda: self.now)
        self.feedback = Feedback(database, clock=lambda: self.now)
        self.conversations = FakeConversations()
        self.privacy = Privacy(database, self.conversations, "secret", clock=lambda: self.now)

    def retention(self, limits: Limits = ALL, **more: Any) -> Retention:
        return Retention(self.privacy, limits, clock=lambda: self.now, **more)

    def live(self, who: str, days: float, *, session_only: bool = False) -> None:
        """Let somebody say, do and see one thing each, some days ago."""
        shopper, at = ShopperId(who), NOW - days * DAY
        self.profiles.record(
            [
                PreferenceEvidence(
                    shopper, "colour", "blue", 1, "slot", at, conversation_id=TALK, session_only=session_only
                )
            ]
        )
        event_id = f"{who} {days} {session_only}"
        self.feedback.record(
            [FeedbackEvent(event_id, "click", shopper, at, Sku("mug"), conversation_id=TALK, session_only=session_only)]
        )
        items = (SlateItem(Sku("mug"), 1),)
        self.feedback.log_slate(
            Slate(SlateId(event_id), shopper, TALK, at, "s", "p", "m", None, 1, items, session_only=session_only)
        )

    def kept(self, who: str) -> dict[str, int]:
        return dict(self.privacy.kept(ShopperId(who)).tables)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "shop.db").write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    yield Shop(database)
    database.close()


def test_each_thing_has_its_time(shop: Shop) -> None:
    for days in (1, 25, 35, 45):
        shop.live("ann", days)
    report = shop.retention().run()
    assert report.rows == {
        "feedback_events, too old": 2,
        "slates, too old": 3,
        "preferences, too old": 1,
    }
    assert shop.kept("ann") == {"shoppers": 1, "feedback_events": 2, "slates": 1, "slate_items": 1, "preferences": 3}
    assert shop.retention().run().rows == {}


def test_without_limits_nothing_goes_but_what_was_for_a_session(shop: Shop) -> None:
    shop.live("ann", 5000)
    shop.live("ann", 0.05, session_only=True)
    shop.live("ann", 0.1, session_only=True)
    shop.privacy.store.erase(ShopperId("nobody"), "digest", NOW)
    report = shop.retention(Limits()).run()
    assert report.rows == dict.fromkeys(report.rows, 1)
    assert set(report.rows) == {f"{t}, session over" for t in ("feedback_events", "slates", "preferences")}
    assert shop.kept("ann")["preferences"] == 2
    assert report.conversations is None


def test_a_dry_run_tells_the_same_and_deletes_nothing(shop: Shop) -> None:
    for days in (1, 45):
        shop.live("ann", days)
    shop.profiles.set_consent(ShopperId("ann"), "analytics", False, source="chat")
    shop.now -= 60 * DAY
    shop.profiles.ensure(ShopperId("idle"))
    shop.now = NOW
    told = shop.retention().run(dry_run=True)
    kept = shop.kept("ann")
    assert shop.retention().run(dry_run=True) == told
    assert told.conversations is None and told.dry_run
    done = shop.retention().run()
    assert done.rows == told.rows != {}
    assert shop.kept("ann") != kept


def decide(shop: Shop, who: str, days: float, **decisions: bool) -> None:
    shop.now = NOW - days * DAY
    for purpose, granted in decisions.items():
        shop.profiles.set_consent(ShopperId(who), purpose, granted, source="chat")  # type: ignore[arg-type]
    shop.now = NOW


@pytest.mark.parametrize(
    ("decisions", "goes"),
    [
        ({"personalisation": False, "analytics": False}, {"preferences", "feedback_events", "slates"}),
        ({"personalisation": False, "analytics": True}, {"preferences"}),
        ({"personalisation": True, "analytics": False}, {"slates"}),
        ({"personalisation": False}, {"preferences", "feedback_events"}),
        ({"analytics": False}, {"slates", "feedback_events"}),
        ({"personalisation": True, "analytics": True}, set()),
    ],
)
def test_after_a_withdrawal_goes_what_nothing_needs_any_more(
    shop: Shop, decisions: dict[str, bool], goes: set[str]
) -> None:
    shop.live("ann", 8)
    shop.live("bob", 8)
    decide(shop, "ann", 6, **decisions)
    shop.live("ann", 1)
    report = shop.retention().run()
    assert set(report.rows) == {f"{table}, consent withdrawn" for table in goes}
    assert shop.kept("bob")["preferences"] == 1
    left = shop.kept("ann")
    assert {table for table in ("preferences", "feedback_events", "slates") if left.get(table) == 1} == goes


def test_a_withdrawal_has_its_time_and_can_be_taken_back(shop: Shop) -> None:
    shop.live("ann", 20)
    decide(shop, "ann", 4, personalisation=False, analytics=False)
    assert shop.retention().run().rows == {}, "five days are not over"
    decide(shop, "ann", 1, personalisation=True, analytics=True)
    shop.now = NOW + 5 * DAY
    assert "preferences, consent withdrawn" not in shop.retention(replace(ALL, slates=None)).run().rows


def test_a_shop_that_asks_elsewhere_has_the_other_purpose_granted(shop: Shop) -> None:
    shop.live("ann", 8)
    decide(shop, "ann", 6, personalisation=False)
    assert set(shop.retention(assume_consent=True).run().rows) == {"preferences, consent withdrawn"}


def test_shoppers_of_whom_nothing_is_left(shop: Shop) -> None:
    shop.now = NOW - 60 * DAY
    for who in ("idle", "decided lately", "active"):
        shop.profiles.link("channel", f"account of {who}", ShopperId(who))
    shop.now = NOW
    shop.profiles.ensure(ShopperId("new"))
    decide(shop, "decided lately", 10, analytics=False)
    decide(shop, "idle", 55, analytics=False)
    shop.live("active", 1)
    assert shop.retention().run().rows == {"shoppers, nothing left": 1}
    assert shop.privacy.store.trace(ShopperId("idle")) is None
    assert shop.profiles.count() == 3
    assert shop.profiles.shopper_for("channel", "account of active") == "active"


def test_the_digest_of_a_tombstone_goes_and_the_tombstone_stays(shop: Shop) -> None:
    shop.live("ann", 1)
    shop.privacy.erase(ShopperId("ann"))
    assert shop.retention().run().rows == {}
    shop.now = NOW + 4 * DAY
    assert shop.retention().run().rows == {"tombstones, digest": 1}
    assert shop.privacy.erased_at(ShopperId("ann")) is None
    assert shop.privacy.store.digests() == set()


def test_conversations_go_through_the_dialogue_server(shop: Shop) -> None:
    shop.conversations.said(TALK, NOW - 11 * DAY)
    shop.conversations.said(ConversationId("other"), NOW - 9 * DAY)
    assert shop.retention().run().conversations == 1
    shop.conversations.down = True
    assert shop.retention().run().conversations is None
