"""Writes as the outbox keeps them: JSON that gives back the very same event, evidence or slate."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

from pydantic import TypeAdapter

from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.ids import SlateId
from shopguide.outbox.box import Entry
from shopguide.profiles.preferences import PreferenceEvidence

EVENT, EVIDENCE, SLATE = "event", "evidence", "slate"


def events_to_entries(events: Iterable[FeedbackEvent]) -> list[Entry]:
    """Return one entry for each event, under the event's own id."""
    return [
        Entry(
            f"{EVENT}:{event.event_id}",
            EVENT,
            _events().dump_json(event).decode(),
            event.shopper_id,
            event.conversation_id,
        )
        for event in events
    ]


def parcels(evidence: Sequence[PreferenceEvidence]) -> dict[str, list[PreferenceEvidence]]:
    """Return evidence by shopper and conversation, each part under a key that nothing else has."""
    pieces = sorted(evidence, key=lambda piece: (piece.shopper_id, piece.conversation_id or ""))
    grouped = groupby(pieces, key=lambda piece: (piece.shopper_id, piece.conversation_id))
    return {f"{EVIDENCE}:{uuid.uuid4().hex}": list(group) for _, group in grouped}


def evidence_to_entries(evidence: Mapping[str, Sequence[PreferenceEvidence]]) -> list[Entry]:
    """Return one entry for each of the parcels, under its key."""
    return [
        Entry(
            key,
            EVIDENCE,
            _evidence().dump_json(list(pieces)).decode(),
            pieces[0].shopper_id,
            pieces[0].conversation_id,
        )
        for key, pieces in evidence.items()
    ]


def slate_to_entry(slate: Slate) -> Entry:
    """Return a slate's entry, under the slate's own id."""
    payload = _slates().dump_json(slate).decode()
    return Entry(slate_key(slate.slate_id), SLATE, payload, slate.shopper_id, slate.conversation_id)


def slate_key(slate_id: SlateId) -> str:
    """Return the key under which a slate waits."""
    return f"{SLATE}:{slate_id}"


def event_of(entry: Entry) -> FeedbackEvent:
    """Return the event of an entry.

    Raises:
        ValueError: this version cannot read it.
    """
    return _events().validate_json(entry.payload)


def evidence_pieces_of(entry: Entry) -> list[PreferenceEvidence]:
    """Return the evidence of an entry.

    Raises:
        ValueError: this version cannot read it.
    """
    return _evidence().validate_json(entry.payload)


def slate_of(entry: Entry) -> Slate:
    """Return the slate of an entry.

    Raises:
        ValueError: this version cannot read it.
    """
    return _slates().validate_json(entry.payload)


# Made at the first use: most processes never need them.
@cache
def _events() -> TypeAdapter[FeedbackEvent]:
    return TypeAdapter(FeedbackEvent)


@cache
def _evidence() -> TypeAdapter[list[PreferenceEvidence]]:
    return TypeAdapter(list[PreferenceEvidence])


@cache
def _slates() -> TypeAdapter[Slate]:
    return TypeAdapter(Slate)
