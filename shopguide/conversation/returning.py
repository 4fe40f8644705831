"""Messages that go back: to what was shown before ("undo that"), or to an earlier need ("back to the shoes")."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lexicon.text import normalise
from shopguide.conversation.turn import Turn


@dataclass(frozen=True, slots=True)
class Back:
    """Where a message goes back to: the need for one of these kinds of product, or without any, one step."""

    kinds: tuple[str, ...] = ()


def steps_back(text: str) -> bool:
    """Return whether a message says "go back" or "undo that", and nothing else."""
    return _patterns()[0].fullmatch(normalise(text)) is not None


def going_back(turn: Turn) -> Back | None:
    """Return where a message goes back to, `None` if it does not.

    The whole message has to say so: "go back to the one with the handle" is about a product on screen.
    """
    if steps_back(turn.text):
        return Back()
    kinds = [one for one in turn.mentions if one.entity == "category" and not one.excluded]
    found = _patterns()[1].match(normalise(turn.text))
    if found is None or not kinds or kinds[0].start < found.end():
        return None
    others = [one for one in turn.mentions if one.entity in ("ordinal", "product") or one.end <= found.end()]
    return Back(tuple(str(one.value) for one in kinds)) if not others else None


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    path = Path(__file__).parent / "phrases" / "returning_en.yml"
    listed: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    lead = f"(?:(?:{'|'.join(listed['before'])})[\\s,]+)*"
    trail = f"(?:[\\s,]+(?:{'|'.join(listed['after'])}))*[.!?\\s]*"
    step = re.compile(f"{lead}(?:{'|'.join(listed['step'])}){trail}")
    to_a_kind = re.compile(f"{lead}(?:{'|'.join(listed['to'])})\\s+(?:(?:{'|'.join(listed['which'])})\\s+)*")
    return step, to_a_kind
