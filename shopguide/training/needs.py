"""Needs in words, made from the catalogue itself: what the cross-encoder learns from before anybody asks."""

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lexicon.facets import CORE_FACETS
from lexicon.text import normalise
from shopguide.catalogue.textsearch import tokens
from shopguide.recommender.features import modelled_facets
from shopguide.recommender.texts import product_text
from shopguide.training.stuffing import stuffed
from shopguide.training.wording import Wording, misspelt

if TYPE_CHECKING:
    from shopguide.catalogue.index import CatalogueIndex
    from shopguide.recommender.vectors import ItemVectors

NEGATIVES = 4
SEARCHED = 30
FAR = 20
"""Products drawn from anywhere, of which those that do not answer fill what nearer ones leave open."""
TRIES = 2_000
"""Draws in vain, one after another, that show that there is nothing to draw."""
TYPO_SHARE = 0.2
STUFFED_SHARE = 0.25
"""Share of the groups in which one text is stuffed: mostly of a product that does not answer, else of the one that
does, or stuffing itself would be taken for a sign."""
MAX_VALUE_WORDS = 3
CORE_WEIGHT = 4.0
"""How much oftener people name a colour than a facet that only one shop has."""
KINDS: Mapping[str, float] = {"title": 4, "kind": 2, "facets": 3, "sentence": 4, "description": 1}
"""Ways to draw a need, and how often each is taken."""
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")
_FUNCTION_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})


@dataclass(frozen=True)
class Group:
    """One need with product texts, the fitting one first, and what it weighs in a loss."""

    need: str
    products: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class DrawnNeed:
    """A need, and what a product must have to answer it: all the words, and all the values of facets."""

    text: str
    words: frozenset[str] = frozenset()
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_words(cls, words: Sequence[str]) -> "DrawnNeed":
        """Return a need of nothing but such words."""
        return cls(" ".join(words), frozenset(words))


