"""Prices, ranges, quantities, sizes, ratings and ordinals, each told by what stands around the number."""

import pytest

from rasa_addons.entity_context import EntityContext
from rasa_addons.extraction import EntityRules
from rasa_addons.numbers import find_numbers, parse_digits
from rasa_addons.vocabulary import load
from rasa_addons.words import Sentence


def read(rules: EntityRules, text: str, open_facet: str | None = None, slate: bool = False) -> list[tuple]:
    found = rules.extract(text, EntityContext(open_facet, slate))
    numeric = [e for e in found if e["entity"] in ("price", "quantity", "size", "rating", "ordinal")]
    return [(e["entity"], e["value"], e.get("role"), e.get("currency") or e.get("unit")) for e in numeric]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,200", 1200),
        ("1.200,50", 1200.5),
        ("1,200.50", 1200.5),
        ("4.5", 4.5),
        ("4,5", 4.5),
        ("0.500", 0.5),
        ("7", 7),
        ("1.2.3", None),
    ],
)
def test_digits(text, value):
    assert parse_digits(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seventy five", [75]),
        ("a hundred and twelve", [112]),
        ("a couple of hundred", [200]),
        ("a couple of shirts", []),
        ("two thousand five hundred", [2500]),
        ("three fifty", [350]),
        ("2k", [2000]),
        ("forty and a hundred", [40, 100]),
        ("the red one", [1]),
        ("half past", []),
    ],
)
def test_numbers_in_words(text, expected):
    assert [number.value for number in find_numbers(Sentence(text), load("en"))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for less than €65", [("price", 65, "max", "EUR")]),
        ("65€ at most", [("price", 65, "max", "EUR")]),
        ("nothing beyond eighty quid", [("price", 80, "max", "GBP")]),
        ("i would rather not spend more than 70", [("price", 70, "max", None)]),
        ("not one euro more than 65€", [("price", 65, "max", "EUR")]),
        ("i won't pay a penny above £80", [("price", 80, "max", "GBP")]),
        ("everything over 70 euros is too much", [("price", 70, "max", "EUR")]),
        ("over £55 is too expensive for me", [("price", 55, "max", "GBP")]),
        ("less than $20 is too cheap to be any good", [("price", 20, "min", "USD")]),
        ("over 70 euros is fine", [("price", 70, "min", "EUR")]),
        ("under no circumstances over £70", [("price", 70, "max", "GBP")]),
        ("around 50 euros give or take 10", [("price", 50, "around", "EUR")]),
        ("i could stretch to 120", [("price", 120, "max", None)]),
        ("seventy tops", [("price", 70, "max", None)]),
        ("rs. 900 or so", [("price", 900, "around", "INR")]),
        ("usd 45 and up", [("price", 45, "min", "USD")]),
        ("roughly 1.5k", [("price", 1500, "around", None)]),
        ("110ish dollars", [("price", 110, "around", "USD")]),
        ("from 35 upwards", [("price", 35, "min", None)]),
        ("not less than 25 pounds", [("price", 25, "min", "GBP")]),
        ("min 15 max 45", [("price", 15, "min", None), ("price", 45, "max", None)]),
        ("it costs 12 francs", [("price", 12, None, "CHF")]),
        ("$15-$30", [("price", 15, "min", "USD"), ("price", 30, "max", "USD")]),
        ("anywhere between fifteen and thirty bucks", [("price", 15, "min", None), ("price", 30, "max", "USD")]),
        ("40 to 90", [("price", 40, "min", None), ("price", 90, "max", None)]),
        ("my budget is about two hundred", [("price", 200, "around", None)]),
        ("a 20 euro gift card", [("price", 20, None, "EUR")]),
        ("call me under 5551234 minutes", []),
        ("in under 20 minutes", []),
        ("for 3 people", []),
        ("my daughter is 14", []),
        ("the mx500 copier", []),
        ("toner for the mx5-450", []),
        ("eur15-eur30", [("price", 15, "min", "EUR"), ("price", 30, "max", "EUR")]),
        ("order 48213", []),
    ],
)
def test_prices(fashion, text, expected):
    assert read(fashion, text) == expected


def test_a_bare_number_means_what_was_asked(fashion, electronics):
    assert read(fashion, "60") == []
    assert read(fashion, "60", "price") == [("price", 60, "max", None)]
    assert read(fashion, "42", "size") == [("size", "42", None, None)]
    assert read(fashion, "4", "rating") == [("rating", 4, None, None)]
    assert read(fashion, "3", slate=True) == [("ordinal", 3, None, None)]
    assert read(electronics, "27", "screen_size") == [("quantity", 27, None, None)]


