"""Erasure on a real database of either kind."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from shopguide.db.engine import Database
from shopguide.db.personal import Expiry, PersonalSchema
from shopguide.errors import DatabaseError, DialogueServerUnavailable, UnknownShopper
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.service import Feedback
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId
from shopguide.privacy.needles import Needles
from shopguide.privacy.retention import Limits, Retention
from shopguide.privacy.service import Privacy
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from tests.support.dialogue import FakeConversations

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "the secret of these tests, long enough"
ANN, BOB = ShopperId("ann-of-the-shop"), ShopperId("bob-of-the-shop")
PHONE, WEB = ConversationId("phone-4711"), ConversationId('web-"quoted" ü')


class Shop:
    """Everything that is kept of shoppers, on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.profiles = Profiles(database, clock=lambda: self.now)
        self.feedback = Feedback(database, clock=lambda: self.now)
        self.conversations = FakeConversations()
        self.privacy = Privacy(database, self.conversations, SECRET, clock=lambda: self.now)

    def live(self, shopper: ShopperId, conversations: Sequence[ConversationId], days: float = 0.0) -> None:
        """Let somebody say and do something of everything."""
        at = self.now - timedelta(days=days)
        for number, conversation in enumerate(conversations):
            self.profiles.link(f"channel {number}", conversation, shopper)
            self.conversations.said(conversation, at)
            slate = SlateId(f"slate-{shopper}-{number}-{days}")
            self.feedback.log_slate(
                Slate(
                    slate, shopper, conversation, at, "search_products", "p", "m", None, 1, (SlateItem(Sku("mug"), 1),),
                    state={"said by": conversation},
                )
            )  # fmt: skip
            self.feedback.record(
                [
                    FeedbackEvent(
                        f"{conversation}:{days}", "click", shopper, at, Sku("mug"), slate, conversation_id=conversation
                    ),
                    FeedbackEvent(f"{shopper}:{number}:{days}", "search", shopper, at, text="mugs"),
                ]
            )  # fmt: skip
            evidence = PreferenceEvidence(shopper, "colour", "blue", 1, "slot", at, conversation_id=conversation)
            self.profiles.record([evidence])
        self.profiles.set_consent(shopper, "analytics", True, source="chat", conversation_id=conversations[0])

    def count(self, table: str) -> int:
        with self.database.session() as session:
            return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def test_everything_of_a_shopper_goes_and_nothing_of_another(shop: Shop) -> None:
    shop.live(ANN, [PHONE, WEB])
    shop.live(BOB, [ConversationId("bobs")])
    kept = shop.privacy.kept(BOB)
    erasure = shop.privacy.erase(ANN)
    assert erasure.counts == {
        "consents": 1,
        "feedback_events": 4,
        "identities": 2,
        "preferences": 2,
        "shoppers": 1,
        "slate_items": 2,
        "slates": 2,
    }
    assert erasure.trace.ids == {ANN, PHONE, WEB}
    assert shop.privacy.kept(BOB) == kept
    assert {(m.table, m.column) for m in shop.privacy.mentions(Needles(erasure.trace.ids))} == {
        ("pending_erasures", "conversation_id")
    }
    assert shop.privacy.finish()
    assert shop.privacy.mentions(Needles(erasure.trace.ids)) == []
    assert shop.conversations.held(ConversationId("bobs")) == 1


