"""What shoppers do as evidence of taste: of a product that they like or buy, of the words that they search for."""

from collections.abc import Iterator, Sequence

from shopguide.catalogue.index import CatalogueIndex
from shopguide.feedback.events import FeedbackEvent
from shopguide.profiles.preferences import PreferenceEvidence, Source

TELLING = ("brand", "colour", "category", "material", "occasion")
"""Facets of a product from which a like or a dislike teaches something about the shopper."""

LIKED_FROM = 4.0
DISLIKED_UNTIL = 2.0
_TAUGHT: dict[str, tuple[Source, float]] = {
    "like": ("like", 0.4),
    "dislike": ("dislike", 0.15),  # whoever dislikes a product need not dislike its colour
    "purchase": ("purchase", 0.8),
    "add_to_cart": ("cart", 0.6),
    "click": ("click", 0.5),
}
"""For a kind of event, the source and the strength of what it teaches about each facet of the product."""

SEARCH_STRENGTH = 0.5


def teaches(event: FeedbackEvent) -> bool:
    """Whether something may be learnt from an event; from views and dismissals nothing is."""
    if event.kind == "search":
        # In a conversation the words of a search fill slots, which teach more and know what was negated.
        return bool(event.text) and event.conversation_id is None
    return event.sku is not None and _judgement(event) in _TAUGHT


def evidence_of(event: FeedbackEvent, index: CatalogueIndex) -> Iterator[PreferenceEvidence]:
    """Return what an event teaches about each facet of its product; nothing if the product is not on sale."""
    kind = _judgement(event)
    if kind not in _TAUGHT or event.sku is None or event.sku not in index:
        return
    source, strength = _TAUGHT[kind]
    row = index.row(event.sku)
    category = next(reversed(index.values("category", row)), None)
    for facet in TELLING:
        # Of a category path the leaf tells; that it is clothing does not.
        for value in index.values(facet, row) if facet != "category" else (category,) if category else ():
            yield _piece(event, facet, value, source, strength=strength, category=category)


def evidence_of_search(event: FeedbackEvent, named: Sequence[tuple[str, str]]) -> Iterator[PreferenceEvidence]:
    """Return what a search teaches: that the shopper looked for each of the facet values that its words name."""
    category = next((value for facet, value in reversed(named) if facet == "category"), None)
    for facet, value in dict.fromkeys(named):
        yield _piece(event, facet, value, "search", strength=SEARCH_STRENGTH, category=category)


def _judgement(event: FeedbackEvent) -> str:
    if event.kind != "rating" or event.value is None:
        return event.kind
    return "like" if event.value >= LIKED_FROM else "dislike" if event.value <= DISLIKED_UNTIL else event.kind


def _piece(
    event: FeedbackEvent, facet: str, value: str, source: Source, *, strength: float, category: str | None
) -> PreferenceEvidence:
    return PreferenceEvidence(
        shopper_id=event.shopper_id,
        facet=facet,
        value=value,
        polarity=-1 if source == "dislike" else 1,
        source=source,
        at=event.at,
        strength=strength,
        conversation_id=event.conversation_id,
        recipient=event.recipient,
        category=category,
        event_id=event.event_id,
    )
