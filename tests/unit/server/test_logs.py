"""The guide server's log says what went wrong and where, and nothing about people."""

import asyncio
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rasa_sdk import Action

from shopguide.errors import DatabaseError, UnknownShopper
from shopguide.server.app import create_app
from shopguide.server.logs import WITHHELD, DiscreetFormatter, in_call_of, set_up_logs
from tests.support.shop import FakeShop

TEXT = "lavender for Rosalind, please"
SENDER = "rosalind-7"
log = logging.getLogger("shopguide.tests")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that the server's formatter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DiscreetFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_an_exception_keeps_its_kind_and_its_frames(written: io.StringIO) -> None:
    log.error("action failed", exc_info=raised(KeyError(TEXT), raised(ValueError(f"no {TEXT}"))))
    assert "lavender" not in written.getvalue()
    for kept in ("action failed", "\nValueError: <withheld>", "KeyError: <withheld>", "in raised", "test_logs.py"):
        assert kept in written.getvalue()


def test_our_own_errors_and_the_machines_say_what_they_are(written: io.StringIO) -> None:
    log.error("no", exc_info=raised(DatabaseError("the shop database is locked"), raised(OSError(28, "No space left"))))
    assert "the shop database is locked" in written.getvalue()
    assert "No space left" in written.getvalue()


def test_an_error_about_a_shopper_does_not_say_which(written: io.StringIO) -> None:
    log.error("no", exc_info=raised(UnknownShopper("no shopper 'rosalind'")))
    assert "UnknownShopper" in written.getvalue()
    assert "rosalind" not in written.getvalue()


@pytest.mark.parametrize(
    "said",
    [
        "conversation web-rosalind_x7Kp",
        "conversation rest-rosalind01234567",
        "token eyJhbGciOiJI.rosalind.rosalind",
        "key sg_0a1b2c_rosalind",
        "POST /webhook?token=rosalind",
        "rosalind@example.com",
    ],
)
def test_ids_and_secrets_go(written: io.StringIO, said: str) -> None:
    log.warning("about %s", said)
    assert "rosalind" not in written.getvalue()
    assert "about " in written.getvalue()


def test_a_shopper_that_we_named_goes_and_a_slate_stays(written: io.StringIO) -> None:
    log.info("shopper s-%s, slate %s", "0a" * 16, "0b" * 16)
    assert written.getvalue().endswith(f"shopper {WITHHELD}, slate {'0b' * 16}\n")


def test_numbers_of_phones_go_and_our_own_times_stay(written: io.StringIO) -> None:
    log.info("call 0171 2345678; revision %d in %.1f s", 12, 0.3)
    line = written.getvalue()
    assert line.startswith("20") and " INFO shopguide.tests: call <phone>; revision 12 in 0.3 s" in line


def test_the_words_of_a_call_go_in_its_threads_too(written: io.StringIO) -> None:
    async def call() -> None:
        with in_call_of(SENDER, TEXT):
            await asyncio.to_thread(log.info, "heard %r of %s", TEXT, SENDER)
        log.info("afterwards of %s", SENDER)

    asyncio.run(call())
    heard, afterwards = written.getvalue().splitlines()[-2:]
    assert heard.endswith("heard '<withheld>' of <withheld>")
    assert afterwards.endswith(SENDER)


def test_other_handlers_get_the_record_as_it_was(written: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    error = raised(KeyError(TEXT))
    with in_call_of(SENDER):
        log.error("of %s", SENDER, exc_info=error)
    [record] = caplog.records
    assert record.args == (SENDER,)
    assert record.exc_info and record.exc_info[1] is error
    assert "lavender" not in written.getvalue() and SENDER not in written.getvalue()


@pytest.mark.parametrize("quote", [False, True])
def test_what_the_server_sets_up(
    quote: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            set_up_logs(quote=quote)
            log.error("failed", exc_info=raised(KeyError("lavender")))
            logging.getLogger("httpx").info("HTTP Request: GET http://rasa/webhooks/privacy/said/%s", SENDER)
            warnings.warn("input_value='lavender' of bob@example.org", stacklevel=1)
        finally:
            logging.captureWarnings(False)
            root.setLevel(level)
    said = capsys.readouterr().err
    assert "KeyError" in said and "input_value" in said
    assert SENDER not in said, "an address that we call holds a conversation's id"
    assert ("bob@example.org" in said) is quote
    assert (": 'lavender'" in said) is quote


def test_an_action_that_quotes_its_shopper_is_not_quoted(written: io.StringIO, tmp_path: Path) -> None:
    class Quote(Action):
        def name(self) -> str:
            return "action_quote"

        def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
            log.warning("cannot find %s for %s", tracker.latest_message["text"], tracker.sender_id)
            raise RuntimeError(tracker.latest_message["text"])

    package = ModuleType("tests_quoting_actions")
    package.__path__ = []
    Quote.__module__ = package.__name__
    sys.modules[package.__name__] = package
    try:
        with TestClient(create_app(FakeShop(tmp_path), actions=package.__name__)) as client:  # type: ignore[arg-type]
            tracker = {"sender_id": SENDER, "slots": {}, "latest_message": {"text": TEXT}, "events": []}
            call = {"next_action": "action_quote", "sender_id": SENDER, "tracker": tracker, "domain": {}}
            assert client.post("/webhook", json=call).status_code == 500
    finally:
        del sys.modules[package.__name__]
    assert "cannot find <withheld> for <withheld>" in written.getvalue()
    assert "action action_quote failed" in written.getvalue()
    assert "lavender" not in written.getvalue() and SENDER not in written.getvalue()
