"""Keeps what was built from the lexicon file up to date, without a restart and without making a shopper wait."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from lexicon.entries import Lexicon, LexiconError, read

Built = TypeVar("Built")
_State = tuple[int, int, int, int]  # of a file: times of modification and of change (chmod is one), size, inode

PATIENCE_SECONDS = 2.0
"""How long the first message after a change waits for the new lexicon: small ones are ready by then."""

logger = logging.getLogger(__name__)


class LexiconWatch(Generic[Built]):
    """Builds something from a lexicon file, and builds it anew in a thread whenever the file changes.

    A file that cannot be read keeps the last good build in service. The log says so once for each thing that is wrong
    with it, not at each message, and once more when the file is good again.
    """

    def __init__(self, path: Path, build: Callable[[Lexicon], Built], poll_seconds: float = 2.0) -> None:
        """Name the file and what to build from it; nothing is read yet."""
        self._path = path
        self._build = build
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._built: Built | None = None
        self._seen: _State | None = None
        self._digest = ""
        self._complaint = ""
        self._checked = float("-inf")
        self._thread: threading.Thread | None = None

    def current(self) -> Built | None:
        """Return the newest good build; None where no lexicon could be read so far.

        The first call reads the file; later ones only look whether it changed, every `poll_seconds`.
        """
        with self._lock:
            if time.monotonic() - self._checked < self._poll_seconds:
                return self._built
            first = self._checked == float("-inf")
            self._checked = time.monotonic()
            state = self._state()
            busy = self._thread is not None and self._thread.is_alive()
            if busy or (state == self._seen and not first):
                return self._built
            self._seen = state
            serving = not first and self._built is not None
            if serving:
                self._thread = threading.Thread(target=self._refresh, name="lexicon", daemon=True)
                self._thread.start()
        if serving:
            self.wait(PATIENCE_SECONDS)
        else:
            self._refresh()
        return self._built

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until a rebuild that is under way has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _state(self) -> _State | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino

    def _refresh(self) -> None:
        started = time.monotonic()
        try:
            lexicon = read(self._path)
            if self._built is not None and lexicon.digest == self._digest:
                if self._complaint:
                    logger.info("The lexicon %s is in order again.", self._path)
                self._complaint = ""
                return
            built = self._build(lexicon)
        except Exception as error:
            self._complain(error)
            return
        self._built, self._digest, self._complaint = built, lexicon.digest, ""
        logger.info("Lexicon %s ready in %.1f s.", lexicon.digest[:12], time.monotonic() - started)

    def _complain(self, error: Exception) -> None:
        """Log what is wrong with the file, unless that was the last thing that was said of it."""
        complaint = f"{type(error).__name__}: {error}"
        if complaint == self._complaint:
            return
        self._complaint = complaint
        consequence = "No catalogue words are understood." if self._built is None else "The last good one stays in use."
        if isinstance(error, LexiconError):
            logger.error("The lexicon cannot be read; %s. %s", error, consequence)
        else:
            logger.error("The lexicon %s cannot be used. %s", self._path, consequence, exc_info=error)
