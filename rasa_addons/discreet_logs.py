"""Logs of the dialogue server that hold no message and no identity.

Rasa quotes freely where something goes wrong: the action server's whole answer, which may hold the tracker, the
database's statement with its values, the sender. From the moment that the server is up, `keep_logs_discreet` changes
every log record before any handler sees it:

- an exception keeps its kind and its frames; what it says goes, unless it is about the machine or the program itself;
- of other people's messages the first line stays, up to a length; the HTTP API does not quote what it refuses;
- the sender and the text of the turn that is going on, conversations in addresses, tokens and e-mail addresses go.

Our own modules name counts and kinds only, so their messages stay whole. With `--debug` the same holds, but Rasa then
tells so much that it belongs on nobody's server.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

WITHHELD = "<withheld>"

_OURS = "rasa_addons"
_LONGEST_LINE = 500
_SHORTEST_TEXT = 4
"""Characters of a text that is looked for in messages; a shorter one is in everything."""

_TELLING = (OSError, AttributeError, ImportError, NameError, TypeError)
"""What these say is about this machine or about the program, and nobody can mend them without it."""

_HTTP_API = "rasa.server"
_QUOTED_REQUEST = re.compile(r"(?<=\bError: ).+")
"""What follows in its messages is an exception about what was asked for."""

_PATTERNS = (
    (re.compile(r"(/conversations/)[^/\s'\"?]+"), r"\1" + WITHHELD),
    (re.compile(r"(\btoken=)[^&\s'\"]+"), r"\1" + WITHHELD),
    (re.compile(r"\b(?:web|rest|terminal)-[\w-]{8,}"), WITHHELD),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), WITHHELD),
)

_STRUCTURED = frozenset(
    {
        # What Rasa itself names as worth hiding (rasa/utils/log_utils.py) ...
        *("text", "response_text", "user_text", "slot_values", "parse_data_text", "parse_data_entities", "message"),
        *("prediction_events", "tracker_latest_message", "prefilled_slots", "response", "slot_candidates", "entity"),
        *("rasa_event", "rasa_events", "tracker_states", "current_states", "old_states", "states", "successes"),
        *("current_entity", "next_entity", "token_text", "user_message", "json_message"),
        # ... and who spoke.
        *("sender_id", "conversation_id", "recipient_id"),
    }
)

_turn: ContextVar[re.Pattern[str] | None] = ContextVar("turn", default=None)


class _Settled(str):
    """A message that was made of parts, each of which has been looked at."""


@contextmanager
def in_turn_of(sender: str, *texts: str) -> Iterator[None]:
    """Keep a sender and what they said out of everything that is logged inside, also by tasks begun there."""
    forms = {form for text in texts for form in (text.strip(), repr(text.strip())[1:-1]) if len(form) >= _SHORTEST_TEXT}
    longest_first = sorted({sender, *forms} - {""}, key=len, reverse=True)
    said = "|".join(map(re.escape, longest_first))
    token = _turn.set(re.compile(rf"(?<!\w)(?:{said})(?!\w)") if said else None)
    try:
        yield
    finally:
        _turn.reset(token)


def discreet(message: str) -> str:
    """Return a message without the present turn's sender and text, and without what looks like a person's."""
    if (said := _turn.get()) is not None:
        message = said.sub(WITHHELD, message)
    for pattern, instead in _PATTERNS:
        message = pattern.sub(instead, message)
    return message


def discreet_traceback(error: BaseException) -> str:
    """Return a traceback as Python writes it, without what the exceptions say."""
    chain: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        chain.append(f"Traceback (most recent call last):\n{frames}{_kind(current)}: {_says(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\nThe above exception led to the following one:\n\n".join(reversed(chain))


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _says(error: BaseException) -> str:
    if isinstance(error, _TELLING):
        return discreet(str(error))
    status = getattr(error, "status", None)  # of an HTTP answer: harmless, and half of what one wants to know
    return f"{WITHHELD}, status {status}" if isinstance(status, int) else WITHHELD


def _error_of(exc_info: Any) -> BaseException | None:
    """Return the exception that a logging call was given, however it was given."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return None


class _DiscreetRecords:
    """A factory of log records over the one that was there."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._inner(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # arguments that do not fit: the handler would have said so, with the arguments
            message = str(record.msg)
        if not isinstance(record.msg, _Settled) and not record.name.startswith(_OURS):
            lines = message.strip().splitlines() or [""]
            cut = len(lines) > 1 or len(lines[0]) > _LONGEST_LINE
            message = lines[0][:_LONGEST_LINE] + (" …" if cut else "")
            if record.name == _HTTP_API:
                message = _QUOTED_REQUEST.sub(WITHHELD, message)
        record.msg, record.args = discreet(message), None
        if (error := _error_of(record.exc_info)) is not None:
            record.exc_text = discreet_traceback(error)
        record.exc_info = None
        return record


def _withhold(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Empty the parts of a structured message that hold what people said; a processor of structlog."""
    for key in _STRUCTURED & event.keys():
        event[key] = WITHHELD
    given = event.get("exc_info", method == "exception")
    error = sys.exc_info()[1] if given is True else _error_of(given)
    if error is not None:
        event["exception"] = discreet_traceback(error)
    if given or method == "exception":
        event["exc_info"] = None  # not left out: structlog would put it back, and print every variable of every frame
    return event


def _settle(logger: Any, method: str, rendered: Any) -> Any:
    return _Settled(rendered) if isinstance(rendered, str) else rendered


def keep_logs_discreet() -> None:
    """Change every log record of this process from now on; calling it again changes nothing."""
    factory = logging.getLogRecordFactory()
    if isinstance(factory, _DiscreetRecords):
        return
    logging.setLogRecordFactory(_DiscreetRecords(factory))
    # In place: loggers that were used already hold this very list.
    processors = structlog.get_config()["processors"]
    if _withhold not in processors:
        processors.insert(0, _withhold)
        processors.append(_settle)
    logging.captureWarnings(True)  # Rasa's warnings quote messages, and would go straight to the terminal
