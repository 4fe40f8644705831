"""Slates and feedback events on a real database of either kind."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shopguide.db.engine import Database
from shopguide.errors import UnknownSlate
from shopguide.feedback import service
from shopguide.feedback.events import FeedbackEvent, Slate, SlateItem
from shopguide.feedback.rewards import RewardRules
from shopguide.feedback.service import Feedback, RecordResult
from shopguide.ids import ConversationId, ShopperId, Sku, SlateId

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN, TALK = ShopperId("ann"), ConversationId("web-1")


@pytest.fixture
def feedback(database: Database) -> Feedback:
    return Feedback(database, clock=lambda: NOW)


def event(event_id: str, minutes: float = 0, **more: object) -> FeedbackEvent:
    at = NOW - timedelta(minutes=minutes)
    return replace(FeedbackEvent(event_id, "click", ANN, at, sku=Sku("A")), **more)  # type: ignore[arg-type]


def slate(slate_id: str, skus: str, minutes: float = 0, talk: ConversationId | None = TALK) -> Slate:
    return Slate(
        slate_id=SlateId(slate_id),
        shopper_id=ANN,
        conversation_id=talk,
        created_at=NOW - timedelta(minutes=minutes),
        reply_to="search_products",
        policy="blend",
        model_version="7",
        degraded=None,
        total_matches=12,
        items=tuple(SlateItem(Sku(sku), n, 0.25, 1.5) for n, sku in enumerate(skus, 1)),
        constraints=({"facet": "colour", "op": "in", "values": ["café ☕"]},),
        state={"query": "blue", "asked": ["size"], "price_max": 80.5},
    )


def test_a_slate_comes_back_as_it_was_shown(feedback: Feedback) -> None:
    shown = slate("s1", "CAB")
    feedback.log_slate(shown)
    assert feedback.slate(SlateId("s1")) == shown


def test_a_slate_logged_twice_is_one_impression(feedback: Feedback) -> None:
    feedback.log_slate(slate("s1", "AB"))
    feedback.log_slate(slate("s1", "AB"))
    assert feedback.shown_skus(TALK) == ["A", "B"]


def test_an_unknown_slate_is_named(feedback: Feedback) -> None:
    with pytest.raises(UnknownSlate, match="s9"):
        feedback.slate(SlateId("s9"))


def test_the_latest_slate_is_this_conversations_own(feedback: Feedback) -> None:
    assert feedback.latest_slate(TALK) is None
    feedback.log_slate(slate("new", "A", minutes=1))
    feedback.log_slate(slate("old", "B", minutes=9))
    feedback.log_slate(slate("other", "C", talk=ConversationId("web-2")))
    feedback.log_slate(slate("api", "D", talk=None))
    latest = feedback.latest_slate(TALK)
    assert latest is not None
    assert latest.slate_id == "new"


def test_of_two_slates_of_one_moment_the_later_logged_is_the_latest(feedback: Feedback) -> None:
    feedback.log_slate(slate("z", "A"))
    feedback.log_slate(slate("a", "B"))
    latest = feedback.latest_slate(TALK)
    assert latest is not None
    assert latest.slate_id == "a"


def test_shown_products_come_once_in_order_and_since_a_time(feedback: Feedback) -> None:
    feedback.log_slate(slate("s2", "BCD", minutes=1))
    feedback.log_slate(slate("s1", "AB", minutes=9))
    assert feedback.shown_skus(TALK) == ["A", "B", "C", "D"]
    assert feedback.shown_skus(TALK, since=NOW - timedelta(minutes=5)) == ["B", "C", "D"]


def test_an_event_sent_twice_counts_once(feedback: Feedback) -> None:
    assert feedback.record([event("e1"), event("e1"), event("e2")]) == RecordResult(2, 1, [])
    assert feedback.record([event("e2"), event("e3")]) == RecordResult(1, 1, [])
    assert feedback.count() == 3


def test_events_sent_by_many_at_once_count_once(database: Database) -> None:
    feedback = Feedback(database, clock=lambda: NOW)
    batch = [event(f"e{n}") for n in range(200)]
    batches = [batch, batch[::-1], batch[50:] + batch[:50], batch]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(feedback.record, batches))
    assert sum(result.accepted for result in results) == 200
    assert sum(result.duplicates for result in results) == 600


def test_a_large_batch_is_kept_in_several_steps(feedback: Feedback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH", 7)
    events = [event(f"e{n % 40:02}", n % 40) for n in range(50)]
    assert feedback.record(iter(events)) == RecordResult(40, 10, [])
    assert [e.event_id for e in feedback.interactions()] == [f"e{n:02}" for n in range(39, -1, -1)]


def test_what_is_good_is_kept_and_what_is_not_is_refused_with_a_reason(feedback: Feedback) -> None:
    result = feedback.record(
        [event("good"), event("early", minutes=-10), event("old", at=datetime(1970, 1, 1, tzinfo=UTC))]
    )
    assert result.accepted == 1
    assert [event_id for event_id, _ in result.refused] == ["early", "old"]
    assert "future" in result.refused[0][1]
    assert "1995" in result.refused[1][1]


def test_events_come_back_whole_and_in_utc(feedback: Feedback) -> None:
    beijing = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    sent = event("e1", at=beijing, kind="rating", value=4.5, slate_id=SlateId("s1"), text="很好 👍")
    feedback.record([sent])
    (kept,) = feedback.interactions()
    assert kept == sent
    assert kept.at.utcoffset() == timedelta(0)


def test_history_is_newest_first_and_limited(feedback: Feedback) -> None:
    feedback.record([event("e1", 1), event("e3", 3), event("e2", 2), event("bea", 0, shopper_id=ShopperId("bea"))])
    assert [e.event_id for e in feedback.history(ANN)] == ["e1", "e2", "e3"]
    assert [e.event_id for e in feedback.history(ANN, limit=1)] == ["e1"]


def test_sightings_are_newest_first_and_of_the_latest_slates(feedback: Feedback) -> None:
    feedback.log_slate(slate("s1", "AB", minutes=9))
    feedback.log_slate(slate("s3", "CA", minutes=1, talk=None))
    feedback.log_slate(slate("s2", "D", minutes=5))
    feedback.log_slate(replace(slate("bea", "E"), shopper_id=ShopperId("bea")))
    feedback.log_slate(replace(slate("nobody", "F"), shopper_id=None))
    week_ago = NOW - timedelta(days=7)
    found = feedback.sightings(ANN, week_ago)
    assert [(one.sku, (NOW - one.at) / timedelta(minutes=1)) for one in found] == [
        ("C", 1),
        ("A", 1),
        ("D", 5),
        ("A", 9),
        ("B", 9),
    ]
    assert [one.sku for one in feedback.sightings(ANN, NOW - timedelta(minutes=5))] == ["C", "A", "D"]
    assert [one.sku for one in feedback.sightings(ANN, week_ago, slates=1)] == ["C", "A"]


def test_sightings_are_what_may_count_in_a_conversation(feedback: Feedback) -> None:
    other = ConversationId("web-2")
    feedback.log_slate(slate("kept", "A", 9, talk=other))
    feedback.log_slate(slate("kept here", "B", 8))
    feedback.log_slate(replace(slate("here", "C", 7), session_only=True))
    feedback.log_slate(replace(slate("here long ago", "D", 300), session_only=True))
    feedback.log_slate(replace(slate("there", "E", 6, talk=other), session_only=True))
    week_ago, session = NOW - timedelta(days=7), NOW - timedelta(hours=2)

    def seen(**may: Any) -> str:
        return "".join(sorted(one.sku for one in feedback.sightings(ANN, week_ago, **may)))

    assert seen() == "AB"
    assert seen(conversation_id=TALK, since=session) == "ABC"
    assert seen(conversation_id=TALK, since=session, remembered=False) == "BC"
    assert seen(conversation_id=TALK) == "ABCD"
    assert seen(remembered=False) == ""


def test_what_was_shown_for_somebody_else_is_no_sighting_of_ones_own(feedback: Feedback) -> None:
    for name, sku, state in (
        ("dad", "A", {"need": {"recipient": "dad"}}),
        ("own", "B", {"need": {"recipient": None}}),
        ("api", "C", {}),
    ):
        feedback.log_slate(replace(slate(name, sku), state=state))
    found = feedback.sightings(ANN, NOW - timedelta(days=1))
    assert sorted(one.sku for one in found) == ["B", "C"]


def test_of_one_moment_the_ids_tell_which_came_later_not_the_arrival(feedback: Feedback) -> None:
    feedback.record([event("b"), event("B")])
    feedback.record([event("ä"), event("a")])
    assert [e.event_id for e in feedback.history(ANN)] == ["ä", "b", "a", "B"]


def test_history_holds_what_may_count_in_a_conversation(feedback: Feedback) -> None:
    feedback.record(
        [
            event("kept", 9),
            event("kept here", 8, conversation_id=TALK),
            event("here", 7, conversation_id=TALK, session_only=True, kind="like"),
            event("here long ago", 99, conversation_id=TALK, session_only=True),
            event("elsewhere", 6, conversation_id=ConversationId("web-2"), session_only=True),
        ]
    )

    def ids(**how: object) -> list[str]:
        return [e.event_id for e in feedback.history(ANN, **how)]  # type: ignore[arg-type]

    hour = NOW - timedelta(hours=1)
    assert ids() == ["kept here", "kept"]
    assert ids(conversation_id=TALK, since=hour) == ["here", "kept here", "kept"]
    assert ids(conversation_id=TALK, since=hour, remembered=False) == ["here", "kept here"]
    assert ids(conversation_id=TALK, since=hour, kinds=["like"]) == ["here"]
    assert ids(remembered=False) == []


def test_a_yes_keeps_for_good_what_was_kept_for_the_session(feedback: Feedback) -> None:
    feedback.record([event("now", 5, session_only=True), event("long ago", 500, session_only=True)])
    feedback.log_slate(replace(slate("s1", "A"), session_only=True))
    feedback.promote(ANN, NOW - timedelta(hours=2))
    assert [e.event_id for e in feedback.history(ANN)] == ["now"]
    assert not feedback.slate(SlateId("s1")).session_only


def test_reports_and_training_see_neither_sessions_nor_shoppers_who_refuse(database: Database) -> None:
    refusing: set[ShopperId] = set()
    feedback = Feedback(database, clock=lambda: NOW, refusing=lambda: refusing)
    feedback.record([event("a"), event("s", session_only=True), event("b", shopper_id=ShopperId("bea"))])
    everybody = feedback.digest()
    assert [e.event_id for e in feedback.interactions()] == ["a", "b"]
    refusing.add(ShopperId("bea"))
    assert [e.event_id for e in feedback.interactions()] == ["a"]
    assert feedback.digest() != everybody


def test_interactions_are_oldest_first_however_they_came(feedback: Feedback) -> None:
    feedback.record([event("b", 2), event("c", 1)])
    feedback.record([event("z", 9), event("a", 2)])
    assert [e.event_id for e in feedback.interactions()] == ["z", "a", "b", "c"]


def test_the_digest_tells_which_events_there_are_and_not_how_they_came(feedback: Feedback, database: Database) -> None:
    empty = feedback.digest()
    feedback.record([event("b"), event("A"), event("ä")])
    one = feedback.digest()
    feedback.record([event("c")])
    assert len({empty, one, feedback.digest()}) == 3
    # The order of bytes, whatever the database's locale says.
    assert [event_id for event_id, _ in feedback._store.event_ids(2)] == ["A", "b", "c", "ä"]


def test_the_revision_moves_with_new_events_only(feedback: Feedback) -> None:
    assert feedback.revision() == 0
    feedback.record([event("e1")])
    first = feedback.revision()
    feedback.record([event("e1")])
    assert feedback.revision() == first
    feedback.record([event("e2")])
    assert feedback.revision() > first


def test_rewards_are_of_slates_as_shown_and_leave_out_sessions_and_those_who_refuse(database: Database) -> None:
    refusing: set[ShopperId] = set()
    feedback = Feedback(database, clock=lambda: NOW, refusing=lambda: refusing)
    zoe = ShopperId("Zoë")
    feedback.log_slate(slate("s1", "AB", minutes=60))
    feedback.log_slate(slate("s2", "BC", minutes=30))
    feedback.log_slate(replace(slate("z", "A", minutes=50), shopper_id=zoe))
    feedback.log_slate(replace(slate("session", "AB", minutes=1), session_only=True))
    feedback.log_slate(replace(slate("nobody's", "AB", minutes=20), shopper_id=None))
    feedback.record(
        [
            event("buy", 5, kind="purchase", sku=Sku("B")),
            event("click", 5, sku=Sku("A"), slate_id=SlateId("nobody's")),
            event("session", 5, sku=Sku("A"), session_only=True),
            event("zoe", 5, kind="like", shopper_id=zoe),
            event("search", 5, kind="search", sku=None),
        ]
    )

    def found(**how: object) -> dict[tuple[str, str], float]:
        return {(one.slate_id, one.sku): one.reward for one in feedback.rewards(RewardRules(), **how)}  # type: ignore[arg-type]

    everything = found()
    assert len(everything) == 7
    rewarded = {place: reward for place, reward in everything.items() if reward}
    assert rewarded == {("s2", "B"): 3.0, ("z", "A"): 0.5, ("nobody's", "A"): 0.2}
    assert {slate_id for slate_id, _ in found(since=NOW - timedelta(minutes=40))} == {"s2", "nobody's"}
    refusing.add(zoe)
    assert {slate_id for slate_id, _ in found()} == {"s1", "s2", "nobody's"}
