"""What every use case stands on."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.naming import Named, named
from shopguide.conversation.need import Need
from shopguide.conversation.outcomes import (
    NamedShown,
    NameUnknown,
    NoneSuch,
    NoSlate,
    Shown,
    SlateShown,
    Unresolved,
    WhichOne,
)
from shopguide.conversation.phrases import phrases
from shopguide.conversation.presentation import constraint_payload
from shopguide.conversation.references import Pointed, Unclear, resolve
from shopguide.conversation.turn import Turn
from shopguide.conversation.understanding import ordinals
from shopguide.conversation.wording import Wording
from shopguide.conversation.words import name_in
from shopguide.feedback.events import Slate
from shopguide.feedback.service import Feedback
from shopguide.guide.impressions import impression
from shopguide.guide.library import Library
from shopguide.guide.memory import Memory
from shopguide.guide.owndata import OwnData
from shopguide.guide.recording import Recorder
from shopguide.ids import Sku, SlateId
from shopguide.profiles.service import Profiles
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.types import RankedProduct, Recommendation
from shopguide.settings import Settings

log = logging.getLogger(__name__)

Meant: TypeAlias = tuple[Sku, ...] | Unresolved

ASKING = "ask_product_details"
"""The intent whose words may name a product that nobody marked as one ("tell me about kestrel gym shoes")."""


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


class Parts:
    """The parts that the use cases share.

    Args:
        recommender: from a request to ranked products; it says which state of the catalogue they are of.
        profiles: shoppers and their tastes.
        feedback: slates and feedback events.
        settings: the limits.
        recorder: where what happens is written; without one, straight into profiles and feedback.
        own_data: what the use cases around a shopper's own data stand on.
        library: what answers are taken from beside the catalogue in memory.
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        recommender: Recommender,
        profiles: Profiles,
        feedback: Feedback,
        settings: Settings,
        *,
        recorder: Recorder | None = None,
        own_data: OwnData | None = None,
        library: Library | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._recommender = recommender
        self._memory = Memory(
            profiles,
            feedback,
            recorder or Recorder(profiles, feedback, index=lambda: self.index, clock=clock),
            session_memory=timedelta(hours=settings.session_memory_hours),
            clock=clock,
        )
        self._settings = settings
        self._own = own_data
        self._library = library or Library()
        self._clock = clock

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue as the recommender ranks it: what is counted, shown and said is of one state of it."""
        return self._recommender.index

    @property
    def currency(self) -> str:
        """The shop's own currency."""
        return self._settings.currency

    def wording(self, turn: Turn | None = None) -> Wording:
        """Return the words of the shop's language over the catalogue as it stands, as they are chosen in a turn."""
        return Wording(self.index, phrases(self._settings.language).at(turn.number if turn else 0), self.currency)

    def _meant(self, turn: Turn, slate: Slate | None, focus: str | None, index: CatalogueIndex) -> Meant:
        """Return the products that a message speaks of, or why that cannot be told.

        In this order: what it points at on screen (`conversation/references.py`), a product of the catalogue named in
        words, the product talked about last, the only one on screen.
        """
        shown = [item.sku for item in slate.items] if slate is not None else []
        last = Sku(focus) if focus is not None and Sku(focus) in index else None
        match resolve(turn, shown, index, last):
            case Pointed(skus):
                return skus
            case Unclear(skus) if skus and slate is not None:
                return _which_one(skus, slate, turn, index)
            case Unclear():
                pointed_by_place = bool(ordinals(turn.mentions)) or slate is None
                return NoSlate(len(shown)) if pointed_by_place else NoneSuch(len(shown))
        found = self._of_catalogue(turn, slate, index, sought=last is None and len(shown) != 1)
        if found is not None:
            return found
        if last is not None:
            return (last,)
        listed = tuple(sku for sku in shown if sku in index)
        return listed if len(listed) == 1 else NoSlate(len(shown))

    def _of_catalogue(self, turn: Turn, slate: Slate | None, index: CatalogueIndex, *, sought: bool) -> Meant | None:
        """Return the products of the catalogue that a message names, `None` if it names none.

        Args:
            turn: the message.
            slate: what is on screen.
            index: the catalogue.
            sought: whether there is nothing else that the message could mean.
        """
        name, explicit = name_in(turn)
        if not name:
            return None
        found = named(name, index, fewest=1 if explicit else 2)
        if found is None or not (found.sure or explicit):
            return NameUnknown(name) if explicit or (sought and slate is None) else None
        if found.sure and len(found.skus) == 1:
            return found.skus
        if explicit or turn.intent == ASKING:
            return self._named_slate(turn, name, found, slate, index)
        return None

    def _named_slate(
        self, turn: Turn, name: str, found: Named, slate: Slate | None, index: CatalogueIndex
    ) -> NamedShown:
        """Show the products that a name may mean, as a slate of its own: its places can be pointed at."""
        chosen = found.skus[: self._settings.slate_size]
        held = dict(slate.state.get("need") or {}) if slate is not None else {}
        outcome = SlateShown(
            slate_id=SlateId(uuid.uuid4().hex),
            reply_to=turn.intent,
            need=Need.from_slots(held),
            items=tuple(Shown(index.product(sku), place) for place, sku in enumerate(chosen, 1)),
            total=len(found.skus),
            remaining=0,
            policy="named",
            model_version="none",
            searched=Need(),
            note="named",
        )
        ranked = tuple(RankedProduct(sku, 1.0) for sku in chosen)
        answer = Recommendation(ranked, len(found.skus), "named", "none", catalogue_revision=index.revision)
        self._memory.keep(self._logged(turn, outcome, answer, {}))
        return NamedShown(outcome, name, found.sure)

    def _logged(self, turn: Turn, outcome: SlateShown, answer: Recommendation, resumed: Mapping[str, Any]) -> Slate:
        return impression(
            outcome,
            answer.items,
            shopper_id=turn.shopper_id,
            conversation_id=turn.conversation_id,
            at=self._clock(),
            constraints=(constraint_payload(c, self.currency) for c in outcome.checked.constraints()),
            # What was on screen before, to go back to.
            state={"need": outcome.need.slots(), "before": turn.current_slate, **resumed},
        )


def _which_one(skus: Sequence[Sku], slate: Slate, turn: Turn, index: CatalogueIndex) -> WhichOne:
    places = {item.sku: item.position for item in slate.items}
    ordered = sorted((places[sku], sku) for sku in skus if sku in places)
    return WhichOne(tuple(Shown(index.product(sku), place) for place, sku in ordered), turn.intent)
