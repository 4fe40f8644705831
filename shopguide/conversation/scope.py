"""What a message about remembering is about: one purpose, both, or only the session."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from lexicon.text import normalise
from shopguide.conversation.turn import Turn
from shopguide.profiles.consent import PURPOSES, Purpose

PURPOSE = "purpose"
"""The entity of buttons that say which purpose they mean; `all` means every one."""


def concerns_session(turn: Turn, language: str = "en") -> bool:
    """Whether a message is about using what is remembered in the session, not about remembering itself.

    "Don't use my history this time" is; "stop keeping my history" is not. A button says what it means.
    """
    if _of_button(turn) is not None:
        return False
    words, text = _words(language), _text(turn)
    if words["keeping"].search(text):
        return False
    using = words["history"].search(text) is not None
    return using or (words["session"].search(text) is not None and not words["analytics"].search(text))


def agrees(turn: Turn, language: str = "en") -> bool:
    """Whether a message can be an agreement at all: a button, or words of agreeing and no question.

    What may be remembered is never a guess of the classifier's alone.
    """
    if _of_button(turn) is not None:
        return True
    words, text = _words(language), _text(turn)
    if "?" in text:
        return False
    agrees_outright = words["agreeing_first"].match(text) or words["agreeing"].search(text)
    return bool(agrees_outright or (words["using"].search(text) and words["mine"].search(text)))


def purposes_named(turn: Turn, language: str = "en") -> tuple[Purpose, ...]:
    """Return the purposes that a message names, none if it speaks of remembering in general."""
    pressed = _of_button(turn)
    if pressed is not None:
        return pressed
    words, text = _words(language), _text(turn)
    named: dict[Purpose, bool] = {
        "personalisation": words["personalisation"].search(text) is not None,
        "analytics": words["analytics"].search(text) is not None,
    }
    if words["both"].search(text) and not any(named.values()):
        return PURPOSES
    return tuple(purpose for purpose in PURPOSES if named[purpose])


def _of_button(turn: Turn) -> tuple[Purpose, ...] | None:
    pressed = {str(mention.value) for mention in turn.mentions if mention.entity == PURPOSE}
    if not pressed:
        return None
    return PURPOSES if "all" in pressed else tuple(purpose for purpose in PURPOSES if purpose in pressed)


def _text(turn: Turn) -> str:
    return normalise(turn.text).replace("’", "'")


@lru_cache(maxsize=8)
def _words(language: str) -> Mapping[str, re.Pattern[str]]:
    folder = Path(__file__).parent / "phrases"
    path = folder / f"privacy_{language}.yml"
    read = yaml.safe_load((path if path.is_file() else folder / "privacy_en.yml").read_text(encoding="utf-8"))
    return {name: _any(words) for name, words in read.items()}


def _any(words: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})\b")
