"""What is found in a message, before it becomes Rasa's dictionaries."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Mention:
    """Something named by the words from `start` up to `end`; the other fields are an entity's of DESIGN section 5."""

    start: int
    end: int
    entity: str
    value: str | float | int | list[int]
    role: str | None = None
    group: str | None = None
    facet: str | None = None
    unit: str | None = None
    currency: str | None = None
    bound: range = field(default_factory=lambda: range(0))
    """Words behind the mention that say something of it and name nothing themselves ("fifty *tops*")."""

    def as_entity(self, span: tuple[int, int]) -> dict[str, Any]:
        """Return the entity with its offsets; keys that do not apply are left out."""
        entity: dict[str, Any] = {"entity": self.entity, "value": self.value, "start": span[0], "end": span[1]}
        for key in ("role", "group", "facet", "unit", "currency"):
            if getattr(self, key) is not None:
                entity[key] = getattr(self, key)
        return entity


def number(value: float) -> float | int:
    """Return a whole number as an int."""
    return int(value) if float(value).is_integer() else round(value, 4)
