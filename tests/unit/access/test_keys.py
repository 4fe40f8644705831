"""API keys: made, checked, remembered for a moment, rotated, ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from shopguide.access.keys import KeyId, digest_of, key_id_of
from shopguide.access.service import REMEMBERED_SECONDS, WITHOUT_DATABASE_SECONDS, Access
from shopguide.db.engine import Database
from shopguide.errors import BadKey, DatabaseError, UnknownKey
from tests.support.shop import migrated_sqlite

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Tells the time and the seconds of a monotonic clock; both go on together."""

    def __init__(self) -> None:
        self.now = START
        self.ticks = 0.0

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.ticks += seconds


class Flaky(Database):
    """A database that can be taken away; it counts how often it is asked."""

    down = False
    asked = 0

    def session(self):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.down:
            raise DatabaseError("connection refused")
        return super().session()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Flaky]:
    (tmp_path / "shop.db").write_bytes(migrated_sqlite())
    database = Flaky(f"sqlite:///{tmp_path / 'shop.db'}")
    yield database
    database.close()


@pytest.fixture
def access(database: Flaky, clock: Clock) -> Access:
    return Access(database, clock, lambda: clock.ticks)


def test_a_key_says_who_calls_and_is_kept_as_a_hash(access: Access, database: Flaky) -> None:
    issued = access.create(" shop backend ", ["events:write", "products:read", "events:write"])
    assert issued.text.startswith(f"sg_{issued.key.key_id}_")
    assert key_id_of(issued.text) == issued.key.key_id
    caller = access.caller(issued.text)
    assert (caller.client, caller.scopes) == ("shop backend", {"events:write", "products:read"})
    with database.session() as session:
        (row,) = session.execute(text("SELECT * FROM api_keys")).mappings().all()
    assert row["digest"] == digest_of(issued.text)
    secret = issued.text.removeprefix(f"sg_{issued.key.key_id}_")
    assert len(secret) == 43, "32 random bytes"
    assert secret not in str(dict(row))


def test_no_two_keys_are_the_same(access: Access) -> None:
    assert len({access.create("shop", ["events:write"]).text for _ in range(50)}) == 50


def test_what_is_no_key_does_not_reach_the_database(access: Access, database: Flaky) -> None:
    before = database.asked
    for wrong in ("", "x", "sg_", "sg_0123456789ab_short", "schlüssel", "sg_0123456789ab_" + "ü" * 43, "\udcff"):
        with pytest.raises(BadKey):
            access.caller(wrong)
    assert database.asked == before


def test_a_key_of_the_right_shape_must_be_the_right_one(access: Access) -> None:
    issued = access.create("shop", ["events:write"])
    other = access.create("shop", ["events:write"])
    mixed = f"sg_{issued.key.key_id}_{other.text[16:]}"
    for wrong in (mixed, issued.text[:-1] + ("A" if issued.text[-1] != "A" else "B")):
        with pytest.raises(BadKey, match="unknown"):
            access.caller(wrong)


def test_a_key_ends_when_it_was_made_to(access: Access, clock: Clock) -> None:
    issued = access.create("shop", ["events:write"], timedelta(days=1))
    clock.forward(24 * 3600 - 1)
    assert access.caller(issued.text)
    clock.forward(1)
    with pytest.raises(BadKey, match="expired"):
        access.caller(issued.text)


def test_a_revoked_key_is_refused_at_once_here_and_within_seconds_elsewhere(
    access: Access, database: Flaky, clock: Clock
) -> None:
    elsewhere = Access(database, clock, lambda: clock.ticks)
    issued = access.create("shop", ["events:write"])
    assert elsewhere.caller(issued.text)
    access.revoke(issued.key.key_id)
    with pytest.raises(BadKey, match="revoked"):
        access.caller(issued.text)
    clock.forward(REMEMBERED_SECONDS)
    with pytest.raises(BadKey, match="revoked"):
        elsewhere.caller(issued.text)


