"""Products named in words, in the catalogue: said whole, in part, misspelt, for several, for none."""

import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.catalogue.textsearch import edits
from shopguide.conversation.naming import named
from shopguide.conversation.words import name_in
from tests.unit.conversation.shop import mention, said


def titles(index: CatalogueIndex, text: str, **more: int) -> tuple[list[str], bool]:
    found = named(text, index, **more)
    return ([index.product(sku).title for sku in found.skus], found.sure) if found is not None else ([], False)


@pytest.mark.parametrize(
    "text",
    ["Norwell Men Red Loafers", "the norwell red loafers for men", "norwel mens red loafrs", "red loafers men norwell"],
)
def test_one_product(index: CatalogueIndex, text: str) -> None:
    assert titles(index, text) == (["Norwell Men Red Loafers"], True)


def test_several_products(index: CatalogueIndex) -> None:
    found, sure = titles(index, "norwell red loafers")
    assert sorted(found) == [f"Norwell {audience} Red Loafers" for audience in ("Men", "Unisex", "Women")]
    assert sure


def test_nearly_a_name(index: CatalogueIndex) -> None:
    found, sure = titles(index, "norwell men red loafers deluxe")
    assert found == ["Norwell Men Red Loafers"]
    assert not sure


@pytest.mark.parametrize("text", ["zanzibar 3000", "kestrel zanzibar 3000", "", "the"])
def test_no_product(index: CatalogueIndex, text: str) -> None:
    assert titles(index, text) == ([], False)


def test_a_single_word_can_be_too_little(index: CatalogueIndex) -> None:
    assert titles(index, "loafers", fewest=2) == ([], False)


@pytest.mark.parametrize(
    ("first", "second", "slips"),
    [
        ("kestrel", "kestrel", 0),
        ("kestrl", "kestrel", 1),
        ("ketsrel", "kestrel", 1),
        ("norwell", "norwel", 1),
        ("abcd", "wxyz", 2),
    ],
)
def test_slips_are_counted_up_to_a_limit(first: str, second: str, slips: int) -> None:
    assert edits(first, second, 1) == slips


def test_numbers_are_not_mended(index: CatalogueIndex) -> None:
    assert index.mended("kx-46 kestrl") == ("kx", "46", "kestrel")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tell me about the Kestrel Trail 2", ("kestrel trail 2", False)),
        ("can you tell me more please?", ("", False)),
        ("i love the red norwell loafers", ("red norwell loafers", False)),
        ("/ask_product_details", ("", False)),
    ],
)
def test_which_words_may_be_a_name(text: str, name: tuple[str, bool]) -> None:
    assert name_in(said(text, "ask_product_details")) == name


def test_a_name_that_the_message_marks() -> None:
    turn = said("open the trail 2 now", "ask_product_details", mention("product", "trail 2"))
    assert name_in(turn) == ("trail 2", True)
