"""The proof that nothing holds a shopper's ids any more, or where something still does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopguide.errors import ShopGuideError
from shopguide.ids import ConversationId, ShopperId
from shopguide.outbox.box import Outbox
from shopguide.privacy.files import files_of, holds
from shopguide.privacy.needles import Needles
from shopguide.privacy.service import Privacy


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that holds an id, and how often: rows, entries, conversations, versions, or 1 for a file."""

    place: str
    count: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a search for ids came to.

    Args:
        findings: where they still are.
        unchecked: places that could not be looked at, with the reason.
        looked_at: what was searched, for whoever wants to know what the proof is worth.
        short: how many ids are so short that running text was not searched for them.
    """

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    looked_at: tuple[str, ...]
    short: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was found and everything was looked at."""
        return not self.findings and not self.unchecked

    def as_json(self) -> dict[str, Any]:
        """Return the proof, ready for JSON."""
        return {
            "clean": self.clean,
            "findings": [{"place": found.place, "count": found.count} for found in self.findings],
            "unchecked": list(self.unchecked),
            "looked_at": list(self.looked_at),
            "short_ids": self.short,
        }


class Proving:
    """Looks for ids everywhere that this product writes to.

    Args:
        privacy: the shop database and the dialogue server.
        outbox: what waits for the shop database.
        known_to_models: the versions of the recommender that know a shopper.
        paths: files and folders: logs, models, the lexicon, the databases' own files.
    """

    def __init__(
        self,
        privacy: Privacy,
        outbox: Outbox,
        known_to_models: Callable[[ShopperId], Sequence[str]],
        paths: Sequence[Path],
    ) -> None:
        self._privacy = privacy
        self._outbox = outbox
        self._known_to_models = known_to_models
        self._paths = paths

    def prove(
        self, shopper_id: ShopperId, conversations: Iterable[ConversationId] = (), more_paths: Sequence[Path] = ()
    ) -> Proof:
        """Look for a shopper's id and their conversations' ids.

        Args:
            shopper_id: whose.
            conversations: the sender ids that were theirs.
            more_paths: further files and folders to look through, exports for instance.

        Raises:
            DatabaseError: the shop database cannot be reached.
        """
        theirs = sorted(set(conversations))
        needles = Needles((shopper_id, *theirs))
        search = _Search()
        for mention in self._privacy.mentions(needles):
            search.found(f"table {mention.table}.{mention.column}", mention.rows)
        search.looked_at.append("every table of the shop database")
        with search.looking("the outbox"):
            waiting = sum(self._outbox.mentions(one) for one in needles.ids - needles.short)
            search.found("the outbox", waiting)
        with search.looking(f"the dialogue server ({len(theirs)} conversations)"):
            search.found("the dialogue server", self._privacy.still_held(theirs))
        with search.looking("the recommender's models"):
            for name in self._known_to_models(shopper_id):
                search.found(f"model {name}", 1)
        files = 0
        for path in files_of((*self._paths, *more_paths)):
            files += 1
            with search.looking(f"file {path}", listed=False):
                search.found(f"file {path}", int(needles.in_text(path.stem) or holds(path, needles)))
        search.looked_at.append(f"{files} files")
        return Proof(tuple(search.findings), tuple(search.unchecked), tuple(search.looked_at), len(needles.short))


class _Search:
    """Collects what is found, and what could not be looked at."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.unchecked: list[str] = []
        self.looked_at: list[str] = []

    def found(self, place: str, count: int) -> None:
        if count:
            self.findings.append(Finding(place, count))

    @contextmanager
    def looking(self, place: str, *, listed: bool = True) -> Iterator[None]:
        """Look at one place: what goes wrong there leaves it unchecked, and the search goes on."""
        try:
            yield
        except (ShopGuideError, OSError) as error:
            self.unchecked.append(f"{place}: {error}")
        else:
            if listed:
                self.looked_at.append(place)
