"""From rows to products: fields, facets, wildcards, reviews, and what makes a row bad."""

from decimal import Decimal
from typing import Any

import pytest

from shopguide.catalogue.feed.mapping import parse_mapping
from shopguide.catalogue.feed.products import BadRow, ProductReader
from shopguide.catalogue.product import Product

BASE = {"sku": "id", "title": "name"}


def read(mapping: dict[str, Any], **record: Any) -> Product:
    reader = ProductReader(parse_mapping({**BASE, **mapping}))
    row = {"id": "1", "name": "A thing", **record}
    reader.survey(row)
    return reader.product(row)


def problems(mapping: dict[str, Any], **record: Any) -> list[str]:
    with pytest.raises(BadRow) as caught:
        read(mapping, **record)
    return [field for field, _ in caught.value.problems]


def test_prices_and_currencies() -> None:
    product = read(
        {"price": {"from": "cents", "divisor": 100}, "currency": "EUR", "list_price": "was"}, cents=4995, was="€ 59,90"
    )
    assert (product.price, product.currency, product.list_price) == (Decimal("49.95"), "EUR", Decimal("59.9"))
    assert read({"price": "p", "currency": "EUR"}, p="$5").currency == "USD"
    assert read({"price": "p", "price_currency": "c", "currency": "EUR"}, p="5", c="gbp").currency == "GBP"
    assert read({"price": "p", "currency": "EUR"}, p="n/a").currency is None


def test_the_group_of_variants_is_what_the_feed_says() -> None:
    mapping = {"group_id": "item_group_id", "wildcards": [{"match": "item_*"}]}
    product = read(mapping, item_group_id=4711, item_shape="Round")
    assert product.group_id == "4711"
    assert dict(product.facets) == {"shape": ("Round",)}, "it is no facet"
    assert read(mapping, item_group_id="").group_id is None
    assert problems(mapping, item_group_id="x" * 201) == ["group_id"]


def test_numbers_of_a_feed_that_says_its_decimal_sign() -> None:
    mapping = {
        "decimal": ",",
        "price": "p",
        "stock": "n",
        "rating": "r",
        "facets": {"weight": {"from": "w", "kind": "number"}},
        "wildcards": [{"match": "x_*", "kind": "number"}],
    }
    product = read(mapping, p="1.299", n="1.200", r="4,125", w="2,125 kg", x_depth="1,555")
    assert (product.price, product.stock, product.rating) == (Decimal(1299), 1200, 4.125)
    assert (product.facets["weight"], product.facets["depth"]) == (2.125, 1.555)


def test_what_is_empty_is_not_there() -> None:
    product = read(
        {"brand": "brand", "description": "about", "stock": "stock", "facets": {"colour": "c"}},
        brand="N/A",
        c="null",
        about=None,
    )
    assert (product.brand, product.description, product.stock, product.facets) == (None, "", None, {})


def test_text_facets_split_replace_and_join_their_columns() -> None:
    facet = {"from": ["a", "b"], "split": r"\s*[,/]\s*", "values": {"gray": "Grey", "various": None}}
    assert read({"facets": {"colour": facet}}, a="Gray/Black", b="black, various, Red").facets == {
        "colour": ("Grey", "Black", "Red")
    }
    assert read({"facets": {"colour": "a"}}, a=["Red", "Blue"]).facets == {"colour": ("Red", "Blue")}


def test_number_facets_have_units_and_limits() -> None:
    mapping = {"facets": {"weight": {"from": "g", "kind": "number", "unit": "kg", "divisor": 1000, "maximum": 100}}}
    product = read(mapping, g="1,500 g")
    assert product.facets == {"weight": 1.5}
    assert product.units == {"weight": "kg"}
    assert read(mapping, g="900000").facets == {}
    assert problems(mapping, g="heavy") == ["weight"]


def test_flags() -> None:
    assert read({"facets": {"wireless": {"from": "w", "kind": "flag"}}}, w="no").facets == {"wireless": False}
    facet = {"flags": {"has_bt": "bluetooth", "has_nfc": "nfc"}}
    assert read({"facets": {"feature": facet}}, has_bt="yes", has_nfc=False).facets == {"feature": ("bluetooth",)}


def test_words_are_found_in_texts() -> None:
    facet = {"words": ["name", "about"], "patterns": {"high yield": r"\bXL\b"}}
    product = read({"facets": {"feature": facet}}, name="Water-resistant zipped parka", about="Cartridge XL")
    assert product.facets == {"feature": ("water resistant", "zip", "high yield")}
    assert read(
        {"facets": {"material": {"words": ["name"]}}}, name="Genuine leather belt, no plastic-free claim"
    ).facets["material"] == ("leather",)


def test_wildcards_take_what_nothing_else_reads() -> None:
    wildcards = [
        {"match": "t_*", "split": ",", "max_length": 10, "max_values": 2, "except": ["t_*cret_co*"]},
        {"match": "n_*", "kind": "number"},
        {"match": "b_*", "kind": "flag"},
    ]
    record = {
        "t_Hull Form__": "round,flat",
        "t_long": "x" * 11,
        "t_many": "a,b,c",
        "t_secret_code": "x",
        "t_used": "y",
        "t_brand": "z",
        "n_doors": 4.0,
        "n_odd": "none of it",
        "b_wet": True,
        "t_doors": "four",
        "n_": 3,
    }
    product = read({"wildcards": wildcards, "facets": {"used": "t_used"}}, **record)
    assert product.facets == {"used": ("y",), "hull_form": ("round", "flat"), "doors": 4.0, "wet": True}


