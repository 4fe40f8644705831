"""What shoppers do outside the conversation, on the shop's pages and on the chat page's cards, as evidence of taste."""

import logging
from collections.abc import Iterator, Sequence

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.live import LiveCatalogue
from shopguide.errors import DatabaseError
from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.service import Feedback, RecordResult
from shopguide.guide.products import DISLIKE_STRENGTH, LIKE_STRENGTH, TELLING
from shopguide.profiles.preferences import PreferenceEvidence, Source
from shopguide.profiles.service import Profiles

log = logging.getLogger(__name__)

LIKED_FROM = 4.0
DISLIKED_UNTIL = 2.0
_TAUGHT: dict[str, tuple[Source, float]] = {
    "like": ("like", LIKE_STRENGTH),
    "dislike": ("dislike", DISLIKE_STRENGTH),
    "purchase": ("purchase", 0.8),
    "add_to_cart": ("purchase", 0.4),
    "click": ("click", 0.5),
}
"""For a kind of event, the source and the strength of what it teaches about each facet of the product."""


def take_events(
    events: Sequence[FeedbackEvent], *, feedback: Feedback, profiles: Profiles, catalogue: LiveCatalogue
) -> RecordResult:
    """Keep feedback events and learn from those that are new.

    Raises:
        DatabaseError: the events could not be kept; sending all of them again is right.
    """
    result = feedback.record(events)
    refused = {event_id for event_id, _ in result.refused}
    try:
        profiles.ensure_all(event.shopper_id for event in events if event.event_id not in refused)
        index = catalogue.index()
        new = {event.event_id: event for event in events if event.event_id in result.new}
        profiles.record([piece for event in new.values() for piece in evidence_of(event, index)])
    except DatabaseError as error:
        # The events are kept and would be duplicates next time: better a taste a little poorer than an error.
        log.warning("nothing learnt from %d events: %s", result.accepted, error)
    return result


def evidence_of(event: FeedbackEvent, index: CatalogueIndex) -> Iterator[PreferenceEvidence]:
    """Return what an event teaches about each facet of its product; nothing if the product is not on sale."""
    kind: str = event.kind
    if kind == "rating" and event.value is not None:
        kind = "like" if event.value >= LIKED_FROM else "dislike" if event.value <= DISLIKED_UNTIL else kind
    if kind not in _TAUGHT or event.sku is None or event.sku not in index:
        return
    source, strength = _TAUGHT[kind]
    for facet in TELLING:
        values = index.values(facet, index.row(event.sku))
        # Of a category path the leaf tells; that it is clothing does not.
        for value in values[-1:] if facet == "category" else values:
            yield PreferenceEvidence(
                shopper_id=event.shopper_id,
                facet=facet,
                value=value,
                polarity=-1 if kind == "dislike" else 1,
                source=source,
                at=event.at,
                strength=strength,
            )