def test_the_tombstone_tells_when_but_not_who(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    assert shop.privacy.erased_at(ANN) is None
    shop.privacy.erase(ANN)
    assert shop.privacy.erased_at(ANN) == NOW
    assert shop.privacy.erased_at(BOB) is None
    assert Privacy(shop.database, shop.conversations, "another secret").erased_at(ANN) is None
    with shop.database.session() as session:
        digest, counts = session.execute(text("SELECT digest, counts FROM tombstones")).one()
    assert ANN not in digest and ANN not in str(counts)


def test_a_shops_own_id_may_come_back_and_one_of_ours_never_does(shop: Shop) -> None:
    stranger = shop.profiles.shopper_for("web", PHONE)
    shop.live(ANN, [WEB])
    assert shop.privacy.refuses_until(stranger) is None and shop.privacy.refuses_until(ANN) is None
    shop.privacy.erase(stranger)
    shop.privacy.erase(ANN)
    assert shop.privacy.refuses_until(ANN) == NOW
    never = shop.privacy.refuses_until(stranger)
    assert never is not None and never > NOW + timedelta(days=100_000)


def test_twice_is_well_and_nobody_is_an_error(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.privacy.erase(ANN)
    assert shop.privacy.erase(ANN).counts == {}
    assert shop.count("tombstones") == 1
    with pytest.raises(UnknownShopper):
        shop.privacy.erase(BOB)
    assert shop.count("tombstones") == 1


def test_a_table_that_comes_later_is_covered(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.live(BOB, [ConversationId("bobs")])
    with shop.database.session() as session:
        for statement in (
            "CREATE TABLE carts (cart_id integer PRIMARY KEY, shopper_id varchar REFERENCES shoppers (shopper_id))",
            "CREATE TABLE cart_items (cart_id integer REFERENCES carts (cart_id), sku varchar)",
            "CREATE TABLE tickets (id integer PRIMARY KEY, opened_by_conversation_id varchar, words text)",
            f"INSERT INTO carts VALUES (1, '{ANN}'), (2, '{BOB}')",
            "INSERT INTO cart_items VALUES (1, 'mug'), (1, 'cup'), (2, 'mug')",
            f"INSERT INTO tickets VALUES (1, '{PHONE}', 'broken'), (2, 'bobs', 'cracked')",
        ):
            session.execute(text(statement))
    counts = shop.privacy.erase(ANN).counts
    assert (counts["carts"], counts["cart_items"], counts["tickets"]) == (1, 2, 1)
    assert [shop.count(name) for name in ("carts", "cart_items", "tickets")] == [1, 1, 1]


def test_what_a_stranger_said_before_logging_in_goes_too(shop: Shop) -> None:
    stranger = shop.profiles.shopper_for("web", PHONE)
    shop.profiles.record([PreferenceEvidence(stranger, "size", "43", 1, "slot", NOW, conversation_id=PHONE)])
    shop.profiles.link("web", PHONE, ANN)
    shop.live(ANN, [PHONE])
    shop.privacy.erase(ANN)
    assert shop.count("preferences") == 0


def test_whom_the_shop_knows_is_somebody_also_without_an_account(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.profiles.link("channel 0", PHONE, BOB)
    shop.profiles.record([PreferenceEvidence(BOB, "size", "43", 1, "slot", NOW, conversation_id=PHONE)])
    kept = shop.privacy.kept(ANN).tables
    shop.privacy.erase(BOB)
    assert shop.privacy.kept(ANN).tables == kept


def test_an_account_that_is_somebody_elses_now_is_theirs(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.profiles.link("channel 0", PHONE, BOB)
    shop.profiles.record([PreferenceEvidence(BOB, "size", "43", 1, "slot", NOW, conversation_id=PHONE)])
    erasure = shop.privacy.erase(ANN)
    assert erasure.trace.shared == {PHONE}
    assert shop.profiles.shopper_for("channel 0", PHONE) == BOB
    assert [piece.value for piece in shop.profiles.show(BOB).evidence] == ["43"]
    assert [one.conversation_id for one in shop.privacy.store.pending()] == [PHONE], "what she said there is deleted"


def test_an_erasure_that_fails_leaves_everything(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    with shop.database.session() as session:
        session.execute(text("DROP TABLE pending_erasures"))
    kept = shop.privacy.kept(ANN)
    with pytest.raises(DatabaseError):
        shop.privacy.erase(ANN)
    assert shop.privacy.kept(ANN) == kept
    assert shop.count("tombstones") == 0


def test_conversations_wait_for_the_dialogue_server_with_growing_pauses(shop: Shop) -> None:
    shop.live(ANN, [PHONE, WEB])
    shop.conversations.down = True
    shop.privacy.erase(ANN)
    assert not shop.privacy.finish()
    assert [one.attempts for one in shop.privacy.store.pending()] == [1, 1]
    shop.now += timedelta(minutes=1)
    calls = shop.conversations.calls
    assert shop.privacy.finish(only_due=True), "nothing is due, so nothing failed"
    assert shop.conversations.calls == calls
    shop.now += timedelta(minutes=1)
    shop.conversations.down = False
    shop.conversations.stubborn.add(WEB)
    assert not shop.privacy.finish(only_due=True)
    assert [one.conversation_id for one in shop.privacy.store.pending()] == [WEB]
    shop.conversations.stubborn.clear()
    assert shop.privacy.finish()
    assert shop.privacy.store.pending() == []
    assert (shop.conversations.held(PHONE), shop.conversations.held(WEB)) == (0, 0)


def test_what_was_said_after_the_erasure_stays_and_a_spared_conversation_waits(shop: Shop) -> None:
    shop.live(ANN, [PHONE, WEB])
    shop.privacy.erase(ANN)
    assert shop.privacy.finish(spare=[PHONE])
    assert [one.conversation_id for one in shop.privacy.store.pending()] == [PHONE]
    shop.conversations.said(PHONE, NOW + timedelta(seconds=5))
    assert shop.privacy.finish()
    assert shop.conversations.held(PHONE) == 1


def test_a_conversation_erased_again_while_the_first_is_deleted_stays_queued(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.privacy.erase(ANN)
    first = shop.privacy.store.pending()
    shop.now += timedelta(hours=1)
    shop.live(BOB, [PHONE])
    shop.privacy.erase(BOB)
    shop.privacy.store.settled(first, [])
    assert [one.requested_at for one in shop.privacy.store.pending()] == [shop.now]


def test_a_turn_that_writes_after_the_erasure_is_swept_up(shop: Shop) -> None:
    stranger = shop.profiles.shopper_for("web", PHONE)
    shop.live(stranger, [PHONE])
    shop.live(ANN, [WEB])
    untouched = shop.profiles.shopper_for("web", "somebody else")
    shop.privacy.erase(stranger)
    shop.privacy.erase(ANN)
    late = [PreferenceEvidence(who, "colour", "red", 1, "slot", NOW) for who in (stranger, ANN)]
    shop.profiles.record(late)
    shop.feedback.record([FeedbackEvent("late", "click", stranger, NOW, Sku("mug"))])
    assert shop.privacy.sweep() == 1
    assert shop.profiles.show(untouched) and shop.profiles.show(ANN).evidence, "a shop's own id may come back"
    with pytest.raises(UnknownShopper):
        shop.profiles.show(stranger)
    assert shop.count("feedback_events") == 0
    assert shop.privacy.sweep() == 0


def test_an_erasure_waits_for_a_writer_and_takes_what_it_wrote(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    with ThreadPoolExecutor(1) as pool:
        with shop.database.session() as session:
            for statement in (
                "INSERT INTO slates (slate_id, shopper_id, conversation_id, created_at, reply_to, policy,"
                " model_version, total_matches, constraints, state) VALUES"
                f" ('late', '{ANN}', 'late-talk', '2026-03-01 12:00:00', '', '', '', 0, '[]', '{{}}')",
                f"INSERT INTO identities VALUES ('web', 'late-talk', '{ANN}', '2026-03-01 12:00:00')",
            ):
                session.execute(text(statement))
            erasing = pool.submit(shop.privacy.erase, ANN)
            with pytest.raises(TimeoutError):
                erasing.result(0.5)
        erasure = erasing.result(30)
    assert erasure.counts["slates"] == 2
    assert {one.conversation_id for one in shop.privacy.store.pending()} == {PHONE, "late-talk"}


def test_many_erasures_and_writes_at_once_leave_no_orphan(shop: Shop) -> None:
    shoppers = [ShopperId(f"shopper-{n}") for n in range(6)]
    for shopper in shoppers:
        shop.live(shopper, [ConversationId(f"talk-{shopper}")])

    def write(shopper: ShopperId) -> None:
        event = FeedbackEvent(f"late-{shopper}", "click", shopper, NOW, Sku("mug"))
        with shop.database.together():
            shop.feedback.record([event])
            shop.profiles.ensure_all([shopper])
            shop.profiles.record(
                [PreferenceEvidence(shopper, "colour", "red", 1, "click", NOW, event_id=event.event_id)]
            )

    with ThreadPoolExecutor(6) as pool:
        erasing = [pool.submit(shop.privacy.erase, shopper) for shopper in shoppers[:3] * 2]
        writing = [pool.submit(write, shopper) for shopper in shoppers]
        failures = [job.exception() for job in [*erasing, *writing]]
    # PostgreSQL may end a writer that waits for an erasure which waits for it: it says so, and the outbox takes it.
    assert all(failure is None or isinstance(failure, DatabaseError) for failure in failures)
    assert failures[:6] == [None] * 6
    for shopper in shoppers:
        with shop.database.session() as session:
            rows = PersonalSchema.of(session).rows(session, shop.privacy.trace(shopper))
        events, taught = rows.get("feedback_events", []), rows.get("preferences", [])
        late = [event for event in events if event["event_id"].startswith("late")]
        assert len(late) == len([piece for piece in taught if piece["event_id"]]), "both or neither"
        assert shopper in shoppers[3:] or len(events) == len(late), "what came before the erasure is gone"


def test_rows_are_ready_for_json_and_in_order(shop: Shop) -> None:
    shop.live(ANN, [PHONE])
    shop.live(ANN, [PHONE], days=2)
    rows = shop.privacy.rows(shop.privacy.trace(ANN))
    assert [event["at"] for event in rows["feedback_events"]] == sorted(e["at"] for e in rows["feedback_events"])
    assert rows["feedback_events"][0]["at"] == "2026-02-27T12:00:00+00:00"
    assert rows["slates"][0]["state"] == {"said by": PHONE}
    assert rows["consents"][0]["granted"] is True
    assert len(rows["slate_items"]) == 2


def test_an_expiry_takes_what_is_older_in_batches_and_counts_before_it_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopguide.db.personal._BATCH", 2)
    for days in (1, 2, 10, 11, 12):
        shop.live(ANN, [PHONE], days=days)
    expiry = Expiry("feedback_events", NOW - timedelta(days=5))
    assert shop.privacy.store.expire(expiry, dry_run=True) == 6
    assert shop.privacy.store.expire(expiry) == 6
    assert shop.privacy.store.expire(expiry) == 0
    assert shop.count("feedback_events") == 4
    assert shop.privacy.store.expire(Expiry("slates", NOW - timedelta(days=5))) == 3
    assert shop.count("slate_items") == 2


def test_retention_on_either_database_also_by_two_at_once(shop: Shop) -> None:
    day = timedelta(days=1)
    limits = Limits(events=30 * day, slates=30 * day, preferences=30 * day, shoppers=50 * day, withdrawn=5 * day)
    shop.now = NOW - 60 * day
    shop.profiles.link("web", "of nobody", ShopperId("idle"))
    shop.now = NOW - 6 * day
    shop.live(BOB, [ConversationId("bobs")])
    shop.profiles.set_consent(BOB, "personalisation", False, source="chat")
    shop.now = NOW
    shop.live(ANN, [PHONE], days=40)
    shop.live(ANN, [PHONE], days=1)
    later = Retention(shop.privacy, replace(limits, tombstones=day), clock=lambda: NOW + 2 * day)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(Retention(shop.privacy, limits, clock=lambda: NOW).run) for _ in range(2)]
        rows = [job.result().rows for job in jobs]
    assert {name for row in rows for name in row} == {
        "feedback_events, too old", "slates, too old", "preferences, too old", "preferences, consent withdrawn",
        "shoppers, nothing left",
    }  # fmt: skip
    assert shop.privacy.store.trace(ShopperId("idle")) is None
    assert "preferences" not in shop.privacy.kept(BOB).tables
    assert shop.privacy.kept(ANN).tables["preferences"] == 1
    shop.privacy.erase(ANN)
    assert later.run().rows == {"tombstones, digest": 1}


def test_the_dialogue_server_may_be_down_when_asked_what_it_holds(shop: Shop) -> None:
    shop.conversations.down = True
    with pytest.raises(DialogueServerUnavailable):
        shop.privacy.still_held([PHONE])


def test_sqlite_files_hold_nothing_of_whom_was_erased(shop: Shop) -> None:
    if not shop.database.url.startswith("sqlite"):
        pytest.skip("PostgreSQL reuses its files by itself")
    shop.live(ANN, [ConversationId(f"conversation-marker-{n}") for n in range(40)])
    path = shop.database.engine.url.database
    assert path is not None
    files = [Path(path), Path(f"{path}-wal")]
    assert any(b"conversation-marker" in file.read_bytes() for file in files), "or this test proves nothing"
    shop.privacy.erase(ANN)
    assert not any(ANN.encode() in file.read_bytes() for file in files)
    assert shop.privacy.finish()
    assert not any(b"conversation-marker" in file.read_bytes() for file in files)
