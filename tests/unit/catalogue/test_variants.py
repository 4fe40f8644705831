"""What is one thing in several colours, sizes and memories, and what is not."""

from collections import defaultdict
from dataclasses import replace

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import FacetValue, Product
from shopguide.catalogue.variants import ALONE
from shopguide.ids import Sku

UNITS = {"storage": "gb", "memory": "gb"}
OTHERS = ("Orba", "Quill", "Tamm", "Vesta")


def product(title: str, brand: str | None = "Kestrel", leaf: str = "Daypacks", **facets: FacetValue) -> Product:
    values = {name: (value,) if isinstance(value, str) else value for name, value in facets.items()}
    units = {name: unit for name, unit in UNITS.items() if name in facets}
    return Product(Sku(title), title, brand=brand, category=("All", leaf), facets=values, units=units)


def grouped(*products: Product) -> list[list[str]]:
    """Return the groups of the products as letters by their order; those that stand alone are left out."""
    index = CatalogueIndex([replace(one, sku=Sku(chr(ord("a") + row))) for row, one in enumerate(products)])
    members: defaultdict[int, list[str]] = defaultdict(list)
    for row, group in enumerate(index.variants.tolist()):
        if group != ALONE:
            members[group].append(index.skus[row])
    return sorted(members.values())


def of_everybody(title: str, leaf: str = "Daypacks") -> list[Product]:
    return [product(f"{brand} {title}", brand, leaf, colour="Grey") for brand in OTHERS]


def test_titles_that_differ_in_a_colour_are_variants_wherever_it_stands() -> None:
    assert grouped(
        product("Kestrel Aspen backpack, black", colour="Black"),
        product("Navy blue Kestrel Aspen backpack", colour="Navy Blue"),
        product("Kestrel Aspen backpack"),
        product("Kestrel Aspen rucksack, black", colour="Black"),
    ) == [["a", "b", "c"]]


def test_a_colour_that_only_facets_tell_is_enough() -> None:
    assert grouped(product("Aspen backpack", colour="Black"), product("Aspen backpack", colour="Blue")) == [["a", "b"]]


def test_a_size_a_storage_and_a_memory_vary() -> None:
    phone, shoe = {"brand": "Orba", "leaf": "Phones"}, {"brand": "Quill", "leaf": "Shoes"}
    assert grouped(
        product("Orba Zen 64GB phone, 4 GB", storage=64.0, memory=4.0, **phone),
        product("Orba Zen 128 GB phone, 4GB", storage=128.0, memory=4.0, **phone),
        product("Orba Zen 7 phone", storage=64.0, **phone),
        product("Quill Pulse shoe 42", size="42", **shoe),
        product("Quill Pulse shoe 43", size="43", **shoe),
    ) == [["a", "b"], ["d", "e"]]


def test_a_number_is_a_size_only_of_the_product_that_has_it_alone() -> None:
    shoe = {"brand": "Quill", "leaf": "Shoes"}
    assert not grouped(
        product("Quill Pulse 40 shoe", size=("40", "41"), **shoe),
        product("Quill Pulse 41 shoe", size=("41", "40"), **shoe),
        product("Quill Nova 42 shoe", size="39", **shoe),
        product("Quill Nova 39 shoe", size="39", **shoe),
    )


def test_other_brands_categories_and_things_are_no_variants() -> None:
    assert not grouped(
        product("Aspen backpack, black", "Kestrel", colour="Black"),
        product("Aspen backpack, blue", "Orba", colour="Blue"),
        product("Birch backpack, black", "Kestrel", colour="Black"),
        product("Birch backpack, blue", None, colour="Blue"),
        product("Aspen backpack, red", "Kestrel", "Trekking", colour="Red"),
        product("Lund tripod floor lamp, black", "Tamm", "Lamps", colour="Black"),
        product("Lund arc floor lamp, blue", "Tamm", "Lamps", colour="Blue"),
    )


def test_a_title_that_says_nothing_of_its_own_makes_no_group() -> None:
    shirts = [
        product("Kestrel women printed shirt, red", colour="Red"),
        product("Kestrel women printed shirt", colour="Blue"),
    ]
    assert grouped(*shirts) == [["a", "b"]], "nobody else has the words"
    assert not grouped(*shirts, *of_everybody("women shirt"), *of_everybody("printed scarf"))


def test_two_products_with_the_same_values_are_two_things() -> None:
    black = product("Kestrel Aspen backpack, black", colour="Black")
    assert not grouped(black, black, product("Kestrel Aspen backpack, blue", colour="Blue"))


def test_products_without_brand_and_category_go_by_their_titles() -> None:
    known = product("Something red", "Orba", colour=("Red", "Pink"))
    red, pink = (Product(Sku(c), f"{c} retrospot cake stand") for c in ("RED", "PINK"))
    assert grouped(known, red, pink) == [["b", "c"]]
    assert not grouped()


def test_what_the_feed_says_goes_before_titles() -> None:
    red, blue = (product(f"Kestrel Aspen backpack, {colour}", colour=colour) for colour in ("Red", "Blue"))
    other, foreign = product("Kestrel tripod", category="Tripods"), product("Orba tripod", "Orba", "Tripods")
    assert grouped(red, blue, other) == [["a", "b"]]
    assert grouped(replace(red, group_id="1"), blue, replace(other, group_id="1")) == [["a", "c"]]
    assert not grouped(replace(red, group_id="1"), replace(blue, group_id="2"), other)
    assert not grouped(replace(red, group_id="1"), blue, replace(foreign, group_id="1")), "of another brand"
