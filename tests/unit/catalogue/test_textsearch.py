"""Text retrieval: tokens, weights, exact filtering."""

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.textsearch import tokens

from .products import SHOP, make_product


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex(SHOP)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Running SHOES for me", ["run", "shoe"]),
        ("dv7-1211ea", ["dv7", "1211ea"]),
        ("Café", ["cafe"]),
        ("台灯 LED", ["台灯", "led"]),
        ("护眼台灯", ["护眼", "眼台", "台灯"]),
        ("the of", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def found(index: CatalogueIndex, query: str, rows: list[int] | None = None, k: int = 10) -> list[str]:
    among = None if rows is None else np.array(rows, dtype=np.int32)
    return [index.skus[row] for row in index.search(query, among, k)[0]]


def test_best_first_in_any_form_of_the_word(index: CatalogueIndex) -> None:
    assert found(index, "trainer") == ["run-1"]
    assert found(index, "FINCH shirts")[0] == "shirt-1"
    assert found(index, "zebra") == []
    assert found(index, "") == []
    assert set(found(index, 'shoes AND (NOT:*"')) == {"run-1", "brogue-1"}


def test_the_title_counts_more_than_the_rest() -> None:
    index = CatalogueIndex(
        [make_product("body", "Thing", description="lamp"), make_product("title", "Lamp", description="thing")]
    )
    assert found(index, "lamp") == ["title", "body"]


def test_only_the_given_rows_with_the_same_scores(index: CatalogueIndex) -> None:
    rows, scores = index.search("finch display", None, 10)
    everywhere = dict(zip(rows.tolist(), scores.tolist(), strict=True))
    some = np.array([1, 4], dtype=np.int32)
    rows, scores = index.search("finch display", some, 10)
    assert set(rows.tolist()) == {1, 4}
    assert all(
        everywhere[row] == pytest.approx(score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
    )
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_at_most_k_and_equals_in_order_of_rows() -> None:
    index = CatalogueIndex([make_product(str(n), "Same lamp") for n in range(20)])
    assert found(index, "lamp", k=5) == ["0", "1", "2", "3", "4"]
    assert found(index, "lamp", rows=[9, 3, 7], k=2) == ["3", "7"]
