"""Words that steer without naming a value: "cheaper", "a bigger screen", and the names of facets ("any colour")."""

from lexicon.entries import Lexicon
from rasa_addons.mentions import Mention
from rasa_addons.vocabulary import Vocabulary
from rasa_addons.words import Phrases, Sentence, keys

_WAVE_FILLERS = 3  # words between what waves a facet away and its name
_NEAR = 2  # words after a comparative in which it names its facet ("a bigger and brighter screen")


def _words(named: tuple[tuple[str, ...], str]) -> int:
    return len(named[0])


class SteeringRules:
    """Finds critiques and facet names, for the facets that the lexicon has."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        """Prepare the phrases for the facets of this catalogue."""
        raw = vocabulary.raw
        self._vocabulary = vocabulary
        self._phrases = Phrases({keys(text): value for value, texts in raw["steering"].items() for text in texts})
        self._names = Phrases()
        numeric: dict[str, list[str]] = {}
        for facet in lexicon.facets:
            spoken = [*facet.names, facet.facet.replace("_", " ")]
            for name in (*spoken, *vocabulary.facet_names.get(facet.facet, [])):
                self._names.add(keys(name), facet.facet)
            if facet.kind == "number":
                numeric[facet.facet] = spoken
        for name, texts in vocabulary.facet_names.items():
            for text in texts:
                self._names.add(keys(text), name)
        self._waves_before = Phrases.of(raw["waving"]["before"])
        self._waves_after = Phrases.of(raw["waving"]["after"])
        self._wave_fillers = frozenset(raw["waving"]["fillers"])
        self._numeric = {facet: [frozenset(keys(name)) for name in spoken] for facet, spoken in numeric.items()}
        self._numeric_names = Phrases()
        names = sorted(((keys(name), facet) for facet, spoken in numeric.items() for name in spoken), key=_words)
        # The first meaning of a phrase stays: a whole name beats the last word of another's, "memory" "cache memory".
        for name, facet in [*names, *((name[-1:], facet) for name, facet in names)]:
            self._numeric_names.add(name, facet)
        # "A bigger battery": of a range, if that is what the catalogue knows of batteries.
        self._first_words = {name[0]: facet for name, facet in reversed(names) if len(name) > 1}
        table = raw["comparatives"]
        self._adjectives = {
            adjective: (direction, self._facets_with(words))
            for direction in ("up", "down")
            for adjective, words in table[direction].items()
        }
        self._too = Phrases.of(table["too"])
        self._too_words = {**table["too_up"], **table["too_down"]}
        self._amounts = dict.fromkeys(table["amount_up"], "up") | dict.fromkeys(table["amount_down"], "down")
        self._generic = frozenset(table["generic"])
        self._generic_facet = str(table["generic_facet"])

    def _facets_with(self, words: list[str]) -> list[str]:
        """Return the number facets whose names contain one of the words, in the words' order."""
        found: list[str] = []
        for word in words:
            # The plainest name first: "screen" says it better than "maximum screen size compatibility".
            having = [
                (min(len(name) for name in names if name.issuperset(word.split())), facet)
                for facet, names in self._numeric.items()
                if any(name.issuperset(word.split()) for name in names)
            ]
            found += [facet for length, facet in sorted(having) if length <= len(word.split()) + 1]
        return found

    def meaning(self, comparative: str) -> tuple[tuple[str, ...], str]:
        """Return the facets that a comparative may speak of ("cheaper", "bigger"), and its direction."""
        phrase = keys(comparative)
        if phrase in self._phrases.values:
            facet, _, direction = str(self._phrases.values[phrase]).partition(":")
            return (facet,), direction
        direction, facets = self._adjectives.get(comparative, ("", []))
        generic = (self._generic_facet,) if comparative in self._generic else ()
        return tuple(dict.fromkeys((*facets, *generic))), direction

    def compared(self, sentence: Sentence, index: int) -> tuple[tuple[str, ...], str, int] | None:
        """Return the facets, the direction and the end of a comparative that begins at a word, or None."""
        phrase = self._phrases.at(sentence, index) or (sentence.key(index),)
        facets, direction = self.meaning(" ".join(phrase))
        if not direction:
            return None
        named, end = self.number_facets(sentence, index + len(phrase))
        return (named or facets, direction, end if named else index + len(phrase))

    def number_facets(self, sentence: Sentence, index: int) -> tuple[tuple[str, ...], int]:
        """Return the number facets that are named at a word, the likeliest first, and where the name ends."""
        named = self._numeric_names.at(sentence, index)
        if not named:
            return (), index
        facets = [str(self._numeric_names.values[named]), *self._facets_with([" ".join(named)])]
        return tuple(dict.fromkeys(facets)), index + len(named)

    def find(self, sentence: Sentence, taken: list[Mention]) -> list[Mention]:
        """Return critiques and facet names outside the words that other mentions took."""
        covered = {index for mention in taken for index in [*range(mention.start, mention.end), *mention.bound]}
        critiques: list[Mention] = []
        index = 0
        while index < len(sentence):
            critique = None if index in covered else self._critique(sentence, index)
            if critique is None or covered & set(range(critique.start, critique.end)):
                index += 1
            else:
                critiques.append(critique)
                index = critique.end
        covered |= {index for mention in critiques for index in range(mention.start, mention.end)}
        return critiques + self._facet_names(sentence, covered, taken)

    def _critique(self, sentence: Sentence, index: int) -> Mention | None:
        phrase = self._phrases.at(sentence, index)
        if phrase:
            value = str(self._phrases.values[phrase])
            if len(phrase) == 1 and self._is_denied(sentence, index):
                return None
            return Mention(index, index + len(phrase), "critique", value)
        too = self._too.at(sentence, index)
        if too and sentence.key(index + len(too)) in self._too_words:
            end = index + len(too) + 1
            found = self._compared(sentence, self._too_words[sentence.key(end - 1)], end)
            return Mention(index, end, "critique", found[0]) if found else None
        key = sentence.key(index)
        if key in self._adjectives:
            found = self._compared(sentence, key, index + 1)
            return Mention(index, found[1], "critique", found[0]) if found else None
        if key in self._amounts:
            named = self._numeric_names.at(sentence, index + 1)
            if named:
                value = f"{self._numeric_names.values[named]}:{self._amounts[key]}"
                return Mention(index, index + 1 + len(named), "critique", value)
        return None

    def _is_denied(self, sentence: Sentence, index: int) -> bool:
        """Whether a steering word is turned down ("not cheap"), which says nothing about the direction wanted.

        A degree one word away is about that word: "too much, cheaper again" asks for something cheaper.
        """
        for place in (index, index - 1):
            if place <= 0 or sentence.commas[place] or sentence.breaks[place]:
                return False
            negator = self._vocabulary.negators.before(sentence, place)
            if negator and (place == index or negator[-1] not in self._vocabulary.degrees):
                return True
        return False

    def _compared(self, sentence: Sentence, adjective: str, end: int) -> tuple[str, int] | None:
        """Return the critique of a comparative and its end: the facet named behind it, else the usual one."""
        direction, facets = self._adjectives[adjective]
        for place in range(end, min(end + _NEAR, len(sentence))):
            if sentence.breaks[place]:
                break
            named = self._numeric_names.at(sentence, place)
            if named:
                return f"{self._numeric_names.values[named]}:{direction}", place + len(named)
        if adjective in self._generic and sentence.key(end) in self._first_words and not sentence.ends_clause(end):
            return f"{self._first_words[sentence.key(end)]}:{direction}", end + 1
        if facets:
            return f"{facets[0]}:{direction}", end
        return (f"{self._generic_facet}:{direction}", end) if adjective in self._generic else None

    def _facet_names(self, sentence: Sentence, covered: set[int], taken: list[Mention]) -> list[Mention]:
        """Return the facets that are waved away, or that are all of the message."""
        found: list[Mention] = []
        beside = {(m.start, m.facet or m.entity) for m in taken} | {(m.end, m.facet or m.entity) for m in taken}
        index = 0
        while index < len(sentence):
            phrase = self._names.at(sentence, index)
            end = index + max(len(phrase), 1)
            if phrase and not covered & set(range(index, end)) and self._is_waved(sentence, index, end):
                facet = str(self._names.values[phrase])
                if not {(index, facet), (end, facet)} & beside:
                    found.append(Mention(index, end, "facet_name", facet))
            index = end
        return found

    def _is_waved(self, sentence: Sentence, start: int, end: int) -> bool:
        if end - start == len(sentence) or self._waves_after.at(sentence, end):
            return True
        for _ in range(_WAVE_FILLERS + 1):
            if self._waves_before.before(sentence, start) and not sentence.commas[start]:
                return True  # but not in "i changed my mind, make it green"
            # "any colour or size"
            if sentence.key(start - 1) not in self._wave_fillers and not self._names_a_facet(sentence, start):
                return False
            start -= 1
        return False

    def _names_a_facet(self, sentence: Sentence, end: int) -> bool:
        """Whether a facet's name, or a word that joins one to another, ends right before a word."""
        return bool(self._names.before(sentence, end) or self._vocabulary.negation_joiners.before(sentence, end))