def test_calls_in_a_row_cost_one_query(access: Access, database: Flaky, clock: Clock) -> None:
    issued = access.create("shop", ["events:write"])
    before = database.asked
    for _ in range(20):
        access.caller(issued.text)
    assert database.asked == before + 1
    clock.forward(REMEMBERED_SECONDS)
    access.caller(issued.text)
    assert database.asked == before + 2


def test_a_key_that_was_good_is_good_for_a_while_without_the_database(
    access: Access, database: Flaky, clock: Clock
) -> None:
    issued = access.create("shop", ["events:write"], timedelta(minutes=30))
    unseen = access.create("shop", ["events:write"])
    access.caller(issued.text)
    database.down = True
    clock.forward(60)
    assert access.caller(issued.text)
    with pytest.raises(DatabaseError):
        access.caller(unseen.text)
    clock.forward(1_800)
    with pytest.raises(BadKey, match="expired"):
        access.caller(issued.text)
    clock.forward(WITHOUT_DATABASE_SECONDS)
    with pytest.raises(DatabaseError):
        access.caller(issued.text)


def test_a_rotated_key_overlaps_with_its_successor(access: Access, clock: Clock) -> None:
    old = access.create("shop", ["events:write", "products:read"], timedelta(days=90))
    clock.forward(3600)
    new = access.rotate(old.key.key_id, timedelta(hours=24))
    assert (new.key.client, new.key.scopes) == (old.key.client, old.key.scopes)
    assert new.key.expires_at == clock.now + timedelta(days=90)
    clock.forward(24 * 3600 - 1)
    assert access.caller(old.text) == access.caller(new.text)
    clock.forward(1)
    with pytest.raises(BadKey, match="expired"):
        access.caller(old.text)
    assert access.caller(new.text)
    with pytest.raises(BadKey, match="expired"):
        access.rotate(old.key.key_id)


def test_a_rotation_does_not_lengthen_a_life(access: Access, clock: Clock) -> None:
    old = access.create("shop", ["events:write"], timedelta(hours=1))
    access.rotate(old.key.key_id, timedelta(hours=24))
    clock.forward(3600)
    with pytest.raises(BadKey, match="expired"):
        access.caller(old.text)


def test_uses_are_written_apart_from_the_calls_and_once_an_hour(access: Access, clock: Clock) -> None:
    issued = access.create("shop", ["events:write"])
    access.caller(issued.text)
    assert access.all_keys()[0].last_used_at is None
    access.write_uses()
    assert access.all_keys()[0].last_used_at == START
    clock.forward(60)
    access.caller(issued.text)
    access.write_uses()
    assert access.all_keys()[0].last_used_at == START
    clock.forward(3600)
    access.caller(issued.text)
    access.write_uses()
    assert access.all_keys()[0].last_used_at == clock.now


def test_uses_wait_for_the_database(access: Access, database: Flaky) -> None:
    issued = access.create("shop", ["events:write"])
    access.caller(issued.text)
    database.down = True
    with pytest.raises(DatabaseError):
        access.write_uses()
    database.down = False
    access.write_uses()
    assert access.all_keys()[0].last_used_at == START


@pytest.mark.parametrize(
    ("client", "scopes", "days", "why"),
    [
        ("", ["events:write"], None, "name"),
        ("a" * 101, ["events:write"], None, "name"),
        ("two\nlines", ["events:write"], None, "name"),
        ("shop", [], None, "needs a scope"),
        ("shop", ["events:write", "everything"], None, "everything"),
        ("shop", ["events:write"], 0, "expired"),
    ],
)
def test_keys_that_make_no_sense_are_not_made(
    access: Access, client: str, scopes: list[str], days: int | None, why: str
) -> None:
    with pytest.raises(BadKey, match=why):
        access.create(client, scopes, None if days is None else timedelta(days=days))  # type: ignore[arg-type]
    assert access.all_keys() == []


def test_keys_that_are_not_there_cannot_be_ended(access: Access) -> None:
    for attempt in (access.revoke, access.rotate):
        with pytest.raises(UnknownKey):
            attempt(KeyId("0123456789ab"))
