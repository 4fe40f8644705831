"""How the columns of somebody else's file become feedback events.

A mapping file is YAML; every key may be left out:

    fields:                      # our field -> their column, or several, joined with "-"; "#line" is the line number
      event_id: [InvoiceNo, StockCode, "#line"]
      shopper_id: CustomerID
      sku: StockCode
      at: InvoiceDate
    constants: {kind: purchase}  # our field -> the same for every row
    kinds: {buy: purchase}       # their kinds -> ours
    time_format: "%d/%m/%Y %H:%M"    # strptime; without it ISO 8601, or seconds or milliseconds since 1970
    time_zone: Europe/London     # of times that name none; UTC without it
    whole_numbers: [shopper_id]  # "17850.0" -> "17850": what spreadsheets do to ids
    leave_out:                   # rows that are no events: one pattern for each column, found anywhere in it
      InvoiceNo: "^C"
      CustomerID: "^$"

Fields that are not mapped are read from columns of their own name.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shopguide.errors import UnreadableFile
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ShopperId, Sku, SlateId

FieldName: TypeAlias = Literal["event_id", "shopper_id", "sku", "kind", "at", "value", "text", "slate_id"]

_LINE = "#line"
_MILLISECONDS = 1e11  # seconds reach this in the year 5138


class BadField(ValueError):
    """A row's field that cannot be understood."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.field = name
        self.why = why


class EventMapping(BaseModel):
    """The mapping file, as the module's docstring describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[FieldName, str | list[str]] = Field(default_factory=dict)
    constants: dict[FieldName, str | float] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    time_format: str | None = None
    time_zone: str = "UTC"
    whole_numbers: list[FieldName] = Field(default_factory=list)
    leave_out: dict[str, re.Pattern[str]] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone {name!r}") from error
        return name

    def leaves_out(self, values: Mapping[str, Any]) -> bool:
        """Whether a row is not meant to become an event."""
        return any(pattern.search(_text(values.get(column))) for column, pattern in self.leave_out.items())

    def event(self, line: int, values: Mapping[str, Any]) -> FeedbackEvent:
        """Turn a row into an event.

        Raises:
            BadField: a field is missing or cannot be understood.
        """
        kind = self._needed("kind", line, values)
        value = self._value("value", line, values)
        return FeedbackEvent(
            event_id=self._needed("event_id", line, values),
            kind=self.kinds.get(kind, kind),  # type: ignore[arg-type]  # Feedback.record checks it
            shopper_id=ShopperId(self._needed("shopper_id", line, values)),
            at=self._time(self._needed("at", line, values)),
            sku=Sku(sku) if (sku := self._value("sku", line, values)) else None,
            slate_id=SlateId(slate) if (slate := self._value("slate_id", line, values)) else None,
            value=_number(value) if value else None,
            text=self._value("text", line, values) or None,
        )

    def _needed(self, name: FieldName, line: int, values: Mapping[str, Any]) -> str:
        value = self._value(name, line, values)
        if not value:
            raise BadField(name, "is missing")
        return value

    def _value(self, name: FieldName, line: int, values: Mapping[str, Any]) -> str:
        if name in self.constants:
            return str(self.constants[name])
        columns = self.fields.get(name, name)
        if isinstance(columns, list):
            return "-".join(str(line) if column == _LINE else _text(values.get(column)) for column in columns)
        text = str(line) if columns == _LINE else _text(values.get(columns))
        return text.removesuffix(".0") if name in self.whole_numbers else text

    def _time(self, text: str) -> datetime:
        try:
            if self.time_format:
                at = datetime.strptime(text, self.time_format)  # noqa: DTZ007  (the zone follows)
            elif re.fullmatch(r"\d{9,}(\.\d+)?", text):
                seconds = float(text)
                at = datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS else seconds, UTC)
            else:
                at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.time_zone))
        except (ValueError, OverflowError, OSError) as error:
            raise BadField("at", f"{text!r} is not a time") from error


def load_mapping(path: Path) -> EventMapping:
    """Read a mapping file.

    Raises:
        UnreadableFile: the file is missing or malformed; the message names the key.
    """
    try:
        return EventMapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UnreadableFile(f"{path}: {problems}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableFile(f"{path}: {error}") from error


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadField("value", f"{text!r} is not a number") from error
