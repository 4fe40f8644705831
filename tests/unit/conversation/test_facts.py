"""What holds of a person narrows a need only where it says something."""

from datetime import UTC, datetime

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.product import Product
from shopguide.conversation.facts import applicable, with_facts
from shopguide.conversation.need import Need
from shopguide.ids import Sku
from shopguide.profiles.facts import Fact

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def fact(facet: str, value: str, polarity: int = 1, category: str | None = None) -> Fact:
    return Fact(facet, value, 1 if polarity > 0 else -1, category, SINCE, SINCE)


SHOE = fact("size", "43", category="shoes")
SHIRT = fact("size", "m", category="shirts")
WOOL = fact("material", "wool", -1)
FACTS = (SHOE, SHIRT, WOOL)


@pytest.fixture(scope="module")
def wardrobe() -> CatalogueIndex:
    """Boots in sizes, shirts in letters and in collar sizes, socks of which few list a size, umbrellas of nylon."""
    made: list[Product] = []

    def add(path: tuple[str, ...], count: int, **facets: tuple[str, ...]) -> None:
        for _ in range(count):
            made.append(Product(Sku(f"P{len(made):03d}"), path[-1], category=path, facets=dict(facets)))

    for size in ("42", "43"):
        add(("Fashion", "Shoes", "Boots"), 4, size=(size,), material=("Leather",))
        add(("Fashion", "Shirts"), 4, size=(size,), material=("Cotton",))
    add(("Fashion", "Shirts"), 4, size=("M",), material=("Merino wool",))
    add(("Fashion", "Socks"), 1, size=("43",), material=("Wool",))
    add(("Fashion", "Socks"), 9, material=("Cotton",))
    add(("Umbrellas",), 5, material=("Nylon",))
    return CatalogueIndex(made)


def kept(need: Need, index: CatalogueIndex, *facts: Fact) -> tuple[Fact, ...]:
    return applicable(facts or FACTS, need, index)


def test_a_size_applies_to_its_own_kind_of_product(wardrobe: CatalogueIndex) -> None:
    assert kept(Need().want("category", ["boots"]), wardrobe) == (SHOE,)
    assert kept(Need().want("category", ["shirts"]), wardrobe) == (SHIRT, WOOL)
    # Nothing is known of the kind that the size is of: the goods tell.
    assert kept(Need().want("category", ["boots"]), wardrobe, fact("size", "m")) == ()
    assert kept(Need().want("category", ["shirts"]), wardrobe, fact("size", "m")) == (fact("size", "m"),)


def test_a_size_does_not_hide_what_lists_none(wardrobe: CatalogueIndex) -> None:
    assert kept(Need(), wardrobe, SHOE) == ()
    assert kept(Need().want("category", ["umbrellas"]), wardrobe, fact("size", "43")) == ()
    # One pair of socks in ten has a size.
    assert kept(Need().want("category", ["socks"]), wardrobe, fact("size", "43")) == ()


def test_the_need_has_the_last_word_on_a_size(wardrobe: CatalogueIndex) -> None:
    boots = Need().want("category", ["boots"])
    assert kept(boots.want("size", ["42"]), wardrobe, SHOE) == ()
    assert kept(boots.waive("size"), wardrobe, SHOE) == ()
    assert kept(boots.exclude("size", ["43"]), wardrobe, SHOE) == ()


def test_what_somebody_cannot_have_applies_wherever_it_comes_up(wardrobe: CatalogueIndex) -> None:
    assert kept(Need(), wardrobe, WOOL) == (WOOL,)
    assert kept(Need().want("category", ["socks"]), wardrobe, WOOL) == (WOOL,)
    # A kind of wool is wool.
    assert kept(Need().want("category", ["shirts"]), wardrobe, WOOL) == (WOOL,)
    assert kept(Need().want("category", ["umbrellas"]), wardrobe, WOOL) == ()
    assert kept(Need(), wardrobe, fact("material", "kryptonite", -1), fact("smell", "roses", -1)) == ()


def test_who_asks_for_just_that_gets_it(wardrobe: CatalogueIndex) -> None:
    assert kept(Need().want("material", ["wool"]), wardrobe, WOOL) == ()
    assert kept(Need().want("material", ["merino wool"]), wardrobe, WOOL) == ()
    assert kept(Need().want("material", ["cotton"]), wardrobe, WOOL) == (WOOL,)
    assert kept(Need().exclude("material", ["wool"]), wardrobe, WOOL) == ()


def test_facts_narrow_the_matches(wardrobe: CatalogueIndex) -> None:
    need = Need().want("category", ["boots"]).exclude("material", ["suede"])
    narrowed = with_facts(need, (SHOE, fact("size", "42"), WOOL))
    assert narrowed.wanted == {"category": ("boots",), "size": ("43", "42")}
    assert narrowed.excluded == {"material": ("suede", "wool")}
    assert with_facts(need, ()) == need
    shirts = with_facts(Need().want("category", ["shirts"]), (WOOL,))
    rows = wardrobe.matching(shirts.constraints(), in_stock_only=False)
    assert {wardrobe.values("material", int(row)) for row in rows} == {("cotton",)}
