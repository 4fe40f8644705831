"""Splitting a message into words that meet the lexicon's, with offsets into the message as it was typed.

Catalogue forms, phrases of the vocabulary and messages all go through `split`, so they meet whatever tokenizer the
pipeline uses. Scripts that write no spaces are split into single characters: a value matches wherever a segmenter
would have cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from lexicon.text import normalise

MAX_CHARACTERS = 20_000
"""What stands behind this many characters of a message is not read."""

MAX_WORDS = 1_000
"""Nor what stands behind this many words: nobody's need is so long, and time stays bounded."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[\p{{L}}--[{_UNSPACED}]]\p{{M}}*"
_PIECE = regex.compile(
    rf"""(?V1)
    (?P<skip> </?[a-zA-Z][^<>]{{0,300}}> | https?://\S+ | [\w.+-]{{1,64}}@[\w-]+\.[\w.-]+ )
  | (?P<single> [{_UNSPACED}]\p{{M}}* )
  | (?P<number> \d+(?:[.,]\d+)* )
  | (?P<letters> (?:{_LETTER})+ (?: ['’‘`´] (?:{_LETTER})+ )* (?: (?<=s)['’](?!\w) )? )
  | (?P<symbol> '' | [\p{{Sc}}"″“”#%&~+*★≈<>≤≥]=? )
    """,
    regex.VERBOSE,
)


@dataclass(frozen=True)
class Word:
    """A word of a message: `key` is folded for comparison, `gap` is what stands between it and the word before."""

    key: str
    start: int
    end: int
    kind: str
    gap: str
    capital: bool


def split(text: str) -> list[Word]:
    """Split a text into letters, numbers and the few symbols that carry meaning; markup and addresses are left out."""
    words: list[Word] = []
    last = 0
    for match in _PIECE.finditer(text, 0, min(len(text), MAX_CHARACTERS)):
        kind = match.lastgroup or ""
        if kind == "skip":
            continue
        piece = match.group()
        key = normalise(piece)
        if key in ("“", "”"):
            key = '"'
        if key:
            words.append(Word(key, match.start(), match.end(), kind, text[last : match.start()], piece[:1].isupper()))
            last = match.end()
            if len(words) == MAX_WORDS:
                break
    return words


def keys(text: str) -> tuple[str, ...]:
    """Return the folded words of a phrase."""
    return tuple(word.key for word in split(text))


_BREAK = regex.compile(r"[.;:!?…。！？；\n]|\s[-–—]\s")


class Sentence:
    """A message as words, with the questions that rules ask about what stands where."""

    def __init__(self, text: str) -> None:
        """Split `text`."""
        self.text = text
        self.words: Sequence[Word] = split(text)
        self.keys: tuple[str, ...] = tuple(word.key for word in self.words)
        self.breaks = [
            bool(_BREAK.search(word.gap)) and not self._is_abbreviation(index) for index, word in enumerate(self.words)
        ]
        self.commas = ["," in word.gap or "，" in word.gap or "、" in word.gap for word in self.words]

    def _is_abbreviation(self, index: int) -> bool:
        """Whether the dot before a word ends no sentence: "rs. 500", "no. 2", or nothing but a dot ("2.nd")."""
        word = self.words[index]
        if index == 0 or word.gap == ".":
            return index > 0
        return word.kind == "number" and word.gap.strip() == "." and self.words[index - 1].kind == "letters"

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.keys)

    def key(self, index: int) -> str:
        """Return the folded word at `index`, or an empty string outside the message."""
        return self.keys[index] if 0 <= index < len(self.keys) else ""

    def glued(self, index: int) -> bool:
        """Return whether nothing separates the word at `index` from the one before."""
        return 0 < index < len(self.words) and not self.words[index].gap

    def gap_breaks(self, index: int) -> bool:
        """Return whether more than spaces, a hyphen, a slash or a dot in a name parts a word from the one before."""
        return self.breaks[index] or bool(self.words[index].gap.strip(" -./'’_\u00a0"))

    def ends_clause(self, index: int) -> bool:
        """Return whether the message or a clause of it ends before the word at `index`."""
        return index >= len(self.words) or index <= 0 or self.breaks[index]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets into the text of the words from `start` up to `end`."""
        return self.words[start].start, self.words[end - 1].end


class Phrases:
    """A set of phrases, each with something it stands for, found at, or ending before, a place in a sentence."""

    def __init__(self, entries: dict[tuple[str, ...], object] | None = None) -> None:
        """Take phrases as folded words."""
        self._forward: dict[str, list[tuple[str, ...]]] = {}
        self._backward: dict[str, list[tuple[str, ...]]] = {}
        self.values: dict[tuple[str, ...], object] = {}
        for phrase, value in (entries or {}).items():
            self.add(phrase, value)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Phrases":
        """Return the phrases of a list of texts; each stands for itself."""
        return cls({keys(text): text for text in texts})

    def add(self, phrase: tuple[str, ...], value: object) -> None:
        """Add a phrase; the first meaning of a phrase stays."""
        if not phrase or phrase in self.values:
            return
        self.values[phrase] = value
        for table, word in ((self._forward, phrase[0]), (self._backward, phrase[-1])):
            table.setdefault(word, []).append(phrase)
            table[word].sort(key=len, reverse=True)

    def at(self, sentence: Sentence, index: int) -> tuple[str, ...]:
        """Return the longest phrase that begins at `index`, or an empty tuple."""
        for phrase in self._forward.get(sentence.key(index), ()):
            end = index + len(phrase)
            if sentence.keys[index:end] == phrase and not any(sentence.breaks[index + 1 : end]):
                return phrase
        return ()

    def before(self, sentence: Sentence, index: int) -> tuple[str, ...]:
        """Return the longest phrase that ends right before the word at `index`, or an empty tuple."""
        for phrase in self._backward.get(sentence.key(index - 1), ()):
            start = index - len(phrase)
            if start >= 0 and sentence.keys[start:index] == phrase and not any(sentence.breaks[start + 1 : index]):
                return phrase
        return ()
