"""What is known of a shopper, each thing with where it comes from."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shopguide.conversation.outcomes_privacy import Known, KnownValue, Origin
from shopguide.ids import ConversationId
from shopguide.privacy.store import Kept
from shopguide.profiles.facts import Fact
from shopguide.profiles.preferences import PreferenceEvidence, Source, TasteProfile
from shopguide.profiles.service import ShopperView


def known(view: ShopperView, kept: Kept) -> Known:
    """Return what a shopper is told of themselves.

    Args:
        view: what their profile holds.
        kept: how much the rest of the database holds.
    """
    channels = {ConversationId(account.sender_id): account.channel for account in view.identities}
    return Known(
        shopper_id=view.shopper_id,
        since=view.created_at,
        channels=tuple(dict.fromkeys(account.channel for account in view.identities)),
        consents=view.consents,
        tastes=_tastes(view.taste, view.evidence, "", channels),
        facts=_facts(view.facts, view.evidence, "", channels),
        recipients={
            person.recipient: _facts(person.facts, view.evidence, person.recipient, channels)
            + _tastes(person.taste, view.evidence, person.recipient, channels)
            for person in view.recipients
        },
        events=kept.events,
        slates=kept.tables.get("slates", 0),
        conversations=kept.conversations,
    )


def _tastes(
    taste: TasteProfile,
    evidence: Iterable[PreferenceEvidence],
    recipient: str,
    channels: Mapping[ConversationId, str],
) -> tuple[KnownValue, ...]:
    pieces = [piece for piece in evidence if piece.recipient == recipient]
    return tuple(
        KnownValue(
            facet=opinion.facet,
            value=opinion.value,
            weight=opinion.weight,
            since=opinion.since,
            latest=opinion.latest,
            category=opinion.category,
            overruled=opinion.overruled,
            origins=_origins(
                (
                    piece
                    for piece in pieces
                    if (piece.facet, piece.value) == (opinion.facet, opinion.value)
                    and piece.source != "fact"
                    and piece.polarity * opinion.weight > 0
                    and opinion.since <= piece.at <= opinion.latest
                    and opinion.category in (None, piece.category)
                ),
                channels,
            ),
        )
        for opinion in taste.opinions
    )


def _facts(
    facts: Iterable[Fact],
    evidence: Iterable[PreferenceEvidence],
    recipient: str,
    channels: Mapping[ConversationId, str],
) -> tuple[KnownValue, ...]:
    pieces = [piece for piece in evidence if piece.recipient == recipient and piece.source == "fact"]
    return tuple(
        KnownValue(
            facet=fact.facet,
            value=fact.value,
            weight=float(fact.polarity),
            since=fact.since,
            latest=fact.latest,
            category=fact.category,
            origins=_origins(
                (
                    piece
                    for piece in pieces
                    if (piece.facet, piece.value, piece.category) == (fact.facet, fact.value, fact.category)
                    and piece.polarity == fact.polarity
                ),
                channels,
            ),
        )
        for fact in facts
    )


def _origins(evidence: Iterable[PreferenceEvidence], channels: Mapping[ConversationId, str]) -> tuple[Origin, ...]:
    """Return where pieces of evidence come from, what came last first."""
    found: dict[tuple[Source, str | None], list[datetime]] = {}
    for piece in evidence:
        channel = channels.get(piece.conversation_id) if piece.conversation_id is not None else None
        found.setdefault((piece.source, channel), []).append(piece.at)
    origins = [Origin(source, len(times), max(times), channel) for (source, channel), times in found.items()]
    return tuple(sorted(origins, key=lambda one: (one.latest, one.source), reverse=True))
