"""What a message says for good, and what is only a mood."""

from dataclasses import replace

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.lasting import Lasting, lasting
from shopguide.conversation.turn import Mention
from tests.unit.conversation.shop import mention, products, said

MATERIALS = ("Leather", "Wool", "Cotton")


@pytest.mark.parametrize(
    ("text", "mentions", "facts"),
    [
        ("i wear size 43", [mention("size", "43")], [("size", "43", 1)]),
        ("my size is M", [mention("size", "m")], [("size", "m", 1)]),
        ("i'm a 38", [mention("size", "38")], [("size", "38", 1)]),
        ("she usually takes an L", [mention("size", "l")], [("size", "l", 1)]),
        ("size 43 please", [mention("size", "43")], []),
        ("do you have it in 43", [mention("size", "43")], []),
        ("i'm allergic to leather", [mention("material", "leather", excluded=True)], [("material", "leather", -1)]),
        ("i can't wear leather", [mention("material", "leather", excluded=True)], [("material", "leather", -1)]),
        ("no leather this time", [mention("material", "leather", excluded=True)], []),
        ("i'm allergic to nonsense, leather is fine", [mention("material", "leather")], []),
    ],
)
def test_facts_are_told_from_moods(
    index: CatalogueIndex, text: str, mentions: list[Mention], facts: list[tuple[str, str, int]]
) -> None:
    found = lasting(said(text, "inform_preference", *mentions), index)
    assert [(fact.facet, fact.value, fact.polarity) for fact in found] == facts


def test_a_way_of_living_rules_out_what_the_shop_lists() -> None:
    made_of = [
        replace(product, facets={**product.facets, "material": (m,)})
        for product, m in zip(products(), MATERIALS, strict=False)
    ]
    listing = CatalogueIndex(made_of)
    found = lasting(said("i'm vegan, by the way", "inform_preference"), listing)
    assert found == (Lasting("material", "leather", -1), Lasting("material", "wool", -1))
    assert lasting(said("a vegan cookbook", "search_products"), listing) == ()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("i wear a 39", "39"),
        ("my size is M", "m"),
        ("he's an L", "l"),
        ("she takes size 38", "38"),
        ("i take a train", None),
        ("i am a teacher", None),
        ("i wear a 60", None),
    ],
)
def test_a_size_that_nothing_marks_is_one_where_the_shop_lists_it(text: str, size: str | None) -> None:
    sizes = ("38", "39", "M", "L")
    sized = [replace(p, facets={**p.facets, "size": (s,)}) for p, s in zip(products(), sizes, strict=False)]
    found = lasting(said(text, "inform_preference"), CatalogueIndex(sized))
    assert [fact.value for fact in found] == ([size] if size else [])


def test_a_size_belongs_to_the_kind_of_product_that_is_talked_about(index: CatalogueIndex) -> None:
    turn = said("i take 43", "inform_preference", mention("size", "43"))
    assert lasting(turn, index, "jackets") == (Lasting("size", "43", 1, "jackets"),)
    feet = said("my feet are size 43", "inform_preference", mention("size", "43"))
    assert lasting(feet, index, "jackets") == (Lasting("size", "43", 1, "shoes"),)
