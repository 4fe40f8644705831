"""References resolved on the slate: each singles out one product, or it is asked which."""

import numpy as np
import pytest

from shopguide.catalogue.index import CatalogueIndex
from shopguide.conversation.references import Pointed, Unclear, resolve
from shopguide.conversation.turn import Mention, Reference, Turn
from shopguide.ids import Sku
from tests.unit.conversation.shop import mention, said


def sku(index: CatalogueIndex, title: str) -> Sku:
    return next(one for one in index.skus if index.product(one).title == title)


@pytest.fixture
def shown(index: CatalogueIndex) -> list[Sku]:
    """Return a slate of backpacks; by price from the second up to the third."""
    titles = (
        "Norwell Men Blue Backpacks",
        "Kestrel Men Black Backpacks",
        "Norwell Women Red Backpacks",
        "Aldersea Men White Backpacks",
        "Aldersea Women Blue Backpacks",
    )
    return [sku(index, title) for title in titles]


def pointing_at(text: str, kind: str, *mentions: Mention, words: str = "", **more: object) -> Turn:
    """Return a turn whose reference is `words`, or the whole text."""
    start = text.find(words) if words else 0
    reference = Reference(kind, start, start + len(words or text), **more)  # type: ignore[arg-type]
    return said(text, "ask_product_details", *mentions, references=(reference,))


def most(text: str, facet: str, direction: str, *mentions: Mention) -> Turn:
    return pointing_at(text, "most", *mentions, facets=("nonsense", facet), direction=direction)


CASES = [
    ("the cheapest", most("the cheapest", "price", "down"), [2]),
    ("the most expensive", most("the most expensive", "price", "up"), [3]),
    ("the one with more room", most("the one with more room", "capacity", "up"), [3]),
    ("cheapest of the blue", most("the cheaper blue one", "price", "down", mention("colour", "blue")), [5]),
    ("the kestrel one", pointing_at("the kestrel one", "described", mention("brand", "kestrel")), [2]),
    ("the red one", pointing_at("that red one", "described", mention("colour", "red")), [3]),
    ("no number facet", pointing_at("the 35 l one", "described", mention("quantity", 30, facet="capacity")), [3]),
    ("by price", pointing_at("the 30 one", "described", mention("price", 30)), [2]),
    (
        "two things",
        pointing_at("the blue aldersea", "described", mention("colour", "blue"), mention("brand", "aldersea")),
        [5],
    ),
    ("by words of the title", pointing_at("the norwel red one", "described"), [3]),
    ("a flag", pointing_at("the waterproof white one", "described", mention("colour", "white")), []),
    ("all", pointing_at("all of them", "all"), [1, 2, 3, 4, 5]),
    ("places", said("the first two", "like_product", mention("ordinal", [1, 2])), [1, 2]),
    ("the last", said("the last", "like_product", mention("ordinal", -1)), [5]),
    ("bare values", said("red?", "ask_product_details", mention("colour", "red")), [3]),
    ("a name", said("norwell red", "ask_product_details", mention("product", "norwell women red")), [3]),
    ("words of a title", said("what about the kestrl", "ask_product_details"), [2]),
    ("a misspelt name", said("x", "ask_product_details", mention("product", "kestrl blck backpack")), [2]),
]  # fmt: skip


@pytest.mark.parametrize(("turn", "places"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_meant(index: CatalogueIndex, shown: list[Sku], turn: Turn, places: list[int]) -> None:
    expected = tuple(shown[place - 1] for place in places)
    found = resolve(turn, shown, index)
    assert found == (Pointed(expected) if expected else Unclear(()))


@pytest.mark.parametrize(
    ("turn", "places"),
    [
        (pointing_at("the blue one", "described", mention("colour", "blue")), [1, 5]),
        (pointing_at("the other one", "other"), [1, 2, 3, 4, 5]),
        (pointing_at("both", "both"), [1, 2, 3, 4, 5]),
        (said("the norwell", "like_product", mention("brand", "norwell")), [1, 3]),
        (pointing_at("the green one", "described", mention("colour", "green")), []),
        (said("the ninth", "like_product", mention("ordinal", 9)), []),
    ],
    ids=["two are blue", "others", "both of five", "two of a brand", "none is green", "no such place"],
)
def test_what_stays_unclear(index: CatalogueIndex, shown: list[Sku], turn: Turn, places: list[int]) -> None:
    assert resolve(turn, shown, index) == Unclear(tuple(shown[place - 1] for place in places))


def test_the_other_one_is_not_the_one_talked_about(index: CatalogueIndex, shown: list[Sku]) -> None:
    turn = pointing_at("the other one", "other")
    assert resolve(turn, shown[:2], index, shown[1]) == Pointed((shown[0],))
    assert resolve(turn, shown[:3], index, shown[1]) == Unclear((shown[0], shown[2]))
    blue = pointing_at("the other blue one", "other", mention("colour", "blue"))
    assert resolve(blue, shown, index, shown[0]) == Pointed((shown[4],))
    assert resolve(pointing_at("both", "both"), shown[:2], index) == Pointed(tuple(shown[:2]))


def test_values_of_all_keep_to_the_one_talked_about(index: CatalogueIndex, shown: list[Sku]) -> None:
    turn = said("is the backpack any good", "ask_product_details", mention("category", "backpacks"))
    assert resolve(turn, shown, index, shown[2]) == Pointed((shown[2],))
    assert resolve(said("tell me more", "ask_product_details"), shown, index, shown[2]) is None


def test_a_navy_blue_one_is_blue_where_none_is_just_blue(index: CatalogueIndex, shown: list[Sku]) -> None:
    navy = sku(index, "Kestrel Men Navy Blue Backpacks")
    turn = pointing_at("the blue one", "described", mention("colour", "blue"))
    assert resolve(turn, [shown[1], navy], index) == Pointed((navy,))
    assert resolve(turn, [shown[0], navy], index) == Pointed((shown[0],))


def test_a_tie_is_unclear(index: CatalogueIndex, shown: list[Sku]) -> None:
    row = index.row(shown[0])
    same = [s for s in index.skus if index.numeric("price")[index.row(s)] == index.numeric("price")[row]][:2]
    assert len(same) == 2
    assert not np.isnan(index.numeric("price")[row])
    assert resolve(most("the cheapest", "price", "down"), same, index) == Unclear(tuple(same))
