"""What the intent classifier sees of a message: two sentence vectors and a few marks of its entities.

The first vector is of the message as typed. The second is of the message with what the catalogue names taken out and
the kind put in ("not nike, in blue" becomes "not brand, in colour"): a word that the model has never met reads like
those it was trained on, so a new catalogue needs no training. When training, entities come from the annotations in
data/nlu; when answering, from the extractor before us.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rasa_addons.encoder import SentenceEncoder

MAX_CHARACTERS = 2000

_MASK_WORDS = {
    "category": "product",
    "brand": "brand",
    "colour": "colour",
    "size": "size",
    "material": "material",
    "audience": "person",
    "occasion": "occasion",
    "feature": "feature",
    "facet_value": "feature",
    "price": "price",
    "quantity": "number",
    "product": "this product",
}
"""Entities whose words are catalogue or amounts. Others ("the second", "cheaper") mean the same in every shop."""

MASKED = tuple(_MASK_WORDS)
_MARKED = ("category", "brand", "price", "quantity", "rating", "ordinal", "product", "facet_name", "critique")
_VALUES = frozenset({"colour", "size", "material", "audience", "occasion", "feature", "facet_value"})
MARK_NAMES = (*_MARKED, "value", "excluded", "several", "covered", "short", "question")

Entity = Mapping[str, Any]


def spell_out(text: str) -> str:
    """Return the text with pictures in words (👟 is "athletic shoe"), cut to `MAX_CHARACTERS`.

    The encoder knows few pictures, and people answer with them.
    """
    text = text[:MAX_CHARACTERS]
    if text.isascii():
        return text
    spelled: list[str] = []
    for character in text:
        if unicodedata.category(character) == "So":
            spelled.append(f" {unicodedata.name(character, '').lower().removesuffix(' sign')} ")
        elif unicodedata.category(character) not in {"Sk", "Mn", "Cf"} or character == "\u200d":
            spelled.append(character)
    return "".join(spelled)


def is_readable(text: str) -> bool:
    """Tell whether there is anything to read for an encoder that knows English: words, and most letters Latin."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return any(character.isdigit() for character in text)
    latin = sum(character.isascii() or unicodedata.name(character, "").startswith("LATIN") for character in letters)
    return latin * 2 >= len(letters)


def _spans(text: str, entities: Sequence[Entity]) -> list[tuple[int, int, str]]:
    """Return the spans to mask, in text order, without overlaps (the longer wins)."""
    spans = [
        (entity["start"], entity["end"], _MASK_WORDS[entity["entity"]])
        for entity in entities
        if entity.get("entity") in _MASK_WORDS
        and isinstance(entity.get("start"), int)
        and isinstance(entity.get("end"), int)
        and 0 <= entity["start"] < entity["end"] <= len(text)
    ]
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return sorted(kept)


def mask(text: str, entities: Sequence[Entity]) -> str:
    """Return the text with every catalogue word replaced by its kind."""
    pieces: list[str] = []
    position = 0
    for start, end, word in _spans(text, entities):
        pieces += [text[position:start], word]
        position = end
    return "".join([*pieces, text[position:]])


def uncovered_words(text: str, entities: Sequence[Entity]) -> list[str]:
    """Return the words of the message that belong to no catalogue entity, folded."""
    pieces: list[str] = []
    position = 0
    for start, end, _ in _spans(text, entities):
        pieces.append(text[position:start])
        position = end
    left = " ".join([*pieces, text[position:]])
    return [word for word in (word.strip(".,;:!?-+&/'\"()").casefold() for word in left.split()) if word]


def marks(text: str, entities: Sequence[Entity]) -> np.ndarray:
    """Return the 0/1 marks [len(MARK_NAMES)] of a message."""
    kinds = [str(entity.get("entity")) for entity in entities]
    values = [
        *(name in kinds for name in _MARKED),
        any(kind in _VALUES for kind in kinds),
        any(entity.get("group") == "excluded" for entity in entities),
        sum(kind in _MASK_WORDS for kind in kinds) > 1,
        bool(kinds) and not uncovered_words(text, entities),
        len(text.split()) <= 3,
        text.rstrip().endswith("?"),
    ]
    return np.array(values, dtype=np.float32)


def features(
    encoder: SentenceEncoder, messages: Sequence[tuple[str, Sequence[Entity]]], mark_weight: float
) -> np.ndarray:
    """Return the features [n, 2 * dimension + len(MARK_NAMES)] of messages given as text and entities."""
    texts = [spell_out(text) for text, _ in messages]
    masked = [spell_out(mask(text, entities)) for text, entities in messages]
    vectors = encoder.encode([*texts, *masked])
    told = np.stack([marks(text, entities) for text, entities in messages])
    return np.hstack([vectors[: len(messages)], vectors[len(messages) :], mark_weight * told])
