"""Needs in words, made from the catalogue itself: what the cross-encoder learns from before anybody asks."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lexicon.text import normalise
from shopguide.catalogue.constraints import Constraint
from shopguide.feedback.events import FeedbackEvent, Slate
from shopguide.ids import SlateId
from shopguide.recommender.features import modelled_facets
from shopguide.recommender.texts import need_text, product_text

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex

NEGATIVES = 4
SEARCHED = 30
TYPO_SHARE = 0.2
MAX_VALUE_WORDS = 3
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")
_FUNCTION_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

FRAMES = (
    "{before} {category} {after}",
    "{before} {category} {after}",
    "{category} {before} {after}",
    "i need a {before} {category} {after}",
    "looking for {before} {category} {after}",
    "{category} {after}, {before}",
    "do you have {category} {after} {before}",
)
"""How values become a need; `before` are adjectives, `after` are phrases with a preposition."""

PREPOSITIONS: Mapping[str, str] = {
    "audience": "for",
    "occasion": "for",
    "brand": "by",
    "material": "in",
    "colour": "in",
    "size": "in size",
    "feature": "with",
}
"""What joins a facet's value to the noun when it stands behind it."""


@dataclass(frozen=True)
class Group:
    """One need with product texts, the fitting one first, and the words that a text must have to fit as well."""

    need: str
    products: tuple[str, ...]
    wanted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DrawnNeed:
    """A need and the words in it that a product must have to answer it."""

    text: str
    wanted: frozenset[str]

    @classmethod
    def of_words(cls, words: Sequence[str]) -> "DrawnNeed":
        """Return a need of nothing but such words."""
        return cls(" ".join(words), _content_words(" ".join(words)))


def _content_words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text) if word not in _FUNCTION_WORDS)


