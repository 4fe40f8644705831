"""Puts the sources of an answer in order: facets, then sentences, then an honest "not in the data"."""

from collections.abc import Mapping
from math import log

import numpy as np

from lexicon.entries import Lexicon
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.answering.facets import FacetReader
from shopguide.conversation.answering.outcomes import (
    FacetAnswer,
    NotInData,
    PassageAnswer,
    ProductAnswer,
)
from shopguide.conversation.answering.passages import Encode, best_passage, passages_of
from shopguide.conversation.answering.question import Question, generic, read, stems_of

ALIKE_FROM = 0.65
"""Cosine from which a facet's name says what a question asks (tuned on tests/eval/product_questions_dev.yml)."""


class Answerer:
    """Answers questions about products of one state of the catalogue.

    Args:
        index: the catalogue.
        lexicon: its words.
        encode: the bi-encoder; it may have nothing to say yet.
    """

    def __init__(self, index: CatalogueIndex, lexicon: Lexicon | None, encode: Encode) -> None:
        self.index = index
        self._facets = FacetReader(index, lexicon)
        self._encode = encode

    def answer(self, text: str, product: Product) -> tuple[ProductAnswer, ...]:
        """Return what answers a question about a product: facets, or a sentence, or that nothing does.

        Args:
            text: the message.
            product: whom it is about, with its reviews.
        """
        question = read(text)
        facets, unlisted = self._facets.read(question, product)
        if facets:
            return facets
        found = best_passage(question, passages_of(product), self._weights(question, product), self._encode)
        if found is not None:
            passage, _ = found
            return (PassageAnswer(product, passage.text, passage.source, passage.author),)
        alike = self._by_meaning(question, product)
        if alike is not None:
            return (alike,)
        return (unlisted,) if unlisted is not None else (NotInData(product),)

    def _weights(self, question: Question, product: Product) -> Mapping[str, float]:
        """Return how much each word tells: the rarer in the catalogue, the more; what names the product, nothing."""
        size = len(self.index)
        called = stems_of(" ".join((product.title, *product.category)))
        telling = question.content - called or question.content
        having = {stem: len(self.index.search(stem, None, size)[0]) for stem in telling}
        return {stem: log(1 + size / (1 + count)) for stem, count in having.items()}

    def _by_meaning(self, question: Question, product: Product) -> FacetAnswer | None:
        """Return the facet whose name is nearest to a question in meaning and shares a telling word with it."""
        stems = question.stems - generic()
        near = {
            facet: facet.replace("_", " ")
            for facet, aliases in self._facets.names(product).items()
            if any(alias & stems for alias in aliases)
        }
        vectors = self._encode([question.text, *near.values()]) if near else None
        if vectors is None:
            return None
        cosines = vectors[1:] @ vectors[0]
        best = int(np.argmax(cosines))
        facet = list(near)[best]
        values = self._facets.values(product, facet)
        return FacetAnswer(product, facet, values, "value") if cosines[best] >= ALIKE_FROM and values else None
