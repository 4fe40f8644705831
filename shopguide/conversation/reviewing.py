"""Reviews summed up: how they are spread, what is praised and what criticised, in the words of those who wrote them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

from lexicon.text import normalise
from shopguide.catalogue.product import Product, Review
from shopguide.conversation.outcomes_product import Quote, Reviewed
from shopguide.conversation.sentiment import sentiment

QUOTES = 2
"""Sentences quoted for each side."""
LONGEST_QUOTE = 160
TAKES_SIDES = 0.2
"""From how far off neutral a sentence speaks well or ill of something, of 1."""
TURNED = 0.6
"""How a sentence sounds that a turn of phrase puts on a side."""
MOST_ASPECTS = 4

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_WORD = re.compile(r"[^\W\d_]+")


def summed_up(product: Product, position: int | None, asked: Sequence[str] = ()) -> Reviewed:
    """Return what the reviews of a product say.

    Args:
        product: with its reviews.
        position: its place on the slate.
        asked: folded words of what the question is about; only sentences about that are quoted then.
    """
    ratings = [review.rating for review in product.reviews if review.rating is not None]
    sentences = [(quote, leaning(quote.text)) for review in product.reviews for quote in _sentences(review)]
    about = [(quote, side) for quote, side in sentences if _speaks_of(quote.text, asked)] if asked else sentences
    # An answer to "does it run small" need not take sides.
    least = 0.0 if asked else TAKES_SIDES
    return Reviewed(
        product=product,
        position=position,
        stars=dict(sorted(Counter(round(rating) for rating in ratings).items(), reverse=True)),
        mean=sum(ratings) / len(ratings) if ratings else None,
        praised=_strongest([(quote, side) for quote, side in about if side >= least]),
        criticised=_strongest([(quote, -side) for quote, side in about if side < 0.0 and -side >= least]),
        aspects=_aspects(sentences),
        asked=" ".join(asked),
    )


def leaning(text: str) -> float:
    """Return how well or ill a sentence of a review speaks of the product, from -1 to 1.

    Turns of phrase go before single words: "nothing hurts" is praise, "the sole is too smooth" none.
    """
    folded = normalise(text)
    ways = _ways()
    if any(way.search(folded) for way in ways["in_favour"]) and not ways["against"][0].search(folded):
        return TURNED
    if any(way.search(folded) for way in ways["against"]):
        return -TURNED
    return sentiment(text)


def aspects_of(text: str) -> frozenset[str]:
    """Return what a sentence is about: "fit", "value", …"""
    words = _WORD.findall(normalise(text))
    return frozenset(name for name, pattern in _words_of_aspects().items() if any(map(pattern.fullmatch, words)))


def asking_for_reviews() -> frozenset[str]:
    """Return the folded words with which people ask for reviews."""
    return frozenset(_listed()["asking"])


def _sentences(review: Review) -> Iterable[Quote]:
    for found in _SENTENCE.findall(review.text):
        text = " ".join(found.split())
        if len(text.split()) > 1 and len(text) <= LONGEST_QUOTE:
            yield Quote(text, review)


def _strongest(quotes: Sequence[tuple[Quote, float]]) -> tuple[Quote, ...]:
    """Return the strongest sentences, of different reviews as far as there are several, each once."""
    by_review: defaultdict[int, list[Quote]] = defaultdict(list)
    for quote, _ in sorted(quotes, key=lambda pair: -pair[1]):
        by_review[id(quote.review)].append(quote)
    in_turn = [quote for some in zip_longest(*by_review.values()) for quote in some if quote is not None]
    once: dict[str, Quote] = {}
    for quote in in_turn:
        once.setdefault(normalise(quote.text), quote)
    return tuple(once.values())[:QUOTES]


def _speaks_of(text: str, asked: Sequence[str]) -> bool:
    about = frozenset(name for word in asked for name in aspects_of(word))
    stems = {_stem(word) for word in _WORD.findall(normalise(text))}
    return bool(aspects_of(text) & about) or any(_stem(word) in stems for word in asked)


def _stem(word: str) -> str:
    """Return a word without the endings in which "soles", "leaked" and "leaking" differ from "sole" and "leak"."""
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e")


def _aspects(sentences: Sequence[tuple[Quote, float]]) -> dict[str, tuple[int, int]]:
    """Return what reviews speak of, with how many of them do so well and how many ill, the commonest first."""
    sides: tuple[defaultdict[str, set[int]], defaultdict[str, set[int]]] = (defaultdict(set), defaultdict(set))
    for quote, side in sentences:
        if abs(side) >= TAKES_SIDES:
            for aspect in aspects_of(quote.text):
                sides[side < 0][aspect].add(id(quote.review))
    counts = {name: (len(sides[0][name]), len(sides[1][name])) for name in (*sides[0], *sides[1])}
    return dict(sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))[:MOST_ASPECTS])


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, Any]:
    path = Path(__file__).parent / "phrases" / "reviews_en.yml"
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def _ways() -> Mapping[str, list[re.Pattern[str]]]:
    return {side: [re.compile(way) for way in _listed()[side]] for side in ("against", "in_favour")}


@lru_cache(maxsize=1)
def _words_of_aspects() -> Mapping[str, re.Pattern[str]]:
    return {
        name: re.compile("|".join(re.escape(str(word)).replace(r"\*", r"\w*") for word in words))
        for name, words in _listed()["aspects"].items()
    }
