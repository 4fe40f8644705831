"""The catalogue index: hard filters, facet counts, categories."""

import numpy as np
import pytest

from shopguide.catalogue.constraints import Constraint
from shopguide.catalogue.index import CatalogueIndex
from shopguide.errors import UnknownProduct
from shopguide.ids import Sku

from .products import SHOP, make_product


@pytest.fixture(scope="module")
def index() -> CatalogueIndex:
    return CatalogueIndex(SHOP, revision=7)


def skus(index: CatalogueIndex, *constraints: Constraint, in_stock_only: bool = False) -> list[str]:
    return [index.skus[row] for row in index.matching(constraints, in_stock_only=in_stock_only)]


def test_rows_and_skus_belong_together(index: CatalogueIndex) -> None:
    assert index.revision == 7
    assert len(index) == len(SHOP)
    for row, product in enumerate(SHOP):
        assert index.row(product.sku) == row
        assert index.product(product.sku) is product
    with pytest.raises(UnknownProduct):
        index.row(Sku("nothing"))


def test_out_of_stock_products_show_only_on_request(index: CatalogueIndex) -> None:
    assert "shirt-1" not in skus(index, in_stock_only=True)
    assert "shirt-1" in skus(index, in_stock_only=False)
    assert index.matching().dtype == np.int32


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (Constraint("colour", "in", ("blue",)), ["run-1", "shirt-1"]),
        (Constraint("colour", "not in", ("blue",)), ["brogue-1", "mon-1", "mon-2"]),
        (Constraint("colour", "in", ("navy blue",)), ["run-1"]),
        (Constraint("colour", "in", ("black", "brown")), ["brogue-1", "mon-1", "mon-2"]),
        (Constraint("category", "in", ("shoes",)), ["run-1", "brogue-1"]),
        (Constraint("category", "not in", ("footwear",)), ["shirt-1", "mon-1", "mon-2"]),
        (Constraint("occasion", "in", ("casual",)), ["shirt-1"]),
        (Constraint("material", "in", ("leather",)), ["brogue-1"]),
        (Constraint("audience", "in", ("men",)), ["run-1", "brogue-1", "shirt-1"]),
        (Constraint("audience", "not in", ("men",)), ["run-1", "mon-1", "mon-2"]),
        (Constraint("price", "<=", value=120), ["run-1", "brogue-1", "shirt-1"]),
        (Constraint("price", ">=", value=149), ["mon-1", "mon-2"]),
        (Constraint("rating", ">=", value=4), ["run-1"]),
        (Constraint("screen_size", "in", ("24",)), ["mon-1"]),
        (Constraint("screen_size", "in", ("23",)), ["mon-1"]),
        (Constraint("screen_size", "in", ("big",)), []),
        (Constraint("screen_size", "not in", ("27",)), ["run-1", "brogue-1", "shirt-1", "mon-1"]),
        (Constraint("waterproof", "in", ("yes",)), ["mon-2"]),
        (Constraint("waterproof", "not in", ("yes",)), ["run-1", "brogue-1", "shirt-1", "mon-1"]),
        (Constraint("nights", "in", ("3",)), []),
        (Constraint("nights", "not in", ("3",)), [product.sku for product in SHOP]),
        (Constraint("colour", "<=", value=3), []),
    ],
)
def test_one_constraint(index: CatalogueIndex, constraint: Constraint, expected: list[str]) -> None:
    assert skus(index, constraint) == expected


def test_all_constraints_must_hold(index: CatalogueIndex) -> None:
    blue, shoes = Constraint("colour", "in", ("blue",)), Constraint("category", "in", ("shoes",))
    assert skus(index, blue, shoes) == ["run-1"]


@pytest.mark.parametrize(
    ("number", "meant", "not_meant"),
    [
        ("24", [23.5, 23.8, 24.0, 24.5, 24.9], [23.3, 25.0]),
        ("15", [14.7, 15.0, 15.6], [14.4, 16.0]),
        ("15.6", [15.55, 15.6, 15.69, 15.9], [15.1, 16.1]),
        ("500", [490, 512], [480, 520]),
        ("2", [2.0], [1.0, 3.0]),
    ],
)
def test_a_number_means_what_people_round_to_it(number: str, meant: list[float], not_meant: list[float]) -> None:
    values = [*meant, *not_meant]
    index = CatalogueIndex([make_product(str(i), facets={"n": value}) for i, value in enumerate(values)])
    rows = index.matching([Constraint("n", "in", (number,))])
    assert [values[row] for row in rows] == meant


def test_facets_say_what_they_are(index: CatalogueIndex) -> None:
    assert {name: (info.kind, info.unit) for name, info in index.facets.items()} == {
        "category": ("text", None),
        "brand": ("text", None),
        "colour": ("text", None),
        "audience": ("text", None),
        "material": ("text", None),
        "occasion": ("text", None),
        "price": ("number", "EUR"),
        "rating": ("number", None),
        "screen_size": ("number", "in"),
        "weight": ("number", "kg"),
        "waterproof": ("flag", None),
    }
    assert index.facets["screen_size"].coverage == pytest.approx(2 / 5)


def test_facet_counts_follow_the_rows(index: CatalogueIndex) -> None:
    everything = index.facet_counts(None, "colour")
    assert everything == [("black", 2), ("blue", 1), ("brown", 1), ("navy blue", 1), ("white", 1)]
    shoes = index.matching([Constraint("category", "in", ("shoes",))])
    assert index.facet_counts(shoes, "colour") == [("brown", 1), ("navy blue", 1), ("white", 1)]
    assert index.facet_counts(shoes, "category") == [("formal shoes", 1), ("sports shoes", 1)]
    assert index.facet_counts(shoes, "category", level=1) == [("shoes", 2)]
    assert index.facet_counts(None, "category", 1, level=0) == [("footwear", 2)]
    assert index.facet_counts(None, "screen_size") == [("23.8", 1), ("27", 1)]
    assert index.facet_counts(None, "waterproof") == [("no", 2), ("yes", 1)]
    assert index.facet_counts(None, "nights") == []


def test_values_and_spelling(index: CatalogueIndex) -> None:
    row = index.row(Sku("run-1"))
    assert index.values("colour", row) == ("navy blue", "white")
    assert index.values("category", row) == ("footwear", "shoes", "sports shoes")
    assert index.values("weight", row) == ("0.6",)
    assert index.values("screen_size", row) == ()
    assert index.values("waterproof", index.row(Sku("mon-1"))) == ("no",)
    assert index.display("brand", "finch & sons") == "Finch & Sons"
    assert index.display("colour", "unheard of") == "unheard of"
    assert np.isnan(index.numeric("rating")[1])
    assert index.numeric("price").tolist() == [59.9, 120, 30, 149, 199]


def test_category_tree(index: CatalogueIndex) -> None:
    assert index.ancestors("sports shoes") == {"footwear", "shoes"}
    assert index.children("shoes") == ("sports shoes", "formal shoes")
    assert index.category_paths[("apparel", "shirts")] == 1


def test_a_value_that_stands_twice_counts_once() -> None:
    index = CatalogueIndex([make_product("1", facets={"colour": ("Red", "red", "RED ")})])
    assert index.facet_counts(None, "colour") == [("red", 1)]
    assert index.values("colour", 0) == ("red",)


def test_an_empty_catalogue_answers() -> None:
    index = CatalogueIndex([])
    assert len(index.matching([Constraint("colour", "in", ("red",))])) == 0
    rows, scores = index.search("shoes")
    assert len(rows) == len(scores) == 0
    assert index.facet_counts(None, "category") == []
