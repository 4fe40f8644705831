"""Profiles on a real database of either kind."""

from concurrent.futures import ThreadPoolExecutor
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


def test_a_database_that_is_not_there_is_a_database_error(database: Database) -> None:
    elsewhere = Database(database.url.replace("shop.db", "no/such/shop.db").replace("/test_", "/nowhere_"))
    with pytest.raises(DatabaseError):
        Profiles(elsewhere).taste(ANN)
    elsewhere.close()
