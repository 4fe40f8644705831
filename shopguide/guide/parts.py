"""What every use case stands on."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from lexicon.text import normalise
from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.changes import changes, evidence
from shopguide.conversation.need import Need
from shopguide.conversation.turn import Mention, Turn
from shopguide.conversation.understanding import ordinals
from shopguide.feedback.events import Slate
from shopguide.feedback.service import Feedback
from shopguide.guide.memory import Memory
from shopguide.ids import Sku
from shopguide.profiles.preferences import Source
from shopguide.profiles.service import Profiles
from shopguide.recommender.pipeline import Recommender
from shopguide.settings import Settings

log = logging.getLogger(__name__)


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
        clock: tells the time; tests bring their own.
    """

    def __init__(
        self,
        recommender: Recommender,
        profiles: Profiles,
        feedback: Feedback,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._recommender = recommender
        self._memory = Memory(profiles, feedback)
        self._settings = settings
        self._clock = clock

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue as the recommender ranks it: what is counted, shown and said is of one state of it."""
        return self._recommender.index

    @property
    def currency(self) -> str:
        """The shop's own currency."""
        return self._settings.currency

    def _learn(self, turn: Turn, before: Need, after: Need, source: Source = "slot") -> None:
        """Write every fill, change and removal to the shopper's profile."""
        if turn.shopper_id is not None:
            found = changes(before, after, source)
            self._memory.learn(evidence(found, turn.shopper_id, turn.conversation_id, self._clock()))

    def _meant(self, turn: Turn, slate: Slate | None, focus: str | None, index: CatalogueIndex) -> list[Sku]:
        """Return the products that a message speaks of.

        In this order: places on the slate ("the second one"), a product named in words, the ones on the slate that
        have what the message names ("the blue one"), the product that was talked about last.
        """
        shown = [item.sku for item in slate.items if item.sku in index] if slate is not None else []
        places = ordinals(turn.mentions)
        if places:
            return _at(places, [item.sku for item in slate.items] if slate is not None else [], index)
        for mention in turn.mentions:
            if mention.entity == "product":
                among = index.search(str(mention.value), None, 50)[0]
                on_slate = [index.skus[row] for row in among if index.skus[row] in shown]
                found = on_slate[:1] or [index.skus[row] for row in among[:1]]
                if found:
                    return found
        named = [mention for mention in turn.mentions if _facet(mention) is not None and not mention.excluded]
        having = [sku for sku in shown if all(_has(index, sku, mention) for mention in named)]
        if named and having:
            return having[:1]
        if focus is not None and Sku(focus) in index:
            return [Sku(focus)]
        return shown if len(shown) == 1 else []


def _at(places: Sequence[int], shown: Sequence[Sku], index: CatalogueIndex) -> list[Sku]:
    found = []
    for place in places:
        position = place - 1 if place > 0 else len(shown) + place
        if 0 <= position < len(shown) and shown[position] in index:
            found.append(shown[position])
    return found


def _facet(mention: Mention) -> str | None:
    facet = mention.facet if mention.entity == "facet_value" else mention.entity
    return facet if facet in ("category", "brand", "colour", "size", "material", "audience", "occasion") else None


def _has(index: CatalogueIndex, sku: Sku, mention: Mention) -> bool:
    facet = _facet(mention) or ""
    wanted = index.satisfying(facet, normalise(str(mention.value)))
    return bool(wanted & set(index.values(facet, index.row(sku))))
