"""Which wishes a catalogue can check for the kind of product that is wanted."""

from dataclasses import replace

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.answerable import answerable
from shopguide.conversation.need import Bounds, Need

BAGS = Need().want("category", ["bags"])
SHOES = Need().want("category", ["shoes"])


@pytest.fixture(scope="module")
def shop(index: CatalogueIndex) -> CatalogueIndex:
    """Return a shop where some loafers have sizes, and where sports are what some handbags are made for, in words."""
    made = [index.product(sku) for sku in index.skus]
    made = [
        replace(one, facets={**one.facets, "size": ("42",)}) if one.category[-1] == "Loafers" else one for one in made
    ]
    made = [
        replace(one, description="For sports of all kinds") if one.category[-1] == "Handbags" and n % 9 == 0 else one
        for n, one in enumerate(made)
    ]
    return CatalogueIndex(made)


def test_a_value_that_only_the_texts_of_a_kind_tell_of_goes_on_as_words(shop: CatalogueIndex) -> None:
    handbags = Need().want("category", ["handbags"]).want("occasion", ["sports"])
    assert answerable(handbags, shop) == (Need(words="sports").want("category", ["handbags"]), ("occasion",))
    # Running shoes list it; of umbrellas neither a facet nor a text tells it, so none is for sports.
    for kind in ("running shoes", "umbrellas"):
        need = Need().want("category", [kind]).want("occasion", ["sports"])
        assert answerable(need, shop) == (need, ())


def test_a_size_of_what_comes_in_no_sizes(shop: CatalogueIndex) -> None:
    assert answerable(BAGS.want("size", ["42"]), shop) == (BAGS, ("size",))
    need = SHOES.want("size", ["42"])
    assert answerable(need, shop) == (need, ())


def test_a_number_that_a_kind_has_not_measures_nothing(shop: CatalogueIndex) -> None:
    large = Bounds(low=20)
    assert answerable(SHOES.within("capacity", large), shop) == (SHOES, ("capacity",))
    assert answerable(SHOES.want("capacity", ["20"]), shop) == (SHOES, ("capacity",))
    for need in (BAGS.within("capacity", large), Need().within("capacity", large), SHOES.within("price", large)):
        assert answerable(need, shop) == (need, ())
