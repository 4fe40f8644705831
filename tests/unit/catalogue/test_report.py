"""The catalogue report."""

import json

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.report import report_of

from .products import SHOP, make_product


def test_coverage_and_values() -> None:
    report = report_of(CatalogueIndex(SHOP), values=2)
    assert (report.products, report.in_stock) == (5, 4)
    facets = {facet.name: facet for facet in report.facets}
    assert facets["category"].coverage == 1.0
    assert facets["brand"].commonest == (("Finch & Sons", 2), ("Only", 2))
    assert (facets["screen_size"].low, facets["screen_size"].high, facets["screen_size"].unit) == (23.8, 27.0, "in")
    assert facets["screen_size"].summary().startswith("23.8 to 27; ")
    assert [facet.coverage for facet in report.facets] == sorted((f.coverage for f in report.facets), reverse=True)
    assert json.loads(json.dumps(report.as_json()))["products"] == 5


def test_what_looks_wrong_is_named_with_examples() -> None:
    products = [
        *SHOP,
        make_product("bare", "Bare"),
        make_product("zero", "Zero", price=0, currency="EUR", brand="X", category=("Lamps",)),
        make_product(
            "reduced", "Dear", price=5, list_price=SHOP[0].price - SHOP[0].price, currency="USD", category=("Lamps",)
        ),
        make_product("twin-1", "Twin", price=2_000_000, currency="EUR"),
        make_product("twin-2", "twin", price=6, currency="EUR"),
        make_product("abc", "abc", price=6, currency="EUR"),
    ]
    concerns = {concern.what: concern for concern in report_of(CatalogueIndex(products)).concerns}
    assert concerns["products without a category"].count == 4
    assert "bare Bare" in concerns["products without a category"].examples
    assert concerns["products without a price, though others have one"].count == 1
    assert concerns["products at a price of zero"].examples == ("zero Zero",)
    assert concerns["products with a list price below the price"].count == 1
    assert concerns["products with a title that other products have as well"].count == 2
    assert concerns["products with a title of three letters or fewer"].count == 1
    assert concerns["prices in a second currency"].count == 1
    assert concerns["products a thousand times dearer than the middle one"].count == 1


def test_an_empty_catalogue_has_a_report() -> None:
    assert report_of(CatalogueIndex([])).products == 0
