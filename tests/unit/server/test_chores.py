"""What the server does by itself goes on whatever happens."""

import threading

import pytest

from shopguide.errors import DatabaseError
from shopguide.server.chores import Chore, Chores


class Work:
    """Counts its calls and fails as told; `reached` waits for a number of them."""

    def __init__(self, *failures: Exception) -> None:
        self.calls = 0
        self._failures = list(failures)
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
            if self._failures:
                raise self._failures.pop(0)

    def reached(self, calls: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.calls >= calls, timeout=10)


def test_a_chore_begins_at_once_goes_on_and_is_done_once_more_at_the_end() -> None:
    often, seldom, neither = Work(), Work(), Work()
    chores = Chores(
        [Chore("often", often, 0.005), Chore("seldom", seldom, 3_600, at_end=True), Chore("neither", neither, 3_600)]
    )
    chores.start()
    assert often.reached(3) and seldom.reached(1) and neither.reached(1)
    chores.stop()
    assert (seldom.calls, neither.calls) == (2, 1)
    done = often.calls
    assert not any(thread.is_alive() for thread in chores._threads)
    assert often.calls == done


def test_a_chore_outlives_its_failures_and_an_absent_database_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(DatabaseError("locked"), DatabaseError("locked"), RuntimeError("odd"))
    chores = Chores([Chore("deliver", work, 0.005)])
    with caplog.at_level("WARNING"):
        chores.start()
        assert work.reached(5)
        chores.stop()
    assert sum("deliver waits" in message for message in caplog.messages) == 1
    assert sum("deliver failed" in message for message in caplog.messages) == 1


def test_chores_that_never_began_can_be_stopped() -> None:
    Chores([Chore("work", Work(), 1)]).stop()
