"""The file where writes wait."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopguide.errors import OutboxError
from shopguide.ids import ConversationId, ShopperId
from shopguide.outbox.box import TRIES, Entry, Outbox

ANN, TALK = ShopperId("ann"), ConversationId("web-1")


def entry(key: str, shopper: str | None = "ann", talk: str | None = None, payload: str = '{"sku": "A"}') -> Entry:
    return Entry(key, "event", payload, ShopperId(shopper) if shopper else None, ConversationId(talk) if talk else None)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "var" / "outbox.db")


def keys(outbox: Outbox) -> list[str]:
    return [waiting.key for waiting in outbox.first(100)]


def test_reading_an_outbox_that_was_never_needed_makes_no_file(outbox: Outbox, tmp_path: Path) -> None:
    assert (outbox.waiting(), outbox.set_aside(), outbox.first(9), outbox.mentions("ann")) == (0, 0, [], 0)
    assert outbox.erase(ANN, [TALK]) == 0
    outbox.retry()
    assert not (tmp_path / "var").exists()


def test_entries_leave_in_the_order_in_which_they_came_whole(outbox: Outbox) -> None:
    first, second = entry("z", talk="web-1", payload="café ☕"), entry("a", shopper=None)
    outbox.put([first])
    outbox.put([second])
    assert outbox.first(1) == [first]
    assert outbox.first(9) == [first, second]
    outbox.remove([first])
    assert keys(outbox) == ["a"]
    assert outbox.find("a") == second
    assert outbox.find("z") is None


def test_what_is_put_twice_waits_once(outbox: Outbox) -> None:
    outbox.put([entry("a"), entry("a"), entry("b")])
    outbox.put([entry("b", payload="other")])
    assert outbox.waiting() == 2


def test_another_process_sees_what_waits(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put([entry("a")])
    assert keys(Outbox(tmp_path / "var" / "outbox.db")) == ["a"]


def test_many_threads_put_at_once(outbox: Outbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: outbox.put([entry(f"{n}-{i}") for i in range(5)]), range(40)))
    assert outbox.waiting() == 200


def test_entries_that_fail_while_others_go_through_are_set_aside_and_can_be_tried_again(outbox: Outbox) -> None:
    bad = entry("bad")
    outbox.put([bad, entry("good")])
    for _ in range(TRIES):
        assert "bad" in keys(outbox)
        outbox.failed([bad])
    assert keys(outbox) == ["good"]
    assert (outbox.waiting(), outbox.set_aside()) == (2, 1)
    outbox.retry()
    assert keys(outbox) == ["bad", "good"]


def test_erasing_drops_what_is_about_a_shopper_or_their_conversations_to_the_last_byte(
    outbox: Outbox, tmp_path: Path
) -> None:
    secret = "nobody-knows-this-shopper"
    outbox.put([entry(f"e{n}", shopper=secret, payload=f'{{"shopper_id": "{secret}"}}') for n in range(50)])
    outbox.put([entry("s", shopper=None, talk="web-of-hers"), entry("other", talk="web-2")])
    assert outbox.mentions(secret) == 50
    assert outbox.mentions("web-of-hers") == 1
    assert outbox.erase(ShopperId(secret), [ConversationId("web-of-hers")]) == 51
    assert keys(outbox) == ["other"]
    assert outbox.mentions(secret) == outbox.mentions("web-of-hers") == 0
    written = b"".join(path.read_bytes() for path in (tmp_path / "var").iterdir())
    assert secret.encode() not in written
    assert b"web-of-hers" not in written


def test_a_text_is_found_as_it_is_written_in_json(outbox: Outbox) -> None:
    outbox.put([entry("a", payload=r'{"text": "say \"hi\""}')])
    assert outbox.mentions('say "hi"') == 1


def test_a_file_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutboxError):
        Outbox(tmp_path / "file" / "outbox.db").put([entry("a")])
    (tmp_path / "broken.db").write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(OutboxError):
        Outbox(tmp_path / "broken.db").first(1)


def test_what_was_taken_is_on_the_disk(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connect = sqlite3.connect

    def watched(*args: object, **more: object) -> sqlite3.Connection:
        connection = connect(*args, **more)  # type: ignore[call-overload]
        connection.set_trace_callback(asked.append)
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", watched)
    outbox.put([entry("a")])
    assert "PRAGMA synchronous=FULL" in asked
    assert asked.index("PRAGMA synchronous=FULL") < asked.index("COMMIT")