def test_reviews() -> None:
    listed = [{"stars": 4, "text": "<b>Good</b>", "by": "Ann", "at": "2024-05-01T10:00:00"}, {"text": "Bad"}]
    mapping = {"reviews": {"from": "r", "rating": "stars", "author": "by", "written_at": "at"}}
    first, second = read(mapping, r=listed).reviews
    assert (first.rating, first.text, first.author) == (4.0, "Good", "Ann")
    assert first.written_at is not None
    assert first.written_at.utcoffset() is not None
    assert (second.rating, second.author, second.written_at) == (None, None, None)
    assert problems(mapping, r="great") == ["reviews"]
    assert problems(mapping, r=[{"at": "yesterday"}]) == ["reviews"]


@pytest.mark.parametrize(
    ("mapping", "record", "fields"),
    [
        ({}, {"id": ""}, ["sku"]),
        ({}, {"name": "  "}, ["title"]),
        ({}, {"id": "x" * 201, "name": None}, ["sku", "title"]),
        ({"price": "p"}, {"p": "-1"}, ["price"]),
        ({"price": "p"}, {"p": "ask"}, ["price"]),
        ({"price": "p", "price_currency": "c"}, {"p": "1", "c": "euro"}, ["currency"]),
        ({"rating": "r"}, {"r": "87"}, ["rating"]),
        ({"stock": "s"}, {"s": "some"}, ["stock"]),
        ({"image": "i"}, {"i": "javascript:x"}, ["image"]),
        ({"url": "u", "price": "p"}, {"u": "data:x", "p": "?"}, ["price", "url"]),
        ({"brand": "b"}, {"b": "x" * 201}, ["brand"]),
    ],
)
def test_bad_rows_name_every_field(mapping: dict[str, Any], record: dict[str, Any], fields: list[str]) -> None:
    assert problems(mapping, **record) == fields


def test_a_rating_of_a_hundred_fits_with_a_divisor() -> None:
    assert read({"rating": {"from": "r", "divisor": 20}}, r="87").rating == pytest.approx(4.35)


def test_category_from_columns() -> None:
    levels = {"category": {"from": ["a", "b", "c"], "drop": ["misc"]}}
    assert read(levels, a="Accessories", b="Watches", c="watches").category == ("Accessories", "Watches")
    assert read(levels, a="Home", b="", c="Misc").category == ("Home",)
    assert read({"category": {"from": "path", "split": r"\s*>\s*"}}, path="Home > Lamps").category == ("Home", "Lamps")
    assert read({"category": "path"}, path="Lamps").category == ("Lamps",)


def test_category_rules() -> None:
    category = {
        "rules": [
            {"when": {"kind": "^note"}, "has": ["screen"], "lacks": ["pages"], "category": "notebook"},
            {"when": {"kind": "^note"}, "category": ["Paper", "Writing"]},
        ],
        "otherwise": [{"has": ["pages"], "category": "laser printer"}],
        "parents": ["printer"],
    }
    assert read({"category": category}, kind="Notebook", screen=15).category == ("notebook",)
    assert read({"category": category}, kind="Notebook", screen=15, pages=3).category == ("Paper", "Writing")
    assert read({"category": category}, pages=3).category == ("printer", "laser printer")
    assert read({"category": category}).category == ()


def test_a_rule_may_name_what_must_not_be_said() -> None:
    rule = {"when": {"kind": "^note"}, "unless": {"name": "stand"}, "category": "notebook"}
    assert read({"category": {"rules": [rule]}}, kind="Notebook", name="Ibex 13").category == ("notebook",)
    assert read({"category": {"rules": [rule]}}, kind="Notebook", name="Ibex Stand").category == ()


@pytest.mark.parametrize(
    ("row", "category"),
    [
        ({"name": "Ibex N1 Notebook", "screen": 13, "cpu": "A"}, ("notebook",)),
        ({"name": "Ibex N2 Notebook PC"}, ("notebook",)),
        ({"name": "Ibex Gadget for the Notebook"}, ()),
        ({"name": "Ibex Notebook QuickThing", "about": "A lock"}, ("cable lock",)),
        ({"name": "Ibex Notebook QuickThing", "pages": 80}, ("writing pad",)),
        ({"name": "Ibex Lock"}, ("cable lock",)),
    ],
    ids=str,
)
def test_a_noun_needs_the_evidence_that_its_category_asks_for(row: dict[str, Any], category: tuple[str, ...]) -> None:
    source = {
        "title_noun": {
            "title": "name",
            "after": "model",
            "texts": ["name", "about"],
            "nouns": {"notebook": "notebook", "notebook pc": "notebook", "lock": "cable lock"},
        },
        "evidence": {"notebook": [{"has": ["screen", "cpu"]}, {"when": {"name": r"\bnotebook pc\b"}}]},
        "otherwise": [{"has": ["pages"], "category": "writing pad"}],
    }
    assert read({"category": source}, **row).category == category
