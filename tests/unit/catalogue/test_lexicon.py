"""The lexicon: which words name which values of a catalogue."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from lexicon.entries import Lexicon, digest_of
from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.lexicon import MAX_VALUES, lexicon_of
from shopguide.catalogue.product import Product

from .products import make_product


def shop() -> list[Product]:
    kinds: list[tuple[tuple[str, ...], int]] = [
        (("Apparel", "Topwear", "Tshirts"), 30),
        (("Apparel", "Dress", "Dresses"), 20),
        (("Footwear", "Shoes", "Sports Shoes"), 15),
        (("Footwear", "Shoes", "Casual Shoes"), 20),
        (("Accessories", "Bags", "Backpacks"), 9),
        (("Notebook",), 12),
        (("Toner cartridge",), 12),
        (("Home",), 3),
    ]
    products = []
    for path, count in kinds:
        for n in range(count):
            number = len(products)
            facets: dict[str, Any] = {
                "audience": (("Men", "Women", "Boys")[n % 3],),
                "colour": (("Black", "Navy Blue", "Grey", "Gold")[n % 4],),
                "occasion": (("Sports", "Formal", "Casual")[n % 3],),
                "feature": ("waterproof",) if n % 2 else ("duplex", "wi-fi"),
                "season": (("Summer", "Fall")[n % 2],),
                "serial": (f"S{number}",),
                "rim": (("black", "thick rim", "it")[n % 3],),
                "usb_hub": n % 2 == 0,
                "manual": True,
                "screen_size": 20.0 + n,
                "pallet_weight": 3.0,
            }
            brand = ("Kestrel", "Only", "Gold", "Brother")[number % 4]
            product = make_product(str(number), brand=brand, category=path, price=5, currency="EUR", facets=facets)
            products.append(replace(product, units={"screen_size": "in"}))
    products.append(make_product("odd", "Odd", facets={"rare": ("seldom seen",)}))
    return products


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return lexicon_of(CatalogueIndex(shop()), currency="EUR")


@pytest.fixture(scope="module")
def meanings(lexicon: Lexicon) -> dict[str, set[tuple[str, str]]]:
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for entry in lexicon.values:
        for form in entry.forms:
            found[form].add((entry.facet, entry.value))
    return found


@pytest.mark.parametrize(
    ("words", "facet", "value"),
    [
        ("shoes", "category", "shoes"),
        ("shoe", "category", "shoes"),
        ("trainers", "category", "sports shoes"),
        ("sneaker", "category", "sports shoes"),
        ("boots", "category", "shoes"),
        ("t-shirt", "category", "tshirts"),
        ("tee", "category", "tshirts"),
        ("rucksack", "category", "backpacks"),
        ("bag", "category", "bags"),
        ("dress", "category", "dresses"),
        ("laptop", "category", "notebook"),
        ("toners", "category", "toner cartridge"),
        ("gym", "occasion", "sports"),
        ("interview", "occasion", "formal"),
        ("husband", "audience", "men"),
        ("wife's", "audience", None),
        ("son", "audience", "boys"),
        ("navy", "colour", "navy blue"),
        ("gray", "colour", "grey"),
        ("autumn", "season", "fall"),
        ("water-proof", "feature", "waterproof"),
        ("double sided", "feature", "duplex"),
        ("wifi", "feature", "wi-fi"),
        ("kestrel", "brand", "kestrel"),
        ("only brand", "brand", "only"),
        ("thick rim", "rim", "thick rim"),
        ("usb hub", "usb_hub", "yes"),
    ],
)
def test_what_people_say(meanings: dict[str, set[tuple[str, str]]], words: str, facet: str, value: str | None) -> None:
    assert meanings.get(words, set()) == ({(facet, value)} if value else set())


def test_a_word_of_two_facets_is_kept_in_each(meanings: dict[str, set[tuple[str, str]]]) -> None:
    assert meanings["brother"] == {("brand", "brother"), ("audience", "men")}


def test_a_brand_that_is_an_ordinary_word_needs_to_be_called_a_brand(
    meanings: dict[str, set[tuple[str, str]]],
) -> None:
    assert meanings["gold"] == {("colour", "gold")}
    assert meanings["gold brand"] == meanings["by gold"] == {("brand", "gold")}


@pytest.mark.parametrize(
    "form", ["only", "it", "can", "may", "one", "other", "nice", "all", "homes", "manual", "s1", "seldom seen"]
)
def test_what_names_nothing(meanings: dict[str, set[tuple[str, str]]], form: str) -> None:
    assert form not in meanings


def test_the_long_tail_gives_way_to_core_facets(meanings: dict[str, set[tuple[str, str]]]) -> None:
    assert meanings["black"] == {("colour", "black")}


def test_a_concept_that_the_shop_lacks_is_not_heard(meanings: dict[str, set[tuple[str, str]]]) -> None:
    assert not {"sofa", "perfume", "daughter", "monsoon"} & set(meanings)


def test_facets(lexicon: Lexicon) -> None:
    facets = {entry.facet: entry for entry in lexicon.facets}
    assert {"colour", "color", "shades"} <= set(facets["colour"].names)
    assert {"brand", "make"} <= set(facets["brand"].names)
    assert {"price", "budget"} <= set(facets["price"].names)
    assert (facets["screen_size"].kind, facets["screen_size"].unit) == ("number", "in")
    assert {"screen size", "screen", "display"} <= set(facets["screen_size"].names)
    assert "serial" not in facets  # too many values
    assert len({p.sku for p in shop()}) > MAX_VALUES
    assert "rare" not in facets  # too few products
    assert "pallet_weight" not in facets  # logistics
    assert facets["usb_hub"].kind == "flag"


def test_every_form_of_a_facet_names_one_value(lexicon: Lexicon) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in lexicon.values:
        assert entry.forms
        for form in entry.forms:
            assert (entry.facet, form) not in seen
            seen.add((entry.facet, form))


def test_the_more_common_of_two_values_takes_a_shared_word() -> None:
    products = [make_product(str(n), category=("Trainers",) if n < 3 else ("Sneakers",)) for n in range(10)]
    forms = {entry.value: entry.forms for entry in lexicon_of(CatalogueIndex(products), currency="EUR").values}
    assert "trainers" in forms["trainers"]  # its own name stays its own
    assert "kicks" in forms["sneakers"]


def test_the_same_catalogue_gives_the_same_lexicon(lexicon: Lexicon) -> None:
    again = lexicon_of(CatalogueIndex(list(reversed(shop()))), currency="EUR")
    assert digest_of(again) == digest_of(lexicon)
