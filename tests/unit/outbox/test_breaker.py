"""Whoever finds the database away spares the others the wait."""

import pytest

from shopguide.errors import DatabaseError
from shopguide.outbox.breaker import PAUSE_SECONDS, Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(breaker: Breaker) -> None:
    with pytest.raises(DatabaseError), breaker.attempt():
        raise DatabaseError("locked")


def test_all_try_while_it_works(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    assert all(breaker.ready() for _ in range(5))
    with breaker.attempt():
        pass
    assert breaker.ready() and not breaker.is_open


def test_after_a_failure_nobody_tries_for_a_while_and_then_one_at_a_time(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    fail(breaker)
    assert breaker.is_open
    assert not breaker.ready()
    clock.now += PAUSE_SECONDS
    assert breaker.ready()
    assert not breaker.ready(), "somebody else is trying"
    fail(breaker)
    assert not breaker.ready(), "it failed again: another pause"
    clock.now += PAUSE_SECONDS
    assert breaker.ready()
    with breaker.attempt():
        pass
    assert breaker.ready() and breaker.ready() and not breaker.is_open


def test_another_error_ends_the_try_and_says_nothing_of_the_database(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.ready()
    with pytest.raises(ValueError), breaker.attempt():
        raise ValueError
    assert breaker.is_open
    assert breaker.ready(), "the next one may try"
