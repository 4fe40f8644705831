"""Nouns and brands out of titles."""

import pytest

from shopguide.catalogue.feed.title_brands import BrandSurvey
from shopguide.catalogue.feed.title_nouns import NounFinder, NounSurvey, noun_after, vocabulary


@pytest.mark.parametrize(
    ("title", "name", "noun"),
    [
        ("Ibex T-100 toner cartridge Original Black 6 pc(s)", "T-100", "toner cartridge"),
        ("Ibex P5 uninterruptible power supply (UPS) 500 VA", "P5", "uninterruptible power supply (ups)"),
        ("Ibex K2 keyboard USB QWERTY Black", "K2", "keyboard"),
        ("Ibex C3 USB cable 2 m", "C3", "usb cable"),
        ("Ibex M1 mice Black", "M1", "mouse"),
        ("Ibex Q8 Full HD Black", "Q8", None),
        ("Ibex Q8", "Q8", None),
        ("Ibex Q8 lamp", "Q9", None),
        ("Ibex lamp", "", None),
    ],
)
def test_the_noun_after_the_name(title: str, name: str, noun: str | None) -> None:
    assert noun_after(title, name) == noun


@pytest.fixture(scope="module")
def finder() -> NounFinder:
    survey = NounSurvey()
    titles = {
        "A X1 networking cable 1 m": "X1",
        "A X2 networking cable 2 m": "X2",
        "A X3 odd one Black": "X3",
        "A L1 case 13 inch": "L1",
        "A L2 cases Red": "L2",
        "A K1 keyboard": "K1",
        "A K2 keyboard": "K2",
        "A B1 black 3": "B1",
        "A B2 black 3": "B2",
    }
    for title, name in titles.items():
        survey.add(title, name)
    assert survey.nouns(2) == {"networking cable", "case", "keyboard", "black"}
    extra = {
        "laptop": "notebook",
        "patch cable": "networking cable",
        "cable": "cable",
        "ups": "uninterruptible power supply (UPS)",
        "pc": "pc",
    }
    return NounFinder(vocabulary(survey.nouns(2), extra, {"black": ""}))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("3 ft Cat5e Blue Patch Cables - 3ft", "networking cable"),
        ("Keyboard cable", "cable"),
        ("Case for laptops", "case"),
        ("Laptop with keyboard", "notebook"),
        ("Slim (black) laptop", "notebook"),
        ("Laptop Case- Black", "case"),
        ("Laptop case-, and keyboard", "case"),
        ("Smart 500 UPS, Tower", "uninterruptible power supply (ups)"),
        ("Yellow 3 pc(s)", None),
        ("Black", None),
        ("", None),
    ],
)
def test_nouns_in_texts(finder: NounFinder, text: str, category: str | None) -> None:
    assert finder.find(text) == category


def test_brands_end_where_titles_go_on_with_other_words() -> None:
    survey = BrandSurvey(stop=["men", "women", "blue"], known=["Old Mill of Ayr"])
    titles = [
        *(f"Peter Marsh {who} Shirt {n}" for who in ("Men", "Women") for n in range(6)),
        *(f"Heron Men Shirt {n}" for n in range(20)),
        *(f"Heron Check Men Shirt {n}" for n in range(3)),
        *(f"Wren Men Shirt {n}" for n in range(12)),
        *(f"Wren Cooper Men Jeans {n}" for n in range(9)),
        *(f"Four Winds of Cork Women Coat {n}" for n in range(5)),
        *(f"Gloss Shade {n} Lipstick" for n in range(30)),
        *(f"Gloss Velvet Matte Blue Eyeliner {n}" for n in range(5)),
        "Saint Piran Men Scent",
        "Saint Piran Blue Scent",
    ]
    for title in titles:
        survey.add(title)
    expected = {
        "Peter Marsh Men Shirt 1": "Peter Marsh",
        "Heron Check Men Shirt 1": "Heron",
        "Wren Men Shirt 2": "Wren",
        "Wren Cooper Men Jeans 2": "Wren Cooper",
        "Four Winds of Cork Women Coat 3": "Four Winds of Cork",
        "Gloss Velvet Matte Blue Eyeliner 1": "Gloss",
        "Unheard Name Shirt": "Unheard",
        "Saint Piran Men Scent": "Saint Piran",
        "Old Mill of Ayr Shirt": "Old Mill of Ayr",
        "Men Shirt": None,
        "": None,
    }
    assert {title: survey.brand(title) for title in expected} == expected
