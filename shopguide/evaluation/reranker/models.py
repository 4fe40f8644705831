"""The models that are compared, each as what it does in serving: ranking given products, and finding in all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.ids import Sku
from shopguide.recommender.encoder import Encoder
from shopguide.recommender.features import Floats, Rows
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.reranker import Reranker
from shopguide.recommender.texts import need_text, product_text
from shopguide.recommender.types import RecommendationRequest
from shopguide.recommender.vectors import ItemVectors

BM25, BI_ENCODER, TEACHER, STUDENT, QUANTISED, PIPELINE = (
    "bm25", "bi_encoder", "teacher", "student", "quantised", "pipeline"
)  # fmt: skip
MODELS = (BM25, BI_ENCODER, TEACHER, STUDENT, QUANTISED, PIPELINE)
"""All there are; a version without a teacher or a quantised file lacks these rows."""
DEPTH = 50
"""Places of a ranking of the full catalogue; a cross-encoder reads the DEPTH best of BM25 and bi-encoder together."""


class Ranker(Protocol):
    """A model. Orders name rows of the catalogue, best first."""

    @property
    def name(self) -> str:
        """One of `MODELS`."""
        ...

    def order(self, query: str, rows: Rows) -> Rows:
        """Return all of some products, ascending rows [n], in order [n]."""
        ...

    def best(self, query: str) -> Rows:
        """Return the best `DEPTH` products in stock, or as many as it finds."""
        ...


@dataclass(frozen=True)
class Bm25:
    """The text index alone; what shares no word with the query comes last."""

    index: CatalogueIndex
    name: str = BM25

    def order(self, query: str, rows: Rows) -> Rows:
        """See `Ranker`."""
        found, _ = self.index.search(query, rows, len(rows))
        return _completed(found, rows)

    def best(self, query: str) -> Rows:
        """See `Ranker`."""
        found, _ = self.index.search(query, self.index.matching(), DEPTH)
        return found.astype(np.int32)


@dataclass(frozen=True)
class BiEncoder:
    """The cosine between the vectors of need and product."""

    index: CatalogueIndex
    vectors: ItemVectors
    encoder: Encoder
    name: str = BI_ENCODER

    def order(self, query: str, rows: Rows) -> Rows:
        """See `Ranker`."""
        return _sorted(self.vectors.dot(self.encoder.query(query), rows), rows)

    def best(self, query: str) -> Rows:
        """See `Ranker`."""
        return self.order(query, self.index.matching())[:DEPTH]


@dataclass(frozen=True)
class CrossEncoder:
    """A cross-encoder alone, without the blend; of the full catalogue it reads what a first stage finds."""

    name: str
    index: CatalogueIndex
    reranker: Reranker
    first_stage: Callable[[str], Rows]

    def order(self, query: str, rows: Rows) -> Rows:
        """See `Ranker`."""
        return _sorted(self.logits(query, rows), rows)

    def logits(self, query: str, rows: Rows) -> Floats:
        """Return the logits of some products, [n]."""
        texts = [product_text(self.index.product(self.index.skus[row])) for row in rows]
        return self.reranker.score(need_text(query), texts, needed=len(texts)).logits

    def best(self, query: str) -> Rows:
        """See `Ranker`."""
        return self.order(query, self.first_stage(query))


@dataclass(frozen=True)
class Pipeline:
    """The recommender as it serves somebody unknown who says these words and nothing else."""

    index: CatalogueIndex
    recommender: Recommender
    name: str = PIPELINE

    def order(self, query: str, rows: Rows) -> Rows:
        """See `Ranker`; what is not in stock comes last."""
        among = frozenset(self.index.skus[row] for row in rows)
        return _completed(self._ranked(query, len(rows), among), rows)

    def best(self, query: str) -> Rows:
        """See `Ranker`."""
        return self._ranked(query, DEPTH, None)

    def _ranked(self, query: str, k: int, among: frozenset[Sku] | None) -> Rows:
        answer = self.recommender.recommend(RecommendationRequest(query=query, k=k, among=among))
        return np.asarray([self.index.row(item.sku) for item in answer.items], dtype=np.int32)


@dataclass(frozen=True)
class FirstStage:
    """The best of BM25 and of the bi-encoder in turn, `DEPTH` in all."""

    bm25: Bm25
    bi_encoder: BiEncoder

    def __call__(self, query: str) -> Rows:
        """Return the rows."""
        lists = (self.bm25.best(query).tolist(), self.bi_encoder.best(query).tolist())
        places = range(max(map(len, lists)))
        found = dict.fromkeys(ranked[place] for place in places for ranked in lists if place < len(ranked))
        return np.sort(np.asarray(list(found)[:DEPTH], dtype=np.int32))


def rankers_of(workshop: Workshop) -> list[Ranker]:
    """Return the models of a shop's serving version, loaded, in the order of `MODELS`."""
    index, threads = workshop.index, workshop.shop.settings.torch_threads
    bm25 = Bm25(index)
    bi_encoder = BiEncoder(index, workshop.vectors(), workshop.encoder)
    first_stage = FirstStage(bm25, bi_encoder)
    folder = workshop.version.folder / "reranker"
    found: list[Ranker] = [bm25, bi_encoder]
    if (folder / "teacher").is_dir():
        found.append(CrossEncoder(TEACHER, index, Reranker(folder / "teacher", threads), first_stage))
    found.append(CrossEncoder(STUDENT, index, Reranker(folder, threads), first_stage))
    recommender = workshop.shop.recommender
    recommender.warm_up()
    return [*found, Pipeline(index, recommender)]


def _sorted(scores: Floats, rows: Rows) -> Rows:
    return rows[np.argsort(-scores, kind="stable")]


def _completed(found: Rows, rows: Rows) -> Rows:
    return np.concatenate([found, rows[~np.isin(rows, found)]]).astype(np.int32)
