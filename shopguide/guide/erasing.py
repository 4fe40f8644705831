"""Erasing a shopper everywhere: database, outbox, models, dialogue server."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shopguide.db.personal import Trace
from shopguide.errors import RecommenderError
from shopguide.ids import ConversationId, ShopperId
from shopguide.outbox.box import Outbox
from shopguide.privacy.service import Privacy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure did.

    Args:
        trace: what told the shopper before.
        counts: rows that went, by table.
        waiting: entries of the outbox that went.
        models: versions of the recommender that no longer know the shopper.
        complete: whether their conversations are gone from the dialogue server too; if not, they are queued.
    """

    trace: Trace
    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    models: int = 0
    complete: bool = True


class Erasing:
    """Erases in an order in which nothing comes back and whoever is killed in between can begin again.

    Args:
        privacy: the shop database and the queue for the dialogue server.
        outbox: what waits for the shop database.
        forget_in_models: makes the trained models forget a shopper, and returns how many did.
        forget_here: makes this process forget what it has at hand of them.
    """

    def __init__(
        self,
        privacy: Privacy,
        outbox: Outbox,
        forget_in_models: Callable[[ShopperId], int],
        forget_here: Callable[[ShopperId], object] = lambda _: None,
    ) -> None:
        self._privacy = privacy
        self._outbox = outbox
        self._forget_in_models = forget_in_models
        self._forget_here = forget_here

    def erase(self, shopper_id: ShopperId, *, talking_in: ConversationId | None = None) -> ErasureReport:
        """Erase a shopper; doing it again is well.

        Args:
            shopper_id: who.
            talking_in: the conversation whose turn is going on: the dialogue server deletes it at its end.

        Raises:
            UnknownShopper: nobody has or had this id.
            DatabaseError: the shop database cannot be reached; the shopper is still there.
            OutboxError: the outbox cannot be written; the shopper is still there.
        """
        trace = self._privacy.trace(shopper_id)
        # Models and outbox first: the database remembers whom it is about until they are through.
        models = self._models_forget(shopper_id)
        waiting = self._outbox.erase(shopper_id, trace.conversations)
        erasure = self._privacy.erase(shopper_id)
        # Whatever came in meanwhile, and a training that had read them before.
        waiting += self._outbox.erase(shopper_id, erasure.trace.conversations)
        models = max(models, self._models_forget(shopper_id))
        self._forget_here(shopper_id)
        complete = self._privacy.finish(spare=() if talking_in is None else (talking_in,))
        return ErasureReport(erasure.trace, erasure.counts, waiting, models, complete)

    def _models_forget(self, shopper_id: ShopperId) -> int:
        try:
            return self._forget_in_models(shopper_id)
        except (RecommenderError, OSError) as error:
            # A version that cannot be read serves nobody; that it is broken must keep nobody in the database.
            log.error("models could not be made to forget a shopper; the next training does: %s", error)
            return 0
