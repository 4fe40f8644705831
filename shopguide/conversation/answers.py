"""Answers that travel in buttons: `colour=blue`, `brand!=sony`, `price<=50`, `price=50..100`, `colour=*`."""

import json
import re
from dataclasses import dataclass, field
from typing import Literal, Self

from shopguide.conversation.need import Bounds

_SHAPE = re.compile(r"(?P<facet>[^=<>!]+?)(?P<op>!=|<=|>=|=)(?P<value>.+)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_RANGE = re.compile(r"(?P<low>-?\d+(\.\d+)?)\.\.(?P<high>-?\d+(\.\d+)?)")

PAYLOAD_LIMIT = 64
"""Bytes that every channel lets through in a button (Telegram's limit)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One condition that a button stands for: a value, several bounds, or "it does not matter" (`any`)."""

    facet: str
    kind: Literal["want", "exclude", "bounds", "any"]
    value: str = ""
    bounds: Bounds = field(default_factory=Bounds)

    @classmethod
    def parse(cls, text: str) -> Self | None:  # noqa: PLR0911  (one return for each shape)
        """Read an answer; `None` if the text is none."""
        match = _SHAPE.fullmatch(text.strip())
        if match is None:
            return None
        facet, op, value = match["facet"].strip(), match["op"], match["value"].strip()
        if op in ("<=", ">="):
            if _NUMBER.fullmatch(value) is None:
                return None
            number = float(value)
            return cls(facet, "bounds", bounds=Bounds(high=number) if op == "<=" else Bounds(low=number))
        if op == "!=":
            return cls(facet, "exclude", value)
        if value == "*":
            return cls(facet, "any")
        span = _RANGE.fullmatch(value)
        if span is not None:
            return cls(facet, "bounds", bounds=Bounds(float(span["low"]), float(span["high"])))
        return cls(facet, "want", value)

    @classmethod
    def parse_all(cls, text: str) -> list[Self]:
        """Read one answer or several, parted by semicolons; empty if any part is none."""
        parts = [cls.parse(part) for part in text.split(";")]
        return [part for part in parts if part is not None] if all(parts) else []

    def __str__(self) -> str:
        """Write the answer so that `parse` reads it."""
        match self.kind:
            case "want":
                return f"{self.facet}={self.value}"
            case "exclude":
                return f"{self.facet}!={self.value}"
            case "any":
                return f"{self.facet}=*"
        low, high = self.bounds.low, self.bounds.high
        if low is None:
            return f"{self.facet}<={high:g}"
        return f"{self.facet}>={low:g}" if high is None else f"{self.facet}={low:g}..{high:g}"

    @property
    def payload(self) -> str | None:
        """The button's payload, or `None` if it would be longer than a channel allows."""
        return payload_of(self)


def payload_of(*answers: Answer) -> str | None:
    """Return the payload of a button that gives several answers at once, or `None` if it would be too long."""
    text = json.dumps(";".join(map(str, answers)), ensure_ascii=False)
    payload = f'/inform_preference{{"answer":{text}}}'
    return payload if len(payload.encode()) <= PAYLOAD_LIMIT else None
