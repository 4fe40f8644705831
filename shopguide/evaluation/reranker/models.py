"""The models that are compared, each as what it does in serving: ranking given products, and finding in all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.evaluation.reranker.workshop import Workshop
from shopguide.ids import Sku
from shopguide.recommender.crossencoder import INT8_FILE
from shopguide.recommender.encoder import Encoder
from shopguide.recommender.features import Floats, Rows
from shopguide.recommender.pipeline import Recommender
from shopguide.recommender.reranker import Reranker
from shopguide.recommender.snapshot import load_vectors
from shopguide.recommender.texts import need_text, product_text
from shopguide.recommender.types import RecommendationRequest
from shopguide.recommender.vectors import ItemVectors

if TYPE_CHECKING:
    from shopguide.catalogue.live import LiveCatalogue

BM25, BI_ENCODER, TEACHER, STUDENT, QUANTISED, PIPELINE = (
    "bm25", "bi_encoder", "teacher", "student", "quantised", "pipeline"
)  # fmt: skip
WITHOUT_RERANKER = "pipeline_without_reranker"
"""The recommender with no time for the cross-encoder; measured where shoppers have a past."""
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
        # Variants wait for their turn on a slate: asked for twice as many, all that score well are among them.
        return self._ranked(query, 2 * DEPTH, None)[:DEPTH]

    def _ranked(self, query: str, k: int, among: frozenset[Sku] | None) -> Rows:
        request = RecommendationRequest(query=query, k=k, among=among)
        return ranked_rows(self.recommender, self.index, request)


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


@dataclass(frozen=True)
class Bench:
    """The models of one version over one state of the catalogue.

    Args:
        index: the catalogue.
        vectors: of all its products.
        encoder: makes the needs' vectors.
        rerankers: the cross-encoders by name.
        recommender: the pipeline, warmed up.
    """

    index: CatalogueIndex
    vectors: ItemVectors
    encoder: Encoder
    rerankers: Mapping[str, Reranker]
    recommender: Recommender

    @classmethod
    def of(cls, workshop: Workshop) -> "Bench":
        """Return the models of a shop's serving version."""
        folder, threads = workshop.version.folder / "reranker", workshop.shop.settings.torch_threads
        rerankers = {STUDENT: Reranker(folder, threads, "fp32")}
        if (folder / TEACHER).is_dir():
            rerankers[TEACHER] = Reranker(folder / TEACHER, threads, "fp32")
        if (folder / INT8_FILE).is_file():
            rerankers[QUANTISED] = Reranker(folder, threads, "int8")
        recommender = workshop.shop.recommender
        recommender.warm_up()
        return cls(workshop.index, workshop.vectors(), workshop.encoder, rerankers, recommender)

    def over(self, products: Sequence[Product], workshop: Workshop) -> "Bench":
        """Return the same models over another state of the catalogue: products in the order of `index`."""
        index = CatalogueIndex(products, self.index.revision + 1)
        vectors = load_vectors(workshop.version, index)
        texts = [product_text(products[row]) for row in vectors.missing]
        vectors = vectors.extended(vectors.missing, self.encoder.encode(texts)) if texts else vectors
        shop = workshop.shop
        # The recommender asks a catalogue for its index alone.
        catalogue = cast("LiveCatalogue", _Still(index))
        recommender = Recommender(catalogue, shop.profiles, shop.feedback, shop.settings)
        recommender.warm_up()
        return replace(self, index=index, vectors=vectors, recommender=recommender)

    @cached_property
    def rankers(self) -> list[Ranker]:
        """The models in the order of `MODELS`."""
        bm25 = Bm25(self.index)
        bi_encoder = BiEncoder(self.index, self.vectors, self.encoder)
        first_stage = FirstStage(bm25, bi_encoder)
        found: dict[str, Ranker] = {BM25: bm25, BI_ENCODER: bi_encoder}
        found |= {
            name: CrossEncoder(name, self.index, reranker, first_stage) for name, reranker in self.rerankers.items()
        }
        found[PIPELINE] = Pipeline(self.index, self.recommender)
        return [found[name] for name in MODELS if name in found]


@dataclass(frozen=True)
class _Still:
    """A catalogue that does not change."""

    of: CatalogueIndex

    def index(self) -> CatalogueIndex:
        return self.of


def ranked_rows(recommender: Recommender, index: CatalogueIndex, request: RecommendationRequest) -> Rows:
    """Return the rows that a recommender answers with by their scores: variety is a matter of slates."""
    items = sorted(recommender.recommend(request).items, key=lambda item: -item.score)
    return np.asarray([index.row(item.sku) for item in items], dtype=np.int32)


def _sorted(scores: Floats, rows: Rows) -> Rows:
    return rows[np.argsort(-scores, kind="stable")]


def _completed(found: Rows, rows: Rows) -> Rows:
    return np.concatenate([found, rows[~np.isin(rows, found)]]).astype(np.int32)
