"""Annotated utterances: what a shopper typed, and what should be understood by it."""

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lexicon.text import normalise
from shopguide.errors import UnreadableFile

OUT_OF_SCOPE = "out_of_scope"
FALLBACKS = frozenset({OUT_OF_SCOPE, "nlu_fallback"})
"""Labels of a message that is not acted on: the class of its own, and what Rasa's FallbackClassifier says."""
CHITCHAT = "chitchat"
HELPERS = frozenset({"facet_name", "critique", "answer", "order_number", "link_code", "place"})
"""Entities for our own actions: evaluation files do not mark them, so finding one is neither right nor wrong."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Mention(BaseModel):
    """An entity as annotated or as found; other keys (`currency`, `unit`, …) are not compared."""

    model_config = ConfigDict(frozen=True)

    entity: str
    value: str | int | float | list[str | int | float]
    start: Annotated[int, Field(ge=0)]
    end: int
    role: str | None = None
    group: str | None = None
    facet: str | None = None

    def key(self) -> tuple[Hashable, ...]:
        """Return what is compared: entity, value, role and group, and the facet of a `facet_value`."""
        facet = self.facet if self.entity == "facet_value" else None
        return (self.entity, _canonical(self.value), self.role or None, self.group or None, facet)

    def span(self) -> tuple[str, int, int]:
        """Return what is compared when only the place counts."""
        return (self.entity, self.start, self.end)

    def __str__(self) -> str:
        """Return it as a report shows it: `price=80 (max)`."""
        name = f"{self.entity}[{self.facet}]" if self.entity == "facet_value" else self.entity
        marks = ", ".join(filter(None, (self.role, self.group)))
        return f"{name}={self.value}" + (f" ({marks})" if marks else "")


class Utterance(BaseModel):
    """One line of a file.

    `catalogue` names the catalogue that the line speaks of (`F`, `E`), or `G` if it speaks of none. `also` are intents
    that are right too.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    text: str
    intent: Annotated[str, Field(min_length=1)]
    entities: tuple[Mention, ...]
    catalogue: str
    also: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _mentions_lie_within_the_text(self) -> "Utterance":
        for mention in self.entities:
            if not mention.start < mention.end <= len(self.text):
                raise ValueError(f"{mention.entity} from {mention.start} to {mention.end} is not within the text")
        return self

    @property
    def label(self) -> str:
        """The intent as it is scored."""
        return scored_label(self.intent)

    @property
    def is_out_of_scope(self) -> bool:
        """Whether a right answer is that it was not understood."""
        return self.intent == OUT_OF_SCOPE

    @property
    def counts_for_entities(self) -> bool:
        """Whether its entities are compared: lines that ask for nothing carry none, even where a brand is named."""
        return not self.is_out_of_scope and self.label != CHITCHAT

    def accepts(self, label: str) -> bool:
        """Return whether an answer, as it is scored, is right."""
        return label == self.label or label in map(scored_label, self.also)


def scored_label(intent: str) -> str:
    """Return an intent as it is scored: chitchat without what follows the slash, anything refused as out of scope."""
    if intent in FALLBACKS:
        return OUT_OF_SCOPE
    return CHITCHAT if intent.partition("/")[0] == CHITCHAT else intent


def read_utterances(path: Path, catalogues: Sequence[str] = ()) -> list[Utterance]:
    """Read a JSON Lines file of utterances; with `catalogues`, only the lines of these.

    Raises:
        UnreadableFile: it cannot be read, a line is malformed (the message names it), or there is no line to score.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    found = [_read(line, f"{path}: line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if catalogues:
        found = [utterance for utterance in found if utterance.catalogue in catalogues]
    if not found:
        of = f" of catalogue {' or '.join(catalogues)}" if catalogues else ""
        raise UnreadableFile(f"{path}: no utterance{of}")
    return found


def _read(line: str, where: str) -> Utterance:
    try:
        return Utterance.model_validate_json(line)
    except ValidationError as error:
        raise UnreadableFile(f"{where}: {_problem(error)}") from error


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def _canonical(value: str | float | list[str | int | float]) -> Hashable:
    """Return a value as it is compared: numbers as numbers however they are written, words folded."""
    if isinstance(value, list):
        return tuple(map(_canonical, value))
    if isinstance(value, str):
        folded = normalise(value)
        return float(folded) if _NUMBER.fullmatch(folded) else folded
    return float(value)