class NeedGenerator:
    """Draws needs for products of a catalogue, with hard negatives.

    Args:
        index: the catalogue.
        seed: the same seed draws the same needs.
    """

    def __init__(self, index: "CatalogueIndex", seed: int = 0) -> None:
        self._index = index
        self._random = random.Random(seed)  # noqa: S311  (nothing secret)

    @cached_property
    def _facets(self) -> tuple[str, ...]:
        return tuple(facet for facet in modelled_facets(self._index) if facet != "category")

    @cached_property
    def _by_leaf(self) -> Mapping[str, list[int]]:
        by_leaf: defaultdict[str, list[int]] = defaultdict(list)
        for row in range(len(self._index)):
            path = self._index.values("category", row)
            by_leaf[path[-1] if path else ""].append(row)
        return by_leaf

    def groups(self) -> Iterator[Group]:
        """Yield groups without end."""
        while True:
            row = self._random.randrange(len(self._index))
            need = self.need(row)
            if need is None:
                continue
            negatives = self._negatives(row, need)
            if negatives:
                heard = self._misspelt(need.text) if self._random.random() < TYPO_SHARE else need.text
                yield Group(heard, tuple(self.text(r) for r in (row, *negatives)), need.wanted)

    def text(self, row: int) -> str:
        """Return a product's text as the reranker reads it."""
        return product_text(self._index.product(self._index.skus[row]))

    def need(self, row: int) -> "DrawnNeed | None":
        """Draw a need that this product answers: from its title, its facets or its description."""
        kind = self._random.choices(("title", "facets", "description"), weights=(5, 4, 1))[0]
        if kind == "title":
            return self._from_words(self._index.product(self._index.skus[row]).title, 2, 4)
        if kind == "facets":
            return self._from_facets(row)
        return self._from_words(self._index.product(self._index.skus[row]).description, 3, 6)

    def _from_words(self, text: str, fewest: int, most: int) -> "DrawnNeed | None":
        words = [word for word in _WORD.findall(normalise(text)) if word not in _FUNCTION_WORDS]
        if len(words) < fewest:
            return None
        size = self._random.randint(fewest, min(most, len(words)))
        if self._random.random() < 0.5:
            start = self._random.randint(0, len(words) - size)
            return DrawnNeed.of_words(words[start : start + size])
        # People name what they remember, in any order.
        chosen = self._random.sample(range(len(words)), size)
        if self._random.random() < 0.7:
            chosen.sort()
        return DrawnNeed.of_words([words[i] for i in chosen])

    def _from_facets(self, row: int) -> "DrawnNeed | None":
        values = [
            (facet, value)
            for facet in self._facets
            for value in self._index.values(facet, row)
            if len(value.split()) <= MAX_VALUE_WORDS and self._index.facets[facet].kind == "text"
        ]
        path = self._index.values("category", row)
        if not values or not path:
            return None
        noun = path[-1] if self._random.random() < 0.8 else self._random.choice(path)
        chosen = self._random.sample(values, min(len(values), self._random.randint(1, 3)))
        before: list[str] = []
        after: list[str] = []
        for facet, value in chosen:
            preposition = PREPOSITIONS.get(facet)
            if preposition and self._random.random() < 0.5:
                after.append(f"{preposition} {value}")
            else:
                before.append(value)
        frame = self._random.choice(FRAMES)
        text = frame.format(before=" ".join(before), category=noun, after=" ".join(after))
        said = re.sub(r"\s+([,]|$)", r"\1", re.sub(r"\s{2,}", " ", text)).strip(" ,")
        return DrawnNeed(said, _content_words(" ".join([noun, *(value for _, value in chosen)])))

    def _negatives(self, row: int, need: "DrawnNeed") -> list[int]:
        """Draw products that do not answer: found by BM25, of the same category, anything at all."""
        found, _ = self._index.search(need.text, None, SEARCHED)
        hard = [int(other) for other in found]
        self._random.shuffle(hard)
        path = self._index.values("category", row)
        siblings = self._by_leaf[path[-1] if path else ""]
        near = [self._random.choice(siblings) for _ in range(4)]
        far = [self._random.randrange(len(self._index)) for _ in range(6)]
        # Half by text, the rest by category, then anything: the order is that of how hard they are.
        pool = [*hard[:6], *near, *far] if self._random.random() < 0.7 else [*near, *hard[:6], *far]
        negatives: list[int] = []
        for other in pool:
            if other == row or other in negatives or answers(self.text(other), need.wanted):
                continue
            negatives.append(other)
            if len(negatives) == NEGATIVES:
                return negatives
        return []

    def _misspelt(self, need: str) -> str:
        words = need.split(" ")
        long = [i for i, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
        if not long:
            return need
        place = self._random.choice(long)
        words[place] = misspell(words[place], self._random)
        return " ".join(words)


def answers(text: str, wanted: frozenset[str]) -> bool:
    """Return whether a product text has every wanted word: then it answers as well as the one that was drawn."""
    return wanted <= set(_WORD.findall(normalise(text)))


def misspell(word: str, source: random.Random) -> str:
    """Return a word with one slip of the fingers: two letters swapped, one lost, doubled or hit beside."""
    place = source.randrange(len(word) - 1)
    kind = source.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[: place + 1] + word[place + 2 :]
    if kind == 2:
        return word[: place + 1] + word[place] + word[place + 1 :]
    for row in _KEYBOARD:
        at = row.find(word[place])
        if at >= 0:
            return word[:place] + row[at - 1 if at else 1] + word[place + 1 :]
    return word


def _need_of(slate: Slate) -> str:
    """Return the need that a slate answered as the reranker reads it, empty if it had no words of its own."""
    slots = slate.state.get("need")
    words = str(slots.get("need_text") or "").strip() if isinstance(slots, Mapping) else ""
    if not words:
        return ""
    wanted = [Constraint(c["facet"], "in", tuple(c["values"])) for c in slate.constraints if c["op"] == "in"]
    return need_text(words, wanted)


POSITIVE_KINDS = frozenset({"click", "like", "add_to_cart", "purchase"})


def slate_groups(
    events: Iterable[FeedbackEvent],
    slate_of: Callable[[SlateId], Slate | None],
    index: "CatalogueIndex",
    limit: int = 2000,
) -> list[Group]:
    """Return groups from what shoppers chose on slates that answered a need in words.

    Passed over are products above the chosen one: those were seen for sure. Needs without words teach nothing here.
    """
    groups: list[Group] = []
    for event in events:
        if event.slate_id is None or event.sku is None or event.kind not in POSITIVE_KINDS or event.sku not in index:
            continue
        slate = slate_of(event.slate_id)
        if slate is None:
            continue
        need = _need_of(slate)
        above: list[str] = []
        for item in sorted(slate.items, key=lambda item: item.position):
            if item.sku == event.sku:
                break
            if item.sku in index:
                above.append(product_text(index.product(item.sku)))
        if need and above:
            groups.append(Group(need, (product_text(index.product(event.sku)), *above[:NEGATIVES])))
        if len(groups) == limit:
            break
    return groups
