"""Feedback events from a file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shopguide.feedback.events import FeedbackEvent
from shopguide.feedback.mapping import BadField, EventMapping
from shopguide.feedback.service import BATCH, RecordResult
from shopguide.rows import BadRow, read_rows

ERRORS_KEPT = 1_000
"""Bad rows that a report describes; all of them are counted."""


@dataclass(slots=True)
class EventImport:
    """What became of a file. `skipped` counts bad rows, `duplicates` events that were known, `left_out` no events."""

    read: int = 0
    imported: int = 0
    duplicates: int = 0
    left_out: int = 0
    skipped: int = 0
    errors: list[BadRow] = field(default_factory=list)

    def refuse(self, line: int, name: str, why: str) -> None:
        """Count a bad row, and describe it while there is room."""
        self.skipped += 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(BadRow(line, name, why))


def import_events(
    path: Path,
    record: Callable[[Iterable[FeedbackEvent]], RecordResult],
    mapping: EventMapping,
    on_batch: Callable[[EventImport], None] = lambda report: None,
) -> EventImport:
    """Read a file into the database, in batches; bad rows are reported and skipped.

    Stopping half-way does no harm: events have ids, so the same file can be imported again.

    Args:
        path: CSV, TSV or JSON Lines, gzip included.
        record: keeps a batch of events.
        mapping: which column is what.
        on_batch: called when a batch was kept, with the report so far.

    Raises:
        UnreadableFile: the file cannot be read to its end; what came before is kept.
        DatabaseError: the database cannot be reached.
    """
    report = EventImport()
    batch: list[tuple[int, FeedbackEvent]] = []

    def keep() -> None:
        lines = {event.event_id: line for line, event in batch}
        result = record(event for _, event in batch)
        report.imported += result.accepted
        report.duplicates += result.duplicates
        for event_id, reason in result.refused:
            name, _, why = reason.partition(": ")
            report.refuse(lines.pop(event_id), name, why)
        on_batch(report)
        batch.clear()

    try:
        for row in read_rows(path):
            report.read += 1
            if row.why is not None:
                report.refuse(row.line, "", row.why)
            elif mapping.leaves_out(row.values):
                report.left_out += 1
            else:
                try:
                    batch.append((row.line, mapping.event(row.line, row.values)))
                except BadField as error:
                    report.refuse(row.line, error.field, error.why)
            if len(batch) == BATCH:
                keep()
    finally:
        keep()
    return report
