"""Profiles on a real database of either kind."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shopguide.db.engine import Database
from shopguide.errors import DatabaseError, UnknownShopper
from shopguide.ids import ConversationId, ShopperId
from shopguide.profiles.preferences import PreferenceEvidence, Source
from shopguide.profiles.service import Profiles
from shopguide.profiles.store import Identity

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = ShopperId("ann")


@pytest.fixture
def profiles(database: Database) -> Profiles:
    return Profiles(database, clock=lambda: NOW)


def evidence(
    value: str, polarity: int = 1, source: Source = "slot", days: float = 0, **more: object
) -> PreferenceEvidence:
    at = NOW - timedelta(days=days)
    return PreferenceEvidence(ANN, "colour", value, polarity, source, at, **more)  # type: ignore[arg-type]


def test_an_account_is_the_same_shopper_at_every_sight(profiles: Profiles) -> None:
    first = profiles.shopper_for("rest", "me")
    assert profiles.shopper_for("rest", "me") == first
    assert profiles.shopper_for("socketio", "me") != first
    assert profiles.shopper_for("rest", "you") != first
    assert profiles.show(first).identities == (Identity("rest", "me"),)
    assert profiles.show(first).created_at == NOW


def test_an_account_first_seen_by_many_at_once_is_one_shopper(database: Database) -> None:
    profiles = Profiles(database)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: profiles.shopper_for("rest", "me"), range(16)))
    assert len(found) == 1
    assert profiles.count() == 1


def test_the_loser_of_a_race_takes_the_winners_shopper(profiles: Profiles) -> None:
    winner = profiles._store.create_shopper(Identity("rest", "me"), NOW)
    assert profiles._store.create_shopper(Identity("rest", "me"), NOW) == winner
    assert profiles.count() == 1


def test_an_account_can_be_linked_to_a_shopper_of_the_shop(profiles: Profiles) -> None:
    stranger = profiles.shopper_for("socketio", "web-1")
    profiles.link("socketio", "web-1", ANN)
    profiles.link("socketio", "web-2", ANN)
    assert profiles.shopper_for("socketio", "web-1") == profiles.shopper_for("socketio", "web-2") == ANN
    assert profiles.show(stranger).identities == ()


def test_evidence_comes_back_whole_and_newest_first(profiles: Profiles) -> None:
    old = evidence("red", days=3, source="click", strength=0.5)
    new = evidence("blue", slot="colour", conversation_id=ConversationId("web-1"))
    profiles.record([new, old])
    view = profiles.show(ANN)
    assert view.evidence == (new, old)
    assert view.taste == profiles.taste(ANN)
    assert view.taste.weight("colour", "blue") > view.taste.weight("colour", "red") > 0


def test_of_one_moment_a_removal_goes_first_whatever_came_first(profiles: Profiles) -> None:
    profiles.record([evidence("red"), evidence("red", 0, "removal"), evidence("blue", days=1)])
    assert profiles.taste(ANN).weight("colour", "red") > 0
    profiles.record([evidence("blue", 0, "removal")])
    assert profiles.taste(ANN).weight("colour", "blue") == 0


def test_nothing_is_kept_of_a_batch_with_a_fault(profiles: Profiles) -> None:
    with pytest.raises(ValueError, match="strength"):
        profiles.record([evidence("red"), evidence("blue", strength=1.5)])
    with pytest.raises(ValueError, match="zone"):
        profiles.record([PreferenceEvidence(ANN, "colour", "red", 1, "slot", datetime(2026, 1, 1))])  # noqa: DTZ001
    with pytest.raises(UnknownShopper):
        profiles.show(ANN)


def test_a_shopper_nobody_knows_has_no_taste_and_no_view(profiles: Profiles) -> None:
    assert profiles.taste(ANN).is_empty
    with pytest.raises(UnknownShopper, match="ann"):
        profiles.show(ANN)


def test_ensuring_twice_keeps_the_first_sight(database: Database) -> None:
    Profiles(database, clock=lambda: NOW).ensure(ANN)
    later = Profiles(database, clock=lambda: NOW + timedelta(days=1))
    later.ensure_all([ANN, ShopperId("bea"), ANN])
    assert later.show(ANN).created_at == NOW
    assert later.count() == 2


def test_an_import_replaces_what_imports_said_and_nothing_else(profiles: Profiles) -> None:
    profiles.record([evidence("green")])
    profiles.replace_imported([evidence("red", source="import")], [ANN])
    profiles.replace_imported([evidence("blue", source="import")], [ANN])
    assert {piece.value for piece in profiles.show(ANN).evidence} == {"green", "blue"}
    with pytest.raises(ValueError, match="slot"):
        profiles.replace_imported([evidence("red")], [ANN])


HERE, THERE = ConversationId("web-1"), ConversationId("web-2")


def test_without_consent_a_session_counts_in_its_own_conversation_and_for_a_while(profiles: Profiles) -> None:
    profiles.record(
        [
            evidence("red", conversation_id=HERE, session_only=True, days=0.01),
            evidence("green", conversation_id=HERE, session_only=True, days=1),
            evidence("blue", conversation_id=THERE),
        ]
    )
    assert set(profiles.taste(ANN, conversation_id=HERE).weights["colour"]) == {"red", "blue"}
    assert set(profiles.taste(ANN, conversation_id=THERE).weights["colour"]) == {"blue"}
    assert set(profiles.taste(ANN).weights["colour"]) == {"blue"}
    recalled = profiles.recall(ANN, conversation_id=HERE)
    assert recalled.remembered
    assert recalled.since == NOW - timedelta(hours=2)


def test_withdrawn_consent_leaves_the_conversation_alone(profiles: Profiles) -> None:
    profiles.record(
        [
            evidence("red", conversation_id=HERE, session_only=True, days=0.01),
            evidence("blue", conversation_id=HERE, days=0.01),
            evidence("green", conversation_id=HERE, days=1),
            evidence("black"),
        ]
    )
    profiles.set_consent(ANN, "personalisation", False, source="test")
    assert set(profiles.taste(ANN, conversation_id=HERE).weights["colour"]) == {"red", "blue"}
    assert profiles.taste(ANN).is_empty
    assert not profiles.recall(ANN).remembered
    view = profiles.show(ANN)
    assert view.taste.is_empty
    assert view.consents.personalisation is False
    # What is held is shown all the same.
    assert len(view.evidence) == 4
    profiles.set_consent(ANN, "personalisation", True, source="test")
    assert set(profiles.taste(ANN).weights["colour"]) == {"red", "blue", "green", "black"}


def test_refusing_analytics_leaves_ones_own_taste_and_no_training(profiles: Profiles) -> None:
    bea = ShopperId("bea")
    profiles.record(
        [
            evidence("red"),
            evidence("green", session_only=True, conversation_id=HERE),
            evidence("blue", recipient="dad"),
            PreferenceEvidence(bea, "colour", "black", 1, "slot", NOW),
        ]
    )
    assert [piece.value for piece in profiles.lasting_evidence()] == ["red", "black"]
    profiles.set_consent(ANN, "analytics", False, source="test")
    assert [piece.value for piece in profiles.lasting_evidence()] == ["black"]
    assert profiles.taste(ANN).weight("colour", "red") > 0


def test_people_one_shops_for_are_small_profiles_of_their_own(profiles: Profiles) -> None:
    profiles.record(
        [
            evidence("red"),
            evidence("blue", recipient="dad", days=3),
            evidence("green", recipient="mum", days=1),
            replace(evidence("45", recipient="dad", source="fact", days=3), facet="size", category="shoes"),
        ]
    )
    mum, dad = profiles.recipients(ANN)
    assert (mum.recipient, dad.recipient, dad.pieces, dad.latest) == ("mum", "dad", 2, NOW - timedelta(days=3))
    assert set(dad.taste.weights["colour"]) == {"blue"}
    assert [(fact.value, fact.category) for fact in dad.facts] == [("45", "shoes")]
    assert profiles.taste(ANN, recipient="dad") == dad.taste
    assert profiles.facts(ANN, recipient="dad") == dad.facts
    assert set(profiles.taste(ANN).weights["colour"]) == {"red"}
    assert profiles.facts(ANN) == ()
    assert profiles.show(ANN).recipients == (mum, dad)
    assert profiles.forget_recipient(ANN, "dad") == 2
    assert profiles.recipients(ANN) == (mum,)
    with pytest.raises(ValueError, match="name"):
        profiles.forget_recipient(ANN, "")


def test_a_fact_is_found_however_much_was_said_since(profiles: Profiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopguide.profiles.service.EVIDENCE_LIMIT", 5)
    wool = replace(evidence("wool", -1, "fact", days=900), facet="material")
    late = replace(evidence("silk", -1, "fact"), facet="material")
    profiles.record([wool, late, *[evidence("red", days=day + 1) for day in range(9)]])
    assert [fact.value for fact in profiles.facts(ANN)] == ["silk", "wool"]
    assert [fact.times for fact in profiles.facts(ANN)] == [1, 1]


def test_a_facet_value_is_forgotten_for_good_and_nothing_else_is(profiles: Profiles) -> None:
    profiles.record(
        [
            evidence("red"),
            evidence("red", source="like", event_id="e1"),
            evidence("red", recipient="dad"),
            evidence("blue"),
            PreferenceEvidence(ShopperId("bea"), "colour", "red", 1, "slot", NOW),
        ]
    )
    assert profiles.forget_value(ANN, "colour", "red") == 2
    assert profiles.forget_value(ANN, "colour", "red") == 0
    view = profiles.show(ANN)
    assert [(piece.value, piece.recipient) for piece in view.evidence] == [("blue", ""), ("red", "dad")]
    assert not profiles.taste(ShopperId("bea")).is_empty
    assert profiles.forget_value(ANN, "colour", "red", recipient="dad") == 1


def test_a_correction_takes_the_place_of_what_was_wrong_or_nothing_happens(profiles: Profiles) -> None:
    profiles.record([evidence("red"), evidence("red", source="like")])
    with pytest.raises(ValueError, match="strength"):
        profiles.correct(evidence("blue", source="correction", strength=2), instead_of="red")
    assert len(profiles.show(ANN).evidence) == 2
    assert profiles.correct(evidence("blue", source="correction"), instead_of="red") == 2
    assert set(profiles.taste(ANN).weights["colour"]) == {"blue"}


def test_for_whom_it_is_can_be_said_late(profiles: Profiles) -> None:
    said = [
        evidence("red", conversation_id=HERE, days=0.01),
        replace(evidence("<=50", conversation_id=HERE, days=0.01), facet="price"),
        evidence("red", conversation_id=HERE, days=9),
        evidence("red", conversation_id=THERE, days=0.01),
        evidence("red", conversation_id=HERE, source="like", event_id="e1", days=0.01),
        evidence("blue", conversation_id=HERE, days=0.01),
    ]
    profiles.record(said)
    assert profiles.said_for(ANN, HERE, [("colour", "red"), ("price", "<=50")], recipient="dad") == 2
    assert profiles.said_for(ANN, HERE, [], recipient="dad") == 0
    dad = profiles.taste(ANN, recipient="dad")
    assert set(dad.weights) == {"colour", "price"}
    assert set(profiles.taste(ANN).weights) == {"colour"}
    assert sum(piece.recipient == "dad" for piece in profiles.show(ANN).evidence) == 2


def test_a_database_that_is_not_there_is_a_database_error(database: Database) -> None:
    elsewhere = Database(database.url.replace("shop.db", "no/such/shop.db").replace("/test_", "/nowhere_"))
    with pytest.raises(DatabaseError):
        Profiles(elsewhere).taste(ANN)
    elsewhere.close()
