"""The bi-encoder's needs are turned towards their products, and only if that finds them better."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from shopguide.catalogue.index import CatalogueIndex
from shopguide.recommender.candidates.content import from_the_median
from shopguide.recommender.vectors import ItemVectors
from shopguide.training.needs import NeedGenerator
from shopguide.training.queryfit import fit_query

D = 32


DIRECTIONS = np.random.default_rng(0).normal(size=(997, D))


def words(texts: Sequence[str]) -> np.ndarray:
    """Return unit vectors in which nearly every word has a direction of its own."""
    vectors = np.zeros((len(texts), D), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row] += DIRECTIONS[crc32(word.encode()) % len(DIRECTIONS)]
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def product_vectors(index: CatalogueIndex, mixed: np.ndarray) -> ItemVectors:
    titles = [index.product(sku).title for sku in index.skus]
    return ItemVectors(words(titles) @ mixed, np.arange(len(index), dtype=np.int32))


def test_needs_that_lie_askew_are_turned_to_their_products(index: CatalogueIndex) -> None:
    askew, upper = np.linalg.qr(np.eye(D) + 0.15 * np.random.default_rng(1).normal(size=(D, D)))
    vectors = product_vectors(index, (askew * np.sign(np.diag(upper))).astype(np.float32))
    turned, fitted = fit_query(NeedGenerator(index, 1, hostile=False), vectors, words, 400)
    assert turned is not None and turned.shape == (D, D)
    assert fitted.needs == 320 and fitted.epochs > 0
    assert fitted.mrr_after > fitted.mrr_before + 0.05
    again, same = fit_query(NeedGenerator(index, 1, hostile=False), vectors, words, 400)
    assert np.array_equal(turned, again) and same == fitted


def test_a_matrix_that_finds_nothing_better_is_not_kept(index: CatalogueIndex) -> None:
    vectors = product_vectors(index, np.eye(D, dtype=np.float32))

    def nothing(texts: Sequence[str]) -> np.ndarray:
        return np.zeros((len(texts), D), dtype=np.float32)

    turned, fitted = fit_query(NeedGenerator(index, 1, hostile=False), vectors, nothing, 60)
    assert turned is None
    assert fitted.epochs == 0 and fitted.mrr_after == fitted.mrr_before


def test_only_needs_are_turned_and_new_vectors_keep_the_matrix() -> None:
    vectors = ItemVectors(np.eye(3, dtype=np.float32), np.asarray([0, 1, 2, -1], dtype=np.int32))
    swap = np.asarray([[0, 2, 0], [2, 0, 0], [0, 0, 2]], dtype=np.float32)
    need = np.asarray([1, 0, 0], dtype=np.float32)
    assert np.array_equal(vectors.asked(need), need)
    turned = vectors.turned(swap).extended(np.asarray([3], dtype=np.int32), np.asarray([[0.6, 0.8, 0.0]]))
    assert np.allclose(turned.asked(need), [0, 1, 0])
    rows = np.arange(4, dtype=np.int32)
    assert np.allclose(turned.dot(turned.asked(need), rows), [0, 1, 0, 0.8])
    assert np.allclose(turned.of(rows)[:3], np.eye(3))


def test_the_best_cosine_is_one_and_half_of_them_say_nothing() -> None:
    assert from_the_median(np.asarray([0.1, 0.5, 0.3, 0.2, 0.9])).tolist() == [0, 1 / 3, 0, 0, 1]
