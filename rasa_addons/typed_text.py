"""What a shopper typed, made fit to be read: every later part, database and wire format can take it.

Characters are replaced one for one, so offsets into the text stay those of the message as typed.
"""

import regex

from rasa_addons.intent_features import MAX_CHARACTERS

LONGEST_WORD = 60
"""Letters and digits in a row, of scripts that write spaces; no word and no model number has more."""

_CONTROL = regex.compile(r"[\p{Cc}--[\t\n\r]]", regex.VERSION1)
_NO_CHARACTER = regex.compile(r"[\p{Cs}\p{Noncharacter_Code_Point}]")
_OVERLONG = regex.compile(rf"[\p{{Latin}}\p{{Cyrillic}}\p{{Greek}}\p{{Nd}}]{{{LONGEST_WORD + 1},}}")
_READABLE = regex.compile(r"[\p{L}\p{N}]")


def cleaned(text: str) -> str:
    """Return the text without what no encoding or database takes, cut to `MAX_CHARACTERS`.

    Control characters become spaces; halves of surrogate pairs and other numbers that are no characters become U+FFFD.
    """
    return _NO_CHARACTER.sub("\ufffd", _CONTROL.sub(" ", text[:MAX_CHARACTERS]))


def is_only_overlong(text: str) -> bool:
    """Tell whether all there is to read is too long for a word, as when a key got stuck."""
    rest, found = _OVERLONG.subn(" ", text)
    return found > 0 and not _READABLE.search(rest)
