"""Training sentences as hurried fingers, speech recognisers and a mistaken extractor would hand them on.

Slips of the finger cost an encoder of word pieces more than anything else, so the classifier is shown one worsened
variant of every sentence (docs/understanding.md has what it gains). What turns a sentence round ("not", "under") is
never left out. `shopguide evaluate nlu --noise` measures with noises of its own, written apart from these.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rasa_addons.intent_features import MASKED, Entity

_KEPT = frozenset(
    {"not", "no", "never", "without", "nothing", "none", "under", "over", "below", "above", "than", "less", "more"}
    | {"but", "except", "don't", "dont", "doesn't", "isn't", "can't", "won't", "aren't", "nor", "out", "off", "back"}
)
_FILLERS = ("um", "uh", "er", "like", "so", "well", "you know", "i mean", "ok", "basically", "sort of", "hmm")
_SLIP, _DROP, _FILL, _STRIP, _MISTAKE = 0.5, 0.25, 0.3, 0.3, 0.2  # how often each happens to a sentence
_PUNCTUATION = re.compile(r"[!\"#&()*,.:;?…\-]")
_SHORTEST = 4  # letters of a word that slips


@dataclass
class _Piece:
    """A word, a mention or the space between; a mention keeps its entity."""

    text: str
    entity: Entity | None = None

    @property
    def is_word(self) -> bool:
        return self.entity is None and any(character.isalpha() for character in self.text)


def noisy(text: str, entities: Sequence[Entity], chance: random.Random) -> tuple[str, list[Entity]]:
    """Return a worsened variant of an annotated sentence, the mentions where they are now.

    The kinds of noise: a slip of the finger, a word left out, a filler, neither capitals nor punctuation, and a word
    taken for a catalogue value. A sentence gets some of them by chance, or none.
    """
    pieces = _pieces(text, entities)
    if chance.random() < _STRIP:
        for piece in pieces:
            piece.text = _PUNCTUATION.sub("", piece.text).lower()
    words = [piece for piece in pieces if piece.is_word]
    if chance.random() < _DROP and len(words) > 3:
        dropped = chance.choice(words)
        if dropped.text.casefold() not in _KEPT:
            dropped.text = ""
    if chance.random() < _SLIP:
        for piece in chance.sample(pieces, len(pieces)):
            if len(piece.text) >= _SHORTEST and piece.text.isalpha():
                piece.text = _slipped(piece.text, chance)
                break
    if chance.random() < _MISTAKE and len(words) > 2:
        mistaken = chance.choice(words)
        mistaken.entity = {"entity": chance.choice(MASKED), "value": mistaken.text}
    if chance.random() < _FILL:
        gaps = [index for index, piece in enumerate(pieces) if index == 0 or pieces[index - 1].text.isspace()]
        if gaps:
            pieces.insert(chance.choice(gaps), _Piece(chance.choice(_FILLERS) + " "))
    return _joined(pieces)


def _pieces(text: str, entities: Sequence[Entity]) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    spans = [entity for entity in entities if isinstance(entity.get("start"), int)]
    for entity in sorted(spans, key=lambda entity: entity["start"]):
        if entity["start"] < position:
            continue  # inside the one before
        pieces += [_Piece(part) for part in re.findall(r"\s+|\S+", text[position : entity["start"]])]
        pieces.append(_Piece(text[entity["start"] : entity["end"]], entity))
        position = entity["end"]
    return pieces + [_Piece(part) for part in re.findall(r"\s+|\S+", text[position:])]


def _slipped(word: str, chance: random.Random) -> str:
    """Return the word with two letters swapped, one left out or one doubled; the first letter stays."""
    place = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place] + word[place:]


def _joined(pieces: Sequence[_Piece]) -> tuple[str, list[Entity]]:
    text, entities = "", []
    for piece in pieces:
        if piece.entity is not None and piece.text:
            entities.append({**piece.entity, "start": len(text), "end": len(text) + len(piece.text)})
        text += piece.text
    return text, entities
