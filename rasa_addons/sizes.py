"""Sizes said in letters and words: "in M", "a medium", "extra large"."""

from rasa_addons.mentions import Mention
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys


class SizeRules:
    """Finds sizes that are no numbers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Take the letters and words for sizes."""
        raw = vocabulary.raw["sizes"]
        self._vocabulary = vocabulary
        self._letters = Phrases({keys(letter): value for letter, value in raw["letters"].items()})
        self._words = Phrases({keys(word): value for word, value in raw["words"].items()})
        self._before = frozenset(raw["before"])
        self._cues = frozenset(raw["cues"])
        self._nouns = Phrases.of(vocabulary.raw["ordinals"]["nouns"])

    def find(self, sentence: Sentence, open_facet: str | None) -> list[Mention]:
        """Return the sizes of a sentence."""
        found: list[Mention] = []
        for index in range(len(sentence)):
            for table, stands in ((self._letters, self._letter_stands), (self._words, self._word_stands)):
                phrase = table.at(sentence, index)
                if phrase and (not found or found[-1].end <= index):
                    end = index + len(phrase)
                    if stands(sentence, index, end, open_facet):
                        found.append(Mention(index, end, "size", str(table.values[phrase])))
        return found

    def _letter_stands(self, sentence: Sentence, start: int, end: int, open_facet: str | None) -> bool:
        """Two letters and more speak for themselves; one must be called a size, or stand as one in capitals."""
        if sentence.glued(start) or sentence.glued(end):
            return False
        if len(sentence.keys[start]) > 1 or end - start > 1:
            return True
        before = sentence.key(start - 1)
        if open_facet == "size" or before in self._cues:
            return True
        if not sentence.words[start].capital or sentence.text.isupper():
            return len(sentence) == 1 or (before == "in" and sentence.ends_clause(end))
        return before in self._before or sentence.ends_clause(start) or sentence.commas[start]

    def _word_stands(self, sentence: Sentence, start: int, end: int, open_facet: str | None) -> bool:
        """A word like "large" is a size where nothing that is large follows it."""
        before = sentence.key(start - 1)
        if open_facet == "size" or before in self._cues or sentence.key(end) in self._cues:
            return True
        closed = (
            sentence.ends_clause(end) or sentence.commas[end] or sentence.key(end) in self._vocabulary.function_words
        )
        opened = sentence.ends_clause(start) or sentence.commas[start] or before in self._before
        return closed and opened and not self._nouns.at(sentence, end)