@pytest.mark.parametrize(
    ("text", "facet", "expected"),
    [
        ('a 22" screen', "screen_size", [("quantity", 22, None, "in")]),
        ("at least 12 gb of ram", "memory", [("quantity", 12, "min", "gb")]),
        ("a 2 TB drive", "storage", [("quantity", 2, None, "tb")]),
        ("a laptop lighter than 1.5 kg", "weight", [("quantity", 1.5, "max", "kg")]),
        ("a cable of about 4 meters", "cable_length", [("quantity", 4, "around", "m")]),
        (
            "12 gb of memory and at least 15 inches",
            "memory",
            [("quantity", 12, None, "gb"), ("quantity", 15, "min", "in")],
        ),
        ("256 gb ssd or bigger", "storage", [("quantity", 256, "min", "gb")]),
        ("65W", "power", [("quantity", 65, None, "w")]),
        ("between 20 and 24 inches", "screen_size", [("quantity", 20, "min", "in"), ("quantity", 24, "max", "in")]),
        ("12 gb or 24 gb of memory", "memory", [("quantity", 12, None, "gb"), ("quantity", 24, None, "gb")]),
    ],
)
def test_measures_find_their_facet(electronics, text, facet, expected):
    found = [e for e in electronics.extract(text) if e["entity"] == "quantity"]
    assert [(e["entity"], e["value"], e.get("role"), e["unit"]) for e in found] == expected
    assert found[0]["facet"] == facet
    assert all(e["facet"] == facet for e in found if e["unit"] == found[0]["unit"])


@pytest.mark.parametrize(
    ("text", "facet", "expected"),
    [
        ("for 4 people", "persons", (4, None)),
        ("a 4-person one", "persons", (4, None)),
        ("a six man one under 200", "persons", (6, None)),
        ("sleeps 3", "persons", (3, None)),
        ("for a family of five", "persons", (5, None)),
        ("at least 24 ports", "ports", (24, "min")),
    ],
)
def test_a_facet_without_a_unit_counts_in_what_it_is_called_after(electronics, text, facet, expected):
    found = [e for e in electronics.extract(text) if e["entity"] == "quantity"]
    assert [(e["facet"], (e["value"], e.get("role"))) for e in found] == [(facet, expected)]


def test_a_measure_that_is_called_a_size_is_none(electronics):
    assert [entity for entity, *_ in read(electronics, "the screen size is 15")] != ["size"]


def test_people_are_not_counted_where_no_facet_counts_them(fashion):
    assert read(fashion, "shirts for 4 people") == []
    assert read(fashion, "shirts for 3-4 people") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("size 11", ["11"]),
        ("in size seven", ["7"]),
        ("my size is usually 40", ["40"]),
        ("she needs a size of 12", ["12"]),
        ("my waist is about 32", ["32"]),
        ("EU 39 or 40", ["39", "40"]),
        ("do you have these in an 11", ["11"]),
        ("an L please", ["l"]),
        ("extra large, or large", ["xl", "l"]),
        ("3xl", ["xxxl"]),
        ("a large rucksack", []),
        ("i wear a medium", ["m"]),
        ("s", ["s"]),
        ("it's a bit small", []),
    ],
)
def test_sizes(fashion, text, expected):
    assert [value for entity, value, *_ in read(fashion, text) if entity == "size"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no less than 3 stars", 3),
        ("three out of five", 3),
        ("2/5", 2),
        ("rated over 4.2", 4.2),
        ("a 5 star product", 5),
    ],
)
def test_ratings(fashion, text, expected):
    assert read(fashion, text) == [("rating", expected, None, None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what about the fourth?", [4]),
        ("number five is lovely", [5]),
        ("#2 and #4", [2, 4]),
        ("the last three", [[-3, -2, -1]]),
        ("show the first two again", [[1, 2]]),
        ("the first and the last", [1, -1]),
        ("second to last", [-2]),
        ("compare 2 and 5", [2, 5]),
        ("open 3", [3]),
        ("3rd one", [3]),
        ("give me one second", []),
        ("the last time i came here", []),
        ("first of all, hello", []),
        ("my first order", []),
    ],
)
def test_ordinals(fashion, text, expected):
    assert [value for entity, value, *_ in read(fashion, text) if entity == "ordinal"] == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("three of these", [3]), ("two green shirts", [2]), ("one of them", [])]
)
def test_counts(fashion, text, expected):
    assert [value for entity, value, *_ in read(fashion, text) if entity == "quantity"] == expected


@pytest.mark.parametrize(
    ("asked", "prices"), [(None, 1), ("occasion", 1), ("price", 1), ("screen_size", 0), ("size", 0)]
)
def test_a_bare_limit_is_a_price_unless_a_number_of_another_kind_was_asked_for(electronics, asked, prices):
    found = read(electronics, "brown ones up to 150", asked)
    assert [entry for entry in found if entry[0] == "price"] == [("price", 150, "max", None)] * prices
