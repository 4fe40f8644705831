"""Logs of the guide server that hold no message and no identity.

Nothing of ours logs what a shopper said or who they are; this is for what comes up from below: exceptions that quote
their input, libraries that quote ours. An exception keeps its kind and its frames; what it says stays only where it is
about the shop, the machine or the program itself. In messages the words of the call that is being answered, ids,
secrets, and whatever `shopguide.masking` knows are replaced. SHOPGUIDE_QUOTE_IN_LOGS leaves everything as it is, for
development.
"""

import copy
import logging
import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType

from shopguide.errors import ProfileError, ShopGuideError
from shopguide.masking import REGIONS, mask

WITHHELD = "<withheld>"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_SHORTEST_TEXT = 4
"""Characters of a text that is looked for in messages; a shorter one is in everything."""

_TELLING = (ShopGuideError, OSError, AttributeError, ImportError, NameError, TypeError)
"""What these say is about the shop, the machine or the program, and nobody can mend them without it."""

_IDS_AND_SECRETS = re.compile(
    r"\b(?:web|rest|terminal)-[\w-]{8,}"  # conversations of our channels
    r"|\bs-[0-9a-f]{32}\b"  # shoppers that we named
    r"|\bsg_[0-9a-f]+_[\w-]+"  # API keys
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"  # signed tokens
    r"|(?<=token=)[^&\s'\"]+"
)

_said: ContextVar[re.Pattern[str] | None] = ContextVar("said", default=None)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


@contextmanager
def in_call_of(sender: str, *texts: str) -> Iterator[None]:
    """Keep a conversation's id and what was said in it out of everything that is logged inside, threads included."""
    forms = {form for text in texts for form in (text.strip(), repr(text.strip())[1:-1]) if len(form) >= _SHORTEST_TEXT}
    longest_first = sorted({sender, *forms} - {""}, key=len, reverse=True)
    said = "|".join(map(re.escape, longest_first))
    token = _said.set(re.compile(rf"(?<!\w)(?:{said})(?!\w)") if said else None)
    try:
        yield
    finally:
        _said.reset(token)


class DiscreetFormatter(logging.Formatter):
    """Formats records without what they say about people.

    Args:
        regions: countries whose phone numbers are recognised without their prefix.
    """

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        super().__init__(FORMAT)
        self._regions = tuple(regions)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        record = copy.copy(record)  # other handlers get what they would have got
        record.msg, record.args = self._discreet(record.getMessage()), None
        record.exc_text = None  # as another formatter wrote it
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  (logging's name)
        """Return a traceback as Python writes it, without what the exceptions say."""
        chain: list[str] = []
        seen: set[int] = set()
        error = ei[1]
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__))
            chain.append(f"Traceback (most recent call last):\n{frames}{_kind(error)}: {self._says(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\nThe above exception led to the following one:\n\n".join(reversed(chain))

    def _says(self, error: BaseException) -> str:
        tells = isinstance(error, _TELLING) and not isinstance(error, ProfileError)  # those name a shopper
        return self._discreet(str(error)) if tells else WITHHELD

    def _discreet(self, message: str) -> str:
        if (said := _said.get()) is not None:
            message = said.sub(WITHHELD, message)
        return mask(_IDS_AND_SECRETS.sub(WITHHELD, message), self._regions)


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def set_up_logs(*, quote: bool, regions: Sequence[str] = REGIONS) -> None:
    """Log to standard error from now on, warnings of Python included.

    Args:
        quote: leave everything as it is.
        regions: countries whose phone numbers are recognised without their prefix.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT) if quote else DiscreetFormatter(regions))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)
    # httpx tells every address that it calls: those of the dialogue server hold conversations' ids.
    for talkative in ("alembic", "bm25s", "httpx", "rasa_sdk"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
