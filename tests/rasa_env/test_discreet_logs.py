"""What goes wrong is logged with its kind and its place; what people say and who they are is not."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore, SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError
from rasa.utils.log_utils import configure_structlog
from serving import post, run, server

from rasa_addons.discreet_logs import WITHHELD, in_turn_of, keep_logs_discreet
from rasa_addons.settings import read_settings

TEXT = "lavender for Rosalind, please"
SENDER = "rosalind-7"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that a handler of the root logger writes, in a process that keeps its logs discreet."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root, factory, config = logging.getLogger(), logging.getLogRecordFactory(), structlog.get_config()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    configure_structlog(logging.DEBUG)
    keep_logs_discreet()
    keep_logs_discreet()
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
    logging.captureWarnings(False)
    structlog.configure(**config)


def test_an_exception_keeps_its_kind_and_its_frames(log: io.StringIO) -> None:
    def ask() -> None:
        raise ClientResponseError(500, "Internal Server Error", json.dumps({"tracker": TEXT}).encode())

    try:
        try:
            ask()
        except ClientResponseError as error:
            raise RuntimeError(f"no answer to {TEXT}") from error
    except RuntimeError:
        logging.getLogger("rasa.core.processor").exception("Encountered an exception")
    assert "lavender" not in log.getvalue()
    for kept in ("Encountered an exception", "ClientResponseError", "status 500", "in ask", "RuntimeError"):
        assert kept in log.getvalue()


def test_no_handler_gets_at_the_exception_itself(log: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(TEXT)
    except ValueError as error:
        logging.getLogger("rasa").error("failed", exc_info=error)
    assert [record.exc_info for record in caplog.records] == [None]
    assert "ValueError" in caplog.text and "lavender" not in caplog.text


def test_an_error_of_the_network_says_what_it_is(log: io.StringIO) -> None:
    try:
        raise ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5055)")
    except ConnectionRefusedError:
        logging.getLogger("rasa").exception("No action server")
    assert "('127.0.0.1', 5055)" in log.getvalue()


def test_the_sender_and_the_text_of_a_turn_go(log: io.StringIO) -> None:
    quoted = TEXT + '\twith "quotes"'
    with in_turn_of(SENDER, quoted, "ok"):
        logging.getLogger("rasa.core").warning(f"Stopped predicting more actions for sender '{SENDER}'.")
        logging.getLogger("rasa_addons.x").info("heard %s, that is %r; token ok", quoted, quoted)
        logging.getLogger("rasa").info("other-%s-other", SENDER)
    assert "for sender '<withheld>'" in log.getvalue()
    assert "lavender" not in log.getvalue()
    assert "token ok" in log.getvalue()
    assert SENDER not in log.getvalue()


def test_a_sender_is_not_cut_out_of_other_words(log: io.StringIO) -> None:
    with in_turn_of("ann", ""):
        logging.getLogger("rasa").info("ann cannot be served: 'ann'")
    assert f"{WITHHELD} cannot be served: '{WITHHELD}'" in log.getvalue()


def test_two_turns_at_once_keep_their_own_words(log: io.StringIO) -> None:
    async def turn(sender: str) -> None:
        with in_turn_of(sender, ""):
            await asyncio.sleep(0)
            await asyncio.create_task(asyncio.sleep(0))
            logging.getLogger("rasa").info("sender %s is served", sender)

    async def both() -> None:
        await asyncio.gather(*(turn(f"shopper{n}") for n in range(20)))

    run(both)
    assert log.getvalue().count(f"sender {WITHHELD} is served") == 20


def test_only_the_first_line_of_others_stays(log: io.StringIO) -> None:
    logging.getLogger("rasa.core").error("database is locked\n[SQL: INSERT]\n[parameters: ('%s')]", TEXT)
    logging.getLogger("rasa.core").error("x" * 600 + TEXT)
    logging.getLogger("rasa_addons.lexicon").warning("two\nlines")
    assert "database is locked …" in log.getvalue()
    assert "lavender" not in log.getvalue()
    assert "two\nlines" in log.getvalue()


def test_the_http_api_does_not_quote_what_it_refuses(log: io.StringIO) -> None:
    logging.getLogger("rasa.server").error(f"An unexpected error occurred. Error: no action '{TEXT}'")
    assert "An unexpected error occurred. Error: <withheld>" in log.getvalue()


@pytest.mark.parametrize(
    "said",
    [
        "Exception occurred while handling uri: '/conversations/rosalind/tracker?token=rosalind'",
        "no such conversation: web-rosalind_x7Kp, rest-rosalind01234",
        "rosalind@example.com is no number",
    ],
)
def test_what_looks_like_a_person_goes(log: io.StringIO, said: str) -> None:
    logging.getLogger("sanic.error").error(said)
    assert "rosalind" not in log.getvalue()
    assert WITHHELD in log.getvalue()


def test_arguments_that_do_not_fit_break_nothing(log: io.StringIO) -> None:
    logging.getLogger("rasa").info("%d products", "lavender")
    assert log.getvalue() == "INFO rasa %d products\n"


def test_structured_messages_lose_words_and_variables(log: io.StringIO) -> None:
    structured = structlog.get_logger("rasa.core.channels.rest")
    try:
        words = TEXT
        raise ValueError(words)
    except ValueError:
        structured.exception("rest.message.received.failure", text=TEXT, sender_id=SENDER, tries=3)
    structured.debug("processor.slots.log", slot_values={"colour": TEXT})
    said = [json.loads(line.split(" ", 2)[2]) for line in log.getvalue().splitlines()]
    assert "lavender" not in log.getvalue() and SENDER not in log.getvalue()
    assert said[0]["event"] == "rest.message.received.failure"
    assert said[0]["tries"] == 3
    assert "ValueError" in said[0]["exception"]
    assert said[1] == {"event": "processor.slots.log", "level": "debug", "slot_values": WITHHELD}


def test_warnings_are_discreet_as_well(log: io.StringIO) -> None:
    with warnings.catch_warnings(), in_turn_of(SENDER, TEXT):
        warnings.simplefilter("always")
        logging.captureWarnings(False)  # catch_warnings has put Python's own way back
        logging.setLogRecordFactory(logging.LogRecord)
        keep_logs_discreet()
        warnings.warn(f"Failed to parse '{TEXT}'", stacklevel=1)
    assert "Failed to parse" in log.getvalue()
    assert "lavender" not in log.getvalue()


def test_a_database_that_fails_says_no_values(log: io.StringIO, tmp_path: Path) -> None:
    async def check() -> None:
        sql = SQLTrackerStore(Domain.empty(), db=str(tmp_path / "tracker.db"))
        with sql.engine.connect() as connection:
            connection.exec_driver_sql("DROP TABLE events")
        tracker = DialogueStateTracker.from_events(SENDER, [UserUttered(TEXT)])
        await FailSafeTrackerStore(sql).save(tracker)

    run(check)
    assert "no such table" in log.getvalue()
    assert "lavender" not in log.getvalue() and SENDER not in log.getvalue()


@pytest.mark.parametrize(("setting", "quoted"), [("", False), ("false", False), ("true", True), ("1", True)])
def test_an_operator_can_have_everything_quoted(
    setting: str, quoted: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = read_settings({"SHOPGUIDE_QUOTE_IN_LOGS": setting}, tmp_path / "none")

    async def check() -> None:
        async with server(fail, settings) as (url, _):
            await post(url, {"sender": SENDER, "message": TEXT})

    run(check)
    assert "A turn failed" in caplog.text
    assert "RuntimeError" in caplog.text
    assert ("lavender" in caplog.text) is quoted
    assert (SENDER in caplog.text) is quoted


async def fail(message: UserMessage) -> None:
    raise RuntimeError(f"{message.sender_id} said {message.text}")