@dataclass
class NeedGenerator:
    """Draws needs for products of a catalogue, with hard negatives.

    Args:
        index: the catalogue.
        seed: the same seed draws the same needs.
        wording: other words for the catalogue's values.
        vectors: of the products; hard negatives are also those that resemble the product.
        left_out: needs that are never drawn, in whatever order and form their words stand.
        hostile: misspell some needs, and stuff some texts.
    """

    index: "CatalogueIndex"
    seed: int = 0
    wording: Wording = field(default_factory=Wording)
    vectors: "ItemVectors | None" = None
    left_out: Collection[str] = ()
    hostile: bool = True

    def __post_init__(self) -> None:
        """Seed the chance."""
        self._random = random.Random(self.seed)  # noqa: S311  (nothing secret)
        self._barred = {frozenset(tokens(need)) for need in self.left_out}
        self._words: dict[int, frozenset[str]] = {}

    @cached_property
    def _facets(self) -> Mapping[str, float]:
        facets = [facet for facet in modelled_facets(self.index) if facet != "category"]
        return {
            facet: CORE_WEIGHT if facet in CORE_FACETS else 1.0
            for facet in facets
            if facet in self.index.facets and self.index.facets[facet].kind == "text"
        }

    @cached_property
    def _by_leaf(self) -> Mapping[str, list[int]]:
        by_leaf: defaultdict[str, list[int]] = defaultdict(list)
        for row in range(len(self.index)):
            by_leaf[self._leaf(row)].append(row)
        return by_leaf

    @cached_property
    def _brands(self) -> list[str]:
        return sorted({value for row in range(len(self.index)) for value in self.index.values("brand", row)})

    def _leaf(self, row: int) -> str:
        path = self.index.values("category", row)
        return path[-1] if path else ""

    def groups(self) -> Iterator[Group]:
        """Yield groups without end; of a catalogue that nothing can be asked of, none."""
        in_vain = 0
        for row, need in self.needs():
            group = self.group(row, need)
            in_vain = in_vain + 1 if group is None else 0
            if group is not None:
                yield group
            elif in_vain == TRIES:
                return

    def searched(self, words: str, row: int) -> Group | None:
        """Return a group of what a shopper searched for and chose: products of the same category may answer as well."""
        if frozenset(tokens(words)) in self._barred:
            return None
        return self.group(row, DrawnNeed(words, values=(("category", self._leaf(row)),)))

    def needs(self) -> Iterator[tuple[int, DrawnNeed]]:
        """Yield rows and needs that they answer, without end; of a catalogue that nothing can be asked of, none."""
        in_vain = 0
        while in_vain < TRIES:
            row = self._random.randrange(len(self.index))
            need = self.need(row)
            if need is None or frozenset(tokens(need.text)) in self._barred:
                in_vain += 1
                continue
            in_vain = 0
            yield row, need

    def group(self, row: int, need: DrawnNeed) -> Group | None:
        """Return a need with its product and others that do not answer it, `None` if there are too few of these."""
        negatives = self._negatives(row, need)
        if not negatives:
            return None
        heard, texts = self.heard(need), [self.text(each) for each in (row, *negatives)]
        if self.hostile and self._random.random() < STUFFED_SHARE:
            place = 0 if self._random.random() < 0.2 else self._random.randrange(1, len(texts))
            wanted = self._random.choice([need.text, self._leaf(negatives[0])]) if place == 0 else need.text
            product = self.index.product(self.index.skus[(row, *negatives)[place]])
            texts[place] = product_text(stuffed(product, wanted, self._brands, self._random))
        return Group(heard, tuple(texts))

    def heard(self, need: DrawnNeed) -> str:
        """Return a need as it is typed: now and then with a slip."""
        if self.hostile and self._random.random() < TYPO_SHARE:
            return misspelt(need.text, self._random)
        return need.text

    def text(self, row: int) -> str:
        """Return a product's text as the reranker reads it."""
        return product_text(self.index.product(self.index.skus[row]))

    def need(self, row: int) -> DrawnNeed | None:
        """Draw a need that this product answers: from its title, its category, its facets or its description."""
        kind = self._random.choices(list(KINDS), weights=list(KINDS.values()))[0]
        if kind == "title":
            return self._from_words(self.index.product(self.index.skus[row]).title, 2, 4)
        if kind == "description":
            return self._from_words(self.index.product(self.index.skus[row]).description, 3, 6)
        if kind == "kind":
            return self._from_facets(row, 0, 1, long=False)
        return (
            self._from_facets(row, 2, 4, long=True) if kind == "sentence" else self._from_facets(row, 1, 3, long=False)
        )

    def _from_words(self, text: str, fewest: int, most: int) -> DrawnNeed | None:
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

    def _from_facets(self, row: int, fewest: int, most: int, *, long: bool) -> DrawnNeed | None:
        path = self.index.values("category", row)
        values = [
            (facet, value)
            for facet in self._facets
            for value in self.index.values(facet, row)
            if len(value.split()) <= MAX_VALUE_WORDS and value[:1].isalpha()
        ]
        if not path or len(values) < fewest:
            return None
        noun = path[-1] if self._random.random() < 0.8 else self._random.choice(path)
        chosen = self._chosen(values, min(self._random.randint(fewest, most), len(values)))
        return DrawnNeed(self.wording.say(noun, chosen, self._random, long=long), values=(("category", noun), *chosen))

    def _chosen(self, values: Sequence[tuple[str, str]], size: int) -> list[tuple[str, str]]:
        """Draw values without putting back, by the weights of their facets (P. Efraimidis and P. Spirakis, 2006)."""
        keyed = [(self._random.random() ** (1 / self._facets[facet]), facet, value) for facet, value in values]
        return [(facet, value) for _, facet, value in sorted(keyed, reverse=True)[:size]]

    def answers(self, row: int, need: DrawnNeed) -> bool:
        """Return whether a product has all that a need names, be it as values or as words of its text."""
        words = self._words_of(row)
        return need.words <= words and all(
            not self.index.satisfying(facet, value).isdisjoint(self.index.values(facet, row))
            or words.issuperset(_WORD.findall(value))
            for facet, value in need.values
        )

    def _words_of(self, row: int) -> frozenset[str]:
        if row not in self._words:
            self._words[row] = frozenset(_WORD.findall(normalise(self.text(row))))
        return self._words[row]

    def _negatives(self, row: int, need: DrawnNeed) -> list[int]:
        """Draw products that do not answer: found by words, like in meaning, of the same category, anything at all."""
        found, _ = self.index.search(need.text, None, SEARCHED)
        hard = [int(other) for other in found]
        self._random.shuffle(hard)
        like = self._like(row)
        siblings = self._by_leaf[self._leaf(row)]
        near = [self._random.choice(siblings) for _ in range(4)]
        far = [self._random.randrange(len(self.index)) for _ in range(FAR)]
        order = [hard[:4], like[:3], near]
        self._random.shuffle(order)
        pool = [each for several in order for each in several[:2]] + [*hard[4:8], *near, *far]
        negatives: list[int] = []
        for other in pool:
            if other == row or other in negatives or self.answers(other, need):
                continue
            negatives.append(other)
            if len(negatives) == NEGATIVES:
                return negatives
        return []

    def _like(self, row: int) -> list[int]:
        if self.vectors is None:
            return []
        rows = np.arange(len(self.index), dtype=np.int32)
        likeness = self.vectors.dot(self.vectors.of(np.asarray([row], dtype=np.int32))[0], rows)
        best: list[int] = np.argpartition(-likeness, min(SEARCHED, len(rows) - 1))[:SEARCHED].tolist()
        self._random.shuffle(best)
        return best
