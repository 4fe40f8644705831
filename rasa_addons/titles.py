"""Products named in words: a title on screen, most of one, or a capitalised run that can only be a title."""

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from rasa_addons.matching import Match
from rasa_addons.mentions import Mention
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

_READ = 80  # words of a message in which titles are looked for
_MOST_OF_TITLE = 0.6
_LETTERS_FOR_A_SLIP = 4
_LETTERS_FOR_TWO = 9
_RUN = 3  # values in a row, from a brand to a category, that make a title


class TitleRules:
    """Finds titles; what a word of a title may be besides tells the matcher."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Prepare the words that stand in front of a title."""
        self._vocabulary = vocabulary
        raw = vocabulary.raw["product"]
        self._definite = frozenset(raw["after"])
        self._before = frozenset(raw["before"])
        self._asked = Phrases.of(raw["asked"])
        self._heads = Phrases.of(vocabulary.raw["ordinals"]["nouns"])

    def on_screen(self, sentence: Sentence, titles: Sequence[str], matches: Sequence[Match]) -> list[Mention]:
        """Return the products on screen that are named by their titles, whole or nearly.

        Part of a title counts if it holds a word of the name proper, which no value of the catalogue is: "blue shoes"
        names values, "the Trail 25" one product.
        """
        valued = {index for match in matches if match.kind != "typo" for index in range(match.start, match.end)}
        folded = [keys(title) for title in titles]
        runs: list[tuple[float, int, int]] = []
        for title in folded:
            whole = _whole(sentence, title)
            if whole is not None:
                runs.append((len(title) + 1.0, *whole))
                continue
            for start, end, said in self._runs(sentence, title):
                words = frozenset(said.values())
                only = sum(words <= set(one) for one in folded) == 1
                most = len(words) >= _MOST_OF_TITLE * len(set(title))
                named = [index for index in said if self._is_proper(sentence, index, valued)]
                if named and (only or most) and self._is_led(sentence, start, end, alone=not most and len(words) == 1):
                    runs.append((float(len(words)), start, end))
        found: list[Mention] = []
        for _, start, end in sorted(runs, key=lambda run: (-run[0], run[1])):
            if all(end <= one.start or start >= one.end for one in found):
                found.append(Mention(start, end, "product", " ".join(sentence.keys[start:end])))
        return found

    def _is_proper(self, sentence: Sentence, index: int, valued: set[int]) -> bool:
        """Whether a word can be part of a name proper: a number, or no value and no word of grammar."""
        number = sentence.words[index].kind == "number"
        return number or (index not in valued and sentence.key(index) not in self._vocabulary.function_words)

    def _is_led(self, sentence: Sentence, start: int, end: int, *, alone: bool) -> bool:
        """Whether what stands before part of a title lets it be one; a word `alone` needs more to speak for it."""
        pointed = sentence.key(start - 1) in self._definite
        if not alone:
            return pointed or start == 0 or sentence.key(start - 1) in self._before
        # "the harbour one", "details of the ridge"; but a daypack "for the city" names no product.
        asked = sentence.ends_clause(end) and (start == 1 or sentence.key(start - 2) in self._before)
        letters = sentence.words[start].kind == "letters"
        return pointed and letters and bool(asked or self._heads.at(sentence, end))

    def _runs(self, sentence: Sentence, title: Sequence[str]) -> list[tuple[int, int, dict[int, str]]]:
        """Return stretches of the message whose words are all of the title, with the title's word for each."""
        runs: list[tuple[int, int, dict[int, str]]] = []
        said: dict[int, str] = {}
        start = 0
        for index in range(min(len(sentence), _READ) + 1):
            word = self._meant(sentence.key(index), title) if index < len(sentence) else None
            if word is not None and (not said or not sentence.breaks[index]):
                said[index] = word
                continue
            if said:
                runs.append((start, index, said))
            said = {index: word} if word is not None else {}
            start = index if said else index + 1
        return runs

    def _meant(self, word: str, title: Sequence[str]) -> str | None:
        """Return the title's word that a word of a message is; slips are forgiven unless it is a word itself."""
        if word in title:
            return word
        if len(word) < _LETTERS_FOR_A_SLIP or not word.isalpha() or self._vocabulary.is_known(word):
            return None
        allowed = 2 if len(word) >= _LETTERS_FOR_TWO else 1
        near = [
            (distance, own)
            for own in title
            if abs(len(own) - len(word)) <= allowed
            and own[0] == word[0]
            and (distance := OSA.distance(word, own, score_cutoff=allowed)) <= allowed
        ]
        return min(near)[1] if near else None

    def capitalised(self, sentence: Sentence, mentions: list[Mention]) -> list[Mention]:
        """Fold "the Fastrack Men Black Watch" and "the Kestrel Trail 2" into one product each.

        It is definite and capitalised, or told about ("tell me about kestrel trail 2"), begins with a brand, and either
        ends in a category or has a name of its own: a word that is no value of the catalogue, or a number behind one.
        A name with a number in it needs no "the": "is Kestrel Trail 2 lighter" names a product as well.
        """
        ordered = sorted(mentions, key=lambda mention: mention.start)
        found = ordered
        for brand in ordered:
            definite = sentence.key(brand.start - 1) in self._definite
            asked = bool(self._asked.before(sentence, brand.start - definite))
            if brand.entity != "brand" or brand not in found:
                continue
            end = brand.end
            while end < len(sentence) and not sentence.gap_breaks(end) and self._goes_on(sentence, end, asked=asked):
                end += 1
            end = next((one.end for one in ordered if one.entity == "category" and one.start == end), end)
            inside = [one for one in ordered if brand.start <= one.start and one.end <= end]
            crossing = [one for one in ordered if one.start < end < one.end]
            written = asked or all(sentence.words[index].capital for index in range(brand.start, brand.end))
            if crossing or not written:
                continue
            ends_in_kind = len(inside) >= _RUN and inside[-1].entity == "category" and inside[-1].end == end
            valued = {index for one in inside if one.entity not in _AMOUNTS for index in range(one.start, one.end)}
            named = [sentence.words[index].kind for index in range(brand.end, end) if index not in valued]
            numbered = "number" in named and sentence.words[brand.end].kind == "letters"  # "the Kestrel Trail 2"
            measured = any(one.entity in {"price", "quantity"} and one.unit for one in inside)
            if not (definite or asked):  # a bare run may as well be the values of a search
                ends_in_kind, numbered, named = False, numbered and named[:1] == ["letters"] and not measured, []
            if ends_in_kind or numbered or "letters" in named:
                product = Mention(brand.start, end, "product", " ".join(sentence.keys[brand.start : end]))
                found = [product, *(one for one in found if one.end <= brand.start or one.start >= end)]
        return found

    def _goes_on(self, sentence: Sentence, index: int, *, asked: bool) -> bool:
        word = sentence.words[index]
        small = asked and word.kind == "letters" and sentence.key(index) not in self._vocabulary.function_words
        return word.capital or word.kind == "number" or small or sentence.glued(index)  # "P1102w"


_AMOUNTS = frozenset({"quantity", "price", "rating", "size", "ordinal"})


def _whole(sentence: Sentence, title: Sequence[str]) -> tuple[int, int] | None:
    for start in range(len(sentence) - len(title) + 1):
        if len(title) > 1 and sentence.keys[start : start + len(title)] == tuple(title):
            return start, start + len(title)
    return None
