"""Shoppers and what the shop knows of their tastes, from a file.

One shopper a line (JSON Lines): `{"shopper_id": "ann", "preferences": [{"facet": "colour", "value": "Navy Blue",
"polarity": 1, "strength": 0.8, "at": "2026-01-31T10:00:00Z"}]}`. Polarity is 1 (the default) or -1; strength is 1 and
the time is that of the import unless they are given. Values are folded. A shopper's line replaces what earlier imports
said about them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lexicon.text import normalise
from shopguide.ids import ShopperId
from shopguide.profiles.preferences import PreferenceEvidence
from shopguide.profiles.service import Profiles
from shopguide.rows import BadRow, read_rows

BATCH = 500
ERRORS_KEPT = 1_000

_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class _Preference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    facet: _Word
    value: _Word
    polarity: Literal[1, -1] = 1
    strength: float = Field(1.0, ge=0, le=1)
    at: AwareDatetime | None = None


class _Shopper(BaseModel):
    model_config = ConfigDict(extra="ignore")  # a shop's export may hold more than we need

    shopper_id: _Word
    preferences: list[_Preference] = Field(default_factory=list, max_length=1_000)


@dataclass(slots=True)
class ShopperImport:
    """What became of a file: `imported` counts shoppers, `preferences` what is known of them."""

    read: int = 0
    imported: int = 0
    preferences: int = 0
    skipped: int = 0
    errors: list[BadRow] = field(default_factory=list)


def import_shoppers(
    path: Path, profiles: Profiles, on_batch: Callable[[ShopperImport], None] = lambda report: None
) -> ShopperImport:
    """Read a file of shoppers into the database; bad rows are reported and skipped.

    Raises:
        UnreadableFile: the file cannot be read to its end; what came before is kept.
        DatabaseError: the database cannot be reached.
    """
    report = ShopperImport()
    now = datetime.now(UTC)
    batch: dict[ShopperId, list[PreferenceEvidence]] = {}

    def keep() -> None:
        evidence = [piece for pieces in batch.values() for piece in pieces]
        profiles.replace_imported(evidence, list(batch))
        report.imported += len(batch)
        report.preferences += len(evidence)
        on_batch(report)
        batch.clear()

    try:
        for row in read_rows(path):
            report.read += 1
            problem = BadRow(row.line, "", row.why) if row.why else _add(row.line, row.values, batch, now)
            if problem:
                report.skipped += 1
                if len(report.errors) < ERRORS_KEPT:
                    report.errors.append(problem)
            if len(batch) == BATCH:
                keep()
    finally:
        keep()
    return report


def _add(line: int, values: Any, batch: dict[ShopperId, list[PreferenceEvidence]], now: datetime) -> BadRow | None:
    try:
        shopper = _Shopper.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return BadRow(line, ".".join(map(str, first["loc"])), first["msg"])
    shopper_id = ShopperId(shopper.shopper_id)
    batch[shopper_id] = [
        PreferenceEvidence(
            shopper_id=shopper_id,
            facet=preference.facet,
            value=normalise(preference.value),
            polarity=preference.polarity,
            source="import",
            at=preference.at or now,
            strength=preference.strength,
        )
        for preference in shopper.preferences
    ]
    return None
